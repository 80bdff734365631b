"""Which scan's datum points the frame of a foil follows, and what is said of those it does not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from moedal_gui.analysis.datum import (
    FAR_PX,
    LIMIT_PX,
    STILL,
    Marks,
    Verdict,
    by_place,
    by_shape,
    common_numbers,
    mark_misfits,
)
from moedal_gui.analysis.registration import tied
from moedal_gui.analysis.registration_search import rigid
from moedal_gui.core.placement import ScanPlacement
from moedal_gui.store.catalogue import ScanRecord
from moedal_gui.tasks.placement.tie_scans import TiedScans, datum_places, tie_scans

Floats = npt.NDArray[np.float64]


def tie_foil(
    scans: Sequence[ScanRecord], plain: Mapping[int, ScanPlacement], pits: Mapping[int, pd.DataFrame]
) -> tuple[TiedScans, dict[str, Any] | None]:
    """Tie the scans of one foil, in the frame of a scan whose datum points the others bear out.

    First the distances between each scan's datum points are compared, then, once the pits have brought the scans together,
    the very places of the points. A scan that a majority contradicts does not give the frame.

    Returns
    -------
    told
        Where the scans lie.
    finding
        What to say of the datum points, in plain values with a sentence ``note``; None where there is nothing to say.
    """
    own = [_own_points(s, plain) for s in scans]
    told = tie_scans(scans, plain, pits, _ids(scans, by_shape(own)))
    marks, placed = _marks(scans, told)
    later = by_place(placed)
    if later.wrong & {i for i, s in enumerate(scans) if s.scan_id == _reference(scans, told).scan_id}:
        told = tie_scans(scans, plain, pits, _ids(scans, later))
        marks, placed = _marks(scans, told)
        later = by_place(placed)
    own = marks.sorted(own)
    return told, _finding(scans, told, (own, placed), marks, _together(by_shape(own), later))


def _marks(scans: Sequence[ScanRecord], told: TiedScans) -> tuple[Marks, list[Floats | None]]:
    """Common numbers of the datum points, and the points under them, px of the reference's frame."""
    placed = _placed_points(scans, told)
    marks = common_numbers(placed)
    return marks, marks.sorted(placed)


def _together(shape: Verdict, place: Verdict) -> Verdict:
    wrong = shape.wrong | place.wrong
    return Verdict(wrong, frozenset() if wrong else shape.undecided | place.undecided)


def _ids(scans: Sequence[ScanRecord], verdict: Verdict) -> set[int]:
    return {scans[i].scan_id for i in verdict.wrong}


def _own_points(scan: ScanRecord, plain: Mapping[int, ScanPlacement]) -> Floats | None:
    placement = plain[scan.scan_id]
    return datum_places(scan, placement) / placement.scale if tied(placement, scan.description) else None


def _reference(scans: Sequence[ScanRecord], told: TiedScans) -> ScanRecord:
    """The scan that gave its frame to the others."""
    return next((s for s in scans if s.scan_id not in told.links), scans[0])


def _placed_points(scans: Sequence[ScanRecord], told: TiedScans) -> list[Floats | None]:
    """Datum points in px of the reference's frame, of the scans that their pits tie to it; None for the others."""
    reference = _reference(scans, told).scan_id
    points: list[Floats | None] = []
    for scan in scans:
        own = _own_points(scan, told.plain)
        if own is None or not _tied_by_pits(scan.scan_id, reference, told):
            points.append(None)
            continue
        before, after = told.plain[scan.scan_id], told.placed[scan.scan_id]
        ours = told.places(scan.scan_id, before) / before.scale
        # A turn and a shift: the surface that the pits fit may run away beyond the last pit, where the holes are.
        motion = rigid(told.places(scan.scan_id, after) / after.scale, ours, STILL, FAR_PX) if len(ours) else STILL
        points.append(motion(own))
    return points


def _tied_by_pits(scan: int, reference: int, told: TiedScans) -> bool:
    while scan != reference:
        if scan not in told.links or not told.links[scan][1].agrees:
            return False
        scan = told.links[scan][0]
    return True


def _finding(
    scans: Sequence[ScanRecord],
    told: TiedScans,
    points: tuple[Sequence[Floats | None], Sequence[Floats | None]],
    marks: Marks,
    verdict: Verdict,
) -> dict[str, Any] | None:
    """``points``: under common numbers, in each scan's own frame and in the reference's."""
    having = [i for i, one in enumerate(points[0]) if one is not None]
    if not having:
        return None
    reference = _reference(scans, told)
    row: dict[str, Any] = {"foil": scans[0].foil, "reference": reference.scan, "wrong": [], "undecided": []}
    if len(having) == 1:
        scan = scans[having[0]].scan
        note = f"the datum points of {scan} cannot be checked: no other scan of {scans[0].foil} has any"
        return {**row, "checked": False, "note": note}
    doubted = verdict.wrong or verdict.undecided
    believed = [i for i in range(len(scans)) if i not in doubted] or list(range(len(scans)))
    off = {i: _off(i, [j for j in believed if j != i], points) for i in sorted(doubted)}
    row["wrong"] = [{"scan": scans[i].scan, "points": off[i]} for i in sorted(verdict.wrong)]
    row["undecided"] = [{"scan": scans[i].scan, "points": off[i]} for i in sorted(verdict.undecided)]
    notes = [*_numbers_words(scans, marks), *_verdict_words(row, verdict)]
    if not notes:
        return None
    row["same_marks"] = _same_marks(scans, points[1], marks)
    follow = f": the axes of the foil follow {reference.scan}" + (
        "; set the datum points anew" if verdict.undecided else ""
    )
    return {**row, "checked": True, "note": "; ".join(notes) + follow}


def _numbers_words(scans: Sequence[ScanRecord], marks: Marks) -> list[str]:
    """What to say of scans whose points have other numbers, or lie on none of the common ones."""
    if marks.named_by is None:
        return []
    named, said = scans[marks.named_by].scan, []
    for i, scan in enumerate(scans):
        numbers = marks.numbers[i]
        if numbers is None:
            continue
        if marks.nowhere[i]:
            verb = "lies" if len(marks.nowhere[i]) == 1 else "lie"
            said.append(
                f"datum {_point_words(marks.nowhere[i])} of {scan.scan}, counted from 0, {verb} on none of the points of {named}"
            )
        elif marks.renumbered(i):
            many = len(numbers) == len(marks.numbers[marks.named_by] or ())
            said.append(
                f"{scan.scan} has {'the' if many else 'only'} datum {_point_words(numbers)} (counted from 0) of {named}, in this order, as the "
                "pits tell; state the same points in one order"
            )
    return said


def _verdict_words(row: Mapping[str, Any], verdict: Verdict) -> list[str]:
    if verdict.wrong:
        said = [f"datum {_words(w['points'])} of {w['scan']}, counted from 0" for w in row["wrong"]]
        return [f"the other scans contradict {' and '.join(said)}"]
    if verdict.undecided:
        names = [u["scan"] for u in row["undecided"]]
        points: Sequence[Mapping[str, Any]] = next(
            (u["points"] for u in row["undecided"] if u["scan"] != row["reference"]), []
        )
        return [
            f"{' and '.join(names)} disagree about datum {_words(points)}, counted from 0, and no majority tells which is wrong"
        ]
    return []


def _same_marks(scans: Sequence[ScanRecord], placed: Sequence[Floats | None], marks: Marks) -> list[list[str]]:
    """Pairs of scans whose points are the same holes only under the common numbers."""
    pairs = []
    for i, j in combinations(range(len(scans)), 2):
        a, b = placed[i], placed[j]
        if a is None or b is None or not (marks.renumbered(i) or marks.renumbered(j)) or len(a) != len(b):
            continue
        both = np.isfinite(a[:, 0]) & np.isfinite(b[:, 0])
        if not marks.nowhere[i] + marks.nowhere[j] and (np.hypot(*(a - b)[both].T) <= LIMIT_PX).all():
            pairs.append([scans[i].scan, scans[j].scan])
    return pairs


def _off(
    scan: int, others: Sequence[int], points: tuple[Sequence[Floats | None], Sequence[Floats | None]]
) -> list[dict[str, Any]]:
    """Points (from 0) of one scan that are not where others have them, and how far off, px."""
    own, placed = points
    here = placed[scan]
    there = [p for j in others if (p := placed[j]) is not None and here is not None and len(p) == len(here)]
    if here is not None and there:
        known = np.isfinite(np.stack(there)[:, :, 0]).any(axis=0) & np.isfinite(here[:, 0])
        usual = np.nanmedian(np.stack(there)[:, known], axis=0)
        away = np.full(len(here), np.nan)
        away[known] = np.hypot(*(usual - here[known]).T)
        return [{"point": int(k), "off_px": round(float(away[k]), 1)} for k in np.flatnonzero(away > LIMIT_PX)]
    here = own[scan]
    assert here is not None  # only scans with datum points are compared
    for j in others:
        other = own[j]
        if other is None or len(other) != len(here):
            continue
        both = np.flatnonzero(np.isfinite(other[:, 0]) & np.isfinite(here[:, 0]))
        found = mark_misfits(other[both], here[both])
        return [{"point": int(both[k]), "off_px": round(float(found.alone[k]), 1)} for k in found.doubted]
    return []


def _words(points: Sequence[Mapping[str, Any]]) -> str:
    if not points:
        return "points"
    words = " and ".join(f"{p['point']} (by {p['off_px']:.0f} px)" for p in points)
    return f"point{'s' if len(points) > 1 else ''} {words}"


def _point_words(numbers: Sequence[int]) -> str:
    """``point 2``, ``points 1 and 2``, ``points 2, 1 and 0``."""
    if len(numbers) == 1:
        return f"point {numbers[0]}"
    return f"points {', '.join(str(k) for k in numbers[:-1])} and {numbers[-1]}"
