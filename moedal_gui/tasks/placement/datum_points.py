"""The datum points of a scan held against another scan's, while a person sets them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from moedal_gui.analysis.coverage import field_at
from moedal_gui.analysis.datum import LIMIT_PX, MarkMisfits, mark_misfits
from moedal_gui.analysis.registration import stage_placement
from moedal_gui.core.placement import ScanPlacement, placement_from_plain
from moedal_gui.core.scan import UM_PER_UNIT, DatumPoint
from moedal_gui.store.catalogue import ScanRecord
from moedal_gui.store.project import Project

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class DatumCheck:
    """Where a scan's datum points lie, and how they fit those of another scan.

    Attributes
    ----------
    stage
        (K, 2): in the scan's stage unit; NaN in a field without a position.
    misfits
        Against the other scan; None without one.
    by_pits
        (K,): how far (px) each point lies from where the other scan's point is, as the pits of the two tie them; NaN where the
        pits do not.
    expected
        (L, 2): pixels, and ``expected_fields`` (L,): fields, where the pits say that the other scan's points lie in this one;
        empty fields where they do not.
    limit_px
        From which misfit on a point is doubted.
    """

    stage: Floats
    misfits: MarkMisfits | None
    by_pits: Floats
    expected: Floats
    expected_fields: tuple[str, ...]
    limit_px: float = LIMIT_PX


def others_with_datum(project: Project, scan: ScanRecord) -> list[ScanRecord]:
    """The foil's other scans that have datum points, the one the registration follows first."""
    others = [
        s for s in project.catalogue.scans()
        if s.foil == scan.foil and s.scan_id != scan.scan_id and s.description.datum
    ]  # fmt: skip
    run = project.catalogue.current_run("register")
    told = run.summary.get("datum", []) if run is not None else []
    wrong = {w["scan"] for d in told if d["foil"] == scan.foil for w in d["wrong"]}
    return sorted(others, key=lambda s: (s.scan in wrong, s.scan_id))


def check_datum(
    project: Project, scan: ScanRecord, points: Sequence[DatumPoint], other: ScanRecord | None
) -> DatumCheck:
    """Hold points of a scan, as they would be, against another scan's."""
    fields = project.catalogue.fields(scan.scan_id)
    own = _without_datum(scan, fields)
    places = _places(scan, own, points)
    none = np.full(len(points), np.nan)
    if other is None:
        return DatumCheck(_stage(scan, own, fields, points), None, none, np.zeros((0, 2)), ())
    theirs = _without_datum(other, project.catalogue.fields(other.scan_id))
    reference = _places(other, theirs, other.description.datum)
    # Points have no names but their order: from the first that has no place on, nothing can be compared.
    placed = [k for k in range(len(places)) if np.isfinite(places[: k + 1]).all()]
    count = min(len(placed), len(reference))
    misfits = mark_misfits(reference[:count] / theirs.scale, places[:count] / own.scale)
    by_pits, expected, names = _by_pits(project, scan, points, other)
    return DatumCheck(_stage(scan, own, fields, points), misfits, by_pits, expected, names)


def _without_datum(scan: ScanRecord, fields: pd.DataFrame) -> ScanPlacement:
    """The scan in its stage's frame, mirrored where it is reverse, whatever its datum points say."""
    return stage_placement(replace(scan.description, datum=()), fields)


def _places(scan: ScanRecord, placement: ScanPlacement, points: Sequence[DatumPoint]) -> Floats:
    """Points in the frame (K, 2); NaN in a field without a position."""
    result = np.full((len(points), 2), np.nan)
    for k, point in enumerate(points):
        if point.field in placement.centres and point.field not in placement.loose:
            result[k] = placement.to_frame([point.field], [point.x_px], [point.y_px], flop=False)[0]
    return result


def _stage(scan: ScanRecord, own: ScanPlacement, fields: pd.DataFrame, points: Sequence[DatumPoint]) -> Floats:
    description = scan.description
    size = description.pixel_size_um
    per_px = 1.0 if description.stage_unit == "px" else (size or np.nan) / UM_PER_UNIT[description.stage_unit]
    rows = fields.set_index(fields["field"].astype(str))
    result = np.full((len(points), 2), np.nan)
    up = -1.0 if description.stage_y_up else 1.0
    for k, point in enumerate(points):
        if point.field in rows.index:
            row = rows.loc[point.field]
            offset = np.array([point.x_px - (row["width"] - 1) / 2, up * (point.y_px - (row["height"] - 1) / 2)])
            result[k] = np.array([row["stage_x"], row["stage_y"]], float) + offset * per_px
    return result


def _by_pits(
    project: Project, scan: ScanRecord, points: Sequence[DatumPoint], other: ScanRecord
) -> tuple[Floats, Floats, tuple[str, ...]]:
    both = _tied_placements(project, scan, other)
    if both is None:
        return np.full(len(points), np.nan), np.zeros((0, 2)), ()
    own, theirs = both
    places, wanted = _places(scan, own, points), _places(other, theirs, other.description.datum)
    away = np.full(len(points), np.nan)
    count = min(len(places), len(wanted))
    away[:count] = np.hypot(*(places[:count] - wanted[:count]).T) / own.scale
    names = tuple(str(n) for n in field_at(own, own.centres, wanted))
    expected = np.full((len(wanted), 2), np.nan)
    for k, name in enumerate(names):
        if name:
            expected[k] = own.to_pixel(name, wanted[[k]])[0]
            if own.mirrored:  # datum points are never flopped
                expected[k, 0] = own.size_px[name][0] - 1 - expected[k, 0]
    return away, expected, names


def _tied_placements(project: Project, a: ScanRecord, b: ScanRecord) -> tuple[ScanPlacement, ScanPlacement] | None:
    """Where the newest registration put two scans, if their pits agreed there; other datum points since change nothing of it."""
    run = project.catalogue.current_run("register")
    rows = run.summary.get("pairs", []) if run is not None else []
    row = next((r for r in rows if r["foil"] == a.foil and {r["a"], r["b"]} == {a.scan, b.scan}), None)
    if run is None or row is None or "order" not in (row.get("refined") or {}):
        return None
    kept = [project.catalogue.placement(run.run_id, s.scan_id) for s in (a, b)]
    if kept[0] is None or kept[1] is None:
        return None
    return placement_from_plain(kept[0]), placement_from_plain(kept[1])
