"""How far a scan's fields lie from where the stage has them, by the pictures where they overlap."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from moedal_gui.analysis.overlaps import adjusted
from moedal_gui.analysis.registration import stage_places
from moedal_gui.store.catalogue import ScanRecord
from moedal_gui.store.project import Project
from moedal_gui.tasks.fingerprint import digest, geometry_hash, pixels_hash
from moedal_gui.tasks.placement.placing import flat_of
from moedal_gui.tasks.placement.seams import better_reading, measured_seams, overlapping

_METHOD = 3  # changes with what is measured, so that older registrations are not believed


@dataclass(frozen=True)
class Misplaced:
    """What the overlaps of a scan say.

    Attributes
    ----------
    fields
        Field -> displacement (px, as the camera sees it) from its stage place; fields that nothing is known of are left out.
    figures
        For ``--json``: pairs of neighbours, seams that convinced, median misfit of the seams before and after, px; ``doubt``,
        a sentence, where the positions would suit the pictures if they were read another way.
    made_from
        Hash of pixels and stage places.
    """

    fields: dict[str, tuple[float, float]]
    figures: dict[str, Any]
    made_from: str

    def to_plain(self) -> dict[str, Any]:
        """For the catalogue."""
        return {"fields": self.fields, "figures": self.figures, "made_from": self.made_from}


def misplaced_fields(project: Project, scan: ScanRecord) -> Misplaced | None:
    """Measure a scan's overlaps, or take what the newest registration measured if nothing changed since.

    None for a scan without pictures, without flat field or without stage places.
    """
    flat = flat_of(scan)
    fields = project.catalogue.fields(scan.scan_id)
    rows = [r for r in project.catalogue.field_rows(scan.scan_id) if r.batch is not None]
    places = stage_places(scan.description, fields)
    rows = [r for r in rows if r.field in places]
    if flat is None or len(rows) < 2:
        return None
    made_from = _made_from(scan, fields)
    known = _known(project, scan)
    if known is not None and known["made_from"] == made_from:
        return Misplaced({k: (x, y) for k, (x, y) in known["fields"].items()}, known["figures"], made_from)
    pairs = overlapping(rows, places)
    seams = measured_seams(project, scan, rows, flat, pairs or [])
    found = adjusted(len(rows), seams)
    figures: dict[str, Any] = {
        "pairs": len(pairs or []), "seams": found.seams, "before_px": round(found.before_px, 4), "after_px": round(found.after_px, 4),
    }  # fmt: skip
    doubt = better_reading(project, scan, rows, flat, pairs, seams)
    if doubt:
        figures["doubt"] = doubt
    named = {
        r.field: (round(float(x), 4), round(float(y), 4))
        for r, (x, y) in zip(rows, found.displacement, strict=True)
        if x or y
    }
    return Misplaced(named, figures, made_from)


def doubt_of(project: Project, scan: ScanRecord) -> str | None:
    """What the newest registration doubts of how a scan's positions are read, while it still is of these positions and pictures."""
    known = _known(project, scan)
    if known is None or known["made_from"] != _made_from(scan, project.catalogue.fields(scan.scan_id)):
        return None
    doubt = known["figures"].get("doubt")
    return None if doubt is None else str(doubt)


def _made_from(scan: ScanRecord, fields: pd.DataFrame) -> str:
    return digest([_METHOD, geometry_hash(scan, fields), pixels_hash(scan, fields)])


def _known(project: Project, scan: ScanRecord) -> dict[str, Any] | None:
    run = project.catalogue.current_run("register")
    kept = project.catalogue.placement(run.run_id, scan.scan_id) if run is not None else None
    return kept.get("overlaps") if kept is not None else None
