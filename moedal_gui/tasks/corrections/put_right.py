"""Put right by hand: a pit the detector missed, one that is none, one in the wrong place, two that are one track."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from moedal_gui.analysis.corrections import nearest_pit
from moedal_gui.core.correction import Mouth, PitCorrection, Spot
from moedal_gui.core.errors import CorrectionError, NotFoundError
from moedal_gui.core.label import now
from moedal_gui.imaging.lamps import usable_flat
from moedal_gui.preselect.place_fit import TYPICAL_PX, PlaceFit, fit_place
from moedal_gui.store.catalogue import RunRecord, ScanRecord
from moedal_gui.store.project import Project
from moedal_gui.tasks.corrections.hand_links import entry_and_exit
from moedal_gui.tasks.corrections.settle import settle_corrections
from moedal_gui.tasks.placement.placing import flat_of, placement_of, scan_stack

_POINTED_PX = 8.0


@dataclass(frozen=True)
class PutRight:
    """What was put right: the correction as it stands in the journal, the pit it made (None where none), and what to say."""

    correction: PitCorrection
    pit_id: int | None
    sentence: str


def propose(project: Project, scan: ScanRecord, spot: Spot) -> PlaceFit:
    """Fit a mouth at a spot of a scan; ``spot.surface`` is empty where the slopes are to say it.

    Raises
    ------
    CorrectionError
        There is no picture at the spot.
    """
    row = next((r for r in project.catalogue.field_rows(scan.scan_id) if r.field == spot.field), None)
    stack, flat = (scan_stack(project, row), flat_of(scan)) if row is not None else (None, None)
    if row is None or stack is None or flat is None:
        raise CorrectionError(
            f"There is no picture of field {spot.field}", scan.scan, "point to a place in a field that has one"
        )
    if not (-0.5 <= spot.x_px <= row.width - 0.5 and -0.5 <= spot.y_px <= row.height - 0.5):
        raise CorrectionError(
            f"({spot.x_px:g}, {spot.y_px:g}) lies outside field {spot.field}", scan.scan,
            f"x goes from 0 to {row.width - 1}, y from 0 to {row.height - 1}",
        )  # fmt: skip
    pits = project.catalogue.pits(_run(project, scan).run_id, merged=False)
    here = pits[pits["field"] == spot.field]
    usual = float((here if len(here) else pits)["minor_px"].median()) if len(pits) else np.nan
    usable = usable_flat(stack, scan.description, flat, row.missing)
    place = (spot.x_px, spot.y_px)
    fit = fit_place(
        stack, scan.description, usable, place, usual if np.isfinite(usual) else TYPICAL_PX, spot.surface, here
    )
    inside = -0.5 <= fit.x_px <= row.width - 0.5 and -0.5 <= fit.y_px <= row.height - 0.5
    return fit if inside else replace(fit, x_px=spot.x_px, y_px=spot.y_px)


def add_pit(project: Project, scan: ScanRecord, field: str, fit: PlaceFit, annotator: str) -> PutRight:
    """Put a pit where a fit says.

    Raises
    ------
    CorrectionError
        A pit of that surface is there already.
    """
    spot = Spot(scan.scan, field, fit.x_px, fit.y_px, fit.surface)
    _refuse_double(project, scan, spot, fit.minor_px, None)
    mouth = Mouth(fit.major_px, fit.minor_px, fit.azimuth_deg, fit.surface_score, fit.snr)
    return _entered(
        project, scan, PitCorrection("add", scan.foil, spot, spot, mouth, annotator), f"Pit put ({fit.words})"
    )


def remove_pit(project: Project, scan: ScanRecord, pit_id: int, annotator: str) -> PutRight:
    """Take a pit out: a person says it is none. Nothing is deleted."""
    pit = _pit(project, scan, pit_id)
    spot = _spot(scan, pit)
    correction = PitCorrection("remove", scan.foil, spot, spot, _mouth(pit), annotator)
    return _entered(project, scan, correction, f"Pit {pit_id} taken out: no pit")


def move_pit(project: Project, scan: ScanRecord, pit_id: int, to: Spot, annotator: str) -> PutRight:
    """Put a pit elsewhere; its mouth stays as it was measured, its labels go with it.

    Raises
    ------
    CorrectionError
        Another pit of that surface is there already.
    """
    pit = _pit(project, scan, pit_id)
    before = _spot(scan, pit)
    to = replace(to, surface=before.surface)
    minor = _known(pit["minor_px"])
    _refuse_double(project, scan, to, minor, pit_id)
    mouth = replace(_mouth(pit), snr=None)
    correction = PitCorrection("move", scan.foil, before, to, mouth, annotator)
    return _entered(
        project, scan, correction, f"Pit {pit_id} moved to ({to.x_px:.0f}, {to.y_px:.0f}) of field {to.field}"
    )


def link_pits(project: Project, scan: ScanRecord, first: int, second: int, annotator: str) -> PutRight:
    """Say that two pits of the two surfaces are one track.

    Raises
    ------
    CorrectionError
        The two are not on different surfaces.
    """
    one, other = (_spot(scan, _pit(project, scan, pit)) for pit in (first, second))
    ends = entry_and_exit(one, other)
    if first == second or ends is None:
        side = one.surface or "an unknown surface"
        raise CorrectionError(
            f"Pits {first} and {second} are both on {side}",
            scan.scan,
            "a track has one pit on top and one on the bottom",
        )
    if placement_of(project, scan).frame_of(one.field) != placement_of(project, scan).frame_of(other.field):
        raise CorrectionError(
            f"Fields {one.field} and {other.field} share no frame", scan.scan, "give the scan its positions first"
        )
    correction = PitCorrection("link", scan.foil, *ends, annotator=annotator)
    return _entered(project, scan, correction, f"Pits {first} and {second} linked by hand")


def pit_pointed_to(project: Project, scan: ScanRecord, spot: Spot) -> int:
    """Id of the pit at a spot, as a person points to it: within its mouth, or 8 px.

    Raises
    ------
    NotFoundError
        There is none.
    """
    pits = project.catalogue.pits(_run(project, scan).run_id)
    here = pits[pits["field"] == spot.field]
    away = here[["x_px", "y_px"]].to_numpy(float) - np.array([spot.x_px, spot.y_px])
    apart = np.hypot(away[:, 0], away[:, 1])
    near = apart <= np.maximum(_POINTED_PX, 0.5 * here["major_px"].fillna(0.0).to_numpy(float))
    like = (here["surface"] == spot.surface).to_numpy(bool) if spot.surface else np.ones(len(here), bool)
    if not (near & like).any():
        raise NotFoundError(
            f"There is no pit at ({spot.x_px:g}, {spot.y_px:g}) of field {spot.field}",
            scan.scan,
            "`export pits` lists them",
        )
    return int(here["pit_id"].to_numpy()[int(np.argmin(np.where(near & like, apart, np.inf)))])


def _entered(project: Project, scan: ScanRecord, correction: PitCorrection, sentence: str) -> PutRight:
    """First the journal, then the tables: a program that dies in between finds it in the journal."""
    stroke = project.labels.corrections.give(replace(correction, when=now()))
    settle_corrections(project)
    entered = next(c for c in project.labels.corrections.in_force() if c.stroke == stroke)
    return PutRight(entered, pit_of(project, scan, entered), sentence)


def pit_of(project: Project, scan: ScanRecord, correction: PitCorrection) -> int | None:
    """Id of the pit that a correction put; None where it put none, or the run has found it itself."""
    rows = project.catalogue.hand.of_run(_run(project, scan).run_id)
    mine = rows[(rows["correction"] == correction.correction_id) & (rows["by_hand"] == 1)]
    return int(mine["pit_id"].iloc[0]) if len(mine) else None


def _refuse_double(
    project: Project, scan: ScanRecord, spot: Spot, minor_px: float | None, apart_from: int | None
) -> None:
    pits = project.catalogue.pits(_run(project, scan).run_id)
    there = nearest_pit(spot, pits, placement_of(project, scan), minor_px, apart_from)
    if there is not None:
        raise CorrectionError(f"Pit {there} is there already", f"field {spot.field}", "move it, or take it out first")


def _run(project: Project, scan: ScanRecord) -> RunRecord:
    run = project.catalogue.current_run("preselect", scan.scan_id)
    if run is None:
        raise CorrectionError("Nobody has looked for pits here yet", scan.scan, "run preselect first")
    return run


def _pit(project: Project, scan: ScanRecord, pit_id: int) -> pd.Series:
    pits = project.catalogue.pits(_run(project, scan).run_id, merged=False)
    mine = pits[pits["pit_id"] == pit_id]
    if not len(mine):
        raise NotFoundError(f"There is no pit {pit_id} any more", scan.scan, "pick another one")
    return mine.iloc[0]


def _spot(scan: ScanRecord, pit: pd.Series) -> Spot:
    surface = pit["surface"] if pit["surface"] in ("top", "bottom") else ""
    return Spot(scan.scan, str(pit["field"]), float(pit["x_px"]), float(pit["y_px"]), surface)


def _mouth(pit: pd.Series) -> Mouth:
    names = ("major_px", "minor_px", "azimuth_deg", "surface_score", "snr")
    return Mouth(*(_known(pit[name]) for name in names))


def _known(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
