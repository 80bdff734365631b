"""Labelling: the pit in front in every channel, the classes as big buttons, the queue and why this pit."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import (
    QComboBox,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QScrollArea,
    QStackedLayout,
    QVBoxLayout,
    QWidget,
)

from moedal_gui.app.commands import keys_in_force
from moedal_gui.app.display import Display, channel_pictures
from moedal_gui.app.labelling import ENOUGH, LabelChange
from moedal_gui.app.queues import QUEUES, missing
from moedal_gui.app.workbench import Workbench
from moedal_gui.core.label import CLASSES
from moedal_gui.ui.parts.panel import Panel
from moedal_gui.ui.parts.pit_crops import PitCrops
from moedal_gui.ui.relay import Relay
from moedal_gui.ui.theme import MARKS
from moedal_gui.ui.viewer.marks import swatch
from moedal_gui.ui.widgets.class_button import ClassButton
from moedal_gui.ui.widgets.empty import READING, EmptyState


class LabellingPanel(Panel):
    """One key, next pit. ``commandAsked`` carries a command's id."""

    def __init__(self, workbench: Workbench, relay: Relay) -> None:
        super().__init__()
        self._workbench = workbench
        self.empty = EmptyState()
        self.empty.asked.connect(self._next_thing)
        self.head = QLabel()
        self.head.setProperty("role", "head")
        self.why = QLabel(wordWrap=True)
        self.why.setProperty("role", "dim")
        self.why.setMinimumHeight(2 * self.why.fontMetrics().lineSpacing() + 4)
        self.why.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.crops = PitCrops()
        self.queue = QComboBox()
        for name in QUEUES:
            self.queue.addItem(name.capitalize(), name)
        self.queue.setToolTip("In which order pits come")
        self.queue.setAccessibleName("Queue")
        self.queue.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.queue.activated.connect(lambda _i: self._choose_queue())
        self.queue.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.lacks = QLabel(wordWrap=True)
        self.lacks.setProperty("role", "warning")
        self.lacks.hide()
        self.progress = QProgressBar()
        self.progress.setAccessibleName("Pits of this scan that carry a label")
        self.meter = QLabel()
        self.meter.setProperty("role", "dim")
        self.buttons = {name: self._class_button(name) for name in CLASSES}
        self._meters = QTimer(self, singleShot=True, interval=150)
        self._meters.timeout.connect(self._show_meters)
        self._stack = QStackedLayout(self)
        self._stack.addWidget(self.empty)
        self._stack.addWidget(self._built())
        listen = relay.listen
        listen(workbench.crops_changed, lambda _old, _new: self.refresh())
        listen(workbench.session.project_changed, lambda _old, _new: self.refresh())
        listen(workbench.session.sheet_changed, lambda _old, _new: self.refresh())
        listen(workbench.labelling.queue_changed, self.refresh)
        listen(workbench.labelling.moved, self.apply)
        listen(workbench.labelling.changed, self._labels_changed)
        listen(workbench.labelling.blind_changed, lambda _on: self.refresh())
        listen(workbench.session.display_changed, self._display_changed)
        listen(workbench.session.failed, lambda _sentence: self.refresh())
        listen(workbench.settings.changed, lambda _old, _new: self._show_keys())
        self._show_keys()
        self.refresh()

    def refresh(self) -> None:
        """Take up everything anew."""
        session, labelling = self._workbench.session, self._workbench.labelling
        if session.sheet is None or not session.pits:
            self._say_what_next()
            self._stack.setCurrentIndex(0)
            return
        self._stack.setCurrentIndex(1)
        self.crops.show_scan(session.sheet)
        self._show_queues()
        self.apply(None, labelling.row)
        self._show_meters()

    def apply(self, old: object, new: object) -> None:
        """Another pit is in front."""
        del old
        row = new if isinstance(new, int) else None
        pits, source = self._workbench.session.pits, self._workbench.crops
        if pits is None or row is None or source is None:
            self.head.setText("No pit in front")
            self.why.setText("Press Space for the first pit of the queue, or click one on the mosaic.")
            self.crops.show_crop(None, [])
        else:
            record = pits.table.iloc[row]
            blind = self._workbench.labelling.blind
            surface = f"  ·  {record['surface']}" if record["surface"] in ("top", "bottom") and not blind else ""
            sure = float(record["surface_score"])
            linked = "  ·  linked" if pits.partner[row] >= 0 or row in pits.far else ""
            self.head.setText(
                f"Pit {int(record['pit_id'])}{surface}"
                + (f" {sure:.0%}" if surface and np.isfinite(sure) else "")
                + ("  ·  blind" if blind else linked)
            )
            self.why.setText(self._workbench.labelling.why())
            self.crops.show_crop(source.get(row), self._limits())
        self._show_label()

    def _built(self) -> QWidget:
        inner = QWidget()
        layout = QVBoxLayout(inner)
        layout.setContentsMargins(10, 6, 10, 6)
        layout.setSpacing(5)
        layout.addWidget(self.head)
        layout.addWidget(self.why)
        layout.addWidget(self.crops)
        classes = QGridLayout()
        classes.setSpacing(5)
        for number, button in enumerate(self.buttons.values()):
            classes.addWidget(button, number // 2, number % 2)
        classes.addWidget(self._button("label.none", "Take back"), 2, 1)
        layout.addLayout(classes)
        row = QHBoxLayout()
        row.setSpacing(5)
        for identity, title in (
            ("queue.previous", "Before"),
            ("queue.next", "Next"),
            ("label.undo", "Undo"),
            ("gallery.show", "Gallery"),
        ):
            row.addWidget(self._button(identity, title))
        layout.addLayout(row)
        layout.addWidget(self.crops.small)
        line = QFrame()
        line.setProperty("role", "line")
        layout.addWidget(line)
        order = QHBoxLayout()
        caption = QLabel("Queue")
        caption.setBuddy(self.queue)
        order.addWidget(caption)
        order.addWidget(self.queue, 1)
        order.addWidget(self._button("why.show", "Why"))
        layout.addLayout(order)
        layout.addWidget(self.lacks)
        layout.addWidget(self.progress)
        layout.addWidget(self.meter)
        layout.addStretch(1)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        area.setWidget(inner)
        return area

    def _class_button(self, name: str) -> ClassButton:
        button = ClassButton(name.capitalize(), "", swatch(name, 18), MARKS[name].colour)
        button.setAccessibleName(f"Label {name}")
        button.clicked.connect(lambda _on: self._give(name))
        return button

    def _button(self, identity: str, title: str) -> QPushButton:
        button = QPushButton(title)
        button.setObjectName(identity)
        button.setAccessibleName(title)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        button.clicked.connect(lambda: self.commandAsked.emit(identity))
        return button

    def _give(self, name: str) -> None:
        self._show_label()  # a checkable button toggles itself; what it shows is the label on disk
        self.commandAsked.emit(f"label.{name}")

    def _choose_queue(self) -> None:
        labelling = self._workbench.labelling
        lacks = labelling.choose_queue(self.queue.currentData())
        if not lacks:
            labelling.start()
        self._show_queues()
        nothing = labelling.queue is not None and not len(labelling.queue.order)
        self.lacks.setText(lacks or ("No pit of this scan belongs in this queue." if nothing else ""))
        self.lacks.setVisible(bool(self.lacks.text()))

    def _show_queues(self) -> None:
        """Say of each queue whether it can be walked, and which one is."""
        labelling, pits = self._workbench.labelling, self._workbench.session.pits
        self.lacks.hide()
        if pits is None or labelling.queue is None or len(labelling.codes) != len(pits):
            return
        grey = self.palette().color(QPalette.ColorGroup.Disabled, QPalette.ColorRole.Text)
        for place, (name, row) in enumerate(QUEUES.items()):
            lacks = missing(name, pits, labelling.codes)
            self.queue.setItemData(
                place, f"{row.explain}. {lacks}" if lacks else row.explain, Qt.ItemDataRole.ToolTipRole
            )
            self.queue.setItemData(place, grey if lacks else None, Qt.ItemDataRole.ForegroundRole)
        self.queue.setCurrentIndex(self.queue.findData(labelling.queue.name))

    def _labels_changed(self, change: LabelChange) -> None:
        del change
        self._show_label()
        # A progress bar paints at once and with it the window: the meters may lag behind the keys.
        self._meters.start()

    def _display_changed(self, old: Display, new: Display) -> None:
        if old.film != new.film:
            self.crops.play(new.film)

    def _show_label(self) -> None:
        labelling = self._workbench.labelling
        code = int(labelling.codes_shown[labelling.row]) if labelling.row is not None and len(labelling.codes) else -1
        for number, button in enumerate(self.buttons.values()):
            button.setChecked(number == code)
            button.setEnabled(labelling.row is not None)

    def _show_meters(self) -> None:
        labelling = self._workbench.labelling
        for name, button in self.buttons.items():
            count = labelling.count(name)
            button.show_count(count, ENOUGH)
            button.setToolTip(f"{name.capitalize()}: {count} places labelled in this project; {ENOUGH} train smoothly")
        total = len(labelling.codes)
        done = int((labelling.codes >= 0).sum())
        self.progress.setRange(0, max(total, 1))
        self.progress.setValue(done)
        self.progress.setFormat(f"{done:,} of {total:,} pits of this scan labelled")
        who = labelling.annotator or "nobody yet"
        passing = f", pass {labelling.pass_name}" if labelling.pass_name else ""
        self.meter.setText(f"{labelling.last_hour()} in the last hour  ·  labels as {who}{passing}")

    def _show_keys(self) -> None:
        keys = keys_in_force(dict(self._workbench.settings.now.keys))
        for name, button in self.buttons.items():
            button.set_key((keys[f"label.{name}"] or ("",))[0])
        for identity in ("label.none", "queue.previous", "queue.next", "label.undo", "gallery.show", "why.show"):
            button_ = self.findChild(QPushButton, identity)
            if isinstance(button_, QPushButton):
                button_.setToolTip(f"{button_.text()}  ({', '.join(keys[identity])})")
        self._show_meters()

    def _limits(self) -> list[tuple[float, float] | None]:
        session = self._workbench.session
        if session.sheet is None:
            return []
        contrast = self._workbench.settings.now.contrast
        pictures = channel_pictures(session.sheet.record.description)
        return [contrast.get(session.contrast_key(p.key)) for p in pictures]

    def _say_what_next(self) -> None:
        session = self._workbench.session
        if session.sheet is None:
            self.empty.say("Open a project to label its pits with one key each.", "Open project…", "Open a project")
        elif session.pits is None and session.reading:
            self.empty.say(READING)
        elif session.pits is None:
            self.empty.say(
                "This scan has no pits yet. Pre-select them; then each takes one key.", "Pre-select pits…", "Find pits"
            )
        else:
            self.empty.say("Pre-selection found no pit in this scan.", "Pre-select again…", "Find pits another way")

    def _next_thing(self) -> None:
        self.commandAsked.emit("project.open" if self._workbench.session.sheet is None else "task.preselect")
