"""Labels in force, each pit's once."""

from __future__ import annotations

import numpy as np
import pandas as pd

from moedal_gui.analysis.label_matching import label_surfaces, match, newest_at_places, place
from moedal_gui.store.project import Project
from moedal_gui.tasks.pit_table import all_pits, labels_at_their_pits
from moedal_gui.tasks.placement.placing import placement_of


def label_table(project: Project) -> pd.DataFrame:
    """Labels in force, at the places they were given: LABEL_COLUMNS, x_um, y_um, pit_id (missing for orphans); one row a person, pass and pit.

    Of two labels that one person gave one pit in one pass, seen in two fields or given twice, the newest counts.
    """
    journal = project.labels.in_force()
    if not len(journal):
        return journal.assign(x_um=np.nan, y_um=np.nan, pit_id=np.nan)
    placements = {(s.foil, s.scan): placement_of(project, s) for s in project.catalogue.scans()}
    now = labels_at_their_pits(project)
    placed = place(now, placements)
    kept = newest_at_places(journal, placed, ["annotator", "pass"])
    table = journal.iloc[kept].copy()
    units = {key: p.scale if p.unit == "um" else np.nan for key, p in placements.items()}
    factor = np.array([units.get((str(f), str(s)), np.nan) for f, s in zip(table["foil"], table["scan"], strict=True)])
    table["x_um"], table["y_um"] = placed.places[kept, 0] * factor, placed.places[kept, 1] * factor
    table["pit_id"] = np.nan
    taken_back = table["label"] == ""
    now = now.iloc[kept][~taken_back].reset_index(drop=True)
    table = table[~taken_back].reset_index(drop=True)
    pits = all_pits(project)
    if len(pits) and len(table):
        surfaces = pits["surface"].fillna("").to_numpy(dtype=object)
        ids = pits["pit_id"].to_numpy(dtype=float)
        found = np.full(len(table), -1, dtype=np.intp)
        for _, group in now.groupby(["annotator", "pass"], sort=False):
            rows = group.index.to_numpy()
            found[rows] = match(place(group, placements), label_surfaces(group), place(pits, placements), surfaces)
        table["pit_id"] = np.where(found >= 0, ids[np.maximum(found, 0)], np.nan)
    return table
