"""One pit in every channel, as relief, and as a film round the lamps."""

from __future__ import annotations

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QVBoxLayout, QWidget

from moedal_gui.app.crop_pictures import Bytes, channel_picture, relief_picture
from moedal_gui.app.crops import Crop
from moedal_gui.app.display import Picture, channel_pictures, first_picture
from moedal_gui.app.shading import Limits
from moedal_gui.app.sheet import Sheet
from moedal_gui.ui.widgets.pixels import PixelView

_COLUMNS = 5
_FILM_MS = 110


class PitCrops(QWidget):
    """A large channel and the relief side by side.

    ``small`` is a widget of its own with every channel small, to be placed by whoever shows this; one pressed becomes large.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.large = PixelView(128)
        self.relief = PixelView(128, "relief")
        self.large.setToolTip("The channel picked below; F plays the film round the lamps")
        self.relief.setToolTip("The surface integrated from the slopes: pits of the two surfaces bulge opposite ways")
        self._thumbs: list[PixelView] = []
        self._pictures: list[Picture] = []
        self._arrays: list[Bytes] = []
        self._chosen = 0
        self._lamps: list[int] = []
        self._frame = 0
        self.small = QWidget()
        self._grid = QGridLayout(self.small)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(3)
        top = QHBoxLayout()
        top.setSpacing(4)
        top.addWidget(self.large, 1)
        top.addWidget(self.relief, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addLayout(top)
        self._film = QTimer(self, interval=_FILM_MS)
        self._film.timeout.connect(self._next_frame)

    def show_scan(self, sheet: Sheet) -> None:
        """Take up the channels of a scan."""
        pictures = list(channel_pictures(sheet.record.description, sheet.out))
        if pictures == self._pictures:
            return
        self._film.stop()
        for thumb in self._thumbs:
            self._grid.removeWidget(thumb)
            thumb.deleteLater()
        self._pictures, self._thumbs = pictures, []
        for number, picture in enumerate(pictures):
            thumb = PixelView(48, picture.title)
            thumb.setToolTip(picture.tip)
            thumb.pressed.connect(lambda number=number: self.choose(number))
            thumb.setVisible(len(pictures) > 1)
            self._grid.addWidget(thumb, number // _COLUMNS, number % _COLUMNS)
            self._thumbs.append(thumb)
        self.relief.setVisible(bool(sheet.ring))
        channels = sheet.record.description.channels
        rim = [i for i in sheet.record.description.rim if i not in sheet.out]
        self._lamps = sorted(rim, key=lambda i: channels[i].azimuth_deg or 0.0)
        first = first_picture(sheet)
        self.choose(next((number for number, p in enumerate(pictures) if p.key == first), 0))

    def show_crop(self, crop: Crop | None, limits: list[Limits | None]) -> None:
        """Take up a crop; ``limits`` holds the contrast of each channel, None for its own."""
        if crop is None:
            self._arrays = []
            for view in (*self._thumbs, self.large, self.relief):
                view.show_array(None)
            return
        self._arrays = [channel_picture(plane, limit) for plane, limit in zip(crop.planes, limits, strict=True)]
        for thumb, array in zip(self._thumbs, self._arrays, strict=True):
            thumb.show_array(array)
        self.relief.show_array(relief_picture(crop.relief) if crop.relief is not None else None)
        self._show_large(self._chosen)

    def choose(self, number: int) -> None:
        """Show a channel large."""
        self._chosen = number
        for other, thumb in enumerate(self._thumbs):
            thumb.set_marked(other == number)
        self._show_large(number)

    def play(self, on: bool) -> None:
        """Play the rim lamps in the large view."""
        if on and len(self._lamps) >= 2:
            self._film.start()
        else:
            self._film.stop()
            self._show_large(self._chosen)

    def _show_large(self, number: int) -> None:
        if number < len(self._pictures):
            self.large.set_caption(self._pictures[number].title)
            self.large.show_array(self._arrays[number] if number < len(self._arrays) else None)

    def _next_frame(self) -> None:
        if self._arrays:
            self._frame = (self._frame + 1) % len(self._lamps)
            self._show_large(self._lamps[self._frame])
