"""What every panel is."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget


class Panel(QWidget):
    """A view in a dock. ``commandAsked`` carries a command's id; the window decides what comes of it."""

    commandAsked = Signal(str)

    def refresh(self) -> None:
        """Take up everything anew."""

    def shut(self) -> None:
        """Stop what runs for this panel alone."""
