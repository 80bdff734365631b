"""The dialogs over the window: forms of tasks, galleries, pages of help; each is there once or not at all."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog

from moedal_gui.app.doctor import Finding, examine
from moedal_gui.ui.parts.pages import PersonDialog, doctor_page, messages_page

if TYPE_CHECKING:
    from moedal_gui.ui.main_window import MainWindow


class Dialogs:
    """Opens what a command asks for; those that are drawn by rarely needed modules load them then."""

    def __init__(self, window: MainWindow) -> None:
        self._window = window
        self._workbench = window.workbench
        self.open: list[QDialog] = []

    def task(self, verb: str) -> None:
        """The form of a task, and the task when it is agreed to."""
        from moedal_gui.tasks.table import row_of
        from moedal_gui.ui.parts.task_dialog import TaskDialog

        row = row_of(verb)
        project = self._workbench.session.project
        known = {k: v for k, v in self._known(verb).items() if k in {f.name for f in fields(row.parameters)}}
        dialog = TaskDialog(row, project, known, self._window)
        if dialog.exec() == QDialog.DialogCode.Accepted:
            self._workbench.run_task(row, dialog.chosen)

    def _known(self, verb: str) -> dict[str, Any]:
        """What a form starts with."""
        project = self._workbench.session.project
        if project is None:
            return {}
        stem = str(project.path.parent / project.name)
        candidates = len(self._workbench.session.candidates) > 0
        return {
            "export": {"what": "candidates" if candidates else "pits", "output": f"{stem}_{'candidates' if candidates else 'pits'}.csv"},
            "report": {"output": f"{stem}.html"},
            "label export": {"output": f"{stem}_labels.csv"},
            "remove": {"kind": "run", "name": runs[-1].name if (runs := project.catalogue.runs()) else ""},
        }.get(verb, {})  # fmt: skip

    # who, and what may be seen
    def ask_person(self) -> bool:
        """Ask who labels; whether somebody said so."""
        return PersonDialog(self._workbench.settings, self._window).exec() == QDialog.DialogCode.Accepted

    def person_known(self) -> bool:
        """Whether it is known who labels, asked if not."""
        return bool(self._workbench.settings.now.annotator) or self.ask_person()

    def _hidden(self) -> bool:
        """Whether scores may not be seen now, which is said then."""
        if self._workbench.labelling.blind:
            self._window.toasts.say("note", "Scores are hidden in blind mode; leave it first (Label > Blind mode)")
        return self._workbench.labelling.blind

    # pits and fields
    def cleaning(self) -> None:
        """The field in the middle of the canvas before and after cleaning."""
        from moedal_gui.ui.parts.cleaning_view import CleaningView

        sheet, view = self._workbench.session.sheet, self._window.show_canvas().view
        here = sheet.field_at(view.x, view.y) if sheet is not None else None
        if here is None:
            self._window.toasts.say("note", "No field lies in the middle of the canvas: go to one first")
            return
        self._show(CleaningView(self._workbench, self._window.relay, here[0], self._window))

    def gallery(self) -> None:
        """The queue as a gallery."""
        from moedal_gui.ui.parts.gallery import Gallery

        self._show(Gallery(self._workbench, self._window.relay, self._window))

    def scored_gallery(self, which: str) -> None:
        """A gallery that scores sort, for who may see them."""
        from moedal_gui.ui.parts.gallery import Gallery

        if not self._hidden() and self.person_known():
            self._show(Gallery(self._workbench, self._window.relay, self._window, which))

    def why(self) -> None:
        """Why the pit in front scored as it did; once more puts it away."""
        from moedal_gui.ui.parts.why_view import WhyView

        there = next((d for d in self.open if isinstance(d, WhyView)), None)
        if there is not None:
            there.close()
        elif not self._hidden():
            self._show(WhyView(self._workbench, self._window.relay, self._window))

    def set_datum(self) -> None:
        """The datum points, to be clicked on the canvas."""
        from moedal_gui.ui.parts.datum_dialog import DatumDialog

        session = self._workbench.session
        if session.project is None or session.sheet is None:
            return
        if not session.project.writable:
            self._window.toasts.say("note", f"Datum points cannot be set here. {session.read_only_reason}")
            return
        there = next((d for d in self.open if isinstance(d, DatumDialog)), None)
        if there is not None:
            there.raise_()
            return
        self._window.show_canvas()
        dialog = DatumDialog(self._workbench, self._window.relay, self.ask_person, self._window)
        self._window.toasts.told.connect(dialog.hear)
        self._show(dialog)

    # pages
    def keys(self) -> None:
        """Every key, to be changed."""
        from moedal_gui.ui.parts.keys_page import KeysPage

        self._show(KeysPage(self._workbench.settings, self._window))

    def runs(self) -> None:
        """Every run, and the way back to an earlier one."""
        from moedal_gui.ui.parts.runs_page import RunsPage

        there = next((d for d in self.open if isinstance(d, RunsPage)), None)
        if there is not None:
            there.raise_()
        elif self._workbench.session.project is not None:
            self._show(RunsPage(self._workbench, self._window.relay, self._window))

    def messages(self) -> None:
        """Everything the window has said."""
        self._show(messages_page(self._window.toasts.history, self._window))

    def doctor(self) -> None:
        """What is well and what is not."""
        self._show(doctor_page(self._findings(), self._window))

    def _findings(self) -> list[Finding]:
        from moedal_gui.ui.parts.graphics import graphics_finding

        session, settings = self._workbench.session, self._workbench.settings
        return [
            graphics_finding(),
            *examine(session.project, session.read_only_reason, settings.path, settings.problem),
        ]

    def _show(self, dialog: QDialog) -> None:
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.open.append(dialog)
        dialog.finished.connect(lambda _result: self._forget(dialog))
        dialog.show()

    def _forget(self, dialog: QDialog) -> None:
        if dialog in self.open:  # one that is closed twice says so twice
            self.open.remove(dialog)
