"""Labels in force, each pit's once."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from moedal_gui.analysis.label_matching import label_surfaces, match, place
from moedal_gui.store.project import Project
from moedal_gui.tasks.pit_table import all_pits
from moedal_gui.tasks.placing import placement_of

_SAME_PX = 5.0


def label_table(project: Project) -> pd.DataFrame:
    """Labels in force: LABEL_COLUMNS, x_um, y_um, pit_id (missing for orphans); one row a person, pass and pit.

    Of two labels that one person gave one pit in one pass, seen in two fields or given twice, the newest counts.
    """
    journal = project.labels.in_force()
    if not len(journal):
        return journal.assign(x_um=np.nan, y_um=np.nan, pit_id=np.nan)
    placements = {(s.foil, s.scan): placement_of(project, s) for s in project.catalogue.scans()}
    placed = place(journal, placements)
    kept = _newest(journal, placed.frame, placed.places)
    table = journal.iloc[kept].copy()
    units = {key: p.scale if p.unit == "um" else np.nan for key, p in placements.items()}
    factor = np.array([units.get((str(f), str(s)), np.nan) for f, s in zip(table["foil"], table["scan"], strict=True)])
    table["x_um"], table["y_um"] = placed.places[kept, 0] * factor, placed.places[kept, 1] * factor
    table["pit_id"] = np.nan
    taken_back = table["label"] == ""
    table = table[~taken_back].reset_index(drop=True)
    pits = all_pits(project)
    if len(pits) and len(table):
        surfaces = pits["surface"].fillna("").to_numpy(dtype=object)
        ids = pits["pit_id"].to_numpy(dtype=float)
        found = np.full(len(table), -1, dtype=np.intp)
        for _, group in table.groupby(["annotator", "pass"], sort=False):
            rows = group.index.to_numpy()
            found[rows] = match(place(group, placements), label_surfaces(group), place(pits, placements), surfaces)
        table["pit_id"] = np.where(found >= 0, ids[np.maximum(found, 0)], np.nan)
    return table


def _newest(journal: pd.DataFrame, frame: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Rows that are the newest of their person, pass and place (rows of unknown places by their pixels)."""
    surface = label_surfaces(journal)
    keep = np.zeros(len(journal), dtype=bool)
    rows = journal.reset_index(drop=True)
    where = pd.Series([f or f"?{s}/{d}" for f, s, d in zip(frame, rows["scan"], rows["field"], strict=True)])
    spot = np.where(np.isfinite(places), places, rows[["x_px", "y_px"]].to_numpy(float))
    for _, group in rows.groupby([rows["annotator"], rows["pass"], where], sort=False):
        index = group.index.to_numpy()
        near = cKDTree(spot[index]).query_pairs(_SAME_PX, output_type="ndarray")
        if len(near):
            a, b = surface[index[near[:, 0]]], surface[index[near[:, 1]]]
            near = near[(a == b) | (a == "") | (b == "")]
        graph = coo_matrix((np.ones(len(near)), (near[:, 0], near[:, 1])), shape=(len(index), len(index)))
        _, cluster = connected_components(graph, directed=False)
        last = pd.Series(index).groupby(cluster).max()
        keep[last.to_numpy()] = True
    return np.flatnonzero(keep)
