"""Very many markers as one picture: a hundred thousand in some tens of milliseconds."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPen

from moedal_gui.ui.theme import MARKS, Shape
from moedal_gui.ui.viewer.marks import shape_path

Floats = npt.NDArray[np.float64]
Words = npt.NDArray[np.uint32]

_FINE = 2
"""Markers are drawn so many times as large and brought down, which smooths their rims."""


@dataclass(frozen=True)
class Kind:
    """Markers of one look: colour, shape, and size against the others."""

    colour: str
    shape: Shape
    size: float = 1.0


def kind_of(name: str, plain: str) -> Kind:
    """Look of a class; ``plain`` is the colour of what has none."""
    return Kind(MARKS[name].colour, MARKS[name].shape) if name in MARKS and name else Kind(plain, "circle", 0.7)


def radius_for(count: int, area: float) -> float:
    """Radius of a marker, px, that so many on an area, px², leave room for; never too small to have a shape."""
    return min(max(0.55 * math.sqrt(area / max(count, 1)), 2.2), 4.4)


def draw_cloud(
    size: tuple[int, int],
    ratio: float,
    places: tuple[Floats, Floats],
    kinds: list[tuple[Kind, npt.NDArray[np.int64]]],
    picked: npt.NDArray[np.int64],
    halo: str,
    area: float,
) -> QImage:
    """A transparent picture of markers, later kinds over earlier ones.

    Parameters
    ----------
    size, ratio
        Width and height of the widget, and real pixels per pixel of it.
    places
        Columns and rows of every marker in the widget, NaN where there is none.
    kinds
        Each look with the rows that have it.
    picked, halo
        Rows that are selected, and the colour of the ring behind them.
    area
        How much of the widget, px², the markers spread over.
    """
    scale = ratio * _FINE
    inside = _inside(places, size)
    radius = radius_for(int(inside.sum()), area) * scale
    reach = math.ceil(radius * 1.6) + 2 * _FINE
    width, height = math.ceil(size[0] * scale) + 2 * reach, math.ceil(size[1] * scale) + 2 * reach
    image = np.zeros(width * height, np.uint32)
    place = _flat(places, inside, scale, reach, width)
    _put(image, place[picked], _stamp("circle", halo, radius + 1.7 * scale, width))
    for kind, rows in kinds:
        _put(image, place[rows], _stamp(kind.shape, kind.colour, radius * kind.size, width))
    whole = image.reshape(height, width)[reach : height - reach, reach : width - reach]
    whole = np.ascontiguousarray(whole)
    fine = QImage(
        whole.data, whole.shape[1], whole.shape[0], whole.strides[0], QImage.Format.Format_ARGB32_Premultiplied
    )
    drawn = fine.scaled(
        round(size[0] * ratio), round(size[1] * ratio), Qt.AspectRatioMode.IgnoreAspectRatio,
        Qt.TransformationMode.SmoothTransformation,
    )  # fmt: skip
    drawn.setDevicePixelRatio(ratio)
    return drawn


def _inside(places: tuple[Floats, Floats], size: tuple[int, int]) -> npt.NDArray[np.bool_]:
    x, y = places
    with np.errstate(invalid="ignore"):
        return np.asarray((x >= 0) & (x < size[0]) & (y >= 0) & (y < size[1]))


def _flat(
    places: tuple[Floats, Floats], inside: npt.NDArray[np.bool_], scale: float, reach: int, width: int
) -> npt.NDArray[np.int64]:
    """Index of each marker's pixel in the flat picture, -1 for those out of sight."""
    flat = np.full(len(inside), -1, np.int64)
    x, y = places[0][inside] * scale, places[1][inside] * scale
    flat[inside] = (y.astype(np.int64) + reach) * width + x.astype(np.int64) + reach
    return flat


def _put(image: Words, place: npt.NDArray[np.int64], stamp: tuple[npt.NDArray[np.int64], Words]) -> None:
    place = place[place >= 0]
    if not len(place):
        return
    # Markers on the same pixel are drawn once: networks that are sure pile most pits up in the corners.
    seen = np.zeros(len(image), bool)
    seen[place] = True
    offsets, colours = stamp
    image[np.flatnonzero(seen)[:, None] + offsets[None]] = colours[None]


@lru_cache(maxsize=128)
def _stamp(shape: Shape, colour: str, radius: float, width: int) -> tuple[npt.NDArray[np.int64], Words]:
    """Offsets in a flat picture of a width, and colours, of one marker's pixels."""
    half = math.ceil(radius * 1.2) + 1
    side = 2 * half + 1
    picture = QImage(side, side, QImage.Format.Format_ARGB32_Premultiplied)
    picture.fill(0)
    painter = QPainter(picture)
    path = shape_path(shape, half + 0.5, half + 0.5, radius)
    painter.setPen(QPen(QColor(colour).darker(150), max(radius * 0.16, 1.0)))
    painter.setBrush(QColor(colour))
    painter.drawPath(path)
    painter.end()
    pixels = np.frombuffer(picture.constBits(), np.uint32).reshape(side, picture.bytesPerLine() // 4)[:, :side]
    rows, columns = np.nonzero(pixels)
    return (rows - half) * width + (columns - half), pixels[rows, columns].copy()
