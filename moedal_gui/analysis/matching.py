"""Which point of one list is which of another: nearest, mutual, or one-to-one within a distance."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.intp]


def one_to_one(a: Floats, b: Floats, tolerance: float) -> tuple[Integers, Integers]:
    """The pairing of most pairs, and among those of least total distance, with no pair farther than ``tolerance``.

    Parameters
    ----------
    a, b
        Points (N, 2) and (M, 2).

    Returns
    -------
    rows, columns
        Indices into a and b of the pairs.

    Notes
    -----
    Solved by the Hungarian method on each cluster of points that can reach each other (Kuhn, Nav. Res. Log. 2 (1955) 83).
    """
    if len(a) == 0 or len(b) == 0:
        return np.empty(0, np.intp), np.empty(0, np.intp)
    near = cKDTree(a).sparse_distance_matrix(cKDTree(b), tolerance, output_type="coo_matrix")
    return assign(near.row, near.col, np.asarray(near.data, float), len(a), len(b), most_pairs=True)


def assign(
    rows: npt.ArrayLike, columns: npt.ArrayLike, costs: Floats, n_rows: int, n_columns: int, *, most_pairs: bool = False
) -> tuple[Integers, Integers]:
    """One-to-one choice among possible pairs with the least total cost.

    With ``most_pairs`` the number of pairs comes first; otherwise a pair is taken only where its cost is negative,
    so that leaving both ends alone costs nothing.
    """
    i, j = np.asarray(rows, np.intp), np.asarray(columns, np.intp)
    costs = np.asarray(costs, float)
    if not most_pairs:
        i, j, costs = i[costs < 0], j[costs < 0], costs[costs < 0]
    if len(i) == 0:
        return np.empty(0, np.intp), np.empty(0, np.intp)
    total = n_rows + n_columns
    graph = coo_matrix((np.ones(len(i)), (i, j + n_rows)), shape=(total, total))
    _, cluster = connected_components(graph, directed=False)
    order = np.argsort(cluster[i], kind="stable")
    starts = np.flatnonzero(np.diff(cluster[i][order], prepend=-1))
    alone = np.diff(np.append(starts, len(order))) == 1
    single = order[starts[alone]]
    chosen_rows, chosen_columns = [i[single]], [j[single]]
    for start, stop in zip(starts[~alone], np.append(starts[1:], len(order))[~alone], strict=True):
        members = order[start:stop]
        r, c = _solve(i[members], j[members], costs[members], most_pairs)
        chosen_rows.append(r)
        chosen_columns.append(c)
    r, c = np.concatenate(chosen_rows), np.concatenate(chosen_columns)
    by_row = np.argsort(r, kind="stable")
    return r[by_row], c[by_row]


def _solve(i: Integers, j: Integers, costs: Floats, most_pairs: bool) -> tuple[Integers, Integers]:
    from scipy.optimize import linear_sum_assignment

    row_names, row = np.unique(i, return_inverse=True)
    column_names, column = np.unique(j, return_inverse=True)
    # A forbidden pair costs more than all allowed ones together, so it is used only where nothing else is left.
    forbidden = (np.abs(costs).sum() + 1.0) * 4 if most_pairs else 0.0
    table = np.full((len(row_names), len(column_names)), forbidden)
    np.minimum.at(table, (row, column), costs)
    r, c = linear_sum_assignment(table)
    allowed = table[r, c] < forbidden
    return row_names[r[allowed]], column_names[c[allowed]]


def nearest(a: Floats, b: Floats, reach: float = np.inf) -> tuple[Floats, Integers]:
    """Distance to and index of the nearest point of b for each of a; inf and len(b) where none is in reach."""
    if len(b) == 0:
        return np.full(len(a), np.inf), np.full(len(a), 0, np.intp)
    distance, index = cKDTree(b).query(a, distance_upper_bound=reach)
    return np.asarray(distance, float), np.asarray(index, np.intp)


def mutual(a: Floats, b: Floats, reach: float) -> tuple[Integers, Integers]:
    """Pairs of points that are each other's nearest and within ``reach``."""
    if len(a) == 0 or len(b) == 0:
        return np.empty(0, np.intp), np.empty(0, np.intp)
    distance, forth = nearest(a, b, reach)
    _, back = nearest(b, a, reach)
    rows = np.flatnonzero(np.isfinite(distance))
    rows = rows[back[forth[rows]] == rows]
    return rows, forth[rows]
