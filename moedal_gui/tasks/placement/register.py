"""Registration: every pair of scans of a foil into one frame."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from moedal_gui import __version__
from moedal_gui.analysis.registration import stage_placement
from moedal_gui.core.placement import placement_to_plain
from moedal_gui.core.task import Outcome, Plan, at_once
from moedal_gui.store.catalogue import RunRecord, ScanRecord
from moedal_gui.store.project import Project
from moedal_gui.tasks.fingerprint import digest, geometry_hash
from moedal_gui.tasks.pit_table import pit_run
from moedal_gui.tasks.placement.datum_frame import tie_foil
from moedal_gui.tasks.placement.field_overlaps import doubt_of, misplaced_fields
from moedal_gui.tasks.placement.tie_scans import TiedScans, pair_rows, views_apart
from moedal_gui.tasks.placement.turned_pictures import turned_pictures


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
    overlaps = {s.scan_id: misplaced_fields(project, s) for s in scans}
    plain = {
        s.scan_id: stage_placement(s.description, fields[s.scan_id], o.fields if (o := overlaps[s.scan_id]) else None)
        for s in scans
    }
    pits = {s.scan_id: _pits(project, s) for s in scans}
    run = project.catalogue.open_run("register", None, {}, input_hash(project), __version__)
    pairs: list[dict[str, Any]] = []
    datum: list[dict[str, Any]] = []
    for foil in dict.fromkeys(s.foil for s in scans):
        group = [s for s in scans if s.foil == foil]
        told, finding = tie_foil(group, plain, pits)
        found = _pairs(group, told, finding)
        pairs += found
        datum += [_once_mended(finding) if any(row.get("turned") for row in found) else finding] if finding else []
        views = views_apart(group, told)
        for scan in group:
            kept = placement_to_plain(replace(told.placed[scan.scan_id], apart=views[scan.scan_id]))
            kept |= {"geometry": geometry_hash(scan, fields[scan.scan_id])}
            moved = overlaps[scan.scan_id]
            if moved is not None:
                kept |= {"overlaps": moved.to_plain()}
            project.catalogue.set_placement(run.run_id, scan.scan_id, kept)
    rows = [{"foil": s.foil, "scan": s.scan, **o.figures} for s in scans if (o := overlaps[s.scan_id]) is not None]
    values = {"pairs": pairs, "overlaps": rows, "datum": datum}
    project.catalogue.finish_run(run.run_id, values)
    doubtful = any(d["checked"] for d in datum) or any(row.get("doubt") for row in [*pairs, *rows])
    return Outcome(
        "; ".join([_sentence(pairs, scans, rows), *(d["note"] for d in datum)]), {"run": run.name, **values}, doubtful
    )


def input_hash(project: Project) -> str:
    """Of all that a registration is made from: the scans' geometry and their current pits."""
    words = []
    for scan in project.catalogue.scans():
        run = pit_run(project, scan)
        words.append([geometry_hash(scan, project.catalogue.fields(scan.scan_id)), run.name if run else None])
    return digest(words)


def registration_doubts(project: Project, scan: ScanRecord | None = None, checked_only: bool = False) -> list[str]:
    """What the newest registration doubts of the scans as they are described now: of a project, or of one scan.

    ``checked_only``: without what is said of datum points that nothing checks.
    """
    run = project.catalogue.current_run("register")
    if run is None:
        return []
    known = {(s.foil, s.scan): s for s in project.catalogue.scans()}
    as_then = {key for key, one in known.items() if _as_registered(project, run, one)}
    mine = list(known) if scan is None else [(scan.foil, scan.scan)]
    said = []
    for pair in run.summary.get("pairs", []):
        ends = {(pair["foil"], pair[end]) for end in ("a", "b")}
        if pair.get("doubt") and ends & set(mine) and ends <= as_then:
            said.append(str(pair["doubt"]))
    said += [doubt for key in mine if (doubt := doubt_of(project, known[key])) is not None]
    changed = {foil for foil, name in known if (foil, name) not in as_then}
    datum = [d for d in run.summary.get("datum", []) if scan is None and (d["checked"] or not checked_only)]
    return [*said, *(str(d["note"]) for d in datum if d["foil"] not in changed)]


def _as_registered(project: Project, run: RunRecord, scan: ScanRecord) -> bool:
    """Whether a scan is still described as it was when it was registered."""
    kept = project.catalogue.placement(run.run_id, scan.scan_id)
    return kept is not None and bool(kept["geometry"] == geometry_hash(scan, project.catalogue.fields(scan.scan_id)))


def _pits(project: Project, scan: ScanRecord) -> pd.DataFrame:
    run = pit_run(project, scan)
    return project.catalogue.pits(run.run_id)[["field", "x_px", "y_px", "surface"]] if run else pd.DataFrame()


def _sentence(pairs: list[dict[str, Any]], scans: list[ScanRecord], overlaps: list[dict[str, Any]]) -> str:
    if not pairs:
        parts = [
            "One scan: nothing to register" if len(scans) == 1 else "No two scans of one foil: nothing to register"
        ]
    else:
        parts = [str(row["doubt"]) if row.get("doubt") else f"{row['a']} - {row['b']}: {_words(row)}" for row in pairs]
    parts += [
        f"{row['scan']}: fields moved by what {row['seams']} of {row['pairs']} overlaps show, misfit {row['before_px']:.2f} -> {row['after_px']:.2f} px"
        for row in overlaps
        if row["after_px"] < row["before_px"]
    ]
    parts += [str(row["doubt"]) for row in overlaps if row.get("doubt")]
    return "; ".join(parts)


def _pairs(scans: Sequence[ScanRecord], told: TiedScans, finding: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    """What is said of every two scans of a foil; ``turned`` where the pictures of one lie otherwise than stated."""
    named = {s.scan: s for s in scans}
    rows = []
    for row in pair_rows(scans, told):
        known = _with_numbers(row, finding)
        if row["refined"] and (doubt := turned_pictures(named[row["a"]], named[row["b"]], told)):
            known |= {
                "doubt": "; ".join([*([str(known["doubt"])] if known.get("doubt") else []), doubt]),
                "turned": True,
            }
        rows.append(known)
    return rows


def _with_numbers(row: dict[str, Any], finding: Mapping[str, Any] | None) -> dict[str, Any]:
    """A pair whose datum points are the same holes under other numbers: they fit, whatever their numbers say."""
    if finding is None or not any({row["a"], row["b"]} == set(pair) for pair in finding.get("same_marks", ())):
        return row
    return {name: value for name, value in row.items() if name != "datum_misfit"} | {"datum_numbers": True}


def _once_mended(finding: Mapping[str, Any]) -> dict[str, Any]:
    """What is said of datum points while pictures lie otherwise than stated: pits then bring scans together against right ones."""
    plain = {"wrong": [], "undecided": [], "same_marks": [], "checked": True}
    return {**finding, **plain, "note": "the datum points are compared once the pictures lie as they should"}


def _px(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.2f} px"


def _words(row: dict[str, Any]) -> str:
    figures = row["refined"]
    words = f"{figures['within_2px']:.1%} within 2 px, rms {_px(figures['rms_px'])}" if figures else row["reason"]
    if row["tied_by"] == "pits":
        against = row["datum"] is not None and not row.get("datum_numbers")
        words += ", tied by the pits against the datum points" if against else ", tied by the pits alone"
    if row.get("datum_left_out") is not None:
        words += f", without datum point {row['datum_left_out']} (counted from 0), which does not fit"
    elif row.get("datum_misfit"):
        words += ", the datum points of the two do not fit each other"
    return words
