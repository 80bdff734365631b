"""The last edge: an error that nobody expected is logged, and told in one sentence in a corner of the window."""

from __future__ import annotations

import logging
import sys
import threading
from types import TracebackType
from typing import TYPE_CHECKING

from moedal_gui import paths
from moedal_gui.core.errors import MoedalError

if TYPE_CHECKING:
    from moedal_gui.ui.main_window import MainWindow

_LOG = logging.getLogger("moedal_gui")


def catch_errors(window: MainWindow) -> None:
    """Let the window tell what goes wrong on any thread; the program goes on."""

    def hook(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):
            sys.__excepthook__(kind, error, trace)
            return
        _LOG.error("unexpected", exc_info=(kind, error, trace))
        text = sentence_of(error)
        window.relay.post(lambda: window.toasts.say("bad", text))

    def thread_hook(told: threading.ExceptHookArgs) -> None:
        if told.exc_value is not None and not issubclass(told.exc_type, SystemExit):
            hook(told.exc_type, told.exc_value, told.exc_traceback)

    sys.excepthook = hook
    threading.excepthook = thread_hook


def sentence_of(error: BaseException) -> str:
    """What a person is told of an error; a signal's wrapping is taken off."""
    cause = error.__cause__ if error.__cause__ is not None and type(error).__name__ == "EmitLoopError" else error
    if isinstance(cause, MoedalError):
        return str(cause)
    return f"That did not work ({type(cause).__name__}: {cause}). The log has the details: {paths.logs()}"
