"""What corrections by hand make of the pits a run found: a function of the two, whatever came in between."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import numpy as np
import numpy.typing as npt
import pandas as pd

from moedal_gui.core.correction import PitCorrection, Spot, alike, reach_px
from moedal_gui.core.placement import ScanPlacement

Floats = npt.NDArray[np.float64]

_ITSELF_PX = 1e-3
_MARGIN_PX = 64.0
_SIDES = {"top": 1, "bottom": 2}


@dataclass(frozen=True)
class Standing:
    """What corrections come to, taken one after another.

    Attributes
    ----------
    put
        Additions and moves whose pit still stands, in the order they were given.
    gone
        Removals and moves that take a found pit out.
    """

    put: tuple[PitCorrection, ...] = ()
    gone: tuple[PitCorrection, ...] = ()


@dataclass(frozen=True)
class Laid:
    """Corrections laid on the pits of a run.

    Attributes
    ----------
    taken_out
        Ids of found pits that a person says are none, or moved.
    put
        Pits to be put by hand.
    found_since
        Pits put by hand that the run found itself: they are not doubled.
    """

    taken_out: tuple[int, ...]
    put: tuple[PitCorrection, ...]
    found_since: tuple[PitCorrection, ...]


def standing(corrections: Sequence[PitCorrection], placement: ScanPlacement) -> Standing:
    """Take the corrections of one scan one after another; those in fields the scan has not are left out.

    A removal of a pit that was put by hand takes that one back. Where the program has found such a pit since, the pit
    put by hand goes with it, so that it does not come back with another pre-selection. A pit that stands already, as
    another person's copy of the journal may bring it, is not put twice.
    """
    own = [c for c in corrections if c.kind != "link" and _known(c, placement)]
    at, to = _Spots.of([c.at for c in own], placement), _Spots.of([c.to for c in own], placement)
    stands = np.zeros(len(own), dtype=bool)
    gone: list[PitCorrection] = []
    for k, one in enumerate(own):
        if one.kind in ("remove", "move"):
            distance, row = to.nearest(at, k, stands)
            # By the reach of the pit put by hand: it is by that one that a find counts as the same pit, see `lay`.
            if row is not None and distance <= reach_px(own[row].mouth.minor_px):
                stands[row] = False
            if row is None or distance > _ITSELF_PX:
                gone.append(one)
        if one.kind in ("add", "move"):
            distance, row = to.nearest(to, k, stands)
            stands[k] = row is None or distance > reach_px(one.mouth.minor_px)
    return Standing(tuple(own[k] for k in np.flatnonzero(stands)), tuple(gone))


def lay(found: pd.DataFrame, what: Standing, placement: ScanPlacement) -> Laid:
    """Lay corrections on the pits a run found.

    Parameters
    ----------
    found
        pit_id, field, x_px, y_px, surface, minor_px, double_of, of the fields `fields_near` names at least.
    what
        The corrections.
    placement
        The scan's.
    """
    heads = found[found["double_of"].isna()].reset_index(drop=True)
    free = np.ones(len(heads), dtype=bool)
    ids = heads["pit_id"].to_numpy(np.int64)
    places = _Spots.of_pits(heads, placement)
    rows = _claimed(places, free, [c.at for c in what.gone], what.gone, placement)
    taken_out = tuple(int(ids[row]) for row in rows if row is not None)
    rows = _claimed(places, free, [c.to for c in what.put], what.put, placement)
    put = tuple(c for c, row in zip(what.put, rows, strict=True) if row is None)
    since = tuple(c for c, row in zip(what.put, rows, strict=True) if row is not None)
    return Laid(taken_out, put, since)


def fields_near(corrections: Iterable[PitCorrection], placement: ScanPlacement) -> set[str]:
    """Fields in which the same places may be seen: the corrections' own, and those that overlap them there."""
    return _fields_round([s for c in corrections for s in (c.at, c.to) if s.field in placement.centres], placement)


def _fields_round(spots: Sequence[Spot], placement: ScanPlacement) -> set[str]:
    if not spots:
        return set()
    names = np.array(list(placement.centres), dtype=object)
    middle = np.array([placement.centres[n] for n in names], dtype=float).reshape(-1, 2)
    size = np.array([placement.size_px[n] for n in names], dtype=float)
    reach = (np.hypot(size[:, 0], size[:, 1]) / 2 + _MARGIN_PX) * placement.scale
    answer = {s.field for s in spots}
    for place in _places(spots, placement):
        answer |= set(names[np.hypot(*(middle - place).T) <= reach])
    return answer


def nearest_pit(
    spot: Spot, pits: pd.DataFrame, placement: ScanPlacement, minor_px: float | None, apart_from: int | None = None
) -> int | None:
    """Id of the pit that is the one at a spot: of a like surface, within `reach_px`; None where there is none.

    ``pits`` has columns pit_id, field, x_px, y_px, surface, minor_px; ``apart_from`` is no answer.
    """
    # Few of a large scan's pits can be the one.
    pits = pits[pits["field"].isin(list(_fields_round([spot], placement)))]
    free = np.ones(len(pits), dtype=bool) if apart_from is None else (pits["pit_id"] != apart_from).to_numpy()
    distance, row = _Spots.of_pits(pits, placement).nearest(_Spots.of([spot], placement), 0, free)
    return None if row is None or distance > reach_px(minor_px) else int(pits["pit_id"].to_numpy(np.int64)[row])


def since(moves: Sequence[PitCorrection], when: str, stroke: int = 0) -> list[PitCorrection]:
    """Moves made after something was said; of the same moment, those of a later stroke.

    Moments, for what another copy of the journal or a file brings is entered later than it was said.
    """
    said = (_moment(when), stroke)
    return [m for m in moves if (_moment(m.when), m.stroke) > said]


def followed(spot: Spot, moves: Sequence[PitCorrection]) -> Spot:
    """Where what was said of a spot belongs, after its pit has been moved."""
    for move in moves:
        near = np.hypot(spot.x_px - move.at.x_px, spot.y_px - move.at.y_px) <= reach_px(move.mouth.minor_px)
        same = (spot.scan, spot.field) == (move.at.scan, move.at.field) and alike(spot.surface, move.at.surface)
        if near and same:
            spot = replace(move.to, surface=spot.surface)
    return spot


def with_moves(labels: pd.DataFrame, moves: Sequence[PitCorrection]) -> pd.DataFrame:
    """Labels in force (foil, scan, field, x_px, y_px, surface, when, stroke) at the places their pits have been moved to."""
    if not moves or not len(labels):
        return labels
    table = labels.copy()
    field, x, y = (
        table["field"].to_numpy(object, copy=True),
        *(table[n].to_numpy(float, copy=True) for n in ("x_px", "y_px")),
    )
    where = list(zip(table["foil"], table["scan"], table["field"], strict=True))
    surface, stroke = table["surface"].fillna("").to_numpy(object), table["stroke"].to_numpy(np.int64)
    when = table["when"].fillna("").to_numpy(object)
    begun = {(m.foil, m.at.scan, m.at.field) for m in moves}
    for row in (k for k, place in enumerate(where) if place in begun):
        place = where[row]
        own = [m for m in moves if m.foil == place[0]]
        spot = Spot(place[1], place[2], float(x[row]), float(y[row]), str(surface[row]))
        now = followed(spot, since(own, str(when[row]), int(stroke[row])))
        field[row], x[row], y[row] = now.field, now.x_px, now.y_px
    return table.assign(field=field, x_px=x, y_px=y)


def _moment(when: str) -> datetime:
    """A moment as a time; what does not say when it was is the oldest."""
    try:
        moment = datetime.fromisoformat(when)
    except ValueError:
        return datetime.min.replace(tzinfo=UTC)
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def _known(one: PitCorrection, placement: ScanPlacement) -> bool:
    return one.at.field in placement.centres and one.to.field in placement.centres


def _places(spots: Sequence[Spot], placement: ScanPlacement) -> Floats:
    return placement.to_frame([s.field for s in spots], [s.x_px for s in spots], [s.y_px for s in spots])


def _claimed(
    found: _Spots,
    free: npt.NDArray[np.bool_],
    spots: Sequence[Spot],
    said: Sequence[PitCorrection],
    placement: ScanPlacement,
) -> list[int | None]:
    """Row of the found pit that each spot is, nearest ones first; a row that is taken is no longer free."""
    asked = _Spots.of(spots, placement)
    answer: list[int | None] = [None] * len(spots)
    for k in np.argsort([found.nearest(asked, k, free)[0] for k in range(len(spots))], kind="stable").tolist():
        distance, row = found.nearest(asked, k, free)
        if row is not None and distance <= reach_px(said[k].mouth.minor_px):
            answer[k], free[row] = row, False
    return answer


@dataclass(frozen=True)
class _Spots:
    """Places (N, 2) in px of the frame, with numbers for surfaces (0 unknown) and frames."""

    places: Floats
    surface: npt.NDArray[np.int8]
    frame: npt.NDArray[np.int64]

    @staticmethod
    def of(spots: Sequence[Spot], placement: ScanPlacement) -> _Spots:
        """Spots of one scan."""
        fields, surfaces = pd.Series([s.field for s in spots]), pd.Series([s.surface for s in spots])
        return _Spots._laid(fields, _places(spots, placement), surfaces, placement)

    @staticmethod
    def of_pits(pits: pd.DataFrame, placement: ScanPlacement) -> _Spots:
        """Pits with columns field, x_px, y_px, surface."""
        places = placement.to_frame(pits["field"], pits["x_px"], pits["y_px"])
        return _Spots._laid(pits["field"], places, pits["surface"], placement)

    @staticmethod
    def _laid(fields: pd.Series, places: Floats, surfaces: pd.Series, placement: ScanPlacement) -> _Spots:
        own = {name: number for number, name in enumerate(sorted(placement.loose), start=1)}
        sides, frames = surfaces.map(_SIDES).fillna(0), fields.map(own).fillna(0)
        return _Spots(places / placement.scale, np.asarray(sides, dtype=np.int8), np.asarray(frames, dtype=np.int64))

    def nearest(self, other: _Spots, row: int, free: npt.NDArray[np.bool_]) -> tuple[float, int | None]:
        """The free place of a like surface nearest to one of the others: how far (px), and which."""
        side = other.surface[row]
        like = (self.surface == side) | (self.surface == 0) if side else np.ones(len(self.surface), dtype=bool)
        rows = np.flatnonzero(free & like & (self.frame == other.frame[row]))
        if not len(rows):
            return float("inf"), None
        apart = np.hypot(*(self.places[rows] - other.places[row]).T)
        best = int(np.argmin(apart))
        return float(apart[best]), int(rows[best])
