"""The scans of one foil, each tied to one that is placed already."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from moedal_gui.analysis.coverage import field_at
from moedal_gui.analysis.datum import STILL, mark_misfits
from moedal_gui.analysis.registration import agreement, moved, refine, tied
from moedal_gui.analysis.tying import Side, Tie, tie
from moedal_gui.core.placement import ScanPlacement
from moedal_gui.store.catalogue import ScanRecord

Floats = npt.NDArray[np.float64]

_ENOUGH_PITS = 30


@dataclass
class TiedScans:
    """Where the scans of a foil lie, and what tied each to which.

    ``links`` holds, for each scan that was tied to another, that other's id and the tie; ``reflected`` the pairs that nothing ties
    and that the pits would tie if one were mirrored.
    """

    plain: Mapping[int, ScanPlacement]
    pits: Mapping[int, pd.DataFrame]
    placed: dict[int, ScanPlacement] = field(default_factory=dict)
    links: dict[int, tuple[int, Tie]] = field(default_factory=dict)
    reflected: set[frozenset[int]] = field(default_factory=set)

    def places(self, scan: int, placement: ScanPlacement) -> Floats:
        """Pits of a scan in its frame (N, 2), those of fields with a position."""
        pits = self.pits[scan]
        firm = pits[~pits["field"].isin(list(placement.loose))] if len(pits) else pits
        return placement.to_frame(firm["field"], firm["x_px"], firm["y_px"]) if len(firm) else np.zeros((0, 2))

    def in_common(self, scan: int, other: int) -> int:
        """How many pits of a scan lie in fields in which the other one shows some, too."""
        pits = self.pits[other]
        fields = pits["field"].unique() if len(pits) else ()
        return int((field_at(self.placed[other], fields, self.places(scan, self.placed[scan])) != "").sum())


def tie_scans(
    scans: Sequence[ScanRecord],
    plain: Mapping[int, ScanPlacement],
    pits: Mapping[int, pd.DataFrame],
    doubted: Collection[int] = (),
) -> TiedScans:
    """Tie the scans of one foil.

    The first scan with datum points (not those of ``doubted`` scans, if others have some) and pits is where the others are
    brought; a scan is tied to it or to one tied before. Scans that nothing ties to it are tied among themselves.
    """
    result = TiedScans(plain, pits)
    pending = list(scans)
    while pending:
        first = _reference(pending, plain, pits, doubted)
        pending.remove(first)
        result.placed[first.scan_id] = plain[first.scan_id]
        group = [first]
        growing = True
        while growing:
            growing = False
            for scan in list(pending):
                if _tie_to_one(scan, group, result):
                    pending.remove(scan)
                    group.append(scan)
                    growing = True
    return result


def _reference(
    scans: Sequence[ScanRecord],
    plain: Mapping[int, ScanPlacement],
    pits: Mapping[int, pd.DataFrame],
    doubted: Collection[int],
) -> ScanRecord:
    def rank(scan: ScanRecord) -> tuple[bool, bool, bool]:
        untied = not tied(plain[scan.scan_id], scan.description)
        return untied, scan.scan_id in doubted, not len(pits[scan.scan_id])

    return min(scans, key=rank)


def _tie_to_one(scan: ScanRecord, group: Sequence[ScanRecord], so_far: TiedScans) -> bool:
    """Place a scan against the first of a group that its pits agree with, else by its datum points."""
    own = so_far.plain[scan.scan_id]
    best: tuple[ScanRecord, Tie] | None = None
    for parent in group:
        placement = so_far.placed[parent.scan_id]
        if placement.unit != own.unit:
            continue
        pixel = placement.scale
        found = tie(_side(parent, placement, so_far, pixel), _side(scan, own, so_far, pixel))
        if found.by is None and found.reflected:
            so_far.reflected.add(frozenset((scan.scan_id, parent.scan_id)))
        if found.by is not None and (best is None or found.agrees):
            best = (parent, found)
        if found.agrees:
            break
    if best is None:
        return False
    parent, found = best
    so_far.links[scan.scan_id] = (parent.scan_id, found)
    so_far.placed[scan.scan_id] = _placed(own, so_far.placed[parent.scan_id], found)
    return True


def _side(scan: ScanRecord, placement: ScanPlacement, so_far: TiedScans, pixel: float) -> Side:
    datum: Floats | None = None
    if tied(so_far.plain[scan.scan_id], scan.description):
        datum = datum_places(scan, placement) / pixel
    return Side(so_far.places(scan.scan_id, placement) / pixel, datum)


def datum_places(scan: ScanRecord, placement: ScanPlacement) -> Floats:
    """Datum points (K, 2) of a scan in the frame of a placement, those in fields that have a position."""
    known = [p for p in scan.description.datum if p.field in placement.centres and p.field not in placement.loose]
    if not known:
        return np.zeros((0, 2))
    return placement.to_frame([p.field for p in known], [p.x_px for p in known], [p.y_px for p in known], flop=False)


def _placed(own: ScanPlacement, parent: ScanPlacement, found: Tie) -> ScanPlacement:
    pixel = parent.scale
    if found.motion is not STILL:
        origin = -np.linalg.inv(found.motion.turn) @ np.asarray(found.motion.shift_px) * pixel
        own = moved(own, found.motion.turn, origin, frame=parent.frame)
    correction = found.correction.in_units(pixel) if found.correction is not None else None
    return replace(own, frame=parent.frame, correction=correction)


def pair_rows(scans: Sequence[ScanRecord], told: TiedScans) -> list[dict[str, Any]]:
    """What `register` says of every two scans of a foil."""
    return [_pair(a, b, told) for a, b in combinations(scans, 2)]


def _pair(a: ScanRecord, b: ScanRecord, told: TiedScans) -> dict[str, Any]:
    """What is said of two scans; None for what cannot be said."""
    row: dict[str, Any] = {"foil": a.foil, "a": a.scan, "b": b.scan, "datum": None, "refined": None, "tied_by": None}
    first, second = told.placed[a.scan_id], told.placed[b.scan_id]
    ours, theirs = told.places(a.scan_id, first), told.places(b.scan_id, second)
    by_datum = all(tied(told.plain[s.scan_id], s.description) for s in (a, b))
    link = _link_between(a, b, told)
    if first.frame != second.frame or first.unit != second.unit:
        row["reason"] = "no datum ties the two scans" + (
            ", and their pits do not agree more than by accident" if len(ours) and len(theirs) else ""
        )
        if {a.scan_id, b.scan_id} in told.reflected:
            row["doubt"] = (
                f"{a.scan} and {b.scan} of {a.foil} are not brought together: no datum ties them, and their pits would agree only if one "
                "were mirrored; check orientation and mirrored of both"
            )
        return row
    row["tied_by"] = link.by if link else _by_all([a, b], told)
    if link is not None and link.by == "datum" and link.datum is not None and link.datum.left_out is not None:
        row["datum_left_out"] = link.datum.left_out
    if link is not None and link.misfit:
        row["datum_misfit"] = True
    if by_datum:
        row["datum_points"] = _datum_points(a, b, told)
    if not len(ours) or not len(theirs):
        row["reason"] = "no pits yet; the datum points alone were used"
        return row
    if by_datum:
        row["datum"] = _by_datum(a, b, told, link).values()
    pixel = first.scale
    if link is not None:
        order = link.correction.order if link.correction is not None else None
    else:
        correction = refine(ours, theirs, pixel)
        theirs = theirs if correction is None else theirs + correction(theirs)
        order = correction.order if correction is not None else None
    row["refined"] = agreement(ours, theirs, pixel).values()
    if link is not None and not link.agrees and min(len(ours), len(theirs)) >= _ENOUGH_PITS:
        apart = _contradicted(link, told, a.scan_id, b.scan_id)
        row["doubt"] = _doubt(a, b, row["refined"], link.reflected) if apart else _unchecked(a, b)
    if order is None:
        row["reason"] = "the pits of the two scans do not agree anywhere near"
    else:
        row["refined"]["order"] = order
    return row


def _contradicted(link: Tie, told: TiedScans, a: int, b: int) -> bool:
    """Whether two scans were tied though they show enough pits to see that these do not lie on each other.

    Pits where the other scan did not look contradict nothing: two scans of different parts of a foil lie beside each other.
    """
    if link.agrees:
        return False
    many = [len(told.pits[s]) if link.reflected else told.in_common(s, o) for s, o in ((a, b), (b, a))]
    return min(many) >= _ENOUGH_PITS


def views_apart(scans: Sequence[ScanRecord], told: TiedScans) -> dict[int, str]:
    """For each scan the name of the one whose view of the frame it shares; empty for those of the scan that all are brought to."""
    views: dict[int, str] = {}

    def view(scan: int) -> str:
        if scan not in views:
            parent, link = told.links.get(scan, (None, None))
            if parent is None or link is None:
                views[scan] = ""
            else:
                views[scan] = names[scan] if _contradicted(link, told, parent, scan) else view(parent)
        return views[scan]

    names = {scan.scan_id: scan.scan for scan in scans}
    return {scan.scan_id: view(scan.scan_id) for scan in scans}


def _unchecked(a: ScanRecord, b: ScanRecord) -> str:
    """What to say of two scans that only their datum points tie, as they show different parts of the foil."""
    return (
        f"{a.scan} and {b.scan} of {a.foil} show hardly any part of the foil in common, so nothing but their datum points says how they "
        "lie; if they were taken of one part, check orientation, mirrored, datum points and positions of both"
    )


def _doubt(a: ScanRecord, b: ScanRecord, figures: Mapping[str, Any], reflected: bool) -> str:
    """What to say of two scans whose pits agree no more than by accident."""
    look = "check orientation, mirrored, datum points and positions of both"
    if reflected:
        look = "they would if one were mirrored: check orientation and mirrored of both"
    return (
        f"{a.scan} and {b.scan} of {a.foil} do not lie on each other ({figures['within_2px']:.1%} within 2 px, no more than by "
        f"accident), so tracks seen in both are listed twice; {look}"
    )


def _datum_points(a: ScanRecord, b: ScanRecord, told: TiedScans) -> list[dict[str, float | None]]:
    """How each datum point of b lies against a's, px: after a rigid fit of all, and after one of all the others."""
    pixel = told.plain[a.scan_id].scale
    ours, theirs = (datum_places(s, told.plain[s.scan_id]) / pixel for s in (a, b))
    misfits = mark_misfits(ours, theirs)
    return [
        {name: round(float(v), 2) if np.isfinite(v) else None for name, v in (("fitted_px", f), ("alone_px", o))}
        for f, o in zip(misfits.fitted, misfits.alone, strict=True)
    ]


def _link_between(a: ScanRecord, b: ScanRecord, told: TiedScans) -> Tie | None:
    for child, parent in ((a, b), (b, a)):
        link = told.links.get(child.scan_id)
        if link is not None and link[0] == parent.scan_id:
            return link[1]
    return None


def _by_all(scans: Sequence[ScanRecord], told: TiedScans) -> str:
    """What ties two scans that are tied by way of others: pits, where any of the steps is by pits."""
    steps = []
    for scan in scans:
        at = scan.scan_id
        while at in told.links:
            at, step = told.links[at]
            steps.append(step.by)
    return "pits" if "pits" in steps else "datum"


def _by_datum(a: ScanRecord, b: ScanRecord, told: TiedScans, link: Tie | None) -> Any:
    """How well the datum points alone bring two scans together, without one that was left out."""
    first, second = told.plain[a.scan_id], told.plain[b.scan_id]
    pixel = first.scale
    ours, theirs = told.places(a.scan_id, first) / pixel, told.places(b.scan_id, second) / pixel
    if link is not None and link.datum is not None:
        if a.scan_id in told.links and told.links[a.scan_id][1] is link:
            ours = link.datum.motion(ours)
        else:
            theirs = link.datum.motion(theirs)
    return agreement(ours, theirs, 1.0)
