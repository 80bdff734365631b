"""The title over a dock, in the size of all other text: the one that Qt draws itself keeps the size it began with."""

from __future__ import annotations

from PySide6.QtCore import QSize
from PySide6.QtWidgets import QDockWidget, QHBoxLayout, QLabel, QSizePolicy, QStyle, QToolButton, QWidget


class DockTitle(QWidget):
    """A name, and a button that lets the dock float; dragging and a double click go to the dock itself."""

    def __init__(self, dock: QDockWidget) -> None:
        super().__init__(dock)
        self.name = QLabel(dock.windowTitle())
        self.name.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.float = QToolButton(autoRaise=True)
        self.float.setIcon(self.style().standardIcon(QStyle.StandardPixmap.SP_TitleBarNormalButton))
        self.float.setIconSize(QSize(10, 10))
        self.float.setToolTip("Let this panel float, or put it back; a double click on its name does the same")
        self.float.setAccessibleName(f"Let the panel {dock.windowTitle()} float, or put it back")
        self.float.clicked.connect(lambda: dock.setFloating(not dock.isFloating()))
        layout = QHBoxLayout(self)
        # No taller than its words: what stands below needs the room.
        layout.setContentsMargins(12, 0, 8, 0)
        self.float.setFixedSize(16, 14)
        layout.addWidget(self.name, 1)
        layout.addWidget(self.float)
