"""What lies over the picture in one view: few things, found at once whatever the number of pits."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from moedal_gui.app.display import Display
from moedal_gui.app.pits import BOTTOM, CellCounts, PitSheet
from moedal_gui.app.sheet import Sheet, Whole
from moedal_gui.ui.viewer.view import View

MOST_MARKERS = 2500
CELL_SCREEN_PX = 46.0
MARKER_AREA_PX2 = 520.0
_NO_LINKS = np.zeros((0, 4))


@dataclass(frozen=True)
class Scene:
    """Rows to draw, or counts per cell where there are too many; links as (x, y, x, y) from entry to exit on the
    plane; fields to outline."""

    view: View
    rows: Whole
    counts: CellCounts | None
    links: npt.NDArray[np.float64]
    fields: Whole


def scene_of(view: View, sheet: Sheet | None, pits: PitSheet | None, display: Display) -> Scene:
    """Find what a view shows."""
    none = np.zeros(0, np.int64)
    fields = sheet.rows_in(view.box) if sheet is not None and display.outlines else none
    if pits is None or not display.pits:
        return Scene(view, none, None, _NO_LINKS, fields)
    most = _most_markers(view, sheet)
    if pits.number_near(view.box) > 2 * most:
        return _counted(view, pits, fields)
    rows = pits.rows_in(view.wider(0.02))
    if len(rows) > most:
        return _counted(view, pits, fields)
    links = _links(pits, rows) if display.links else _NO_LINKS
    return Scene(view, rows, None, links, fields)


def _links(pits: PitSheet, rows: Whole) -> npt.NDArray[np.float64]:
    """Lines from entry (top) to exit (bottom), each once; a far end is drawn where the frame puts it."""
    lines = {}
    for row in rows.tolist():
        other = int(pits.partner[row])
        here = (float(pits.x[row]), float(pits.y[row]))
        if other >= 0:
            there = (float(pits.x[other]), float(pits.y[other]))
            key = (min(row, other), max(row, other))
        elif row in pits.far and np.isfinite(pits.far[row].x):
            there = (pits.far[row].x, pits.far[row].y)
            key = (row, -1)
        else:
            continue
        lines[key] = (*there, *here) if pits.surface[row] == BOTTOM else (*here, *there)
    return np.array(list(lines.values()), dtype=float).reshape(-1, 4)


def _most_markers(view: View, sheet: Sheet | None) -> int:
    """As many as can be told apart on the part of the screen that shows fields."""
    if sheet is None:
        return MOST_MARKERS
    x0, y0, x1, y1 = view.box
    wide = max(min(x1, sheet.size[0]) - max(x0, 0), 0) * view.zoom
    tall = max(min(y1, sheet.size[1]) - max(y0, 0), 0) * view.zoom
    return int(min(MOST_MARKERS, max(wide * tall / MARKER_AREA_PX2, 60)))


def _counted(view: View, pits: PitSheet, fields: Whole) -> Scene:
    none = np.zeros(0, np.int64)
    return Scene(view, none, pits.counts_in(view.box, CELL_SCREEN_PX / view.zoom), _NO_LINKS, fields)
