"""Where a scan's fields lie, and their pixels, from the stores."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from moedal_gui.analysis.registration import stage_placement
from moedal_gui.core.placement import ScanPlacement, placement_from_plain
from moedal_gui.imaging.flat_field import FlatField
from moedal_gui.imaging.normalise import normalise
from moedal_gui.store.catalogue import FieldRow, RunRecord, ScanRecord
from moedal_gui.store.project import Project
from moedal_gui.tasks.fingerprint import geometry_hash

_GAP = 1.04  # fields without a position are laid out with a small gap


def placement_of(project: Project, scan: ScanRecord) -> ScanPlacement:
    """The placement in force: by the newest registration that still fits the scan, else by stage and datum."""
    fields = project.catalogue.fields(scan.scan_id)
    run = registration_of(project, scan)
    if run is not None:
        kept = project.catalogue.placement(run.run_id, scan.scan_id)
        if kept is not None and kept["geometry"] == geometry_hash(scan, fields):
            return placement_from_plain(kept)
    return stage_placement(scan.description, fields)


def registration_of(project: Project, scan: ScanRecord) -> RunRecord | None:
    """The newest registration run of the project, if there is one."""
    del scan  # registrations cover all scans of the project
    return project.catalogue.current_run("register")


def canvas_placement(project: Project, scan: ScanRecord) -> ScanPlacement:
    """Like `placement_of`, with the fields that have no position laid out as a grid, for drawing only."""
    placement = placement_of(project, scan)
    loose = [n for n in placement.centres if n in placement.loose]
    if not loose:
        return placement
    pitch = np.array([placement.size_px[n] for n in loose]).max(axis=0) * placement.scale * _GAP
    columns = int(np.ceil(np.sqrt(len(loose) * pitch[1] / pitch[0])))
    firm = np.array([c for n, c in placement.centres.items() if n not in placement.loose]).reshape(-1, 2)
    top = float(firm[:, 1].max() + 2 * pitch[1]) if len(firm) else pitch[1] / 2
    left = float(firm[:, 0].min()) if len(firm) else pitch[0] / 2
    places = {n: (left + (i % columns) * pitch[0], top + (i // columns) * pitch[1]) for i, n in enumerate(loose)}
    return replace(placement, centres={**placement.centres, **places})


def scan_stack(project: Project, row: FieldRow) -> npt.NDArray[Any] | None:
    """Raw pixels (C, H, W) of a field; None for a position without a picture."""
    return None if row.batch is None else project.images.read(row.batch, row.slot)


def flat_of(scan: ScanRecord) -> FlatField | None:
    """The scan's flat field; None before its first picture."""
    return None if scan.flat is None else FlatField.from_json(scan.flat)


def normalised_stack(project: Project, scan: ScanRecord, row: FieldRow) -> npt.NDArray[np.float32] | None:
    """Normalised pixels (C, H, W) of a field; None where there is no picture."""
    raw, flat = scan_stack(project, row), flat_of(scan)
    return None if raw is None or flat is None else normalise(raw, flat)
