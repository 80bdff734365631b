"""What each command does: requests to the states and to the dialogs."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication, QKeyEvent, QKeySequence
from PySide6.QtWidgets import QFileDialog, QInputDialog

from moedal_gui.app import search
from moedal_gui.app.commands import COMMANDS, command, keys_in_force
from moedal_gui.app.jobs import Job
from moedal_gui.core.cut import OneOf
from moedal_gui.core.errors import MoedalError
from moedal_gui.core.label import CLASSES
from moedal_gui.ui.dialogs import Dialogs
from moedal_gui.ui.parts.pages import native
from moedal_gui.ui.widgets.finder import Finder, Hit

if TYPE_CHECKING:
    from moedal_gui.ui.main_window import MainWindow
    from moedal_gui.ui.viewer.overlay import Tool

_HELD_S = 0.35
_FONT_STEP = 1.1


class Actions:
    """Runs commands by id."""

    def __init__(self, window: MainWindow) -> None:
        self._window = window
        self._workbench = window.workbench
        self._film_pressed: float | None = None
        self.dialogs = Dialogs(window)
        self.palette = Finder(window, "Command", "", self._commands_for)
        self.palette.picked.connect(self.run)
        self.search = Finder(window, "Go to", search.EXAMPLES, self._places_for)
        self.search.picked.connect(self._go)
        self.handlers: dict[str, Callable[[], object]] = {
            **self._file(), **self._view(), **self._label(), **self._help(),
            **{c.id: partial(self.dialogs.task, c.verb) for c in COMMANDS if c.verb},
        }  # fmt: skip

    def run(self, identity: str) -> None:
        """Do it, if it can be done now; an error is one sentence in a corner."""
        if not self._workbench.state().allows(command(identity).when):
            return
        try:
            self.handlers[identity]()
        except MoedalError as error:
            self._window.toasts.say("bad", str(error))

    def open_project(self, path: Path) -> None:
        """Open a project; what goes wrong is said. Not in place of one that a job still works on."""
        if self._workbench.session.project is not None and self._workbench.jobs.active():
            self._window.toasts.say("note", "A job is running on the open project; wait for it, or cancel it first")
            return
        try:
            self._window.setCursor(Qt.CursorShape.WaitCursor)
            self._window.show_canvas()
            self._workbench.session.open(path)
        except MoedalError as error:
            self._window.toasts.say("bad", str(error))
            if self._workbench.session.project is None:
                self._window.pages.setCurrentWidget(self._window.start_page)
        finally:
            self._window.unsetCursor()

    def open_scan(self, path: Path) -> None:
        """Look into a scan."""
        self._window.show_import(path)

    def job_ended(self, job: Job) -> None:
        """Open what a job has made."""
        made = job.values.get("project")
        if (
            job.status == "done"
            and job.verb in ("demo", "ingest")
            and isinstance(made, str)
            and self._workbench.session.project is None
        ):
            self.open_project(Path(made))

    def key_released(self, event: QKeyEvent) -> None:
        """Stop the film when its key was held."""
        keys = keys_in_force(dict(self._workbench.settings.now.keys))["film.play"]
        mine = any(QKeySequence(k) == QKeySequence(event.key()) for k in keys)
        if mine and self._film_pressed is not None:
            if time.monotonic() - self._film_pressed > _HELD_S:
                self._workbench.session.show(film=False)
            self._film_pressed = None

    # handlers by menu
    def _file(self) -> dict[str, Callable[[], object]]:
        return {
            "scan.open": self._pick_scan,
            "project.open": self._pick_project,
            "demo.open": self._demo,
            "project.close": self._close_project,
            "labels.restore": self._restore,
            "view.picture": self._save_view,
            "window.quit": self._window.close,
            **{f"pit.{way}": partial(self._put_right, way) for way in ("add", "remove", "link")},
            "label.undo": self._workbench.take_back,
            "label.redo": self._workbench.labelling.redo,
            "selection.kind": self._same_kind,
            "selection.passing": self._workbench.deciding.select_passing,
            "selection.none": self._let_go,
            "place.copy": self._copy_place,
            "search.show": self.search.open,
            "palette.show": self.palette.open,
            "runs.show": self.dialogs.runs,
            "datum.set": self.dialogs.set_datum,
        }

    def _view(self) -> dict[str, Callable[[], object]]:
        session, window = self._workbench.session, self._window
        return {
            "view.fit": lambda: window.show_canvas().fit(),
            "view.one": lambda: window.show_canvas().one_to_one(),
            "view.closer": lambda: window.show_canvas().zoom_about(1.3),
            "view.farther": lambda: window.show_canvas().zoom_about(1 / 1.3),
            "film.play": self._film,
            "picture.even": lambda: self._workbench.session.show(even=not self._workbench.session.display.even),
            "picture.next": lambda: window.show_canvas().picture.step(1),
            "picture.previous": lambda: window.show_canvas().picture.step(-1),
            "view.pits": lambda: session.show(pits=not session.display.pits),
            "view.links": lambda: session.show(links=not session.display.links),
            "view.outlines": lambda: session.show(outlines=not session.display.outlines),
            "view.heat": lambda: session.show(heat=not session.display.heat),
            "field.next": self._workbench.next_unseen,
            "field.previous": self._workbench.previous_field,
            "region.next": self._workbench.regions.step,
            "region.looked": self._look,
            "field.cleaning": self.dialogs.cleaning,
            "tool.rectangle": lambda: self._tool("rectangle"),
            "tool.lasso": lambda: self._tool("lasso"),
            "theme.system": lambda: self._workbench.settings.change(theme="system"),
            "theme.light": lambda: self._workbench.settings.change(theme="light"),
            "theme.dark": lambda: self._workbench.settings.change(theme="dark"),
            "font.larger": lambda: self._font(_FONT_STEP),
            "font.smaller": lambda: self._font(1 / _FONT_STEP),
            "font.normal": lambda: self._workbench.settings.change(font_scale=1.0),
            "layout.reset": window.reset_layout,
        }

    def _label(self) -> dict[str, Callable[[], object]]:
        labelling = self._workbench.labelling
        return {
            **{f"label.{n}": partial(self._give, n, False) for n in CLASSES},
            **{f"label.{n}.alone": partial(self._give, n, True) for n in CLASSES},
            "label.none": lambda: self._give("", False),
            "queue.next": lambda: labelling.step(1),
            "queue.previous": lambda: labelling.step(-1),
            "gallery.show": self.dialogs.gallery,
            "proposals.show": partial(self.dialogs.scored_gallery, "proposals"),
            "mistakes.show": partial(self.dialogs.scored_gallery, "worst mistakes"),
            "orphan.next": self._workbench.next_orphan,
            "why.show": self.dialogs.why,
            "blind.toggle": lambda: labelling.go_blind(not labelling.blind),
            "annotator.ask": self.dialogs.ask_person,
            "candidate.accept": lambda: self._judge("accepted"),
            "candidate.reject": lambda: self._judge("rejected"),
            "candidate.clear": lambda: self._judge(""),
            "candidate.next": lambda: self._step_candidate(1),
            "candidate.previous": lambda: self._step_candidate(-1),
        }

    def _help(self) -> dict[str, Callable[[], object]]:
        return {
            "help.shortcuts": self.dialogs.keys,
            "help.messages": self.dialogs.messages,
            "help.doctor": self.dialogs.doctor,
        }

    def _demo(self) -> None:
        from moedal_gui.tasks.demo import DemoParameters, project_path
        from moedal_gui.tasks.table import row_of

        row = row_of("demo")
        parameters = DemoParameters()
        target = project_path(parameters)
        if self._workbench.session.project is not None:
            if self._workbench.session.project.path == target:
                return
            self._workbench.session.close()
        if not row.plan(None, parameters).units:
            self.open_project(target)
        else:
            self._window.toasts.say("note", "The demo foil is being made; this takes a minute or two, once")
            self._workbench.run_task(row, parameters)

    # files
    def _pick_scan(self) -> None:
        path = QFileDialog.getExistingDirectory(
            self._window, "Folder of a scan (drop single pictures on the window)", self._beside()
        )
        if path:
            self.open_scan(Path(path))

    def _pick_project(self) -> None:
        path = QFileDialog.getExistingDirectory(self._window, "Project folder (ends in .moedal)", self._beside())
        if path:
            self.open_project(Path(path))

    def _beside(self) -> str:
        """The folder that the open project lies in, where its like are looked for first."""
        project = self._workbench.session.project
        return str(project.path.parent) if project is not None else ""

    def _close_project(self) -> None:
        if self._workbench.jobs.active():
            self._window.toasts.say("note", "A job is running on this project; cancel it first")
            return
        self._workbench.session.close()

    def _restore(self) -> None:
        project = self._workbench.session.project
        copies = self._workbench.copies.of(project) if project is not None else []
        if project is None or not copies:
            self._window.toasts.say(
                "note", f"There is no copy of this project's labels in {self._workbench.copies.folder}"
            )
            return
        titles = [copy.title for copy in copies]
        chosen, agreed = QInputDialog.getItem(
            self._window,
            "Restore labels",
            "Labels of this copy that are missing here are added; nothing is taken away.",
            titles,
            0,
            False,
        )
        if agreed:
            count = self._workbench.restore(copies[titles.index(chosen)].path)
            self._window.toasts.say("good", f"{count} labels and corrections were restored")

    def _save_view(self) -> None:
        project = self._workbench.session.project
        start = str(project.path.parent / f"{project.name}_view.png") if project is not None else "view.png"
        path, _ = QFileDialog.getSaveFileName(self._window, "Save the view as a picture", start, "PNG (*.png)")
        if path:
            done = self._window.show_canvas().screen_.grab().save(path)
            self._window.toasts.say(
                "good" if done else "bad", f"Saved {path}" if done else f"{path} cannot be written: name another folder"
            )

    # the rest
    def _give(self, label: str, alone: bool) -> None:
        if self.dialogs.person_known():
            self._workbench.give(label, this_only=alone)

    def _put_right(self, way: str) -> None:
        if self.dialogs.person_known():
            getattr(self._window.show_canvas().hand, way)()
            self._window.show_state()

    def _look(self) -> None:
        if self.dialogs.person_known():
            self._workbench.regions.mark()

    def _judge(self, verdict: str) -> None:
        if self.dialogs.person_known() and self._workbench.candidates.judge(verdict) and verdict:
            self._step_candidate(1)

    def _step_candidate(self, by: int) -> None:
        self._window.show_panel("candidates")
        panel = self._window.panels["candidates"]
        panel.step(by)  # type: ignore[attr-defined]

    def _film(self) -> None:
        session = self._workbench.session
        self._film_pressed = time.monotonic() if not session.display.film else None
        session.show(film=not session.display.film)

    def _tool(self, tool: Tool) -> None:
        canvas = self._window.show_canvas()
        canvas.use_tool("" if canvas.overlay.tool == tool else tool)
        self._window.show_state()

    def _let_go(self) -> None:
        canvas = self._window.canvas
        if canvas is not None:
            canvas.overlay.let_go()
            canvas.hand.let_go()
            canvas.use_tool("")
        self._workbench.datum.pick(None)
        self._workbench.session.show(film=False)
        self._workbench.selection.let_go()
        self._window.show_state()

    def _same_kind(self) -> None:
        labelling, pits = self._workbench.labelling, self._workbench.session.pits
        if labelling.row is None or pits is None:
            return
        labelling.fill_labels()
        code = int(labelling.codes[labelling.row])
        if code >= 0:
            cut = OneOf("label", frozenset({CLASSES[code]}))
        else:
            cut = OneOf("surface", frozenset({str(pits.table["surface"].iat[labelling.row])}))
        self._workbench.selection.take(cut)
        self._window.toasts.say("note", f"{int(cut.mask(pits.table).sum()):,} pits selected: {', '.join(cut.values)}")

    def _copy_place(self) -> None:
        text = self._window.show_canvas().place_text()
        if text:
            QGuiApplication.clipboard().setText(text)
            self._window.toasts.say("note", "Copied: " + text.replace("\n", "; "))

    def _font(self, factor: float) -> None:
        settings = self._workbench.settings
        settings.change(font_scale=min(max(settings.now.font_scale * factor, 0.6), 2.5))

    def _commands_for(self, text: str) -> Sequence[Hit]:
        words = text.lower().split()
        state = self._workbench.state()
        keys = keys_in_force(dict(self._workbench.settings.now.keys))
        hits = []
        for one in COMMANDS:
            where = f"{one.title} {one.menu} {one.tip}".lower()
            if all(word in where for word in words):
                title = " > ".join(part for part in (one.menu, one.title.rstrip("…")) if part)
                hits.append(
                    (
                        one.title.lower().find(words[0]) if words else 0,
                        Hit(title, native(keys[one.id]), one.id, state.allows(one.when)),
                    )
                )
        return [hit for rank, hit in sorted(hits, key=lambda pair: (not pair[1].enabled, pair[0] < 0, pair[0]))]

    def _places_for(self, text: str) -> Sequence[Hit]:
        session = self._workbench.session
        if session.sheet is None:
            return []
        return [Hit(t.title, "", t) for t in search.find(text, session.sheet, session.pits)]

    def _go(self, target: search.Target) -> None:
        if target.field is not None:
            self._workbench.go_to_field(target.field)
        else:
            self._workbench.session.go_to(target.x, target.y, target.width_px)
        if target.pit_id is not None:
            self._workbench.selection.pick(target.pit_id)
