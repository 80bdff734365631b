"""Which part of the plane is seen, and how large."""

from __future__ import annotations

from dataclasses import dataclass, replace

from moedal_gui.app.sheet import Box

MOST_ZOOM = 64.0


@dataclass(frozen=True)
class View:
    """The centre seen, screen pixels per raw pixel, and the screen's size.

    Attributes
    ----------
    x, y
        Place of the plane in the middle of the screen.
    zoom
        Screen pixels per raw pixel.
    width, height
        Of the screen, in its own (logical) pixels.
    """

    x: float = 0.0
    y: float = 0.0
    zoom: float = 1.0
    width: int = 100
    height: int = 100

    @property
    def box(self) -> Box:
        """The part of the plane in sight (x0, y0, x1, y1)."""
        half_w, half_h = self.width / 2 / self.zoom, self.height / 2 / self.zoom
        return self.x - half_w, self.y - half_h, self.x + half_w, self.y + half_h

    def wider(self, by: float) -> Box:
        """The part in sight with a margin, as a share of its size, all round."""
        x0, y0, x1, y1 = self.box
        dx, dy = (x1 - x0) * by, (y1 - y0) * by
        return x0 - dx, y0 - dy, x1 + dx, y1 + dy

    def to_screen(self, x: float, y: float) -> tuple[float, float]:
        """Screen place of a place of the plane."""
        return (x - self.x) * self.zoom + self.width / 2, (y - self.y) * self.zoom + self.height / 2

    def to_plane(self, sx: float, sy: float) -> tuple[float, float]:
        """Place of the plane under a screen place."""
        return (sx - self.width / 2) / self.zoom + self.x, (sy - self.height / 2) / self.zoom + self.y

    def zoomed(self, factor: float, sx: float, sy: float, least: float) -> View:
        """Closer or farther, the place under (sx, sy) staying where it is."""
        zoom = min(max(self.zoom * factor, least), MOST_ZOOM)
        x, y = self.to_plane(sx, sy)
        return replace(self, zoom=zoom, x=x - (sx - self.width / 2) / zoom, y=y - (sy - self.height / 2) / zoom)

    def moved(self, dx: float, dy: float) -> View:
        """Dragged by screen pixels."""
        return replace(self, x=self.x - dx / self.zoom, y=self.y - dy / self.zoom)

    def fitted(self, box: Box, margin: float = 1.04) -> View:
        """All of a box in sight."""
        wide, tall = max(box[2] - box[0], 1.0), max(box[3] - box[1], 1.0)
        zoom = min(self.width / (wide * margin), self.height / (tall * margin), MOST_ZOOM)
        return replace(self, x=(box[0] + box[2]) / 2 - 0.5, y=(box[1] + box[3]) / 2 - 0.5, zoom=max(zoom, 1e-4))


def covers(outer: Box, inner: Box) -> bool:
    """Whether a box lies within another."""
    return outer[0] <= inner[0] and outer[1] <= inner[1] and outer[2] >= inner[2] and outer[3] >= inner[3]
