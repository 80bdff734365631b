"""How far a scan's fields lie from where the stage has them, by the pictures where they overlap."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from moedal_gui.analysis.overlaps import Neighbours, Seam, adjusted, neighbours, seam
from moedal_gui.analysis.registration import stage_places
from moedal_gui.imaging.flat_field import FlatField
from moedal_gui.imaging.normalise import normalise
from moedal_gui.store.catalogue import FieldRow, ScanRecord
from moedal_gui.store.project import Project
from moedal_gui.tasks.fingerprint import digest, geometry_hash, pixels_hash
from moedal_gui.tasks.placement.placing import flat_of

Pixels = npt.NDArray[Any]


@dataclass(frozen=True)
class Misplaced:
    """What the overlaps of a scan say.

    Attributes
    ----------
    fields
        Field -> displacement (px, as the camera sees it) from its stage place; fields that nothing is known of are left out.
    figures
        For ``--json``: pairs of neighbours, seams that convinced, median misfit of the seams before and after, px.
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
    made_from = digest([geometry_hash(scan, fields), pixels_hash(scan, fields)])
    known = _known(project, scan)
    if known is not None and known["made_from"] == made_from:
        return Misplaced({k: (x, y) for k, (x, y) in known["fields"].items()}, known["figures"], made_from)
    sizes = np.array([(r.width, r.height) for r in rows], dtype=np.intp)
    pairs = neighbours(np.array([places[r.field] for r in rows]) - (sizes - 1) / 2, sizes)
    seams = _seams(project, scan, rows, flat, pairs)
    found = adjusted(len(rows), seams)
    figures = {
        "pairs": len(pairs), "seams": found.seams, "before_px": round(found.before_px, 4), "after_px": round(found.after_px, 4),
    }  # fmt: skip
    named = {
        r.field: (round(float(x), 4), round(float(y), 4))
        for r, (x, y) in zip(rows, found.displacement, strict=True)
        if x or y
    }
    return Misplaced(named, figures, made_from)


def _known(project: Project, scan: ScanRecord) -> dict[str, Any] | None:
    run = project.catalogue.current_run("register")
    kept = project.catalogue.placement(run.run_id, scan.scan_id) if run is not None else None
    return kept.get("overlaps") if kept is not None else None


def _seams(
    project: Project, scan: ScanRecord, rows: list[FieldRow], flat: FlatField, pairs: list[Neighbours]
) -> list[Seam]:
    """Every convincing seam; each field is read once, and only the stretches that a neighbour needs are kept."""
    channels = _channels(scan, flat)
    if not channels:
        return []
    of_field: dict[int, list[tuple[int, Neighbours]]] = {}
    for number, pair in enumerate(pairs):
        for end in (pair.first, pair.second):
            of_field.setdefault(end, []).append((number, pair))
    waiting: dict[int, Pixels] = {}
    found: dict[int, Seam] = {}
    flats = [(c, FlatField((flat.channels[c],))) for c in channels]
    for index, mine in sorted(of_field.items()):
        row = rows[index]
        assert row.batch is not None
        planes = [
            normalise(project.images.read(row.batch, row.slot, channels=slice(c, c + 1)), own)[0] for c, own in flats
        ]
        picture = np.stack(planes)[:, :, :: -1 if scan.description.mirrored else 1]
        for number, pair in mine:
            window = picture[:, *(pair.first_window if index == pair.first else pair.second_window)].copy()
            other = waiting.pop(number, None)
            if other is None:
                waiting[number] = window
                continue
            first, second = (window, other) if index == pair.first else (other, window)
            measured = seam(pair, first, second)
            if measured is not None:
                found[number] = measured
    return [found[number] for number in sorted(found)]


def _channels(scan: ScanRecord, flat: FlatField) -> list[int]:
    """Up to two channels that show most: backlit and halo, else the first usable and the one two lamps on."""
    usable = [i for i, c in enumerate(flat.channels) if c.usable]
    plain = [scan.description.index_of(kind) for kind in ("backlit", "halo")]
    told = [i for i in plain if i is not None and i in usable]
    return [*told, *(i for i in usable[::2] if i not in told)][:2]
