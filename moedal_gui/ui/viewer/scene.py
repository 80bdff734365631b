"""What lies over the picture in one view: few things, found at once whatever the number of pits."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from moedal_gui.app.display import Display
from moedal_gui.app.pits import CellCounts, PitSheet
from moedal_gui.app.sheet import Sheet, Whole
from moedal_gui.ui.viewer.view import View

MOST_MARKERS = 2500
CELL_SCREEN_PX = 46.0


@dataclass(frozen=True)
class Scene:
    """Rows to draw, or counts per cell where there are too many; links as pairs of rows; fields to outline."""

    view: View
    rows: Whole
    counts: CellCounts | None
    links: npt.NDArray[np.int64]
    fields: Whole


def scene_of(view: View, sheet: Sheet | None, pits: PitSheet | None, display: Display) -> Scene:
    """Find what a view shows."""
    none = np.zeros(0, np.int64)
    fields = sheet.rows_in(view.box) if sheet is not None and display.outlines else none
    if pits is None or not display.pits:
        return Scene(view, none, None, np.zeros((0, 2), np.int64), fields)
    box = view.wider(0.02)
    if pits.number_near(view.box) > 2 * MOST_MARKERS:
        return _counted(view, pits, fields)
    rows = pits.rows_in(box)
    if len(rows) > MOST_MARKERS:
        return _counted(view, pits, fields)
    links = np.zeros((0, 2), np.int64)
    if display.links and len(rows):
        other = pits.partner[rows]
        linked = np.stack([rows[other >= 0], other[other >= 0]], axis=1)
        links = np.unique(np.sort(linked, axis=1), axis=0) if len(linked) else links
    return Scene(view, rows, None, links, fields)


def _counted(view: View, pits: PitSheet, fields: Whole) -> Scene:
    none = np.zeros(0, np.int64)
    return Scene(view, none, pits.counts_in(view.box, CELL_SCREEN_PX / view.zoom), np.zeros((0, 2), np.int64), fields)
