"""Facts told on any thread, heard on the screen's."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from psygnal import SignalInstance
from PySide6.QtCore import QObject, Qt, Signal


class Relay(QObject):
    """Connects states' signals to views.

    A slot runs on the thread that made the relay: at once when the fact is told there, queued otherwise. `close`
    lets go of everything, so a view that is gone is never called.
    """

    _call = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._home = threading.get_ident()
        self._bound: list[tuple[SignalInstance, Callable[..., None]]] = []
        self._open = True
        self._call.connect(self._run, Qt.ConnectionType.QueuedConnection)

    def listen(self, signal: SignalInstance, slot: Callable[..., Any]) -> Callable[[], None]:
        """Call ``slot`` with the signal's arguments; returns what lets go of it again."""

        def carried(*arguments: Any) -> None:
            if not self._open:
                return
            if threading.get_ident() == self._home:
                slot(*arguments)
            else:
                self._call.emit(lambda: slot(*arguments))

        signal.connect(carried, check_nargs=False)
        pair = (signal, carried)
        self._bound.append(pair)

        def let_go() -> None:
            if pair in self._bound:
                self._bound.remove(pair)
                signal.disconnect(carried, missing_ok=True)

        return let_go

    def post(self, call: Callable[[], Any]) -> None:
        """Run something on the screen's thread as soon as it is free."""
        if self._open:
            self._call.emit(call)

    def close(self) -> None:
        """Let go of every signal."""
        self._open = False
        for signal, carried in self._bound:
            signal.disconnect(carried, missing_ok=True)
        self._bound.clear()

    def _run(self, call: Callable[[], Any]) -> None:
        if self._open:
            call()
