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


@dataclass(frozen=True)
class Marks:
    """Datum points of the scans of a foil under common numbers.

    Attributes
    ----------
    numbers
        For each scan the common number (from 0) of each of its points; None for a scan without.
    named_by
        Index of the scan whose numbers are the common ones; None where no scan has points in the common frame.
    nowhere
        For each scan its points (from 0) that are none of the common ones.
    """

    numbers: tuple[tuple[int, ...] | None, ...]
    named_by: int | None
    nowhere: tuple[tuple[int, ...], ...]

    def renumbered(self, scan: int) -> bool:
        """Whether a scan states its points in another order than the common one, or leaves one out between them."""
        numbers = self.numbers[scan]
        return numbers is not None and numbers != tuple(range(len(numbers)))

    def sorted(self, points: Sequence[Floats | None]) -> list[Floats | None]:
        """Points (K, 2) of each scan under the common numbers, NaN where it has none; of a scan without numbers as they are."""
        if self.named_by is None or (common := self.numbers[self.named_by]) is None:
            return list(points)
        answer: list[Floats | None] = []
        for own, numbers in zip(points, self.numbers, strict=True):
            if own is None or numbers is None:
                answer.append(own)
                continue
            row = np.full((len(common), 2), np.nan)
            for k, number in enumerate(numbers):
                if number >= 0:
                    row[number] = own[k]
            answer.append(row)
        return answer


def common_numbers(placed: Sequence[Floats | None], limit_px: float = LIMIT_PX) -> Marks:
    """Number the datum points of scans by where they lie, in px of one frame; None for a scan that is not in it.

    The first of the longest lists gives the numbers. Points that lie on one of its points are that one. A list as long keeps its own
    order where that explains as many; a single point that lies nowhere is then the one that is left over.
    """
    longest = max((len(p) for p in placed if p is not None), default=0)
    named_by = next((i for i, p in enumerate(placed) if p is not None and len(p) == longest), None)
    numbers: list[tuple[int, ...] | None] = []
    nowhere: list[tuple[int, ...]] = []
    for points in placed:
        if points is None or named_by is None:
            numbers.append(None)
            nowhere.append(())
            continue
        reference = placed[named_by]
        assert reference is not None  # it named the points
        own, lost = _numbers(reference, points, limit_px)
        numbers.append(own)
        nowhere.append(lost)
    return Marks(tuple(numbers), named_by, tuple(nowhere))


def _numbers(reference: Floats, points: Floats, limit_px: float) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The reference's number of each point, -1 for none; and the points that have none."""
    there, mine = one_to_one(reference, points, limit_px)
    known = dict(zip(mine.tolist(), there.tolist(), strict=True))
    same = len(points) == len(reference)
    in_order = sum(k == number for k, number in known.items())
    if same and in_order == len(known):
        return tuple(range(len(points))), ()
    numbers = [known.get(k, -1) for k in range(len(points))]
    free = sorted(set(range(len(reference))) - set(known.values()))
    lost = [k for k, number in enumerate(numbers) if number < 0]
    if same and len(lost) == 1:
        numbers[lost[0]] = free[0]
        lost = []
    return tuple(numbers), tuple(lost)


@dataclass(frozen=True)
class Verdict:
    """Whose datum points are believed; indices of scans.

    ``wrong``: those that a majority contradicts; ``undecided``: those that contradict each other without a majority.
    """

    wrong: frozenset[int] = frozenset()
    undecided: frozenset[int] = frozenset()


def by_shape(points: Sequence[Floats | None], limit_px: float = LIMIT_PX) -> Verdict:
    """Compare the distances between the datum points (K, 2; px) of each scan; None for a scan that has none, NaN for a point.

    A rigid sheet keeps its distances, so the scans that agree in all of them are believed where they are the majority.
    """
    return _verdict(points, lambda a, b: float(np.abs(_distances(a) - _distances(b)).max()) <= limit_px)


def by_place(points: Sequence[Floats | None], limit_px: float = LIMIT_PX) -> Verdict:
    """Like `by_shape` for points brought into one frame by the pits, so that their very places can be compared."""
    return _verdict(points, lambda a, b: float(_apart(a, b).max()) <= limit_px)


def _verdict(points: Sequence[Floats | None], agree: Callable[[Floats, Floats], bool]) -> Verdict:
    """The largest set of scans that agree with one of them is believed where it is more than half of all."""
    known = {i: p for i, p in enumerate(points) if p is not None and np.isfinite(p[:, 0]).sum() >= 2}
    usual = max((len(p) for p in known.values()), key=[len(p) for p in known.values()].count, default=0)
    # Marks have no names: only lists of one length are the same marks.
    known = {i: p for i, p in known.items() if len(p) == usual}

    def alike(i: int, j: int) -> bool:
        both = np.isfinite(known[i][:, 0]) & np.isfinite(known[j][:, 0])
        return i == j or both.sum() < 2 or agree(known[i][both], known[j][both])

    friends = {i: frozenset(j for j in known if alike(i, j)) for i in known}
    # A scan that lacks points agrees with others that contradict each other there, and vouches for neither.
    whole = {i: f for i, f in friends.items() if np.isfinite(known[i]).all()} or friends
    best = max(whole.values(), key=len, default=frozenset())
    rivals = {f for f in whole.values() if len(f) == len(best)} if len(whole) < len(known) else {best}
    if len(best) == len(known):
        return Verdict()
    if 2 * len(best) > len(known) and len(rivals) == 1:
        return Verdict(wrong=frozenset(known) - best)
    return Verdict(undecided=frozenset(known))


def _apart(a: Floats, b: Floats) -> Floats:
    return np.asarray(np.hypot(*(a - b).T), float)


def _distances(points: Floats) -> Floats:
    return np.asarray(np.hypot(*(points[:, None] - points[None]).transpose(2, 0, 1)))
