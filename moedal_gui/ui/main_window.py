"""The window: docks round a centre, and the wiring between commands and states."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QByteArray, QEvent, QObject, Qt, QTimer
from PySide6.QtGui import QAction, QCloseEvent, QDragEnterEvent, QDropEvent, QKeyEvent, QKeySequence
from PySide6.QtWidgets import QApplication, QDockWidget, QMainWindow, QMessageBox, QStackedWidget, QTabBar

from moedal_gui.app.jobs import Job
from moedal_gui.app.settings import Settings
from moedal_gui.app.workbench import Workbench
from moedal_gui.store.project import Project, is_project
from moedal_gui.ui.actions import Actions
from moedal_gui.ui.menus import Menus
from moedal_gui.ui.panels.table import PANELS
from moedal_gui.ui.parts.panel import Panel
from moedal_gui.ui.relay import Relay
from moedal_gui.ui.start_page import StartPage
from moedal_gui.ui.status import Status
from moedal_gui.ui.theme import wear
from moedal_gui.ui.widgets.dock_title import DockTitle
from moedal_gui.ui.widgets.toasts import Toasts

if TYPE_CHECKING:
    from moedal_gui.ui.viewer.canvas import Canvas

_AREAS = {
    "left": Qt.DockWidgetArea.LeftDockWidgetArea,
    "right": Qt.DockWidgetArea.RightDockWidgetArea,
    "lower right": Qt.DockWidgetArea.RightDockWidgetArea,
    "bottom": Qt.DockWidgetArea.BottomDockWidgetArea,
}
_LAYOUT = 1


class MainWindow(QMainWindow):
    """Owns the widgets; every state belongs to the workbench."""

    def __init__(self, workbench: Workbench) -> None:
        super().__init__()
        self.workbench = workbench
        self.relay = Relay(self)
        self.setWindowTitle("MoEDAL workbench")
        self.setAcceptDrops(True)
        self.setDockNestingEnabled(True)
        self.setAnimated(False)
        self.toasts = Toasts(self)
        self.actions_ = Actions(self)
        self.menus = Menus(self, self.actions_.run)
        self.pages = QStackedWidget()
        self.setCentralWidget(self.pages)
        self.start_page = StartPage(workbench.settings, self.relay)
        self.start_page.commandAsked.connect(self.actions_.run)
        self.start_page.projectAsked.connect(lambda path: self.actions_.open_project(Path(path)))
        self.pages.addWidget(self.start_page)
        self.canvas: Canvas | None = None
        self.docks: dict[str, QDockWidget] = {}
        self.panels: dict[str, Panel] = {}
        self._make_docks()
        self.status = Status(workbench, self.relay)
        self.status.commandAsked.connect(self.actions_.run)
        self.status.panelAsked.connect(self.show_panel)
        self.setStatusBar(self.status)
        self._copies = QTimer(self)
        self._copies.timeout.connect(workbench.keep_copy)
        self._state = QTimer(self, singleShot=True, interval=0)
        self._state.timeout.connect(self.show_state)
        self._closing = False
        self._wire()
        self._settings_taken(workbench.settings.now)
        self._restore_layout()
        self._show_docks(False)
        self.show_state()

    def _wire(self) -> None:
        listen, workbench = self.relay.listen, self.workbench
        session = workbench.session
        listen(session.project_changed, self._project_changed)
        listen(session.loaded, session.take)
        listen(workbench.maps.reader.answered, workbench.maps.take)
        listen(workbench.said, self.toasts.say)
        listen(workbench.correcting.done, workbench.corrected)
        listen(workbench.correcting.refused, lambda sentence: self.toasts.say("note", sentence))
        listen(workbench.jobs.changed, self._job_changed)
        listen(workbench.settings.changed, lambda _old, new: self._settings_taken(new))
        for signal in (session.sheet_changed, session.pits_changed, session.display_changed, workbench.selection.changed,
                       workbench.labelling.moved, workbench.labelling.blind_changed, workbench.candidates.changed):  # fmt: skip
            listen(signal, lambda *_facts: self._state.start())
        application = QApplication.instance()
        if isinstance(application, QApplication):
            application.installEventFilter(self)
            self._points = application.font().pointSizeF()
            application.styleHints().colorSchemeChanged.connect(lambda _scheme: self._dress())

    # pages
    def show_canvas(self) -> Canvas:
        """Bring up the canvas; napari is loaded with the first project, not with the window."""
        if self.canvas is None:
            from moedal_gui.ui.viewer.canvas import Canvas

            self.canvas = Canvas(self.workbench, self.relay)
            self.pages.addWidget(self.canvas)
        self.pages.setCurrentWidget(self.canvas)
        return self.canvas

    def show_import(self, path: Path) -> None:
        """Look into a scan before it is taken in."""
        from moedal_gui.ui.import_page.page import ImportPage

        page = ImportPage(self.workbench, self.relay, path)
        page.left.connect(lambda: self._leave_import(page))
        self.pages.addWidget(page)
        self._show_docks(False)
        self.pages.setCurrentWidget(page)

    def show_panel(self, identity: str) -> None:
        """Bring a panel to the front."""
        self.docks[identity].show()
        self.docks[identity].raise_()

    def _leave_import(self, page: Panel) -> None:
        self.pages.removeWidget(page)
        page.shut()
        page.deleteLater()
        self._show_home()

    def _show_home(self) -> None:
        project = self.workbench.session.project
        if project is not None:
            self.show_canvas()
        else:
            self.start_page.refresh()
            self.pages.setCurrentWidget(self.start_page)
        self._show_docks(project is not None)

    # docks
    def _make_docks(self) -> None:
        panels_menu = self.menus.menu("View > Panels")
        panels_menu.addSeparator()
        for row in PANELS:
            panel = row.make(self.workbench, self.relay)
            panel.commandAsked.connect(self.actions_.run)
            dock = QDockWidget(row.title, self)
            dock.setObjectName(row.id)
            dock.setWidget(panel)
            dock.setTitleBarWidget(DockTitle(dock))
            dock.setToolTip(row.tip)
            self.docks[row.id], self.panels[row.id] = dock, panel
            self.addDockWidget(_AREAS[row.area], dock)
            panels_menu.addAction(self._panel_action(row.id, row.title, row.tip, row.key))
        self.reset_layout()

    def _panel_action(self, identity: str, title: str, tip: str, key: str) -> QAction:
        action = QAction(title, self)
        action.setToolTip(tip)
        action.setShortcut(QKeySequence(key))
        action.triggered.connect(lambda: self.show_panel(identity))
        self.addAction(action)
        return action

    def reset_layout(self) -> None:
        """Put every panel back in its place."""
        first: dict[str, QDockWidget] = {}
        for dock in self.docks.values():
            dock.setFloating(False)
            self.removeDockWidget(dock)
        for row in PANELS:
            if row.area not in first:
                first[row.area] = self.docks[row.id]
                self.addDockWidget(_AREAS[row.area], self.docks[row.id])
        self.splitDockWidget(first["right"], first["lower right"], Qt.Orientation.Vertical)
        for row in PANELS:
            if first[row.area] is not self.docks[row.id]:
                self.tabifyDockWidget(first[row.area], self.docks[row.id])
            self.docks[row.id].show()
        for dock in first.values():
            dock.raise_()
        self.resizeDocks([first["left"], first["right"]], [250, 400], Qt.Orientation.Horizontal)
        self.resizeDocks(
            [first["right"], first["lower right"]],
            [int(self.height() * 0.66), int(self.height() * 0.18)],
            Qt.Orientation.Vertical,
        )
        QTimer.singleShot(0, self._dress_tabs)

    def _dress_tabs(self) -> None:
        """Names of panels are read whole; the window makes its tab bars only when docks are laid out."""
        for bar in self.findChildren(QTabBar, options=Qt.FindChildOption.FindDirectChildrenOnly):
            bar.setElideMode(Qt.TextElideMode.ElideNone)
            bar.setUsesScrollButtons(True)

    def _show_docks(self, on: bool) -> None:
        # Panels say nothing useful without a project; the start page has the window to itself.
        if on == self._docks_shown():
            return
        if not on:
            if self.isVisible():
                self._remember_layout()
            for dock in self.docks.values():
                dock.hide()
        else:
            for dock in self.docks.values():
                dock.show()
            if "state" in self.workbench.settings.now.window:
                self._restore_layout()
            else:
                # Sizes hold only once the docks have been laid out on the screen.
                QTimer.singleShot(0, self.reset_layout)

    def _docks_shown(self) -> bool:
        return any(not dock.isHidden() for dock in self.docks.values())

    def _remember_layout(self) -> None:
        state = base64.b64encode(bytes(self.saveState(_LAYOUT).data())).decode()
        self.workbench.settings.change(window={**self.workbench.settings.now.window, "state": state})

    def _restore_layout(self) -> None:
        kept = self.workbench.settings.now.window
        if "geometry" in kept:
            self.restoreGeometry(QByteArray(base64.b64decode(kept["geometry"])))
        if "state" in kept:
            self.restoreState(QByteArray(base64.b64decode(kept["state"])), _LAYOUT)
        QTimer.singleShot(0, self._dress_tabs)

    # facts
    def _project_changed(self, _old: Project | None, new: Project | None) -> None:
        self.setWindowTitle(f"{new.name} — MoEDAL workbench" if new is not None else "MoEDAL workbench")
        self._show_home()
        if new is not None and not new.writable:
            self.toasts.say("bad", f"{new.name} is open for reading only. {self.workbench.session.read_only_reason}")
        self._state.start()

    def _job_changed(self, old: Job | None, new: Job | None) -> None:
        if new is None:
            return
        if old is None:
            if not new.quiet:
                self.show_panel("jobs") if self._docks_shown() else self.toasts.say("note", f"{new.title} has begun")
            return
        if old.active and not new.active:
            well = "warning" if new.doubtful else "good"
            kind = {"done": well, "failed": "bad"}.get(new.status, "note")
            if not (new.quiet and new.status == "done"):
                self.toasts.say(kind, f"{new.title}: {new.sentence}" if new.sentence else new.title)  # type: ignore[arg-type]
            self.workbench.job_ended(new)
            self.actions_.job_ended(new)

    def _settings_taken(self, settings: Settings) -> None:
        self._copies.start(settings.copy_minutes * 60_000)
        self.menus.bind_keys(settings.keys)
        self._dress()

    def _dress(self) -> None:
        application = QApplication.instance()
        worn = (self.workbench.settings.now.theme, self.workbench.settings.now.font_scale)
        if isinstance(application, QApplication):
            scheme = application.styleHints().colorScheme()
            if getattr(self, "_worn", None) == (worn, scheme):
                return
            wear(application, self.workbench.settings.now, self._points)
            self._worn = (worn, application.styleHints().colorScheme())
            self.menus.draw_icons()
            self.start_page.refresh()
            for panel in self.panels.values():
                panel.refresh()

    def show_state(self) -> None:
        """Enable what can be used now, and check what is on."""
        workbench = self.workbench
        self.menus.show_state(workbench.state())
        display, theme = workbench.session.display, workbench.settings.now.theme
        tool = self.canvas.overlay.tool if self.canvas is not None else ""
        for identity, on in {
            "view.pits": display.pits, "view.links": display.links, "view.outlines": display.outlines,
            "view.heat": display.heat, "film.play": display.film, "picture.even": display.even,
            "pit.link": self.canvas is not None and self.canvas.hand.linking, "blind.toggle": workbench.labelling.blind, "tool.rectangle": tool == "rectangle", "tool.lasso": tool == "lasso",
            "theme.system": theme == "system", "theme.light": theme == "light", "theme.dark": theme == "dark",
        }.items():  # fmt: skip
            self.menus.actions[identity].setChecked(on)

    # Qt's own calls
    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Letting go of a held film key stops the film."""
        if event.type() == QEvent.Type.KeyRelease and isinstance(event, QKeyEvent) and not event.isAutoRepeat():
            self.actions_.key_released(event)
        return super().eventFilter(watched, event)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Files may be dropped."""
        if any(url.isLocalFile() for url in event.mimeData().urls()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """A project is opened, anything else is looked into as a scan."""
        paths = [Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()]
        if paths:
            event.acceptProposedAction()
            self.open_path(paths[0])

    def open_path(self, path: Path) -> None:
        """Open whatever a path is."""
        if is_project(path):
            self.actions_.open_project(path)
        else:
            self.actions_.open_scan(path)

    def closeEvent(self, event: QCloseEvent) -> None:
        """Ask once if jobs run; then put everything away."""
        active = self.workbench.jobs.active()
        if active and not self._closing and not self._may_close(active):
            event.ignore()
            return
        self._closing = True
        self._remember()
        self.hide()
        self.relay.close()
        if self.canvas is not None:
            self.canvas.shut()
        for panel in self.panels.values():
            panel.shut()
        self.workbench.close()
        event.accept()

    def close_at_once(self) -> None:
        """Cancel what runs and close, without asking."""
        self._closing = True
        self.close()

    def _may_close(self, active: list[Job]) -> bool:
        names = ", ".join(job.title for job in active)
        box = QMessageBox(self)
        box.setWindowTitle("A job is running")
        box.setText(f"{names} is not done yet.")
        box.setInformativeText("What it has done is kept; the same job goes on from there next time.")
        stop = box.addButton("Cancel job and close", QMessageBox.ButtonRole.AcceptRole)
        stay = box.addButton("Stay", QMessageBox.ButtonRole.RejectRole)
        box.setDefaultButton(stay)
        box.setEscapeButton(stay)
        box.exec()
        return box.clickedButton() is stop

    def _remember(self) -> None:
        if self._docks_shown():
            self._remember_layout()
        geometry = base64.b64encode(bytes(self.saveGeometry().data())).decode()
        self.workbench.settings.change(window={**self.workbench.settings.now.window, "geometry": geometry})
