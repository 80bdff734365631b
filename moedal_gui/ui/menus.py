"""Menus, toolbar and keys, made from the table of commands."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMainWindow, QMenu, QToolBar

from moedal_gui import paths
from moedal_gui.app.commands import COMMANDS, Command, State, keys_in_force
from moedal_gui.ui.theme import icon

Run = Callable[[str], None]


class Menus:
    """The window's actions, one per command; ``run`` is called with the id of the one triggered."""

    def __init__(self, window: QMainWindow, run: Run) -> None:
        self._window = window
        self.actions: dict[str, QAction] = {c.id: self._action(c, run) for c in COMMANDS}
        self.submenus: dict[str, QMenu] = {}
        for command in COMMANDS:
            if command.menu:
                menu = self._menu(command.menu)
                if command.separated:
                    menu.addSeparator()
                menu.addAction(self.actions[command.id])
        self.toolbar = self._toolbar()

    def bind_keys(self, chosen: Mapping[str, tuple[str, ...]]) -> None:
        """Give every action its keys."""
        for identity, sequences in keys_in_force(dict(chosen)).items():
            action = self.actions[identity]
            action.setShortcuts([QKeySequence(s) for s in sequences])
            command = next(c for c in COMMANDS if c.id == identity)
            native = ", ".join(QKeySequence(s).toString(QKeySequence.SequenceFormat.NativeText) for s in sequences)
            action.setToolTip(f"{command.tip}  ({native})" if native else command.tip)

    def show_state(self, state: State) -> None:
        """Enable what can be used now."""
        for command in COMMANDS:
            self.actions[command.id].setEnabled(state.allows(command.when))

    def draw_icons(self) -> None:
        """Draw the icons in the colours of the theme in force."""
        for command in COMMANDS:
            if (paths.resources() / "icons" / f"{command.id}.svg").is_file():
                self.actions[command.id].setIcon(icon(command.id))

    def menu(self, title: str) -> QMenu:
        """A menu by its words, such as ``View > Panels``."""
        return self._menu(title)

    def _action(self, command: Command, run: Run) -> QAction:
        action = QAction(command.title, self._window)
        action.setObjectName(command.id)
        action.setStatusTip(command.tip)
        action.setCheckable(command.checkable)
        action.setAutoRepeat(command.id.startswith(("view.", "queue.", "candidate.", "field.", "picture.")))
        action.setMenuRole(QAction.MenuRole.NoRole)
        action.triggered.connect(lambda _on=False, identity=command.id: run(identity))
        self._window.addAction(action)
        return action

    def _menu(self, words: str) -> QMenu:
        if words not in self.submenus:
            parent, _, name = words.rpartition(" > ")
            menu = self._menu(parent).addMenu(name) if parent else self._window.menuBar().addMenu(f"&{name}")
            menu.setToolTipsVisible(True)
            self.submenus[words] = menu
        return self.submenus[words]

    def _toolbar(self) -> QToolBar:
        bar = QToolBar("Toolbar", self._window)
        bar.setObjectName("toolbar")
        bar.setMovable(False)
        bar.setIconSize(QSize(18, 18))
        bar.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        bar.setContextMenuPolicy(Qt.ContextMenuPolicy.PreventContextMenu)
        before = ""
        for command in (c for c in COMMANDS if c.toolbar):
            kind = command.menu.split(" ")[0]
            if before and kind != before:
                bar.addSeparator()
            before = kind
            action = self.actions[command.id]
            action.setIconText(
                command.title.rstrip("…")
                .replace(" entry and exit", "")
                .replace(" round the lamps", "")
                .replace("Select by r", "R")
                .replace("Select by l", "L")
            )
            bar.addAction(action)
        self._window.addToolBar(bar)
        return bar
