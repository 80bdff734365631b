"""Which pits carry a label of one person, and which of that person's labels no pit carries any more."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from moedal_gui.app.pits import PitSheet
from moedal_gui.app.sheet import Sheet
from moedal_gui.store.project import Project


def rows_labelled_by(
    project: Project, sheet: Sheet, pits: PitSheet, annotator: str, pass_name: str | None = None
) -> npt.NDArray[np.bool_]:
    """Rows of pits that carry a label of a person, given in one pass (in any by default)."""
    mine = _labels_here(project, sheet, annotator, pass_name)
    rows = np.zeros(len(pits), bool)
    found = _pits_of(mine, sheet, pits)
    rows[found[found >= 0]] = True
    return rows


def orphans(project: Project, sheet: Sheet, pits: PitSheet, annotator: str) -> pd.DataFrame:
    """A person's labels on the scan on screen that no pit carries: rows of the journal with x_plane, y_plane."""
    mine = _labels_here(project, sheet, annotator, None)
    lost = mine[_pits_of(mine, sheet, pits) < 0]
    lost = lost[lost["field"].astype(str).isin(sheet.names)].reset_index(drop=True)
    rows = np.array([sheet.row_of(str(f)) for f in lost["field"]], dtype=np.int64)
    x, y = sheet.to_plane(rows, lost["x_px"], lost["y_px"]) if len(lost) else (np.zeros(0), np.zeros(0))
    return lost.assign(x_plane=x, y_plane=y)


def _labels_here(project: Project, sheet: Sheet, annotator: str, pass_name: str | None) -> pd.DataFrame:
    # scipy is loaded with the first blind pass, not with the window.
    from moedal_gui.analysis.label_matching import newest_at_places, place
    from moedal_gui.tasks.pit_table import labels_at_their_pits

    journal = labels_at_their_pits(project)
    scan = sheet.record
    here = journal[
        (journal["foil"] == scan.foil) & (journal["scan"] == scan.scan) & (journal["annotator"] == annotator)
    ]
    if pass_name is not None:
        here = here[here["pass"] == pass_name]
    here = here.reset_index(drop=True)
    if not len(here):
        return here
    placed = place(here, {(scan.foil, scan.scan): sheet.placement})
    newest = here.iloc[newest_at_places(here, placed, [])]
    return newest[newest["label"] != ""].reset_index(drop=True)


def _pits_of(labels: pd.DataFrame, sheet: Sheet, pits: PitSheet) -> npt.NDArray[np.intp]:
    from moedal_gui.analysis.label_matching import label_surfaces, match, place

    if not len(labels) or not len(pits):
        return np.full(len(labels), -1, dtype=np.intp)
    frames = {(sheet.record.foil, sheet.record.scan): sheet.placement}
    surfaces = pits.table["surface"].fillna("").to_numpy(dtype=object)
    return match(place(labels, frames), label_surfaces(labels), place(pits.table, frames), surfaces)
