"""The import page: what was found, what was assumed, and at once what it means."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFileDialog,
    QFormLayout,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from moedal_gui.app.background import Latest
from moedal_gui.app.importing import ImportDraft, Preview, lamp_name, preview
from moedal_gui.app.workbench import Workbench
from moedal_gui.core.counted import counted
from moedal_gui.core.errors import MoedalError
from moedal_gui.core.scan import ScanDescription
from moedal_gui.store.project import SUFFIX
from moedal_gui.tasks.ingest import usual_pixel_size
from moedal_gui.ui.import_page.look import Look
from moedal_gui.ui.import_page.said import SaidRow
from moedal_gui.ui.parts.panel import Panel
from moedal_gui.ui.relay import Relay
from moedal_gui.ui.widgets.lamp_ring import LampRing
from moedal_gui.ui.widgets.pixels import PixelView

_SLOPE = -1
_THUMBS_A_ROW = 5


class ImportPage(Panel):
    """One scan. ``left`` is emitted when the person is done with it."""

    left = Signal()

    def __init__(self, workbench: Workbench, relay: Relay, path: Path) -> None:
        super().__init__()
        self._workbench, self._path = workbench, path
        self._reader = Latest("preview")
        self._preview: Preview | None = None
        self._picture = _SLOPE
        self.draft: ImportDraft | None = None
        self._let_go = [
            relay.listen(self._reader.answered, self._answered),
            relay.listen(self._reader.failed, self._failed),
        ]
        try:
            self.draft = ImportDraft(path)
        except MoedalError as error:
            self._refused(str(error))
            return
        self._let_go.append(relay.listen(self.draft.changed, self.apply))
        self._build(self.draft)
        self._ask = QTimer(self, singleShot=True, interval=120)
        self._ask.timeout.connect(self._look)
        self.refresh()
        self._look()

    @property
    def is_done(self) -> bool:
        """Whether the field shown has been looked into, pits and all."""
        return self._preview is not None and self._preview.done

    def refresh(self) -> None:
        """Show everything that was said and assumed."""
        if self.draft is not None:
            self.apply(None, self.draft.description)

    def apply(self, old: ScanDescription | None, new: ScanDescription) -> None:
        """Another description stands."""
        lamps = [(str(c.step), c.azimuth_deg) for c in new.channels if c.kind == "rim" and c.azimuth_deg is not None]
        assert self.draft is not None  # built only with a draft
        self.ring.show_lamps(lamps, self.draft.is_assumed("channels"))
        for key, row in self.rows.items():
            row.show_value(getattr(new, key), self.draft.is_assumed(key))
        if self.mirrored.isChecked() != new.mirrored:
            self.mirrored.setChecked(new.mirrored)
        for thumb, channel in zip(self.thumbs, new.channels, strict=True):
            thumb.set_caption(lamp_name(channel))
        points = [f"{p.field}: {p.x_px:g}, {p.y_px:g}" for p in new.datum]
        self.datum.setText(
            "   ".join(f"{n}) {text}" for n, text in enumerate(points)) or "none: the stage's frame serves"
        )
        self._show_datum(new)
        open_ = sorted(new.assumed & {*self.rows, "channels", "mirrored"})
        self.assumed.setText(
            f"Assumed, nobody said so yet: {', '.join(w.replace('_', ' ') for w in open_)}."
            if open_
            else "Everything is said."
        )
        self.assumed.setProperty("role", "warning" if open_ else "good")
        self.assumed.style().polish(self.assumed)
        if old is not None:
            self._ask.start()

    def shut(self) -> None:
        """Stop reading."""
        for let_go in self._let_go:
            let_go()
        self._reader.close()

    # building
    def _refused(self, sentence: str) -> None:
        layout = QVBoxLayout(self)
        text = QLabel(sentence, wordWrap=True, alignment=Qt.AlignmentFlag.AlignCenter)
        text.setProperty("role", "bad")
        back = QPushButton("Back")
        back.clicked.connect(self.left)
        layout.addStretch(1)
        layout.addWidget(text)
        layout.addWidget(back, 0, Qt.AlignmentFlag.AlignHCenter)
        layout.addStretch(2)

    def _build(self, draft: ImportDraft) -> None:
        side = QWidget()
        column = QVBoxLayout(side)
        column.setContentsMargins(16, 14, 14, 14)
        column.setSpacing(9)
        title = QLabel(draft.source.path.name)
        title.setProperty("role", "head")
        title.setToolTip(str(draft.source.path))
        fields = draft.source.fields
        placed = sum(f.stage_x is not None for f in fields)
        found = QLabel(
            f"{counted(len(fields), 'field')} ({len(draft.fields)} with pictures, {placed} with a stage position), "
            f"{counted(len(draft.description.channels), 'channel')}",
            wordWrap=True,
        )
        found.setProperty("role", "dim")
        self.assumed = QLabel(wordWrap=True)
        for widget in (title, found, *[self._note(note) for note in draft.source.notes], self.assumed):
            column.addWidget(widget)
        column.addLayout(self._form(draft))
        column.addWidget(self._ring_row(draft))
        column.addLayout(self._datum_row(draft))
        column.addStretch(1)
        column.addLayout(self._project_row())
        column.addLayout(self._buttons(draft))
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setWidget(side)
        area.setMinimumWidth(max(380, side.minimumSizeHint().width() + 18))
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(area, 2)
        row.addWidget(self._right(draft), 4)

    def _note(self, text: str) -> QLabel:
        label = QLabel(text, wordWrap=True)
        label.setProperty("role", "dim")
        return label

    def _form(self, draft: ImportDraft) -> QFormLayout:
        form = QFormLayout()
        form.setSpacing(7)
        self.names: dict[str, QLineEdit] = {}
        for key in ("foil", "scan"):
            line = QLineEdit(getattr(draft.description, key))
            line.setAccessibleName(key.capitalize())
            line.setToolTip(f"Name of the {key} in the project")
            line.editingFinished.connect(lambda key=key, line=line: self._name(key, line))
            self.names[key] = line
            form.addRow(key.capitalize(), line)
        self.rows: dict[str, SaidRow] = {
            "orientation": SaidRow("Orientation", "Which side of the sheet faces the camera; reverse is the sheet turned over", {"normal": "Normal", "reverse": "Reverse (turned over)"}),
            "polarity": SaidRow("Polarity", "Which wall of a near pit a lamp brightens", {"lit": "Lit: the wall facing the lamp", "inverted": "Inverted"}),
            "pixel_size_um": SaidRow("Pixel size (µm)", "Without it nothing is measured in µm or per mm²", None, self._usual_size()),
        }  # fmt: skip
        for key, row in self.rows.items():
            row.said.connect(lambda value, key=key: draft.say(**{key: value}))
            row.confirmed.connect(lambda key=key: draft.confirm(key))
            form.addRow(row.caption, row)
        self.mirrored = QCheckBox("Pictures were flopped in x on conversion")
        self.mirrored.setToolTip("They are turned back on reading; nothing else mirrors anything")
        self.mirrored.clicked.connect(lambda on: draft.say(mirrored=on))
        form.addRow("Mirrored", self.mirrored)
        return form

    def _usual_size(self) -> float | None:
        project = self._workbench.session.project
        return usual_pixel_size(project) if project is not None else None

    def _ring_row(self, draft: ImportDraft) -> QWidget:
        box = QWidget()
        row = QHBoxLayout(box)
        row.setContentsMargins(0, 0, 0, 0)
        self.ring = LampRing()
        self.ring.turnAsked.connect(draft.turn_ring)
        self.ring.flipAsked.connect(draft.flip_ring)
        row.addWidget(self.ring)
        buttons = QVBoxLayout()
        for title, tip, action in (
            ("Turn right 45°", "Every lamp one place on", lambda: draft.turn_ring(45.0)),
            ("Turn left 45°", "Every lamp one place back", lambda: draft.turn_ring(-45.0)),
            ("Flip the ring", "The lamps go round the other way", draft.flip_ring),
            ("The ring is right", "Confirm what was assumed", lambda: draft.confirm("channels")),
        ):
            button = QPushButton(title)
            button.setToolTip(tip)
            button.clicked.connect(lambda _on=False, action=action: action())
            buttons.addWidget(button)
        buttons.addStretch(1)
        row.addLayout(buttons, 1)
        box.setVisible(len(draft.description.rim) >= 2)
        return box

    def _datum_row(self, draft: ImportDraft) -> QGridLayout:
        grid = QGridLayout()
        self.datum_button = QPushButton("Click pin holes")
        self.datum_button.setCheckable(True)
        self.datum_button.setToolTip(
            "While this is pressed, a click in the picture is a datum point; three are wanted, the third fixes the x axis"
        )
        forget = QPushButton("Forget them")
        forget.setToolTip("No datum points")
        forget.clicked.connect(draft.forget_datum)
        self.datum = QLabel(wordWrap=True)
        self.datum.setProperty("role", "dim")
        grid.addWidget(QLabel("Datum points"), 0, 0)
        grid.addWidget(self.datum_button, 0, 1)
        grid.addWidget(forget, 0, 2)
        grid.addWidget(self.datum, 1, 0, 1, 3)
        return grid

    def _project_row(self) -> QFormLayout:
        form = QFormLayout()
        project = self._workbench.session.project
        usable = project is not None and project.writable
        place = (
            project.path
            if usable and project is not None
            else self._path.resolve().parent / f"{self._path.stem}{SUFFIX}"
        )
        self.project = QLineEdit(str(place))
        self.project.setAccessibleName("Project")
        self.project.setToolTip("The project that takes the scan in; it is made if there is none")
        self.project.setReadOnly(usable)
        form.addRow("Into project", self.project)
        return form

    def _buttons(self, draft: ImportDraft) -> QHBoxLayout:
        row = QHBoxLayout()
        save = QPushButton("Save scan.toml…")
        save.setToolTip("Write what was said to a file that can lie beside the pictures")
        save.clicked.connect(lambda: self._save(draft))
        back = QPushButton("Back")
        back.setToolTip("Leave the scan as it is")
        back.clicked.connect(self.left)
        take = QPushButton("Take it in")
        take.setProperty("main", "true")
        take.setToolTip("Read every field into the project")
        take.setDefault(True)
        take.clicked.connect(lambda: self._ingest(draft))
        self.take = take
        row.addWidget(back)
        row.addWidget(save)
        row.addStretch(1)
        row.addWidget(take)
        return row

    def _right(self, draft: ImportDraft) -> QWidget:
        right = QWidget()
        layout = QVBoxLayout(right)
        layout.setContentsMargins(0, 8, 8, 8)
        top = QHBoxLayout()
        self.field = QComboBox()
        self.field.addItems(draft.fields)
        self.field.setCurrentIndex(len(draft.fields) // 2)
        self.field.setAccessibleName("Field shown")
        self.field.setToolTip("Which field is looked at")
        self.field.currentIndexChanged.connect(lambda _i: self._look())
        self.slope = QPushButton("Slope")
        self.slope.setCheckable(True)
        self.slope.setChecked(True)
        self.slope.setToolTip(
            "Direction of the slope as hue: every pit of one surface has the same order of colours round it"
        )
        self.slope.clicked.connect(lambda: self._show_picture(_SLOPE))
        self.sentence = QLabel()
        self.sentence.setProperty("role", "dim")
        for widget in (QLabel("Field"), self.field, self.slope):
            top.addWidget(widget)
        top.addWidget(self.sentence, 1)
        layout.addLayout(top)
        self.look = Look()
        self.look.placed.connect(self._placed)
        layout.addWidget(self.look, 1)
        grid = QGridLayout()
        grid.setSpacing(4)
        self.thumbs = [PixelView(84, lamp_name(c)) for c in draft.description.channels]
        for number, thumb in enumerate(self.thumbs):
            thumb.setToolTip("Show this channel large")
            thumb.pressed.connect(lambda number=number: self._show_picture(number))
            grid.addWidget(thumb, number // (2 * _THUMBS_A_ROW), number % (2 * _THUMBS_A_ROW))
        layout.addLayout(grid)
        if len(draft.description.rim) < 3:
            self.slope.hide()
            self._picture = 0
        return right

    # doing
    def _look(self) -> None:
        draft = self.draft
        if draft is None or not draft.fields:
            self.look.notice = "No pictures: pits and labels can be imported for these positions"
            self.look.show_picture(None)
            return
        source, description, field = draft.source, draft.description, self.field.currentText()
        self.sentence.setText("looking…")
        self._reader.ask(lambda _wanted: preview(source, description, field))

    def _answered(self, generation: int, found: Preview) -> None:
        if not self._reader.is_newest(generation) or self.draft is None:
            return
        self._preview = found
        for thumb, rgb in zip(self.thumbs, found.channels, strict=False):
            thumb.show_array(rgb)
        self._show_picture(self._picture)
        pits = found.pits
        self.look.show_pits(pits, self.draft.description.mirrored)
        self._show_datum(self.draft.description)
        self.look.notice = found.problems[0] if found.problems else ""
        if not found.done:
            self.sentence.setText("looking for pits…")
        elif len(pits):
            top, bottom = int((pits["surface"] == "top").sum()), int((pits["surface"] == "bottom").sum())
            self.sentence.setText(
                f"{len(pits)} pits: {top} top ▲, {bottom} bottom ▼. A wrong ring loses pits or mixes the surfaces up."
            )
        else:
            self.sentence.setText("No pit found in this field")

    def _show_datum(self, description: ScanDescription) -> None:
        field = self.field.currentText()
        self.look.show_datum([(k, p) for k, p in enumerate(description.datum) if p.field == field])

    def _failed(self, _generation: int, error: Exception) -> None:
        self.sentence.setText(str(error))

    def _show_picture(self, number: int) -> None:
        self._picture = number
        self.slope.setChecked(number == _SLOPE)
        for other, thumb in enumerate(self.thumbs):
            thumb.set_marked(other == number)
        found = self._preview
        if found is None:
            return
        picture: Any = (
            found.slope if number == _SLOPE else found.channels[number] if number < len(found.channels) else None
        )
        if picture is None and found.channels:
            picture = found.channels[0]
        self.look.show_picture(picture)

    def _placed(self, x: float, y: float) -> None:
        if self.datum_button.isChecked() and self.draft is not None:
            self.draft.add_datum(self.field.currentText(), x, y)

    def _name(self, key: str, line: QLineEdit) -> None:
        if (
            self.draft is not None
            and line.text().strip()
            and line.text().strip() != getattr(self.draft.description, key)
        ):
            self.draft.say(**{key: line.text().strip()})

    def _save(self, draft: ImportDraft) -> None:
        path, _ = QFileDialog.getSaveFileName(
            self, "Save scan.toml", str(Path.home() / f"{draft.description.scan}.toml"), "TOML (*.toml)"
        )
        if path:
            try:
                draft.save(Path(path))
                self._workbench.said.emit("good", f"Saved {path}")
            except MoedalError as error:
                self._workbench.said.emit("bad", str(error))

    def _ingest(self, draft: ImportDraft) -> None:
        try:
            self._workbench.ingest(Path(self.project.text().strip()), draft.parameters())
        except MoedalError as error:
            self._workbench.said.emit("bad", str(error))
            return
        self.left.emit()
