"""What corrections by hand make of the pits a run found: a function of the two, whatever came in between."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from moedal_gui.core.correction import PitCorrection, Spot, alike, reach_px
from moedal_gui.core.placement import ScanPlacement

Floats = npt.NDArray[np.float64]

_ITSELF_PX = 0.5
_MARGIN_PX = 64.0


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
    put by hand goes with it, so that it does not come back with another pre-selection.
    """
    put: list[PitCorrection] = []
    gone: list[PitCorrection] = []
    for one in corrections:
        if one.kind == "link" or not _known(one, placement):
            continue
        if one.kind in ("remove", "move"):
            distance, row = _nearest(one.at, put, placement)
            if row is not None and distance <= reach_px(one.mouth.minor_px):
                put.pop(row)
            if row is None or distance > _ITSELF_PX:
                gone.append(one)
        if one.kind in ("add", "move"):
            put.append(one)
    return Standing(tuple(put), tuple(gone))


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
    taken_out: list[int] = []
    put: list[PitCorrection] = []
    since: list[PitCorrection] = []
    for one in what.gone:
        row = _nearest_found(one.at, heads, free, placement, reach_px(one.mouth.minor_px))
        if row is not None:
            free[row] = False
            taken_out.append(int(ids[row]))
    for one in what.put:
        row = _nearest_found(one.to, heads, free, placement, reach_px(one.mouth.minor_px))
        (put if row is None else since).append(one)
    return Laid(tuple(taken_out), tuple(put), tuple(since))


def fields_near(corrections: Iterable[PitCorrection], placement: ScanPlacement) -> set[str]:
    """Fields in which the same places may be seen: the corrections' own, and those that overlap them there."""
    spots = [s for c in corrections for s in (c.at, c.to) if s.field in placement.centres]
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
    free = np.ones(len(pits), dtype=bool) if apart_from is None else (pits["pit_id"] != apart_from).to_numpy()
    row = _nearest_found(spot, pits.reset_index(drop=True), free, placement, reach_px(minor_px))
    return None if row is None else int(pits["pit_id"].to_numpy(np.int64)[row])


def followed(spot: Spot, stroke: int, moves: Sequence[PitCorrection]) -> Spot:
    """Where what was said of a spot belongs, after its pit has been moved since (strokes later than ``stroke``)."""
    for move in moves:
        near = np.hypot(spot.x_px - move.at.x_px, spot.y_px - move.at.y_px) <= reach_px(move.mouth.minor_px)
        same = (spot.scan, spot.field) == (move.at.scan, move.at.field) and alike(spot.surface, move.at.surface)
        if move.stroke > stroke and near and same:
            spot = replace(move.to, surface=spot.surface)
    return spot


def with_moves(labels: pd.DataFrame, moves: Sequence[PitCorrection]) -> pd.DataFrame:
    """Labels in force (foil, scan, field, x_px, y_px, surface, stroke) at the places their pits have been moved to."""
    if not moves or not len(labels):
        return labels
    table = labels.copy()
    field, x, y = (
        table["field"].to_numpy(object, copy=True),
        *(table[n].to_numpy(float, copy=True) for n in ("x_px", "y_px")),
    )
    where = list(zip(table["foil"], table["scan"], table["field"], strict=True))
    surface, stroke = table["surface"].fillna("").to_numpy(object), table["stroke"].to_numpy(np.int64)
    begun = {(m.foil, m.at.scan, m.at.field) for m in moves}
    for row in (k for k, place in enumerate(where) if place in begun):
        place = where[row]
        own = [m for m in moves if m.foil == place[0]]
        spot = Spot(place[1], place[2], float(x[row]), float(y[row]), str(surface[row]))
        now = followed(spot, int(stroke[row]), own)
        field[row], x[row], y[row] = now.field, now.x_px, now.y_px
    return table.assign(field=field, x_px=x, y_px=y)


def _known(one: PitCorrection, placement: ScanPlacement) -> bool:
    return one.at.field in placement.centres and one.to.field in placement.centres


def _places(spots: Sequence[Spot], placement: ScanPlacement) -> Floats:
    return placement.to_frame([s.field for s in spots], [s.x_px for s in spots], [s.y_px for s in spots])


def _nearest(spot: Spot, put: Sequence[PitCorrection], placement: ScanPlacement) -> tuple[float, int | None]:
    """The pit put by hand nearest to a spot: how far (px), and which."""
    rows = [
        k for k, other in enumerate(put)
        if alike(other.to.surface, spot.surface) and placement.frame_of(other.to.field) == placement.frame_of(spot.field)
    ]  # fmt: skip
    if not rows:
        return float("inf"), None
    apart = np.hypot(*(_places([put[k].to for k in rows], placement) - _places([spot], placement)).T) / placement.scale
    best = int(np.argmin(apart))
    return float(apart[best]), rows[best]


def _nearest_found(
    spot: Spot, pits: pd.DataFrame, free: npt.NDArray[np.bool_], placement: ScanPlacement, reach: float
) -> int | None:
    """Row of the nearest pit within reach (px) that is free, of a like surface and in the same frame."""
    frame = placement.frame_of(spot.field)
    like = [alike(s if isinstance(s, str) else "", spot.surface) for s in pits["surface"]]
    same = np.array([placement.frame_of(str(f)) == frame for f in pits["field"]], dtype=bool)
    rows = np.flatnonzero(free & np.array(like, dtype=bool) & same)
    if not len(rows):
        return None
    there = placement.to_frame(pits["field"].iloc[rows], pits["x_px"].iloc[rows], pits["y_px"].iloc[rows])
    apart = np.hypot(*(there - _places([spot], placement)).T) / placement.scale
    best = int(np.argmin(apart))
    return int(rows[best]) if apart[best] <= reach else None
