"""The ternary plot of candidate, top and bottom: where a pit lies in it, and where the border between classes runs.

The triangle has side 1: top at (0, 0), bottom at (1, 0), candidate at (1/2, sqrt(3)/2).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from moedal_gui.core.decision import DECIDED, EVEN, Weights

Floats = npt.NDArray[np.float64]

HEIGHT = math.sqrt(3.0) / 2.0
CORNERS: Floats = np.array([[0.5, HEIGHT], [0.0, 0.0], [1.0, 0.0]])
"""Places of the three corners, in the order of `DECIDED`."""

_LEAST_SHARE = 1e-3


@dataclass(frozen=True)
class Projected:
    """Scores brought onto the triangle.

    Attributes
    ----------
    shares
        (N, 3), each row sums to 1; NaN where a pit has no score, or nothing is left beside misc.
    x, y
        Places in the plane.
    left_out
        Probability that lies with misc and was left out.
    """

    shares: Floats
    x: Floats
    y: Floats
    left_out: Floats


def to_plane(shares: Floats) -> Floats:
    """Places (N, 2) of shares (N, 3) that sum to 1 (barycentric coordinates)."""
    return np.asarray(shares @ CORNERS)


def to_shares(places: Floats) -> Floats:
    """Shares (N, 3) of places (N, 2); negative outside the triangle. The inverse of `to_plane`."""
    candidate = places[:, 1] / HEIGHT
    bottom = places[:, 0] - 0.5 * candidate
    return np.stack([candidate, 1.0 - candidate - bottom, bottom], axis=1)


def project(scores: Floats, misc: Floats | None = None) -> Projected:
    """Bring scores (N, 3) of candidate, top and bottom onto the triangle, misc left out and the rest scaled to 1.

    A class that the ensemble does not have counts as 0 where another one is known.
    """
    known = np.asarray(np.isfinite(scores).any(axis=1))
    filled = np.where(known[:, None], np.nan_to_num(scores), np.nan)
    whole = filled.sum(axis=1)
    with np.errstate(invalid="ignore"):
        shares = filled / np.where(whole > 0, whole, np.nan)[:, None]
    places = to_plane(shares)
    left_out = np.zeros(len(scores)) if misc is None else np.nan_to_num(misc)
    return Projected(shares, places[:, 0], places[:, 1], np.where(known, left_out, np.nan))


def meeting_point(weights: Weights) -> tuple[float, float]:
    """Where the three classes meet: the place whose weighted shares are all alike."""
    inverse = 1.0 / np.asarray(weights, dtype=float)
    x, y = to_plane((inverse / inverse.sum())[None])[0]
    return float(x), float(y)


def weights_at(x: float, y: float) -> Weights:
    """Weights whose classes meet at a place, their product 1; a place outside is brought to the triangle's rim."""
    share = np.clip(to_shares(np.array([[x, y]]))[0], _LEAST_SHARE, None)
    share /= share.sum()
    inverse = 1.0 / share
    inverse /= float(np.prod(inverse)) ** (1.0 / 3.0)
    return float(inverse[0]), float(inverse[1]), float(inverse[2])


def regions(weights: Weights = EVEN) -> tuple[Floats, ...]:
    """Polygon (4, 2) of each class: its corner, the end of the border on either side, and the meeting point between.

    The border of two classes is straight, for the ratio of two shares is constant along a line through the third corner.
    """
    w = np.asarray(weights, dtype=float)
    middle = np.asarray(meeting_point(weights))
    found = []
    for k in range(len(DECIDED)):
        i, j = (k + 1) % 3, (k + 2) % 3
        found.append(np.stack([CORNERS[k], _border_end(w, k, i), middle, _border_end(w, k, j)]))
    return tuple(found)


def _border_end(w: Floats, a: int, b: int) -> Floats:
    """Where the border between two classes meets the side that joins their corners."""
    share = w[b] / (w[a] + w[b])
    return np.asarray(share * CORNERS[a] + (1.0 - share) * CORNERS[b])


def threshold_line(threshold: float) -> tuple[tuple[float, float], tuple[float, float]]:
    """Ends of the line on which the candidate's share has a value."""
    share = min(max(threshold, 0.0), 1.0)
    return (0.5 * share, share * HEIGHT), (1.0 - 0.5 * share, share * HEIGHT)
