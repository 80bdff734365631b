"""How good the pits and candidates are, against known truth."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from moedal_gui.analysis.evaluation import candidate_figures, match_pits, pit_figures
from moedal_gui.analysis.intervals import rounded
from moedal_gui.analysis.label_matching import place
from moedal_gui.core.errors import NotFoundError, TableError
from moedal_gui.core.task import Outcome, Plan, at_once, parameter
from moedal_gui.formats.positions import plain_number
from moedal_gui.formats.tables import numbers, read_csv
from moedal_gui.store.project import Project
from moedal_gui.tasks.candidate_table import candidate_table
from moedal_gui.tasks.pit_table import all_pits
from moedal_gui.tasks.placing import placement_of

_TEXT = ("foil", "scan", "field", "surface", "label", "id", "pair")


@dataclass(frozen=True)
class EvaluateParameters:
    """What ``evaluate`` is told."""

    truth: Path = field(metadata=parameter("a label file with id and pair"))
    scan: str | None = field(default=None, metadata=parameter("only this scan"))
    tolerance_px: float = field(default=8.0, metadata=parameter("farthest that a found pit may lie from the true one"))
    run: str | None = field(default=None, metadata=parameter("this run instead of the current one"))


def plan(project: Project, parameters: EvaluateParameters) -> Plan[None, None]:
    """Compare the current pits and candidates with a truth file."""
    truth = _read_truth(parameters.truth, project, parameters.scan)
    return at_once(lambda: _evaluate(project, parameters, truth))


def _read_truth(path: Path, project: Project, scan: str | None) -> pd.DataFrame:
    table = read_csv(path, ("field", "x_px", "y_px"))
    if not len(table):
        raise TableError("The truth file is empty", path, "check it")
    for name in _TEXT:
        values = table[name] if name in table.columns else pd.Series([""] * len(table))
        table[name] = ["" if pd.isna(v) else str(v).strip() for v in values]
    for name in ("x_px", "y_px"):
        table[name] = numbers(table, name, path)
    table["field"] = [plain_number(f) for f in table["field"]]
    if scan is not None:
        record = project.catalogue.scan(scan)
        mine = table["scan"].isin(["", record.scan])
        table = table[mine] if mine.any() else table
        table = table.assign(scan=record.scan, foil=record.foil)
    known = {s.scan: s.foil for s in project.catalogue.scans()}
    table = table[table["scan"].isin(list(known)) | ((table["scan"] == "") & (len(known) == 1))].copy()
    if not len(table):
        raise NotFoundError("None of the true pits is of a scan in this project", path, "name the scan with --scan")
    only = next(iter(known))
    table["scan"] = [s or only for s in table["scan"]]
    table["foil"] = [known[s] for s in table["scan"]]
    unnamed = table["id"] == ""
    table.loc[unnamed, "id"] = [f"row {i}" for i in table.index[unnamed]]
    surfaces = table["surface"].where(
        table["surface"] != "", table["label"].where(table["label"].isin(["top", "bottom"]), "")
    )
    return table.assign(surface=surfaces).reset_index(drop=True)


def _evaluate(project: Project, parameters: EvaluateParameters, truth: pd.DataFrame) -> Outcome:
    if parameters.run is not None:
        project.catalogue.runs_named(parameters.run)
    run = (
        parameters.run
        if parameters.run and project.catalogue.runs_named(parameters.run)[0].task == "preselect"
        else None
    )
    every = all_pits(project, run)
    scans: dict[str, Any] = {}
    total: list[dict[str, Any]] = []
    for name in dict.fromkeys(truth["scan"]):
        mine = truth[truth["scan"] == name].reset_index(drop=True)
        found = every[every["scan"] == name].reset_index(drop=True)
        scans[name] = _one_scan(project, mine, found, parameters.tolerance_px)
        total.append(scans[name])
    overall = _summed(total)
    candidates = _candidates(project, truth, every, parameters)
    per_field = (
        scans[next(iter(scans))]["per_field"]
        if len(scans) == 1
        else {f"{s}/{f}": v for s, r in scans.items() for f, v in r["per_field"].items()}
    )
    values = {**overall, **candidates, "tolerance_px": parameters.tolerance_px, "per_field": per_field}
    sentence = (
        f"{values['matched']} of {values['true']} true pits found, {values['found']} in all: efficiency "
        f"{rounded(values['efficiency']['value'])}, purity {rounded(values['purity']['value'])}, surface right "
        f"{rounded(values['surface_accuracy']['value'])}; candidates: efficiency {rounded(values['candidate_efficiency']['value'])}, "
        f"purity {rounded(values['candidate_purity']['value'])}"
    )
    return Outcome(sentence, values)


def _one_scan(project: Project, truth: pd.DataFrame, found: pd.DataFrame, tolerance: float) -> dict[str, Any]:
    """Detection figures of one scan; a true pit seen in two fields (same id) counts once, in the field it is listed in first."""
    placements = {(s.foil, s.scan): placement_of(project, s) for s in project.catalogue.scans()}
    once = truth.drop_duplicates("id").reset_index(drop=True)
    ours, theirs = place(once, placements), place(found, placements)
    matched = match_pits(ours.places, ours.frame, theirs.places, theirs.frame, tolerance)
    true_surface = once["surface"].to_numpy(dtype=object)
    found_surface = found["surface"].fillna("").to_numpy(dtype=object)
    surfaces = [
        (str(true_surface[t]), str(found_surface[f])) for t, f in zip(matched.truth, matched.found, strict=True)
    ]
    per_field: dict[str, Any] = {}
    true_field, found_field = once["field"].to_numpy(dtype=object), found["field"].to_numpy(dtype=object)
    for name in dict.fromkeys([*true_field, *found_field]):
        hits = [s for s, t in zip(surfaces, matched.truth, strict=True) if true_field[t] == name]
        # A pit matched to a true one that is listed under the overlapping field is no false find there.
        false = int((found_field == name).sum()) - int((found_field[matched.found] == name).sum())
        per_field[str(name)] = pit_figures(int((true_field == name).sum()), len(hits) + false, hits)
    return {**pit_figures(len(once), len(found), surfaces), "surfaces": surfaces, "per_field": per_field}


def _summed(parts: list[dict[str, Any]]) -> dict[str, Any]:
    surfaces = [s for p in parts for s in p["surfaces"]]
    return pit_figures(sum(p["true"] for p in parts), sum(p["found"] for p in parts), surfaces)


def _candidates(
    project: Project, truth: pd.DataFrame, pits: pd.DataFrame, parameters: EvaluateParameters
) -> dict[str, Any]:
    """A candidate is right when its two ends are the two true ends of one pair."""
    pairs = truth[truth["pair"] != ""].drop_duplicates(["pair", "id"]).reset_index(drop=True)
    whole = pairs.groupby("pair")["id"].transform("nunique") == 2
    pairs = pairs[whole].reset_index(drop=True)
    candidates = candidate_table(project, parameters.run)
    if parameters.scan is not None:
        scan = project.catalogue.scan(parameters.scan)
        candidates = candidates[candidates["foil"] == scan.foil]
    true_of = _true_pair_of(project, pairs, pits, parameters.tolerance_px)
    first = [true_of.get(int(p)) for p in candidates["entry_pit"]]
    second = [true_of.get(int(p)) for p in candidates["exit_pit"]]
    right = {a[0] for a, b in zip(first, second, strict=True) if a and b and a[0] == b[0] and a[1] != b[1]}
    return candidate_figures(int(pairs["pair"].nunique()), len(candidates), len(right))


def _true_pair_of(
    project: Project, pairs: pd.DataFrame, pits: pd.DataFrame, tolerance: float
) -> dict[int, tuple[str, str]]:
    """pit_id -> (pair, id) of the true end it lies on; surfaces must agree, the foil's other scans count too."""
    placements = {(s.foil, s.scan): placement_of(project, s) for s in project.catalogue.scans()}
    result: dict[int, tuple[str, str]] = {}
    for scan in dict.fromkeys(pits["scan"]):
        found = pits[pits["scan"] == scan].reset_index(drop=True)
        theirs = place(found, placements)
        own = pairs[pairs["scan"] == scan]
        truth = (own if len(own) else pairs.drop_duplicates("id")).reset_index(drop=True)
        ours = place(truth, placements)
        for surface in ("top", "bottom"):
            t = np.flatnonzero(truth["surface"].isin([surface, ""]))
            f = np.flatnonzero(found["surface"] == surface)
            matched = match_pits(ours.places[t], ours.frame[t], theirs.places[f], theirs.frame[f], tolerance)
            for a, b in zip(t[matched.truth], f[matched.found], strict=True):
                result[int(found["pit_id"].iloc[b])] = (str(truth["pair"].iloc[a]), str(truth["id"].iloc[a]))
    return result
