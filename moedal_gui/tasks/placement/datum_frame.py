"""Which scan's datum points the frame of a foil follows, and what is said of those it does not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from moedal_gui.analysis.datum import FAR_PX, LIMIT_PX, STILL, Verdict, by_place, by_shape, mark_misfits, numbers_in
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
    verdict = by_shape(own)
    told = tie_scans(scans, plain, pits, _ids(scans, verdict))
    placed = _placed_points(scans, told)
    later = by_place(placed)
    if later.wrong & {i for i, s in enumerate(scans) if s.scan_id == _reference(scans, told).scan_id}:
        told = tie_scans(scans, plain, pits, _ids(scans, later))
        placed = _placed_points(scans, told)
        later = by_place(placed)
    order = _order(scans.index(_reference(scans, told)), scans, placed)
    if order is not None:
        return told, {"foil": scans[0].foil, "reference": _reference(scans, told).scan, "checked": True, **order}
    return told, _finding(scans, told, own, placed, _together(verdict, later))


def _order(main: int, scans: Sequence[ScanRecord], placed: Sequence[Floats | None]) -> dict[str, Any] | None:
    """What to say of scans that have the reference's datum points under other numbers, where nothing else is wrong with any."""
    reference = placed[main]
    if reference is None:
        return None
    rows: list[dict[str, Any]] = []
    for i, points in enumerate(placed):
        if points is None or i == main:
            continue
        (many, most), (few, least) = sorted(((main, reference), (i, points)), key=lambda pair: -len(pair[1]))
        numbers = numbers_in(most, least)
        if numbers:
            rows.append({"scan": scans[few].scan, "as_in": scans[many].scan, "numbers": list(numbers), "of": len(most)})
        elif np.hypot(*(most[: len(least)] - least).T).max() > LIMIT_PX:
            return None
    if not rows:
        return None
    said = "; ".join(
        f"{r['scan']} has {'the' if len(r['numbers']) == r['of'] else 'only'} datum points {_and(r['numbers'])} (counted from 0) of {r['as_in']}, "
        "in this order"
        for r in rows
    )
    note = f"{said}: the pits tell which is which, and the axes of the foil follow {scans[main].scan}; state the same points everywhere"
    return {"wrong": [], "undecided": [], "numbered": rows, "note": note}


def _and(numbers: Sequence[int]) -> str:
    return (
        " and ".join([", ".join(str(k) for k in numbers[:-1]), str(numbers[-1])]) if len(numbers) > 1 else str(*numbers)
    )


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
    own: Sequence[Floats | None],
    placed: Sequence[Floats | None],
    verdict: Verdict,
) -> dict[str, Any] | None:
    having = [i for i, points in enumerate(own) if points is not None]
    if not having:
        return None
    reference = _reference(scans, told)
    row: dict[str, Any] = {"foil": scans[0].foil, "reference": reference.scan, "wrong": [], "undecided": []}
    if len(having) == 1:
        scan = scans[having[0]].scan
        note = f"the datum points of {scan} cannot be checked: no other scan of {scans[0].foil} has any"
        return {**row, "checked": False, "note": note}
    main = scans.index(reference)
    if verdict.wrong:
        row["wrong"] = [
            {"scan": scans[i].scan, "points": _off(main, i, own, placed)} for i in sorted(verdict.wrong)
        ]  # fmt: skip
        said = [f"datum {_words(w['points'])} of {w['scan']}, counted from 0" for w in row["wrong"]]
        return {
            **row,
            "checked": True,
            "note": f"the other scans contradict {' and '.join(said)}: the axes of the foil follow {reference.scan}",
        }
    if verdict.undecided:
        names = [scans[i].scan for i in sorted(verdict.undecided)]
        other = next((i for i in sorted(verdict.undecided) if i != main), main)
        points = _off(main, other, own, placed)
        row["undecided"] = [{"scan": name, "points": points} for name in names]
        note = (
            f"{' and '.join(names)} disagree about datum {_words(points)}, counted from 0, and no majority tells which is wrong: "
            f"the axes of the foil follow {reference.scan}; set the datum points anew"
        )
        return {**row, "checked": True, "note": note}
    return None


def _off(main: int, other: int, own: Sequence[Floats | None], placed: Sequence[Floats | None]) -> list[dict[str, Any]]:
    """Points (from 0) of one scan that are not where the reference has them, and how far off, px."""
    a, b = placed[main], placed[other]
    if a is not None and b is not None:
        away = np.hypot(*(a - b).T)
        return [{"point": int(k), "off_px": round(float(away[k]), 1)} for k in np.flatnonzero(away > LIMIT_PX)]
    a, b = own[main], own[other]
    assert a is not None and b is not None  # only scans with datum points are compared
    found = mark_misfits(a, b)
    return [{"point": k, "off_px": round(float(found.alone[k]), 1)} for k in found.doubted]


def _words(points: Sequence[Mapping[str, Any]]) -> str:
    if not points:
        return "points"
    words = " and ".join(f"{p['point']} (by {p['off_px']:.0f} px)" for p in points)
    return f"point{'s' if len(points) > 1 else ''} {words}"
