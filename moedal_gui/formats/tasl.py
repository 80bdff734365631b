"""TASL montages: one picture of many framed tiles, each with the place ``x,y`` of its object burnt in."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import sliding_window_view

Picture = npt.NDArray[Any]
_SMALLEST_TILE_PX = 20
_FEWEST_TILES = 12
_LINE_SHARE = 0.6  # a frame line is black along at least this share of the montage
_GLYPH = (7, 5)
_PITCH = 6
_WRONG = 3  # pixels of a glyph that a dark object behind it may spoil
# The digits of the fixed 6 x 10 font the montages are written in, upper seven rows, left five columns.
_GLYPHS = {
    "0": "00100 01010 10001 10001 10001 01010 00100", "1": "00100 01100 00100 00100 00100 00100 01110",
    "2": "01100 10010 00001 00110 01000 10000 11111", "3": "11111 00010 00100 01110 00001 10001 01110",
    "4": "00010 00110 01010 10010 11111 00010 00010", "5": "11111 10000 10110 11001 00001 10001 01110",
    "6": "00110 01000 10000 11110 10001 10001 01110", "7": "11111 00001 00010 00100 01000 10000 10000",
    "8": "01110 10001 10001 01110 10001 10001 01110", "9": "01110 10001 10001 01111 00001 00010 01100",
    ",": "00000 00000 00000 00000 01100 00100 01000",
}  # fmt: skip


_SIGNS = sorted(_GLYPHS)
_PIXELS = np.array([[c == "1" for c in _GLYPHS[sign].replace(" ", "")] for sign in _SIGNS], dtype=np.int32)


@dataclass(frozen=True)
class Tile:
    """One tile: where it lies in the montage, the frame left out."""

    rows: slice
    columns: slice


def tiles(montage: Picture) -> tuple[Tile, ...]:
    """The tiles of a TASL montage (H, W), row by row; empty when the picture is none.

    A montage is told by its frame: full black lines that cut it into at least a dozen cells of nearly one size.
    """
    black = montage == 0
    rows = _cells(black.mean(axis=1))
    columns = _cells(black.mean(axis=0))
    if len(rows) * len(columns) < _FEWEST_TILES or not (_even(rows) and _even(columns)):
        return ()
    return tuple(Tile(r, c) for r in rows for c in columns if not black[r, c].all())


def _cells(share: npt.NDArray[Any]) -> list[slice]:
    lines = np.flatnonzero(share > _LINE_SHARE)
    if len(lines) == 0:
        return []
    edges = np.concatenate([lines, [len(share)]]) if len(share) - lines[-1] > _SMALLEST_TILE_PX else lines
    return [slice(int(a) + 1, int(b)) for a, b in itertools.pairwise(edges) if b - a > _SMALLEST_TILE_PX]


def _even(cells: list[slice]) -> bool:
    sizes = [c.stop - c.start for c in cells]
    return bool(sizes) and max(sizes) - min(sizes) <= 0.1 * max(sizes)


def burnt_in(montage: Picture, tile: Tile) -> tuple[int, int] | None:
    """The place ``x,y`` burnt into the lower part of a tile (the best row of glyphs in a fixed raster); None if not legible."""
    black = montage[tile.rows, tile.columns] == 0
    lower = black[black.shape[0] // 2 :]
    if lower.shape[0] < _GLYPH[0] or lower.shape[1] < _GLYPH[1]:
        return None
    windows = sliding_window_view(lower, _GLYPH).reshape(-1, _GLYPH[0] * _GLYPH[1]).astype(np.int32)
    marks = windows.sum(axis=1)
    wrong = marks[:, None] + _PIXELS.sum(axis=1) - 2 * windows @ _PIXELS.T
    nearest = wrong.argmin(axis=1)
    worst = np.take_along_axis(wrong, nearest[:, None], axis=1)[:, 0]
    legible = (worst <= _WRONG) & (marks > 0)
    worth = _PIXELS.sum(axis=1)[nearest] - 2 * worst
    shape = (lower.shape[0] - _GLYPH[0] + 1, lower.shape[1] - _GLYPH[1] + 1)
    nearest, legible, worth = (v.reshape(shape) for v in (nearest, legible, worth))
    rows = itertools.product(range(shape[0]), range(min(_PITCH, shape[1])))
    best = max(
        _read_row(nearest[k, left::_PITCH], legible[k, left::_PITCH], worth[k, left::_PITCH]) for k, left in rows
    )
    x, comma, y = best[1].partition(",")
    return (int(x), int(y)) if comma and x.isdecimal() and y.isdecimal() else None


def _read_row(nearest: Picture, legible: Picture, worth: Picture) -> tuple[int, str]:
    """Quality (right minus wrong pixels) and words of a row of windows, from the first glyph to the first gap."""
    if not legible.any():
        return 0, ""
    first = int(legible.argmax())
    gap = int(np.argmin(np.append(legible[first:], False)))
    run = slice(first, first + gap)
    return int(worth[run].sum()), "".join(_SIGNS[k] for k in nearest[run])
