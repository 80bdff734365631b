"""The film round the lamp ring."""

from __future__ import annotations

from PySide6.QtCore import QObject, QTimer

from moedal_gui.ui.viewer.pictures import Frames
from moedal_gui.ui.viewer.screen import Screen

FRAME_MS = 110


class Film(QObject):
    """Plays frames on the screen, one lamp after the other."""

    def __init__(self, screen: Screen, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._screen = screen
        self._frames: Frames | None = None
        self._expected: int | None = None
        self._number = 0
        self.frame_count = 0
        self._timer = QTimer(self, interval=FRAME_MS)
        self._timer.timeout.connect(self._next)

    @property
    def playing(self) -> bool:
        """Whether it plays or is about to."""
        return self._timer.isActive() or self._expected is not None

    def expect(self, generation: int) -> None:
        """Play as soon as the frames of that question come."""
        self._expected = generation

    def take(self, generation: int, frames: Frames) -> None:
        """Play these frames, if they are the ones expected."""
        if generation != self._expected or not frames.pictures:
            return
        self._frames = frames
        if not self._timer.isActive():
            self._timer.start()
        self._next()

    def stop(self) -> None:
        """Stop."""
        self._timer.stop()
        self._expected, self._frames = None, None

    def _next(self) -> None:
        if self._frames is None:
            return
        self._number = (self._number + 1) % len(self._frames.pictures)
        self.frame_count += 1
        frame = self._frames.pictures[self._number]
        self._screen.show_picture(frame.rgb, frame.x, frame.y, frame.step)
