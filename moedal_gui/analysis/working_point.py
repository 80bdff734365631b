"""Where to draw the line: by score, by the signal it keeps, or by the stage time it costs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from moedal_gui.analysis.intervals import Fraction, fraction

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Rescan:
    """What one stop of a rescan takes.

    Attributes
    ----------
    seconds
        At one stop, one side and one focal plane, the way there included.
    sides, planes
        Sides of the foil and focal planes looked at.
    """

    seconds: float = 6.0
    sides: int = 2
    planes: int = 5

    def hours(self, stops: int) -> float:
        """Stage time of so many stops."""
        return stops * self.seconds * self.sides * self.planes / 3600.0


@dataclass(frozen=True)
class Passing:
    """What passes a threshold.

    Attributes
    ----------
    pits, stops
        Pits whose score is at least the threshold; places to go to (the two ends of a link are one).
    hours
        Stage time they cost.
    efficiency, purity, rejection
        Share of labelled signal that passes, share of signal among the labelled pits that pass, share of labelled
        background that does not.
    """

    threshold: float
    pits: int
    stops: int
    hours: float
    efficiency: Fraction
    purity: Fraction
    rejection: Fraction


def stop_scores(scores: Floats, pair: Floats) -> Floats:
    """Falling score of each place to go to: of the better end of a link, or of a pit alone.

    ``pair`` (N,) names the link of each pit, NaN where there is none.
    """
    known = np.isfinite(scores)
    scores, pair = scores[known], pair[known]
    linked = np.isfinite(pair)
    _, where = np.unique(pair[linked], return_inverse=True)
    best = np.full(int(where.max()) + 1 if len(where) else 0, -np.inf)
    np.maximum.at(best, where, scores[linked])
    return np.sort(np.concatenate([scores[~linked], best]))[::-1]


def threshold_for_stops(stops: Floats, most: int) -> float:
    """Lowest threshold that lets at most ``most`` of the falling scores pass; scores that are alike pass together."""
    if len(stops) <= most:
        return 0.0
    first_out = float(stops[most])
    return float(np.nextafter(first_out, np.inf))


def threshold_for_efficiency(signal_scores: Floats, efficiency: float) -> float | None:
    """Highest threshold that keeps at least a share of the signal; None without signal."""
    known = np.sort(signal_scores[np.isfinite(signal_scores)])
    if len(known) == 0:
        return None
    keep = int(np.ceil(min(max(efficiency, 0.0), 1.0) * len(known) - 1e-9))
    return float(known[len(known) - keep]) if keep else float(np.nextafter(known[-1], np.inf))


def passing(
    scores: Floats,
    stops: Floats,
    signal: npt.NDArray[np.bool_],
    background: npt.NDArray[np.bool_],
    threshold: float,
    rescan: Rescan,
) -> Passing:
    """What a threshold lets pass; ``signal`` and ``background`` (N,) mark the labelled pits."""
    with np.errstate(invalid="ignore"):
        through = scores >= threshold
    count = int(np.searchsorted(-stops, -threshold, side="right"))
    scored = np.isfinite(scores)
    kept, wrong = int((through & signal).sum()), int((through & background).sum())
    all_signal, all_background = int((signal & scored).sum()), int((background & scored).sum())
    return Passing(
        threshold, int(through.sum()), count, rescan.hours(count), fraction(kept, all_signal),
        fraction(kept, kept + wrong), fraction(all_background - wrong, all_background),
    )  # fmt: skip
