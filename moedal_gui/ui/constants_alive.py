"""Keeps None, True and False alive under Python 3.11.

Python 3.12 made these constants immortal, and PySide6 6.12 counts on it: each call of a Qt method that returns nothing
gives back None without taking a reference to it. Under 3.11 the count of None then falls by one with every such call,
and the interpreter aborts ("deallocating None") after some hundred thousand of them: a minute of painting.
"""

from __future__ import annotations

import ctypes
import sys

_MANY = 1 << 60


def keep_constants_alive() -> None:
    """Raise the reference counts so high that no session can use them up; nothing to do from Python 3.12 on."""
    if sys.version_info >= (3, 12):
        return
    for constant in (None, True, False, NotImplemented, Ellipsis):
        # The count is the first word of every object of CPython.
        count = ctypes.c_ssize_t.from_address(id(constant))
        if count.value < _MANY:
            count.value += _MANY
