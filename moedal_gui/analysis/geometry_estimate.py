"""How a sheet was etched, from the pits themselves: h and T' where nobody stated them, or where pits contradict what was."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import product

import numpy as np
import numpy.typing as npt

from moedal_gui.analysis.links import displaced
from moedal_gui.analysis.pairing import Geometry, Mouths, near_pairs, population_of, weigh

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.intp]
Interval = tuple[float, float]

_LEAST_EXCESS = 4.0  # standard deviations of the pairs' excess over accident below which nothing is claimed
_HINT = 3.0  # of those, from which a coarse look is followed
_CLEAR = 3.0
_SHARE = 0.1  # share of pits taken to belong to a track before anything is known
_MOST_PITS = (500, 2000)  # so many at first; more where those held too few tracks
_CONTRADICTION = 20.0  # log likelihood ratio from which the pits are believed rather than what was stated
_TOO_WIDE, _NOISE = 0.1, 1.05  # share of mouths beyond 2 h, and by how much, that make a stated h impossible
_WIDER = 1.3  # how much farther partners are looked for where nobody stated T': what pits tell of it may fall short
_COARSE = (4, 12)  # bulk etches times distances that are tried where nothing is known
_BOUNDS_PX, _MOST_OFF = (15.0, 400.0), 2.5
"""Distances of the surfaces that are believed: under a mouth's width a pit told twice looks like a track; and how far off a stated one."""
_FACTORS = (1.35, 1.16, 1.08, 1.04, 1.02)
_MOST_MOVES = 6
_ROUND_THE_BEST = 1.12 ** np.arange(-3.0, 4.0)
_RESAMPLED = 200
_SHARES = (0.0, 1.0)  # `Geometry.mouth_share`
_UNLIKE, _ASTRAY_RAD, _ELONGATED = 0.3, np.deg2rad(60.0), 0.2


@dataclass(frozen=True)
class SheetGeometry:
    """What is known of a sheet's etching.

    Attributes
    ----------
    weighed_by
        The h and T' (px) that pairs are weighed by. Where the stated ones do not fit the pits these are effective values: the
        ones under which cones of one etch rate come nearest to the mouths that were measured.
    bulk_etch, surfaces_apart
        h and T', px: as stated, else as estimated.
    bulk_etch_interval, surfaces_apart_interval
        95 % intervals of what was estimated, for cones of one etch rate: over resampled pits, and over whether centres of mouths or
        crossings of the surface lie T' / tan d apart. None of what was stated.
    departs
        Whether pairs are weighed by other values than those stated, because the pits contradict them.
    """

    weighed_by: Geometry
    bulk_etch: float
    surfaces_apart: float
    bulk_etch_interval: Interval | None = None
    surfaces_apart_interval: Interval | None = None
    departs: bool = False

    @property
    def estimated(self) -> bool:
        """Whether h or T' was."""
        return self.bulk_etch_interval is not None or self.surfaces_apart_interval is not None

    @property
    def dips_as_stated(self) -> bool:
        """Whether dips follow from the stated T' and the way between the mouths alone: effective values would falsify them."""
        return self.departs and self.surfaces_apart_interval is None

    def measured_by(self, calibrated: Geometry) -> Geometry:
        """What tracks are to be drawn by, given the geometry that links calibrated."""
        return Geometry(self.bulk_etch, self.surfaces_apart, 0.0) if self.dips_as_stated else calibrated


def sheet_geometry(
    top: Mouths, bottom: Mouths, bulk_etch: float | None, surfaces_apart: float | None
) -> SheetGeometry | None:
    """The h and T' (px) under which most pits find a partner that fits, over what accident gives.

    What is stated holds unless the pits contradict it: real pits are no cones of one etch rate, and a true h would then lose tracks.

    Parameters
    ----------
    top, bottom
        Pits of one foil.
    bulk_etch, surfaces_apart
        What was stated; None for what is to be found.

    Returns
    -------
    SheetGeometry or None
        None where something was not stated and no choice stands clear of accident: then nothing may be linked.
    """
    possible = bulk_etch if bulk_etch is None or _admits(bulk_etch, top, bottom) else None
    found = _from_pits(top, bottom, possible, surfaces_apart)
    if found is None:
        if bulk_etch is None or surfaces_apart is None:
            return None
        used = Geometry(possible or 1.1 * _least_bulk_etch(top, bottom), surfaces_apart)
        return SheetGeometry(used, bulk_etch, surfaces_apart, departs=possible is None)
    if bulk_etch is not None and possible is None:
        return replace(found, bulk_etch=bulk_etch, bulk_etch_interval=None, departs=True)
    return found


def _from_pits(
    top: Mouths, bottom: Mouths, bulk_etch: float | None, surfaces_apart: float | None
) -> SheetGeometry | None:
    """As `sheet_geometry`, where the pits say something; from a part of them where that does."""
    for most in _MOST_PITS:
        part = _thinned(top, bottom, most)
        if len(part[0]) < 2 or len(part[1]) < 2:
            return None
        found = _Search(*part).sheet(bulk_etch, surfaces_apart)
        if found is not None or (len(part[0]) == len(top) and len(part[1]) == len(bottom)):
            return found
    return None


def _admits(bulk_etch: float, top: Mouths, bottom: Mouths) -> bool:
    """Whether mouths can be as wide as they are: no track opens one of more than 2 h."""
    minor = np.concatenate([top.log_axes[:, 1], bottom.log_axes[:, 1]])
    return bool(np.exp(np.quantile(minor, 1.0 - _TOO_WIDE)) < 2.0 * _NOISE * bulk_etch)


def _least_bulk_etch(top: Mouths, bottom: Mouths) -> float:
    """The h that the widest mouths need."""
    minor = np.concatenate([top.log_axes[:, 1], bottom.log_axes[:, 1]])
    return float(np.exp(np.quantile(minor, 0.995))) / 2


class _Search:
    """Looks for the geometry under which pits pair best; what was looked at once is remembered."""

    def __init__(self, top: Mouths, bottom: Mouths) -> None:
        self._top = top
        self._population = population_of(np.concatenate([top.log_axes, bottom.log_axes]))
        steps = (np.zeros(2), np.array([1.0, 0.0]), np.array([0.0, 1.0]))
        self._bottoms = [displaced(top, bottom, step) for step in steps]
        self._pairs: list[tuple[Integers, Integers, Floats]] = []
        self._reach = 0.0
        self._seen: dict[Geometry, tuple[Floats, float]] = {}
        self._bounds = _BOUNDS_PX
        self._least_etch = _least_bulk_etch(top, bottom)

    def sheet(self, bulk_etch: float | None, surfaces_apart: float | None) -> SheetGeometry | None:
        """As `sheet_geometry`; None where the pits say nothing."""
        if surfaces_apart is not None:
            self._bounds = (surfaces_apart / _MOST_OFF, surfaces_apart * _MOST_OFF)
        starts = [self._coarse(bulk_etch, surfaces_apart)]
        if self._excess(starts[0]) <= _HINT:
            starts.append(self._coarse(None, None))
            if self._excess(starts[1]) <= _HINT:
                return None
        best = self._climbed(starts, None, None)
        if self._excess(best) <= _LEAST_EXCESS:
            return None
        used, departs = replace(best, least_reach=_WIDER * best.reach), False
        if bulk_etch is not None or surfaces_apart is not None:
            held = self._climbed(starts[:1], bulk_etch, surfaces_apart)
            departs = self._gain(best) - self._gain(held) > _CONTRADICTION
            used = replace(best, least_reach=held.reach) if departs else held
        if bulk_etch is not None and surfaces_apart is not None:
            return SheetGeometry(used, bulk_etch, surfaces_apart, departs=departs)
        low, high = self._intervals(best)
        return SheetGeometry(
            used,
            bulk_etch or best.bulk_etch,
            surfaces_apart or best.surfaces_apart,
            None if bulk_etch else (low[0], high[0]),
            None if surfaces_apart else (low[1], high[1]),
            departs,
        )

    def _coarse(self, bulk_etch: float | None, surfaces_apart: float | None) -> Geometry:
        """The best of a coarse grid, but for what is held."""
        etches = [bulk_etch] if bulk_etch else list(self._least_etch * np.geomspace(1.02, 3.0, _COARSE[0]))
        gaps = [surfaces_apart] if surfaces_apart else list(np.geomspace(*self._bounds, _COARSE[1]))
        return self._better(Geometry(float(h), float(t)) for h, t in product(etches, gaps))

    def _climbed(self, starts: list[Geometry], bulk_etch: float | None, surfaces_apart: float | None) -> Geometry:
        """The best near some geometries; for places that are centres of mouths, and crossings of the surface."""
        return self._better(
            self._top_near(
                Geometry(start.bulk_etch, start.surfaces_apart, share), bulk_etch is None, surfaces_apart is None
            )
            for start, share in product(starts, _SHARES)
        )

    def _top_near(self, best: Geometry, free_h: bool = True, free_t: bool = True) -> Geometry:
        """The best near a geometry, in ever smaller steps."""
        for factor in _FACTORS:
            steps = (1 / factor, 1.0, factor)
            for _ in range(_MOST_MOVES):
                low, high = self._bounds
                gaps = [float(np.clip(best.surfaces_apart * b, low, high)) for b in (steps if free_t else (1.0,))]
                better = self._better(
                    Geometry(best.bulk_etch * a, gap, best.mouth_share)
                    for a, gap in product(steps if free_h else (1.0,), gaps)
                )
                if self._gain(better) <= self._gain(best):
                    break
                best = better
        return best

    def _better(self, choices: Iterable[Geometry]) -> Geometry:
        return max(choices, key=self._gain)

    def _gain(self, geometry: Geometry) -> float:
        """What is gained by pairing over pairing with one surface shifted, as a logarithm of likelihoods."""
        return float(self._look(geometry)[0].sum())

    def _excess(self, geometry: Geometry) -> float:
        """Clear pairs over those of accident, in standard deviations."""
        return self._look(geometry)[1]

    def _look(self, geometry: Geometry) -> tuple[Floats, float]:
        """Gain of each upper pit (n,), and the excess."""
        key = Geometry(round(geometry.bulk_etch, 6), round(geometry.surfaces_apart, 6), geometry.mouth_share)
        if key not in self._seen:
            self._fetch(geometry.reach)
            gains, counts = [], []
            for bottom, (i, j, distance) in zip(self._bottoms, self._pairs, strict=True):
                near = distance <= geometry.reach
                best = np.full(len(self._top), -np.inf)
                found = weigh(self._top, bottom, i[near], j[near], geometry, self._population)
                np.maximum.at(best, i[near], found.evidence)
                gains.append(np.log1p(_SHARE * np.exp(np.minimum(best, 50.0))))
                counts.append(int((best > _CLEAR).sum()))
            accident = (counts[1] + counts[2]) / 2
            excess = (counts[0] - accident) / float(np.sqrt(accident + 4.0))
            self._seen[key] = (gains[0] - (gains[1] + gains[2]) / 2, excess)
        return self._seen[key]

    def _fetch(self, reach: float) -> None:
        """Pairs no farther apart than this that could be one track under any geometry: alike, and pointing at each other."""
        if reach <= self._reach:
            return
        self._reach = 1.5 * reach
        self._pairs = [_alike(self._top, bottom, self._reach) for bottom in self._bottoms]

    def _intervals(self, best: Geometry) -> tuple[Floats, Floats]:
        """Ends of the intervals of (h, T'), by drawing the upper pits anew; over what places may mean."""
        rng = np.random.default_rng(0)
        count = len(self._top)
        times = rng.multinomial(count, np.full(count, 1 / count), _RESAMPLED)
        ends = [np.array([[best.bulk_etch, best.surfaces_apart]])]
        for share in _SHARES:
            near = self._top_near(Geometry(best.bulk_etch, best.surfaces_apart, share))
            for a, b in product(_ROUND_THE_BEST, _ROUND_THE_BEST):
                self._look(Geometry(near.bulk_etch * a, near.surfaces_apart * b, share))
            seen = [g for g in self._seen if g.mouth_share == share]
            picked = (np.stack([self._seen[g][0] for g in seen]) @ times.T).argmax(axis=0)
            values = np.array([[g.bulk_etch, g.surfaces_apart] for g in seen])[picked]
            ends.append(np.quantile(values, (0.025, 0.975), axis=0))
        every = np.concatenate(ends)
        return every.min(axis=0), every.max(axis=0)


def _alike(top: Mouths, bottom: Mouths, reach: float) -> tuple[Integers, Integers, Floats]:
    """Pairs within reach whose mouths are alike and, where they have a direction, lie along the way between them."""
    i, j = near_pairs(top, bottom, reach)
    alike = (np.abs(top.log_axes[i] - bottom.log_axes[j]) < _UNLIKE).all(axis=1)
    i, j = i[alike], j[alike]
    apart = bottom.places[j] - top.places[i]
    way = np.arctan2(apart[:, 1], apart[:, 0])
    fits = np.ones(len(i), dtype=bool)
    for mouths, rows, wanted in ((top, i, way), (bottom, j, way + np.pi)):
        long = mouths.log_axes[rows, 0] - mouths.log_axes[rows, 1] > _ELONGATED
        off = np.abs(np.angle(np.exp(1j * (mouths.azimuth[rows] - wanted))))
        fits &= ~long | (off < _ASTRAY_RAD)
    return i[fits], j[fits], np.hypot(apart[fits, 0], apart[fits, 1])


def _thinned(top: Mouths, bottom: Mouths, most: int) -> tuple[Mouths, Mouths]:
    """The pits left of a common line (in frame after frame), so that partners stay together in a part small enough."""
    longest = max((top, bottom), key=len)
    if len(longest) <= most:
        return top, bottom
    key = np.sort(_reading_order(longest))[most]
    return top.taken(_reading_order(top) < key), bottom.taken(_reading_order(bottom) < key)


def _reading_order(mouths: Mouths) -> Floats:
    return mouths.frame * 1e7 + mouths.places[:, 0]
