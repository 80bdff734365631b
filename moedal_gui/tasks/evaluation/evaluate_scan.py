"""Truth from another scan: its pits, carried over by the registration."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from moedal_gui.analysis.coverage import field_at
from moedal_gui.analysis.evaluation import candidate_figures, pit_figures
from moedal_gui.analysis.intervals import fraction
from moedal_gui.analysis.label_matching import label_surfaces, newest_at_places, place
from moedal_gui.analysis.matching import nearest, one_to_one
from moedal_gui.analysis.registration import ACCIDENTAL_SHIFT_PX
from moedal_gui.analysis.resolution import common_offset
from moedal_gui.core.errors import ArgumentError, NotFoundError
from moedal_gui.core.placement import ScanPlacement
from moedal_gui.core.task import Outcome, Plan
from moedal_gui.store.catalogue import ScanRecord
from moedal_gui.store.project import Project
from moedal_gui.tasks.evaluation.evaluate_scan_sum import resolution, sentence, together
from moedal_gui.tasks.pit_table import pit_run, pit_table
from moedal_gui.tasks.placement.placing import placement_of

Floats = npt.NDArray[np.float64]

CUTS_PX = tuple(float(cut) for cut in range(2, 21))
_PITS = ("candidate", "top", "bottom", "misc")


@dataclass(frozen=True)
class Carried:
    """True pits on another scan, and that scan's found pits, both px of the common frame, inside what both scans show.

    ``offset_px`` is in ``true`` already; ``searched`` says whether it was looked for, and None where nothing was found.
    """

    scan: ScanRecord
    placement: ScanPlacement
    truth: pd.DataFrame
    found: pd.DataFrame
    true: Floats
    places: Floats
    true_field: npt.NDArray[np.object_]
    offset_px: tuple[float, float]
    searched: bool | None


@dataclass(frozen=True)
class ScanUnit:
    """What is worked out at once: the matches of one scan at one distance, or (``cut_px`` None) all else of it."""

    part: int
    cut_px: float | None


def plan_scan(
    project: Project, truth_scan: str, truth_of: str, scan: str | None, run: str | None,
    offset_px: tuple[float, float] | None, tolerance_px: float,
) -> Plan[ScanUnit, dict[str, Any]]:  # fmt: skip
    """Compare pits with those of another scan of the foil.

    Raises
    ------
    NotFoundError
        The scan has no truth to give, or no other scan of the foil shares its frame and has pits.
    ArgumentError
        The offset leaves no true pit on any picture.
    """
    source = project.catalogue.scan(truth_scan)
    truth = _truth(project, source, truth_of)
    if scan is not None:
        targets = [project.catalogue.scan(scan)]
        if targets[0].scan_id == source.scan_id:
            raise NotFoundError("A scan cannot be its own truth", truth_scan, "name another scan with --scan")
    else:
        targets = [s for s in project.catalogue.scans() if s.foil == source.foil and s.scan_id != source.scan_id]
    every = (_carried(project, source, truth, target, run, offset_px) for target in targets)
    parts = [carried for carried in every if carried is not None]
    if not parts:
        raise NotFoundError(
            f"No other scan of foil {source.foil} has pits in the frame of {source.scan}", scan or "", "find pits in it and register it first"
        )  # fmt: skip
    if offset_px is not None and len(truth) and not any(len(carried.true) for carried in parts):
        raise ArgumentError(
            f"--offset-px {offset_px[0]:g},{offset_px[1]:g} leaves no pit of {source.scan} on any picture", parts[0].scan.scan,
            "leave it out, and it is looked for",
        )  # fmt: skip
    figures: list[dict[str, Any]] = [{"cuts": []} for _ in parts]

    def work(unit: ScanUnit) -> dict[str, Any]:
        carried = parts[unit.part]
        return _figures(source, carried, tolerance_px) if unit.cut_px is None else _cut(carried, unit.cut_px)

    def commit(unit: ScanUnit, found: dict[str, Any]) -> None:
        if unit.cut_px is None:
            figures[unit.part] |= found
        else:
            figures[unit.part]["cuts"].append(found)

    def finish() -> Outcome:
        values = together(figures, tolerance_px)
        return Outcome(sentence(values, source), {**values, "truth_scan": source.scan})

    units = [ScanUnit(part, cut) for part in range(len(parts)) for cut in (*CUTS_PX, None)]
    return Plan(units, work, commit, finish)


def _truth(project: Project, source: ScanRecord, truth_of: str) -> pd.DataFrame:
    """Pits of the scan's current run, or its labels in force that name a pit: pit_id, field, x_px, y_px, surface, major_px."""
    columns = ["pit_id", "foil", "scan", "field", "x_px", "y_px", "surface", "major_px"]
    if truth_of == "pits":
        if pit_run(project, source) is None:
            raise NotFoundError(
                "The scan has no pits to serve as truth",
                source.scan,
                "find some, or take its labels with --truth-of labels",
            )
        table = pit_table(project, source)
        return table[columns].assign(surface=table["surface"].fillna("")).reset_index(drop=True)
    journal = project.labels.in_force()
    journal = journal[(journal["scan"] == source.scan) & journal["foil"].isin(["", source.foil])].reset_index(drop=True)
    if len(journal):
        placed = place(journal, {(source.foil, source.scan): placement_of(project, source)})
        journal = journal.iloc[newest_at_places(journal, placed, [])]
        journal = journal[journal["label"].isin(_PITS)].reset_index(drop=True)
    if not len(journal):
        raise NotFoundError(
            "The scan has no labels to serve as truth", source.scan, "label some pits, or take --truth-of pits"
        )
    return journal.assign(surface=label_surfaces(journal), pit_id=np.nan, major_px=np.nan)[columns]


def _carried(
    project: Project, source: ScanRecord, truth: pd.DataFrame, target: ScanRecord, run: str | None,
    offset_px: tuple[float, float] | None,
) -> Carried | None:  # fmt: skip
    first, second = placement_of(project, source), placement_of(project, target)
    if pit_run(project, target, run) is None or first.frame != second.frame or first.unit != second.unit:
        return None
    found = pit_table(project, target, run)
    truth = truth[~truth["field"].isin(list(first.loose)) & truth["field"].isin(list(first.centres))]
    found = found[~found["field"].isin(list(second.loose))].reset_index(drop=True)
    pixel = second.scale
    true = first.to_frame(truth["field"], truth["x_px"], truth["y_px"]) / pixel
    places = second.to_frame(found["field"], found["x_px"], found["y_px"]) / pixel if len(found) else np.zeros((0, 2))
    searched: bool | None = False
    if offset_px is None:
        told = common_offset(true, places) if len(true) and len(places) else None
        searched, offset_px = (True, told) if told is not None else (None, (0.0, 0.0))
    true = true + np.asarray(offset_px)
    true_field = field_at(second, _seen(project, target), true * pixel)
    shown = true_field != ""
    # A pit that the true scan could not see is no false find.
    inside = field_at(first, _seen(project, source), (places - np.asarray(offset_px)) * pixel) != ""
    return Carried(
        target, second, truth[shown].reset_index(drop=True), found[inside].reset_index(drop=True), true[shown], places[inside],
        true_field[shown], offset_px, searched,
    )  # fmt: skip


def _seen(project: Project, scan: ScanRecord) -> list[str]:
    """Fields with pictures; all where the scan has none."""
    rows = project.catalogue.field_rows(scan.scan_id)
    return [r.field for r in rows if r.batch is not None] or [r.field for r in rows]


def _figures(source: ScanRecord, carried: Carried, tolerance: float) -> dict[str, Any]:
    truth, found = carried.truth, carried.found
    rows, columns = one_to_one(carried.true, carried.places, tolerance)
    true_surface = truth["surface"].to_numpy(dtype=object)
    found_surface = found["surface"].fillna("").to_numpy(dtype=object)
    surfaces = [(str(true_surface[t]), str(found_surface[f])) for t, f in zip(rows, columns, strict=True)]
    residual = carried.places[columns] - carried.true[rows]
    free = np.setdiff1d(np.arange(len(found)), columns)
    broken, of = _fragments(carried, free, rows, tolerance)
    false = np.setdiff1d(free, broken)
    missed = np.setdiff1d(np.arange(len(truth)), rows)
    found_field = found["field"].to_numpy(dtype=object)
    per_field: dict[str, Any] = {}
    for name in dict.fromkeys([*carried.true_field, *found_field]):
        hits = [s for s, t in zip(surfaces, rows, strict=True) if carried.true_field[t] == name]
        wrong = int((found_field == name).sum()) - int((found_field[columns] == name).sum())
        per_field[str(name)] = {
            **pit_figures(int((carried.true_field == name).sum()), len(hits) + wrong, hits), **candidate_figures(0, 0, 0)
        }  # fmt: skip
    return {
        "foil": carried.scan.foil, "scan": carried.scan.scan, "run": str(found["run"].iloc[0]) if len(found) else None,
        "offset_px": [round(v, 4) for v in carried.offset_px], "offset_searched": bool(carried.searched),
        "offset_found": carried.searched is not None,
        **pit_figures(len(truth), len(found), surfaces),
        "resolution_px": resolution(residual, tolerance),
        "misses": [_true_place(source, carried, int(t)) for t in missed],
        "false_finds": [_found_place(carried, int(f)) for f in false],
        "fragments": [
            {**_found_place(carried, int(f)), "of": _true_place(source, carried, int(t))} for f, t in zip(broken, of, strict=True)
        ],
        "per_field": per_field, "surfaces": surfaces, "residual": residual,
    }  # fmt: skip


def _cut(carried: Carried, cut: float) -> dict[str, Any]:
    """Efficiency and purity at one distance, and the share of true pits that accident would match."""
    matched = len(one_to_one(carried.true, carried.places, cut)[0])
    aside = carried.places + np.array([ACCIDENTAL_SHIFT_PX, 0.0])
    accident = len(one_to_one(carried.true, aside, cut)[0])
    return {
        "cut_px": cut, "matched": matched, "efficiency": fraction(matched, len(carried.true)), "purity": fraction(matched, len(carried.places)),
        "accidental": accident / len(carried.true) if len(carried.true) else None,
    }  # fmt: skip


def _fragments(
    carried: Carried, free: npt.NDArray[np.intp], matched: npt.NDArray[np.intp], tolerance: float
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Finds that lie on a true pit which another find has already: within the tolerance, or within half its length."""
    if not len(free) or not len(matched):
        return np.empty(0, np.intp), np.empty(0, np.intp)
    distance, index = nearest(carried.places[free], carried.true[matched])
    length = carried.truth["major_px"].fillna(0.0).to_numpy(float)[matched[index]]
    on = distance <= np.maximum(tolerance, length / 2)
    return free[on], matched[index[on]]


def _true_place(source: ScanRecord, carried: Carried, row: int) -> dict[str, Any]:
    """A true pit: where its own scan has it, and where it would lie in the other."""
    pit = carried.truth.iloc[row]
    name = str(carried.true_field[row])
    x, y = carried.placement.to_pixel(name, carried.true[row][None] * carried.placement.scale)[0]
    return {
        "pit_id": None if pd.isna(pit["pit_id"]) else int(pit["pit_id"]), "scan": source.scan, "field": str(pit["field"]),
        "x_px": round(float(pit["x_px"]), 3), "y_px": round(float(pit["y_px"]), 3), "surface": str(pit["surface"]),
        "expected": {"scan": carried.scan.scan, "field": name, "x_px": round(float(x), 3), "y_px": round(float(y), 3)},
    }  # fmt: skip


def _found_place(carried: Carried, row: int) -> dict[str, Any]:
    pit = carried.found.iloc[row]
    return {
        "pit_id": int(pit["pit_id"]), "scan": carried.scan.scan, "field": str(pit["field"]), "x_px": round(float(pit["x_px"]), 3),
        "y_px": round(float(pit["y_px"]), 3), "surface": "" if pd.isna(pit["surface"]) else str(pit["surface"]),
    }  # fmt: skip
