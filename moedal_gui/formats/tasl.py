"""TASL montages: one picture of many framed tiles, each with the place ``x,y`` of its object burnt in."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

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


@dataclass(frozen=True)
class Tile:
    """One tile: where it lies in the montage (the frame left out) and its burnt-in place, None if not legible."""

    rows: slice
    columns: slice
    place: tuple[int, int] | None


def tiles(montage: Picture) -> tuple[Tile, ...]:
    """The tiles of a TASL montage (H, W), row by row; empty when the picture is none.

    A montage is told by its frame: full black lines that cut it into at least a dozen cells of nearly one size.
    """
    black = montage == 0
    rows = _cells(black.mean(axis=1))
    columns = _cells(black.mean(axis=0))
    if len(rows) * len(columns) < _FEWEST_TILES or not (_even(rows) and _even(columns)):
        return ()
    return tuple(Tile(r, c, _burnt_in(black[r, c])) for r in rows for c in columns if not black[r, c].all())


def _cells(share: npt.NDArray[Any]) -> list[slice]:
    lines = np.flatnonzero(share > _LINE_SHARE)
    if len(lines) == 0:
        return []
    edges = np.concatenate([lines, [len(share)]]) if len(share) - lines[-1] > _SMALLEST_TILE_PX else lines
    return [slice(int(a) + 1, int(b)) for a, b in itertools.pairwise(edges) if b - a > _SMALLEST_TILE_PX]


def _even(cells: list[slice]) -> bool:
    sizes = [c.stop - c.start for c in cells]
    return bool(sizes) and max(sizes) - min(sizes) <= 0.1 * max(sizes)


def _burnt_in(black: npt.NDArray[np.bool_]) -> tuple[int, int] | None:
    """The words ``x,y`` in the lower part of a tile: the best row of glyphs in a fixed raster."""
    patterns = {ch: np.array([[c == "1" for c in row] for row in text.split()]) for ch, text in _GLYPHS.items()}
    best: tuple[int, str] = (0, "")
    for top in range(black.shape[0] // 2, black.shape[0] - _GLYPH[0] + 1):
        for left in range(_PITCH):
            best = max(best, _read_row(black[top : top + _GLYPH[0]], left, patterns))
    x, comma, y = best[1].partition(",")
    return (int(x), int(y)) if comma and x.isdecimal() and y.isdecimal() else None


def _read_row(strip: npt.NDArray[np.bool_], left: int, patterns: dict[str, npt.NDArray[np.bool_]]) -> tuple[int, str]:
    """Quality (right minus wrong pixels) and words of a strip, from the first glyph to the first gap."""
    words, quality = "", 0
    for start in range(left, strip.shape[1] - _GLYPH[1] + 1, _PITCH):
        window = strip[:, start : start + _GLYPH[1]]
        wrong, glyph = min((int((window ^ pattern).sum()), ch) for ch, pattern in patterns.items())
        if wrong > _WRONG or not window.any():
            if words:
                break
            continue
        words += glyph
        quality += int(patterns[glyph].sum()) - 2 * wrong
    return quality, words
