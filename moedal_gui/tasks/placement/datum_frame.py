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
from moedal_gui.core.counted import listed
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
    placed = _placed_points(scans, told)
    marks = common_numbers(own, placed)
    later = by_place(placed, marks)
    if later.wrong & {i for i, s in enumerate(scans) if s.scan_id == _reference(scans, told).scan_id}:
        told = tie_scans(scans, plain, pits, _ids(scans, later))
        placed = _placed_points(scans, told)
        marks = common_numbers(own, placed)
        later = by_place(placed, marks)
    return told, _finding(scans, told, (own, placed), marks, _together(by_shape(own, marks), later))


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
    """``points``: in each scan's own frame, px, and in the reference's."""
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
    believed = [i for i in having if i not in verdict.wrong]
    off = {i: _off(i, [j for j in believed if j != i], points, marks) for i in sorted(doubted)}
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
    """What to say of scans that state the points in another order, or not the same ones, or lie on them only in part."""
    if marks.named_by is None:
        return []
    named, common = scans[marks.named_by].scan, marks.numbers[marks.named_by] or ()
    said = []
    turned_about = False
    for i, scan in enumerate(scans):
        numbers = marks.numbers[i]
        if numbers is None or not marks.renumbered(i):
            continue
        if len(numbers) > len(common):
            extra = [k for k, number in enumerate(numbers) if number < 0]
            said.append(f"{scan.scan} has datum {_point_words(extra)}, counted from 0, beside those of {named}")
        else:
            rising = list(numbers) == sorted(numbers)
            turned_about |= not rising
            only = "the" if len(numbers) == len(common) else "only"
            order = "" if rising else ", in this order"
            said.append(f"{scan.scan} has {only} datum {_point_words(numbers)} (counted from 0) of {named}{order}")
    if said:
        wanted = "in one order" if turned_about else "in all scans"
        said.append(f"the pits tell which is which; state the same points {wanted}")
    apart = [
        f"the datum points of {scans[i].scan} and {named} are not the same holes; set them anew" for i in marks.misfits
    ]
    return [*said, *apart]


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
        a, b, rows = placed[i], placed[j], marks.rows(i, j)
        if a is None or b is None or rows is None or marks.numbers[i] == marks.numbers[j]:
            continue
        if (np.hypot(*(a[rows[0]] - b[rows[1]]).T) <= LIMIT_PX).all():
            pairs.append([scans[i].scan, scans[j].scan])
    return pairs


def _off(
    scan: int, others: Sequence[int], points: tuple[Sequence[Floats | None], Sequence[Floats | None]], marks: Marks
) -> list[dict[str, Any]]:
    """Points (from 0) of one scan that are not where others have them, and how far off, px."""
    own, placed = points
    here = placed[scan]
    if here is not None:
        # Places of each of its points in the others: under common numbers where they are known, else by their order.
        seen: list[list[Floats]] = [[] for _ in here]
        for j in others:
            there, rows = placed[j], marks.rows(scan, j)
            if there is None or (rows is None and len(there) != len(here)):
                continue
            for mine, theirs in zip(*(rows or (range(len(here)), range(len(here)))), strict=True):
                seen[mine].append(there[theirs])
        away = [float(np.hypot(*(np.median(s, axis=0) - here[k]))) if s else 0.0 for k, s in enumerate(seen)]
        if any(seen):
            return [{"point": k, "off_px": round(d, 1)} for k, d in enumerate(away) if d > LIMIT_PX]
    here = own[scan]
    assert here is not None  # only scans with datum points are compared
    for j in others:
        other = own[j]
        if other is not None and len(other) == len(here):
            found = mark_misfits(other, here)
            return [{"point": k, "off_px": round(float(found.alone[k]), 1)} for k in found.doubted]
    return []


def _words(points: Sequence[Mapping[str, Any]]) -> str:
    if not points:
        return "points"
    words = " and ".join(f"{p['point']} (by {p['off_px']:.0f} px)" for p in points)
    return f"point{'s' if len(points) > 1 else ''} {words}"


def _point_words(numbers: Sequence[int]) -> str:
    """``point 2``, ``points 1 and 2``, ``points 2, 1 and 0``."""
    return f"{'point' if len(numbers) == 1 else 'points'} {listed(numbers)}"
