"""How far a task has come, on stderr: a bar on a terminal, plain lines otherwise."""

from __future__ import annotations

import sys
import time

_WIDTH = 30
_EVERY_S = 0.1
_LINES_EVERY_S = 5.0


class ProgressLine:
    """Called with (done, total); draws at most ten times a second."""

    def __init__(self, title: str) -> None:
        self._title = title
        self._bar = sys.stderr.isatty()
        self._started = time.monotonic()
        self._last = 0.0
        self._first: int | None = None
        self._drawn = False

    def __call__(self, done: int, total: int) -> None:
        if total == 0:
            return
        now = time.monotonic()
        if self._first is None:
            self._first = done
        pause = _EVERY_S if self._bar else _LINES_EVERY_S
        if done < total and now - self._last < pause:
            return
        self._last = now
        left = self._left(done, total, now)
        if self._bar:
            full = round(_WIDTH * done / total)
            sys.stderr.write(f"\r{self._title} [{'#' * full}{'.' * (_WIDTH - full)}] {done}/{total}{left}\x1b[K")
        else:
            sys.stderr.write(f"{self._title}: {done} of {total}{left}\n")
        sys.stderr.flush()
        self._drawn = True

    def close(self) -> None:
        """End the bar's line."""
        if self._bar and self._drawn:
            sys.stderr.write("\n")
            sys.stderr.flush()

    def _left(self, done: int, total: int, now: float) -> str:
        new = done - (self._first or 0)
        if new <= 0 or done >= total:
            return ""
        seconds = (now - self._started) / new * (total - done)
        return f", about {seconds:.0f} s left" if seconds < 120 else f", about {seconds / 60:.0f} min left"
