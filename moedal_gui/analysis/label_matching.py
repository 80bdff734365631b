"""Which label belongs to which pit: by place, through the placements in force."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from moedal_gui.analysis.matching import one_to_one
from moedal_gui.core.placement import ScanPlacement

REACH_PX = 8.0
_SAME_PX = 5.0


@dataclass(frozen=True)
class Placed:
    """Rows of a table in the frames of their scans.

    ``frame`` is empty for rows whose scan or field is not known.
    """

    frame: npt.NDArray[np.object_]
    places: npt.NDArray[np.float64]
    pixel: float


def place(table: pd.DataFrame, placements: Mapping[tuple[str, str], ScanPlacement]) -> Placed:
    """Frames and places of rows with columns foil, scan, field, x_px, y_px.

    ``placements`` is keyed by (foil, scan). A row with an empty foil takes the only scan of its name.
    """
    frame = np.full(len(table), "", dtype=object)
    places = np.full((len(table), 2), np.nan)
    by_scan: dict[str, list[tuple[str, str]]] = {}
    for foil_and_scan in placements:
        by_scan.setdefault(foil_and_scan[1], []).append(foil_and_scan)
    pixel = 1.0
    rows = table.reset_index(drop=True)
    for (foil, scan), group in rows.fillna({"foil": "", "scan": ""}).groupby(["foil", "scan"], sort=False):
        key = _key(str(foil), str(scan), by_scan)
        if key is None:
            continue
        placement = placements[key]
        known = group[[str(f) in placement.centres for f in group["field"]]]
        if not len(known):
            continue
        where = known.index.to_numpy()
        places[where] = placement.to_frame(known["field"].astype(str), known["x_px"], known["y_px"]) / placement.scale
        frame[where] = [placement.frame_of(str(f)) for f in known["field"]]
        pixel = placement.scale
    return Placed(frame, places, pixel)


def _key(foil: str, scan: str, by_scan: Mapping[str, list[tuple[str, str]]]) -> tuple[str, str] | None:
    keys = by_scan.get(scan, [])
    if (foil, scan) in keys:
        return (foil, scan)
    return keys[0] if not foil and len(keys) == 1 else None


def match(
    labels: Placed,
    label_surface: npt.NDArray[np.object_],
    pits: Placed,
    pit_surface: npt.NDArray[np.object_],
    reach_px: float = REACH_PX,
) -> npt.NDArray[np.intp]:
    """Index of the pit of each label, -1 where there is none; one label to one pit, like surfaces, like frames.

    A label or pit whose surface is not known goes with either.
    """
    found = np.full(len(labels.frame), -1, dtype=np.intp)
    for frame in {f for f in labels.frame if f}:
        ours, theirs = np.flatnonzero(labels.frame == frame), np.flatnonzero(pits.frame == frame)
        for surface in ("top", "bottom", ""):
            mine = ours[(label_surface[ours] == surface) & (found[ours] < 0)]
            free = theirs[~np.isin(theirs, found[found >= 0])]
            if surface:
                free = free[(pit_surface[free] == surface) | (pit_surface[free] == "")]
            rows, columns = one_to_one(labels.places[mine], pits.places[free], reach_px)
            found[mine[rows]] = free[columns]
    return found


def label_surfaces(labels: pd.DataFrame) -> npt.NDArray[np.object_]:
    """The surface a label speaks of: the one it states, else what a top or bottom label says, else empty."""
    stated = labels["surface"].fillna("").to_numpy(dtype=object)
    word = labels["label"].to_numpy(dtype=object)
    return np.where(stated != "", stated, np.where(np.isin(word, ["top", "bottom"]), word, ""))


def newest_at_places(labels: pd.DataFrame, placed: Placed, by: list[str]) -> npt.NDArray[np.intp]:
    """Rows that no later row of the same place, surface and ``by`` columns replaces; rows are oldest first.

    Rows whose scan or field is not known are compared by their pixels.
    """
    surface = label_surfaces(labels)
    keep = np.zeros(len(labels), dtype=bool)
    rows = labels.reset_index(drop=True)
    where = pd.Series([f or f"?{s}/{d}" for f, s, d in zip(placed.frame, rows["scan"], rows["field"], strict=True)])
    spot = np.where(np.isfinite(placed.places), placed.places, rows[["x_px", "y_px"]].to_numpy(float))
    for _, group in rows.groupby([*(rows[name] for name in by), where], sort=False):
        index = group.index.to_numpy()
        near = cKDTree(spot[index]).query_pairs(_SAME_PX, output_type="ndarray")
        if len(near):
            a, b = surface[index[near[:, 0]]], surface[index[near[:, 1]]]
            near = near[(a == b) | (a == "") | (b == "")]
        graph = coo_matrix((np.ones(len(near)), (near[:, 0], near[:, 1])), shape=(len(index), len(index)))
        _, cluster = connected_components(graph, directed=False)
        keep[pd.Series(index).groupby(cluster).max().to_numpy()] = True
    return np.flatnonzero(keep)
