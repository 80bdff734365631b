"""Whether the datum points of scans are the same pin holes, which of them is not, and whose."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import comb

import numpy as np
import numpy.typing as npt

from moedal_gui.analysis.matching import one_to_one
from moedal_gui.analysis.registration_search import Motion, rigid

Floats = npt.NDArray[np.float64]

LIMIT_PX = 15.0
STILL = Motion(0.0, (0.0, 0.0))
FAR_PX = 1e9
_MOST_CHOICES = 2000  # ways to choose the shorter list of datum points from the longer one that are tried
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
    or where only two points misfit. Of lists of unlike length the shorter one is laid on those points of the longer one, in
    their order, that lie as it does; empty where none or several choices of them do.
    """
    if min(len(a), len(b)) < 2:
        return [DatumFit(STILL, None)]
    if len(a) != len(b):
        rows = same_rows(a, b, limit_px)
        return [] if rows is None else [DatumFit(rigid(a[rows[0]], b[rows[1]], STILL, FAR_PX), None)]
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


def same_rows(a: Floats, b: Floats, limit_px: float = LIMIT_PX) -> tuple[list[int], list[int]] | None:
    """Rows of two lists of datum points that are the same holes, in the order of both.

    Of lists of one length all are taken to be. Of others the shorter one is sought in the longer one by the distances between its
    points; None where it lies nowhere there, in several places, or is too long to be sought.
    """
    if len(a) == len(b):
        return list(range(len(a))), list(range(len(b)))
    shorter, longer = sorted((a, b), key=len)
    if len(shorter) < 2 or comb(len(longer), len(shorter)) > _MOST_CHOICES:
        return None
    wanted = _distances(shorter)
    choices = (list(c) for c in combinations(range(len(longer)), len(shorter)))
    fitting = [rows for rows in choices if np.abs(_distances(longer[rows]) - wanted).max() <= limit_px]
    if len(fitting) != 1:
        return None
    every = list(range(len(shorter)))
    return (fitting[0], every) if len(a) > len(b) else (every, fitting[0])


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
    """Compare datum points (N, 2) of b, px, with those of a; only their shape counts, not where either frame has its origin.

    Of lists of unlike length those are compared that `same_rows` says are the same; the first ones where it does not say.
    """
    count = min(len(a), len(b))
    ours, mine = same_rows(a, b, limit_px) or (list(range(count)), list(range(count)))
    a, there = a[ours], b[mine]
    fitted, alone, rest = (np.full(len(b), np.nan) for _ in range(3))
    if count >= 2:
        fitted[mine] = _apart(a, rigid(a, there, STILL, FAR_PX)(there))
    for k, row in enumerate(mine if count >= _FEWEST_ALONE else ()):
        others = np.delete(np.arange(count), k)
        motion = rigid(a[others], there[others], STILL, FAR_PX)
        alone[row] = _apart(a[[k]], motion(there[[k]]))[0]
        rest[row] = np.abs(_distances(a[others]) - _distances(there[others])).max()
    doubted = tuple(mine[f.left_out] for f in datum_fits(a, there, limit_px) if f.left_out is not None)
    return MarkMisfits(fitted, alone, rest, doubted)


@dataclass(frozen=True)
class Marks:
    """Datum points of the scans of a foil under common numbers.

    Attributes
    ----------
    named_by
        Index of the scan whose numbers are the common ones; None where no scan has points in the common frame.
    numbers
        For each scan the common number (from 0) of each of its points, -1 for a point too many; None where they are not known. A list
        of as many points that lies elsewhere, or nowhere, is taken in its own order.
    misfits
        Scans that have more or fewer points than the one that names them, and lie on them only in part.
    """

    named_by: int | None = None
    numbers: tuple[tuple[int, ...] | None, ...] = ()
    misfits: tuple[int, ...] = ()

    def renumbered(self, scan: int) -> bool:
        """Whether a scan states the points in another order than the common one, or not the same ones."""
        numbers = self.numbers[scan]
        return numbers is not None and numbers != self.numbers[self.named_by or 0]

    def rows(self, a: int, b: int) -> tuple[list[int], list[int]] | None:
        """Which points of two scans are the same holes, as rows of either; None where that is not known."""
        first, second = (self.numbers[k] if self.named_by is not None else None for k in (a, b))
        if first is None or second is None:
            return None
        both = sorted((set(first) & set(second)) - {-1})
        return [first.index(k) for k in both], [second.index(k) for k in both]


def common_numbers(own: Sequence[Floats | None], placed: Sequence[Floats | None], limit_px: float = LIMIT_PX) -> Marks:
    """Number the datum points of scans by where they lie.

    The numbers are those that most scans agree on: of the scan with whose distances between points (``own``, px, None for a scan without)
    most others agree, and of those with the most points the first. Another scan's points have them where the shorter of the two lists
    lies wholly on the longer one; ``placed``: the points in px of one frame, None for a scan that is not in it.
    """
    candidates = [i for i, points in enumerate(placed) if points is not None and len(points) >= 2]
    if not candidates:
        return Marks()

    def followers(i: int) -> int:
        mine = own[i]
        alike = [o for o in own if o is not None and mine is not None and len(o) == len(mine)]
        return sum(_same_shape(mine, o, limit_px) for o in alike) if mine is not None else 0

    named_by = max(candidates, key=lambda i: (followers(i), len(placed[i]), -i))  # type: ignore[arg-type]
    reference = placed[named_by]
    assert reference is not None  # it was chosen for its points
    numbers: list[tuple[int, ...] | None] = []
    misfits = []
    for i, points in enumerate(placed):
        found = _numbers(reference, points, limit_px) if points is not None else None
        mine = own[i]
        if found is None and mine is not None and len(mine) == len(reference):
            found = tuple(range(len(mine)))
        numbers.append(found)
        if points is not None and found is None and len(points) != len(reference):
            misfits.append(i)
    return Marks(named_by, tuple(numbers), tuple(misfits))


def _numbers(reference: Floats, points: Floats, limit_px: float) -> tuple[int, ...] | None:
    """The reference's number of each point, -1 for one too many; None where the shorter list does not lie on the longer one."""
    if len(points) == len(reference) and (not len(points) or _apart(reference, points).max() <= limit_px):
        return tuple(range(len(points)))
    there, mine = one_to_one(reference, points, limit_px)
    if len(there) < min(len(reference), len(points)):
        return None
    known = dict(zip(mine.tolist(), there.tolist(), strict=True))
    return tuple(known.get(k, -1) for k in range(len(points)))


@dataclass(frozen=True)
class Verdict:
    """Whose datum points are believed; indices of scans.

    ``wrong``: those that a majority contradicts; ``undecided``: those that contradict each other without a majority.
    """

    wrong: frozenset[int] = frozenset()
    undecided: frozenset[int] = frozenset()


_RAW = Marks()


def by_shape(points: Sequence[Floats | None], marks: Marks = _RAW, limit_px: float = LIMIT_PX) -> Verdict:
    """Compare the distances between the datum points (K, 2; px) of each scan; None for a scan that has none.

    A rigid sheet keeps its distances, so the scans that agree in all of them are believed where they are the majority. ``marks``: common
    numbers; without them only lists of one length are the same marks.
    """
    return _verdict(points, marks, lambda a, b: _same_shape(a, b, limit_px))


def by_place(points: Sequence[Floats | None], marks: Marks = _RAW, limit_px: float = LIMIT_PX) -> Verdict:
    """Like `by_shape` for points brought into one frame by the pits, so that their very places can be compared."""
    return _verdict(points, marks, lambda a, b: float(_apart(a, b).max()) <= limit_px)


def _same_shape(a: Floats, b: Floats, limit_px: float) -> bool:
    return float(np.abs(_distances(a) - _distances(b)).max()) <= limit_px


def _verdict(points: Sequence[Floats | None], marks: Marks, agree: Callable[[Floats, Floats], bool]) -> Verdict:
    """The largest set of scans none of which contradicts another is believed where it is more than half of all.

    Two that differ a little more than is allowed do not contradict each other where a third agrees with both in all those points.
    """
    having = [i for i, p in enumerate(points) if p is not None and len(p) >= 2]
    shared = {frozenset(pair): rows for pair in combinations(having, 2) if (rows := _same_points(points, marks, *pair))}
    fits = {pair: agree(*rows) for pair, rows in shared.items()}
    known = [i for i in having if any(i in pair for pair in shared)]

    def settled(pair: frozenset[int], third: int) -> bool:
        beside = [frozenset((i, third)) for i in pair]
        return all(fits.get(p, False) and len(shared[p][0]) >= len(shared[pair][0]) for p in beside)

    against = {pair for pair, fit in fits.items() if not fit and not any(settled(pair, k) for k in set(known) - pair)}
    if not against:
        return Verdict()
    best, unique = _largest(known, against)
    if 2 * len(best) > len(known) and unique:
        return Verdict(wrong=frozenset(known) - best)
    return Verdict(undecided=frozenset().union(*against))


def _largest(known: Sequence[int], against: Collection[frozenset[int]]) -> tuple[frozenset[int], bool]:
    """The largest set without a contradiction, and whether there is no other of its size."""
    for size in range(len(known), 0, -1):
        fitting = [s for s in combinations(known, size) if not any(pair <= set(s) for pair in against)]
        if fitting:
            return frozenset(fitting[0]), len(fitting) == 1
    return frozenset(), False


def _same_points(points: Sequence[Floats | None], marks: Marks, i: int, j: int) -> tuple[Floats, Floats] | None:
    """The points of two scans that are the same holes; None where fewer than two are known to be."""
    a, b = points[i], points[j]
    assert a is not None and b is not None  # only scans that have some are compared
    rows = marks.rows(i, j)
    if rows is None:
        return (a, b) if len(a) == len(b) else None
    return (a[rows[0]], b[rows[1]]) if len(rows[0]) >= 2 else None


def _apart(a: Floats, b: Floats) -> Floats:
    return np.asarray(np.hypot(*(a - b).T), float)


def _distances(points: Floats) -> Floats:
    return np.asarray(np.hypot(*(points[:, None] - points[None]).transpose(2, 0, 1)))
