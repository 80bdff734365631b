"""Registration: every pair of scans of a foil into one frame."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from moedal_gui import __version__
from moedal_gui.analysis.registration import agreement, placement_to_plain, refine, stage_placement, tied
from moedal_gui.core.placement import ScanPlacement
from moedal_gui.core.task import Outcome, Plan, at_once
from moedal_gui.store.catalogue import ScanRecord
from moedal_gui.store.project import Project
from moedal_gui.tasks.fingerprint import digest, geometry_hash
from moedal_gui.tasks.pit_table import pit_run

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class RegisterParameters:
    """``register`` needs no words."""


def plan(project: Project, parameters: RegisterParameters) -> Plan[None, None]:
    """Datum fit, then refinement from the pits, of all scans that share a foil."""
    del parameters
    return at_once(lambda: register(project))


def register(project: Project) -> Outcome:
    """Register all scans and keep their placements as a new run."""
    scans = project.catalogue.scans()
    fields = {s.scan_id: project.catalogue.fields(s.scan_id) for s in scans}
    plain = {s.scan_id: stage_placement(s.description, fields[s.scan_id]) for s in scans}
    pits = {s.scan_id: _pits(project, s) for s in scans}
    run = project.catalogue.open_run("register", None, {}, input_hash(project), __version__)
    pairs: list[dict[str, Any]] = []
    placed = dict(plain)
    for foil in dict.fromkeys(s.foil for s in scans):
        group = [s for s in scans if s.foil == foil]
        pairs += [_pair(a, b, plain, pits) for a, b in combinations(group, 2)]
        placed |= _refined(group, plain, pits)
    for scan in scans:
        kept = placement_to_plain(placed[scan.scan_id]) | {"geometry": geometry_hash(scan, fields[scan.scan_id])}
        project.catalogue.set_placement(run.run_id, scan.scan_id, kept)
    project.catalogue.finish_run(run.run_id, {"pairs": pairs})
    return Outcome(_sentence(pairs, scans), {"run": run.name, "pairs": pairs})


def input_hash(project: Project) -> str:
    """Of all that a registration is made from: the scans' geometry and their current pits."""
    words = []
    for scan in project.catalogue.scans():
        run = pit_run(project, scan)
        words.append([geometry_hash(scan, project.catalogue.fields(scan.scan_id)), run.name if run else None])
    return digest(words)


def _pits(project: Project, scan: ScanRecord) -> pd.DataFrame:
    run = pit_run(project, scan)
    return project.catalogue.pits(run.run_id)[["field", "x_px", "y_px", "surface"]] if run else pd.DataFrame()


def _firm(pits: pd.DataFrame, placement: ScanPlacement) -> pd.DataFrame:
    return pits[~pits["field"].isin(placement.loose)] if len(pits) else pits


def _places(pits: pd.DataFrame, placement: ScanPlacement) -> Floats:
    firm = _firm(pits, placement)
    return placement.to_frame(firm["field"], firm["x_px"], firm["y_px"]) if len(firm) else np.zeros((0, 2))


def _pair(
    a: ScanRecord, b: ScanRecord, plain: dict[int, ScanPlacement], pits: dict[int, pd.DataFrame]
) -> dict[str, Any]:
    """What `register` says of two scans; None for what cannot be said."""
    first, second = plain[a.scan_id], plain[b.scan_id]
    row: dict[str, Any] = {"foil": a.foil, "a": a.scan, "b": b.scan, "datum": None, "refined": None}
    if not (tied(first, a.description) and tied(second, b.description)):
        row["reason"] = "no datum ties the two scans"
        return row
    ours, theirs = _places(pits[a.scan_id], first), _places(pits[b.scan_id], second)
    if not len(ours) or not len(theirs):
        row["reason"] = "no pits yet; the datum points alone were used"
        return row
    row["datum"] = agreement(ours, theirs, first.scale).values()
    correction = refine(ours, theirs, first.scale)
    if correction is None:
        row["reason"] = "the pits of the two scans do not agree anywhere near"
        row["refined"] = row["datum"]
    else:
        row["refined"] = agreement(ours, theirs + correction(theirs), first.scale).values() | {
            "order": correction.order
        }
    return row


def _refined(
    group: list[ScanRecord], plain: dict[int, ScanPlacement], pits: dict[int, pd.DataFrame]
) -> dict[int, ScanPlacement]:
    """Placements with all tied scans brought onto the first tied one."""
    tied_ones = [s for s in group if tied(plain[s.scan_id], s.description)]
    result: dict[int, ScanPlacement] = {}
    if not tied_ones:
        return result
    reference = plain[tied_ones[0].scan_id]
    ours = _places(pits[tied_ones[0].scan_id], reference)
    for scan in tied_ones[1:]:
        placement = plain[scan.scan_id]
        theirs = _places(pits[scan.scan_id], placement)
        correction = refine(ours, theirs, reference.scale) if len(ours) and len(theirs) else None
        result[scan.scan_id] = replace(placement, correction=correction)
    return result


def _sentence(pairs: list[dict[str, Any]], scans: list[ScanRecord]) -> str:
    if not pairs:
        return "One scan: nothing to register" if len(scans) == 1 else "No two scans of one foil: nothing to register"
    parts = []
    for row in pairs:
        figures = row["refined"]
        words = f"{figures['within_2px']:.3f} within 2 px, rms {figures['rms_px']} px" if figures else row["reason"]
        parts.append(f"{row['a']} - {row['b']}: {words}")
    return "; ".join(parts)
