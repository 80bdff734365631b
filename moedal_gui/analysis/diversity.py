"""An order in which look-alikes do not come one after another."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Whole = npt.NDArray[np.int64]

_FIRST = 1500
_AHEAD = 32
_BEHIND = 5
_COST = 4.0


def spread_out(order: Whole, features: Whole) -> Whole:
    """Reorder the first rows of an order so that each differs from those just before it.

    Greedy: of the next few rows, the one least like the last ones chosen is taken; being ahead in the order counts, so
    nobody waits long. Rows far down stay as they are: nobody gets there before the order is made anew.

    Parameters
    ----------
    order
        Rows, most wanted first.
    features
        (N, F) small whole numbers per row of the table; equal numbers mean alike.
    """
    waiting = order[: _FIRST + _AHEAD].tolist()
    chosen: list[int] = []
    while waiting and len(chosen) < _FIRST:
        ahead = np.asarray(waiting[:_AHEAD])
        last = np.asarray(chosen[-_BEHIND:], dtype=np.int64)
        alike = (features[ahead][:, None, :] == features[last][None, :, :]).mean(axis=2)
        # Three like features of four make a look-alike; one of them says nothing.
        cost = _COST * (alike**2).sum(axis=1) + np.arange(len(ahead)) / _AHEAD
        chosen.append(waiting.pop(int(cost.argmin())))
    rest = order[_FIRST + _AHEAD :]
    return np.concatenate([np.asarray([*chosen, *waiting], dtype=np.int64), rest])


def binned(values: npt.NDArray[np.float64], bins: int) -> Whole:
    """Number of the quantile bin of each value; -1 where there is none."""
    known = np.isfinite(values)
    place = np.full(len(values), -1, dtype=np.int64)
    if known.any():
        edges = np.quantile(values[known], np.linspace(0, 1, bins + 1)[1:-1])
        place[known] = np.searchsorted(edges, values[known], side="right")
    return place
