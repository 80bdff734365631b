"""Setting a scan's datum points: the pin holes are clicked on the canvas, and how they fit is seen at once."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
from PySide6.QtCore import QEvent, QPointF, QSignalBlocker, Qt, QTimer
from PySide6.QtGui import QKeyEvent, QPainter, QPaintEvent, QShowEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QDialog,
    QFormLayout,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QMenu,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from moedal_gui.app.background import Latest
from moedal_gui.app.datum import MARKS
from moedal_gui.app.datum_rows import DatumRow, magnified, mark_rows, verdict_of
from moedal_gui.app.workbench import Workbench
from moedal_gui.core.errors import MoedalError
from moedal_gui.store.datum_journal import DatumChange
from moedal_gui.ui.relay import Relay
from moedal_gui.ui.viewer.datum_marks import draw_datum
from moedal_gui.ui.widgets.pixels import PixelView

_HEADS = (
    ("Mark", "Number of the datum point; 0 is the origin, the last one fixes the x axis"),
    ("Field", "The field it was clicked in"),
    ("x, y px", "Its pixel there, as the picture is shown"),
    ("Stage", "Where the stage had it"),
    ("Fit", "How far (px) it lies from the other scan's after a rigid fit of all"),
    ("Alone", "How far (px) it lies from where the other points, fitted without it, put it"),
    ("Rest", "Misfit (px) of the other points among themselves: small where this point is the wrong one"),
    ("By pits", "How far (px) it lies from where the pits of the two scans put the other scan's point"),
)
_VIEW_PX = 150
_WIDE_PX = 220.0
_HEARD_MS = 12_000
_REGISTER_TIP = "Bring the scans into one frame anew, as a job"
_FORGET_TIP = "Take the last mark out of the list; click a wrong one anew, for marks have no names but their order"


class Magnifier(PixelView):
    """The place of a mark, with a cross in its middle."""

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the picture and the cross."""
        super().paintEvent(event)
        if self.is_empty:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        draw_datum(painter, QPointF(self.width() / 2, self.height() / 2), "")
        painter.end()


class DatumDialog(QDialog):
    """Stands beside the canvas; what is clicked counts once it is accepted."""

    def __init__(self, workbench: Workbench, relay: Relay, ask_person: Callable[[], bool], parent: QWidget) -> None:
        super().__init__(parent, Qt.WindowType.Tool)
        self._workbench, self._draft, self._ask_person = workbench, workbench.datum, ask_person
        self._pictures = Latest("magnifier")
        self._warned = False
        self._build()
        listen = relay.listen
        self._let_go = [
            listen(self._draft.changed, self.refresh),
            listen(self._draft.checked, lambda _check: self._checked()),
            listen(self._draft.picking_changed, self._picking),
            listen(workbench.session.sheet_changed, lambda _old, _new: self._other_scan()),
            listen(self._pictures.answered, self._show_picture),
            listen(workbench.jobs.changed, lambda _old, _new: self._show_register()),
        ]
        self.finished.connect(lambda _result: self._shut())
        self._open_shown()
        self.table.selectRow(min(len(self._draft.points), MARKS - 1))

    # building
    def _build(self) -> None:
        self.reference = QComboBox()
        self.reference.setAccessibleName("Scan to compare with")
        self.reference.setToolTip("The scan of the same foil whose datum points these are held against")
        self.reference.activated.connect(self._draft.compare_with)
        form = QFormLayout()
        form.addRow("Against", self.reference)
        self.table = QTableWidget(0, len(_HEADS))
        self.table.setAccessibleName("Datum points")
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.table.setShowGrid(False)
        self.table.verticalHeader().hide()
        for column, (title, tip) in enumerate(_HEADS):
            item = QTableWidgetItem(title)
            item.setToolTip(tip)
            self.table.setHorizontalHeaderItem(column, item)
        self.table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        self.table.itemSelectionChanged.connect(self._go)
        self.view = Magnifier(_VIEW_PX, "not set")
        self.view.setFixedSize(_VIEW_PX, _VIEW_PX)
        self.view.setToolTip("The place of the mark, magnified; the cross is where it was clicked")
        middle = QHBoxLayout()
        middle.addWidget(self.table, 1)
        middle.addWidget(self.view, 0, Qt.AlignmentFlag.AlignTop)
        self.said = QLabel(wordWrap=True)
        self.said.setAccessibleName("How the points fit")
        self.by = QLabel(wordWrap=True)
        self.by.setProperty("role", "dim")
        self.heard = QLabel(wordWrap=True)
        self.heard.setAccessibleName("What the program says")
        self.heard.hide()
        self._silence = QTimer(self, singleShot=True, interval=_HEARD_MS)
        self._silence.timeout.connect(self.heard.hide)
        layout = QVBoxLayout(self)
        layout.setSpacing(8)
        layout.addLayout(form)
        layout.addLayout(middle)
        layout.addWidget(self.said)
        layout.addWidget(self.by)
        layout.addWidget(self.heard)
        layout.addLayout(self._buttons())

    def _buttons(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(5)
        self.pick = self._button(
            "Click it on the canvas",
            "The next click on the canvas sets the chosen mark; its number does the same; Esc lets go",
            self._toggle,
        )
        self.pick.setCheckable(True)
        self.take_back = self._button("Take back", "The points before the newest step", self._draft.take_back)
        self.forget = self._button("Take out", _FORGET_TIP, self._draft.forget_last)
        self.earlier = QPushButton("Earlier…")
        self.earlier.setToolTip("Points this scan had before, with who set them when")
        self.earlier.setMenu(QMenu(self))
        self.accept_button = self._button("Accept", "Keep these points in the project, with your name", self._accept)
        self.register = self._button("Register", _REGISTER_TIP, self._register)
        self.close_button = self._button("Close", "Leave; points that were not accepted are forgotten", self.reject)
        for button in (self.pick, self.take_back, self.forget, self.earlier):
            row.addWidget(button)
        row.addStretch(1)
        for button in (self.accept_button, self.register, self.close_button):
            row.addWidget(button)
        return row

    def _button(self, title: str, tip: str, action: Callable[[], object]) -> QPushButton:
        button = QPushButton(title)
        button.setToolTip(tip)
        button.setAutoDefault(False)
        button.clicked.connect(lambda _on=False: action())
        return button

    # facts
    def refresh(self) -> None:
        """Take up the draft anew."""
        draft, scan = self._draft, self._draft.scan
        if scan is None:
            return
        self._warned = False
        self.setWindowTitle(f"Datum points of {scan.scan}")
        with QSignalBlocker(self.reference):
            self.reference.clear()
            self.reference.addItems([s.scan for s in draft.references] or ["no other scan of this foil has any"])
            self.reference.setCurrentIndex(next((k for k, s in enumerate(draft.references) if s is draft.reference), 0))
        self.reference.setEnabled(bool(draft.references))
        self._fill()
        self._fill_earlier(draft.earlier())
        self._magnify()

    def _fill(self) -> None:
        draft = self._draft
        rows, chosen = mark_rows(draft), self._chosen()
        with QSignalBlocker(self.table):
            self.table.setRowCount(len(rows))
            for number, row in enumerate(rows):
                self._fill_row(number, row)
            self.table.selectRow(min(chosen, len(rows) - 1))
        high = self.table.horizontalHeader().height() + sum(self.table.rowHeight(k) for k in range(len(rows))) + 4
        self.table.setMinimumHeight(min(high, 2 * _VIEW_PX))
        self.table.setMinimumWidth(sum(self.table.columnWidth(k) for k in range(len(_HEADS))) + 6)
        if not self._warned:
            self._say(*verdict_of(draft))
        self.take_back.setEnabled(draft.can_take_back)
        self.forget.setEnabled(self._chosen() == len(draft.points) - 1)
        self.accept_button.setEnabled(draft.can_accept)
        self._show_register()
        self.earlier.setEnabled(bool(draft.earlier()))

    def _show_register(self) -> None:
        """The one next step is the one in colour; what would change nothing cannot be pressed, and says why."""
        runs = any(job.verb == "register" for job in self._workbench.jobs.active())
        refused = "The scans are being registered" if runs else self._draft.nothing_to_register()
        self.register.setEnabled(not refused)
        self.register.setToolTip(refused or _REGISTER_TIP)
        for button in (self.accept_button, self.register):
            button.setProperty("main", "true" if button.isEnabled() and self._is_next(button) else "false")
            button.style().polish(button)

    def _is_next(self, button: QPushButton) -> bool:
        return (button is self.register) == (self._draft.is_accepted or not self.accept_button.isEnabled())

    def hear(self, kind: str, text: str) -> None:
        """Say what the window says: its own messages lie behind this dialog."""
        self.heard.setText(text)
        self.heard.setProperty("role", "dim" if kind == "note" else kind)
        self.heard.style().polish(self.heard)
        self.heard.show()
        self._silence.start()

    def _fill_row(self, number: int, row: DatumRow) -> None:
        for column, text in enumerate(row.cells):
            item = QTableWidgetItem(f"⚠ {text}" if column == 0 and row.doubted else text)
            item.setToolTip("The others fit each other without this one" if row.doubted else _HEADS[column][1])
            if column:
                item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            self.table.setItem(number, column, item)

    def _fill_earlier(self, changes: list[DatumChange]) -> None:
        menu = self.earlier.menu()
        menu.clear()
        for change in changes:
            who = change.annotator or "the scan's files"
            text = f"Before {change.when[:16].replace('T', ' ')} ({who}): {len(change.before)} points"
            menu.addAction(text, partial(self._draft.take, change.before))

    def _picking(self, index: int | None) -> None:
        self.pick.setChecked(index is not None)
        if index is not None:
            with QSignalBlocker(self.table):
                self.table.selectRow(index)
            self._show_mark()
            self._say(f"Click mark {index} on the canvas. Esc lets go.", "dim")
        elif self._draft.scan is not None and not self._warned:
            self._say(*verdict_of(self._draft))

    def _checked(self) -> None:
        """Where the marks should be is known now: the one to be clicked comes into view."""
        self._fill()
        index = self._draft.picking
        if index is not None:
            self._say(f"Click mark {index} on the canvas. Esc lets go.", "dim")
            if index >= len(self._draft.points):
                self._picking(index)

    def _other_scan(self) -> None:
        sheet, scan = self._workbench.session.sheet, self._draft.scan
        if sheet is None:
            self.close()
        elif scan is None or (scan.scan_id != sheet.record.scan_id and not self._draft.is_changed):
            self._open_shown()
        else:
            self._draft.recheck()

    def _open_shown(self) -> None:
        session = self._workbench.session
        if session.project is not None and session.sheet is not None:
            self._draft.open(session.project, session.sheet.record)

    def _say(self, sentence: str, kind: str) -> None:
        self.said.setText(sentence)
        self.said.setProperty("role", kind)
        self.said.style().polish(self.said)
        change = self._draft.confirmed if not self._draft.is_changed else None
        self.by.setText(f"Set by {change.annotator} on {change.when[:16].replace('T', ' ')}." if change else "")
        self.by.setVisible(change is not None)

    def event(self, event: QEvent) -> bool:
        """Keys without Ctrl or Alt are this dialog's own: the window's would label the pit in front."""
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent):
            held = event.modifiers() & (Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier)
            if not held:
                event.accept()
                return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """A mark's number picks it."""
        number = event.key() - Qt.Key.Key_0
        if 0 <= number < self.table.rowCount() and not event.modifiers():
            self._draft.pick(number)
            if self._draft.picking != number:
                self.hear("note", f"Marks are set in their order: mark {self._draft.picking} comes first")
        else:
            super().keyPressEvent(event)

    def showEvent(self, event: QShowEvent) -> None:
        """Stand in the lower left, where the middle of the canvas stays free."""
        super().showEvent(event)
        parent = self.parentWidget()
        if parent is None:
            return
        window = parent.window().frameGeometry()
        self.move(window.left() + 8, window.bottom() - self.frameGeometry().height() - 36)

    # doing
    def _chosen(self) -> int:
        return max(self.table.currentRow(), 0)

    def _toggle(self) -> None:
        self._draft.pick(self._chosen() if self.pick.isChecked() else None)

    def _go(self) -> None:
        """Another mark is chosen: it is the one to be clicked, where clicks set marks."""
        if self._draft.picking is not None:
            self._draft.pick(self._chosen())
            if self._draft.picking != self._chosen():
                self._picking(self._draft.picking)
                return
        self._show_mark()

    def _show_mark(self) -> None:
        """Bring the chosen mark into view, or the place where the pits say it is: that first where the mark is to be clicked anew."""
        chosen = self._chosen()
        sheet, place = self._workbench.session.sheet, self._draft.place_of(chosen, wanted=self._draft.picking == chosen)
        if sheet is not None and place is not None:
            at = sheet.shown_place(place.field, place.x_px, place.y_px)
            if at is not None:
                self._workbench.session.go_to(*at, _WIDE_PX)
        self.forget.setEnabled(chosen == len(self._draft.points) - 1)
        self._magnify()

    def _magnify(self) -> None:
        draft, index = self._draft, self._chosen()
        project, scan = draft.project, draft.scan
        if project is None or scan is None or index >= len(draft.points):
            self._pictures.drop()
            self.view.show_array(None)
            self.view.set_caption("not set")
            return
        point = draft.points[index]
        self.view.set_caption(f"mark {index}")
        self._pictures.ask(lambda _wanted: (magnified(project, scan, point),))

    def _show_picture(self, generation: int, answer: tuple[np.ndarray | None]) -> None:
        if self._pictures.is_newest(generation):
            (picture,) = answer
            self.view.show_array(picture)
            if picture is None:
                self.view.set_caption("no picture there")

    def _accept(self) -> None:
        settings = self._workbench.settings
        if not settings.now.annotator and not self._ask_person():
            return
        try:
            self._draft.accept(settings.now.annotator)
        except MoedalError as error:
            self._say(str(error), "bad")
            return
        self._workbench.session.refresh()
        left = "" if self._draft.nothing_to_register() else "; the registration is out of date now"
        self._workbench.said.emit("good", f"The datum points are kept{left}")

    def _register(self) -> None:
        from moedal_gui.tasks.placement.register import RegisterParameters
        from moedal_gui.tasks.table import row_of

        self._workbench.run_task(row_of("register"), RegisterParameters())

    def reject(self) -> None:
        """Esc lets go of the canvas first; points that were not accepted are not dropped unasked."""
        if self._draft.picking is not None:
            self._draft.pick(None)
        elif self._draft.is_changed and not self._warned:
            self._warned = True
            self._say(
                "These points are not accepted yet. Accept keeps them; Close once more leaves the scan as it was.",
                "warning",
            )
        else:
            super().reject()

    def _shut(self) -> None:
        for let_go in self._let_go:
            let_go()
        self._pictures.close()
        self._draft.leave()
