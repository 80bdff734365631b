"""The order of shortest travel through a list of places."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.intp]

_NEIGHBOURS = 8
_MOST_FOR_2_OPT = 3000
_ROUNDS = 30


def travel_order(places: Floats) -> Integers:
    """Indices of places (N, 2) in an order of short travel.

    Nearest neighbour from the corner of least x + y, then 2-opt over near neighbours until nothing improves
    (Croes, Operations Research 6 (1958) 791). Starts at the same place for the same list.
    """
    count = len(places)
    if count < 3:
        return np.arange(count, dtype=np.intp)
    order = _greedy(places)
    return _two_opt(places, order) if count <= _MOST_FOR_2_OPT else order


def travel_length(places: Floats, order: Integers) -> float:
    """Length of the way through places in an order."""
    return float(np.hypot(*np.diff(places[order], axis=0).T).sum())


def _greedy(places: Floats) -> Integers:
    tree = cKDTree(places)
    left = np.ones(len(places), dtype=bool)
    here = int(np.argmin(places.sum(axis=1)))
    order = [here]
    left[here] = False
    for _ in range(len(places) - 1):
        reach = _NEIGHBOURS
        while True:
            _, near = tree.query(places[here], k=min(reach, len(places)))
            free = [int(n) for n in np.atleast_1d(near) if left[n]]
            if free or reach >= len(places):
                break
            reach *= 4
        here = free[0]
        order.append(here)
        left[here] = False
    return np.array(order, dtype=np.intp)


def _two_opt(places: Floats, order: Integers) -> Integers:
    near = np.asarray(cKDTree(places).query(places, k=min(_NEIGHBOURS + 1, len(places)))[1], np.intp)
    order = order.copy()
    for _ in range(_ROUNDS):
        improved = False
        rank = np.empty_like(order)
        rank[order] = np.arange(len(order))
        for a in range(len(order) - 1):
            gain, b = _best_turn(places, order, rank, near, a)
            if gain > 1e-9:
                order[a + 1 : b + 1] = order[a + 1 : b + 1][::-1]
                rank[order[a + 1 : b + 1]] = np.arange(a + 1, b + 1)
                improved = True
        if not improved:
            break
    return order


def _best_turn(places: Floats, order: Integers, rank: Integers, near: Integers, a: int) -> tuple[float, int]:
    """The best b > a such that going a -> b first and turning the part between shortens the way."""
    start, after = order[a], order[a + 1]
    positions = rank[near[start]]
    positions = positions[positions > a + 1]
    if len(positions) == 0:
        return 0.0, a
    ends = order[positions]
    before = np.hypot(*(places[after] - places[start])) * np.ones(len(positions))
    now = np.hypot(*(places[ends] - places[start]).T)
    has_next = positions + 1 < len(order)
    following = order[np.minimum(positions + 1, len(order) - 1)]
    before += np.where(has_next, np.hypot(*(places[following] - places[ends]).T), 0.0)
    now += np.where(has_next, np.hypot(*(places[following] - places[after]).T), 0.0)
    gain = before - now
    best = int(np.argmax(gain))
    return float(gain[best]), int(positions[best])
