"""Whether the datum points of scans are the same pin holes, which of them is not, and whose."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from moedal_gui.analysis.matching import one_to_one
from moedal_gui.analysis.registration_search import Motion, rigid

Floats = npt.NDArray[np.float64]

LIMIT_PX = 15.0
STILL = Motion(0.0, (0.0, 0.0))
FAR_PX = 1e9
_FEWEST_ALONE = 3  # points from which on each can be held against the others


@dataclass(frozen=True)
class DatumFit:
    """One way to lay the datum points of scan b on those of scan a.

    ``motion``: of b's places, px; ``left_out``: which point (from 0) is not believed, None for none.
    """

    motion: Motion
    left_out: int | None


def datum_fits(a: Floats, b: Floats, limit_px: float = LIMIT_PX) -> list[DatumFit]:
    """The ways in which datum points (N, 2) of two scans can be believed.

    Distances between points are compared, which no turn or shift changes. Points that all fit give one way, with no
    motion; otherwise each point without which the rest fits gives one. Empty where no single point explains the misfit,
    or where only two points misfit.
    """
    if len(a) != len(b) or len(a) < 2:
        return [DatumFit(STILL, None)]
    misfit = np.abs(_distances(a) - _distances(b))
    if misfit.max() <= limit_px:
        return [DatumFit(STILL, None)]
    fits = []
    for k in range(len(a) if len(a) > 2 else 0):
        rest = np.delete(np.arange(len(a)), k)
        if misfit[np.ix_(rest, rest)].max() <= limit_px:
            # A gate without end weighs all points alike.
            fits.append(DatumFit(rigid(a[rest], b[rest], STILL, FAR_PX), k))
    return fits


@dataclass(frozen=True)
class MarkMisfits:
    """How each datum point of scan b lies against scan a, px; NaN where too few points tell.

    Attributes
    ----------
    fitted
        (N,): from its partner, after a rigid fit of all points.
    alone
        (N,): from its partner, after a rigid fit of all the others.
    rest
        (N,): the largest misfit of the others among themselves when this one is left out: small where this is the wrong one.
    doubted
        Points (from 0) of which one, left out, lets the rest fit; empty when all fit, or when no single one explains it.
    """

    fitted: Floats
    alone: Floats
    rest: Floats
    doubted: tuple[int, ...]


def mark_misfits(a: Floats, b: Floats, limit_px: float = LIMIT_PX) -> MarkMisfits:
    """Compare datum points (N, 2), px, of two scans; only their shape counts, not where either frame has its origin."""
    count = min(len(a), len(b))
    a, b = a[:count], b[:count]
    fitted, alone, rest = (np.full(count, np.nan) for _ in range(3))
    if count >= 2:
        fitted = _apart(a, rigid(a, b, STILL, FAR_PX)(b))
    for k in range(count if count >= _FEWEST_ALONE else 0):
        others = np.delete(np.arange(count), k)
        motion = rigid(a[others], b[others], STILL, FAR_PX)
        alone[k] = _apart(a[[k]], motion(b[[k]]))[0]
        rest[k] = np.abs(_distances(a[others]) - _distances(b[others])).max()
    doubted = tuple(f.left_out for f in datum_fits(a, b, limit_px) if f.left_out is not None)
    return MarkMisfits(fitted, alone, rest, doubted)


def numbers_in(a: Floats, b: Floats, limit_px: float = LIMIT_PX) -> tuple[int, ...]:
    """Which points of a those of b are, where b (K, 2) has points of a (N, 2), K <= N, under other numbers; both in one frame, px.

    Empty where the numbers agree, and where a point of b is none of a.
    """
    ours, theirs = one_to_one(a, b, limit_px)
    if len(theirs) < len(b):
        return ()
    numbers = tuple(int(k) for k in ours[np.argsort(theirs)])
    return () if numbers == tuple(range(len(b))) else numbers


@dataclass(frozen=True)
class Verdict:
    """Whose datum points are believed; indices of scans.

    ``wrong``: those that a majority contradicts; ``undecided``: those that contradict each other without a majority.
    """

    wrong: frozenset[int] = frozenset()
    undecided: frozenset[int] = frozenset()


def by_shape(points: Sequence[Floats | None], limit_px: float = LIMIT_PX) -> Verdict:
    """Compare the distances between the datum points (K, 2; px) of each scan; None for a scan that has none.

    A rigid sheet keeps its distances, so the scans that agree in all of them are believed where they are the majority.
    """
    return _verdict(points, lambda a, b: float(np.abs(_distances(a) - _distances(b)).max()) <= limit_px)


def by_place(points: Sequence[Floats | None], limit_px: float = LIMIT_PX) -> Verdict:
    """Like `by_shape` for points brought into one frame by the pits, so that their very places can be compared."""
    return _verdict(points, lambda a, b: float(_apart(a, b).max()) <= limit_px)


def _verdict(points: Sequence[Floats | None], agree: Callable[[Floats, Floats], bool]) -> Verdict:
    """The largest set of scans that agree with one of them is believed where it is more than half of all."""
    known = {i: p for i, p in enumerate(points) if p is not None and len(p) >= 2}
    usual = max((len(p) for p in known.values()), key=[len(p) for p in known.values()].count, default=0)
    # Marks have no names: only lists of one length are the same marks.
    known = {i: p for i, p in known.items() if len(p) == usual}
    friends = {i: frozenset(j for j in known if i == j or agree(known[i], known[j])) for i in known}
    best = max(friends.values(), key=len, default=frozenset())
    if len(best) == len(known):
        return Verdict()
    if 2 * len(best) > len(known):
        return Verdict(wrong=frozenset(known) - best)
    return Verdict(undecided=frozenset(known))


def _apart(a: Floats, b: Floats) -> Floats:
    return np.asarray(np.hypot(*(a - b).T), float)


def _distances(points: Floats) -> Floats:
    return np.asarray(np.hypot(*(points[:, None] - points[None]).transpose(2, 0, 1)))
