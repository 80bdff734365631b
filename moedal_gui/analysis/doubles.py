"""The same pit seen in two overlapping fields."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from moedal_gui.core.placement import ScanPlacement

REACH_PX = 5.0
_OF_SIZE = 0.35


def doubles(pits: pd.DataFrame, placement: ScanPlacement) -> dict[int, int]:
    """Which pits of a run are another one seen again.

    Parameters
    ----------
    pits
        pit_id, field, x_px, y_px, surface, minor_px.
    placement
        The scan's.

    Returns
    -------
    dict
        pit_id of the double -> pit_id of the one that stays: the one farther inside its field, whose picture is whole.
    """
    if len(pits) == 0 or len(set(pits["field"])) < 2:
        return {}
    places = placement.to_frame(pits["field"], pits["x_px"], pits["y_px"]) / placement.scale
    frames = pd.factorize(np.array([placement.frame_of(str(f)) for f in pits["field"]]))[0]
    field = pd.factorize(pits["field"])[0]
    surface = pits["surface"].to_numpy(dtype=object)
    size = np.nan_to_num(pits["minor_px"].to_numpy(dtype=float), nan=0.0)
    reach = np.maximum(REACH_PX, _OF_SIZE * size)
    depth = _depth(pits, placement)
    near = cKDTree(places).sparse_distance_matrix(cKDTree(places), float(reach.max()), output_type="coo_matrix")
    i, j, distance = near.row, near.col, near.data
    same = (i < j) & (field[i] != field[j]) & (frames[i] == frames[j]) & (distance <= np.minimum(reach[i], reach[j]))
    known = np.array([isinstance(s, str) for s in surface])
    same &= ~(known[i] & known[j]) | (surface[i] == surface[j])
    i, j = _mutual(i[same], j[same], distance[same], field)
    _, group = connected_components(coo_matrix((np.ones(len(i)), (i, j)), shape=(len(pits), len(pits))), directed=False)
    best = pd.DataFrame({"group": group, "depth": depth, "row": np.arange(len(pits))}).sort_values(
        ["group", "depth", "row"], ascending=[True, False, True]
    )
    head = best.groupby("group")["row"].transform("first")
    ids = pits["pit_id"].to_numpy()
    return {int(ids[row]): int(ids[first]) for row, first in zip(best["row"], head, strict=True) if row != first}


def _mutual(i: np.ndarray, j: np.ndarray, distance: np.ndarray, field: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Keep a pair only where each end is the other's nearest in that other field, so that neighbours are not chained."""
    if len(i) == 0:
        return i, j
    ends = np.concatenate([i, j])
    table = pd.DataFrame({
        "end": ends, "other_field": field[np.concatenate([j, i])], "distance": np.tile(distance, 2), "pair": np.tile(np.arange(len(i)), 2),
    })  # fmt: skip
    least = table.loc[table.groupby(["end", "other_field"])["distance"].idxmin(), "pair"].value_counts()
    kept = np.sort(least.index[least == 2].to_numpy())
    return i[kept], j[kept]


def _depth(pits: pd.DataFrame, placement: ScanPlacement) -> np.ndarray:
    """Distance of each pit to the nearest border of its field, px."""
    size = np.array([placement.size_px[str(f)] for f in pits["field"]], dtype=float)
    x, y = pits["x_px"].to_numpy(dtype=float), pits["y_px"].to_numpy(dtype=float)
    return np.minimum.reduce([x, y, size[:, 0] - 1 - x, size[:, 1] - 1 - y])
