"""How good the pits and candidates are, against known truth."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from moedal_gui.analysis.evaluation import candidate_figures, match_pits, pit_figures, score_figures
from moedal_gui.analysis.intervals import rounded
from moedal_gui.analysis.label_matching import place
from moedal_gui.core.counted import counted
from moedal_gui.core.errors import ArgumentError, NotFoundError, TableError
from moedal_gui.core.task import Outcome, Plan, at_once, parameter
from moedal_gui.formats.positions import plain_number
from moedal_gui.formats.tables import numbers, read_csv
from moedal_gui.store.project import Project
from moedal_gui.tasks.candidate_table import candidate_table, link_run, out_of_date, pits_of_links
from moedal_gui.tasks.crowding import dense_scans
from moedal_gui.tasks.evaluation.evaluate_scan import plan_scan
from moedal_gui.tasks.pit_table import all_pits, linked_pit_runs
from moedal_gui.tasks.placement.placing import placement_of

TRUTHS = ("pits", "labels")
_NAMED = 5
_TEXT = ("foil", "scan", "field", "surface", "label", "id", "pair")


@dataclass(frozen=True)
class EvaluateParameters:
    """What ``evaluate`` is told."""

    truth: Path | None = field(
        default=None,
        metadata=parameter(
            "a label file with id and pair, that is, of known pits",
            label="File of true pits",
            unset="none: a scan is the truth",
        ),
    )
    truth_scan: str | None = field(
        default=None,
        metadata=parameter(
            "a scan of the same foil whose pits, carried over by the registration, are the truth",
            label="Scan as the truth",
            unset="none: a file is the truth",
        ),
    )
    truth_of: str = field(
        default="pits", metadata=parameter("what of that scan is the truth", choices=TRUTHS, label="Of that scan, its")
    )
    offset_px: str | None = field(
        default=None,
        metadata=parameter(
            "X,Y added to the carried pits, px of the foil's frame; searched by default",
            label="Offset x, y (px)",
            unset="searched",
        ),
    )
    scan: str | None = field(
        default=None,
        metadata=parameter("judge this scan only", label="Scan to judge", unset="all that the truth speaks of"),
    )
    tolerance_px: float = field(
        default=8.0, metadata=parameter("farthest that a found pit may lie from the true one", label="Tolerance (px)")
    )
    run: str | None = field(
        default=None,
        metadata=parameter("judge this run instead of the current one", label="Run to judge", unset="the current one"),
    )


def plan(project: Project, parameters: EvaluateParameters) -> Plan[Any, Any]:
    """Compare the current pits and candidates with a truth file, or the pits with those of another scan."""
    if (parameters.truth is None) == (parameters.truth_scan is None):
        raise ArgumentError("Give --truth or --truth-scan, and not both", remedy="name a label file or a scan")
    if not parameters.tolerance_px > 0:
        raise ArgumentError("--tolerance-px must be above zero", remedy="give a distance in px")
    if parameters.truth_scan is not None:
        source, offset = parameters.truth_scan, offset_from(parameters.offset_px)
        return plan_scan(
            project, source, parameters.truth_of, parameters.scan, parameters.run, offset, parameters.tolerance_px
        )
    if parameters.offset_px is not None or parameters.truth_of != "pits":
        raise ArgumentError("--offset-px and --truth-of go with --truth-scan", remedy="leave them out")
    assert parameters.truth is not None
    truth = _read_truth(parameters.truth, project, parameters.scan)
    return at_once(lambda: _evaluate(project, parameters, truth))


def offset_from(words: str | None) -> tuple[float, float] | None:
    """The two numbers of ``X,Y``; None for nothing.

    Raises
    ------
    ArgumentError
        They are not two numbers.
    """
    if words is None:
        return None
    try:
        x, y = (float(part) for part in words.split(","))
    except ValueError:
        raise ArgumentError("--offset-px is not two numbers", words, "give X,Y, as in -10,7") from None
    if not (np.isfinite(x) and np.isfinite(y)):
        raise ArgumentError("--offset-px is not two numbers", words, "give X,Y, as in -10,7")
    return (x, y)


def _read_truth(path: Path, project: Project, scan: str | None) -> pd.DataFrame:
    table = read_csv(path, ("field", "x_px", "y_px"))
    if not len(table):
        raise TableError("The truth file is empty", path, "check it")
    # A truth without the column pair does not say which pits are pairs; one with an empty column says that none are.
    for name in _TEXT if "pair" in table.columns else _TEXT[:-1]:
        values = table[name] if name in table.columns else pd.Series([""] * len(table))
        table[name] = ["" if pd.isna(v) else str(v).strip() for v in values]
    for name in ("x_px", "y_px"):
        table[name] = numbers(table, name, path)
    table["field"] = [plain_number(f) for f in table["field"]]
    if scan is not None:
        record = project.catalogue.scan(scan)
        named = table[table["scan"].isin(["", record.scan]) & table["foil"].isin(["", record.foil])]
        strange = {name for name in table["scan"] if name} & {s.scan for s in project.catalogue.scans()}
        if not len(named) and strange:
            raise TableError(
                f"The true pits are of {', '.join(sorted(strange))}, not of {record.scan}", path, "leave --scan out"
            )
        # A truth file kept under other names is taken whole: the person says which scan it is of.
        table = (named if len(named) else table).assign(scan=record.scan, foil=record.foil)
    else:
        table = _of_this_project(table, project, path)
    unnamed = table["id"] == ""
    table.loc[unnamed, "id"] = [f"row {i}" for i in table.index[unnamed]]
    surfaces = table["surface"].where(
        table["surface"] != "", table["label"].where(table["label"].isin(["top", "bottom"]), "")
    )
    return table.assign(surface=surfaces).reset_index(drop=True)


def _of_this_project(table: pd.DataFrame, project: Project, path: Path) -> pd.DataFrame:
    """Rows of scans that are here, foils filled in; refused where a scan's name alone does not say which."""
    scans = project.catalogue.scans()
    foils: dict[str, list[str]] = {}
    for record in scans:
        foils.setdefault(record.scan, []).append(record.foil)
    if len(scans) == 1:
        table = table.assign(scan=[s or scans[0].scan for s in table["scan"]])
    for name in dict.fromkeys(table.loc[table["foil"] == "", "scan"]):
        if len(foils.get(name, [])) > 1:
            raise TableError(
                f"More than one foil has a scan {name}, and the truth does not say which", path, "add a column foil"
            )
    filled = [f or foils.get(s, [""])[0] for f, s in zip(table["foil"], table["scan"], strict=True)]
    table = table.assign(foil=filled)
    known = {(r.foil, r.scan) for r in scans}
    table = table[[pair in known for pair in zip(table["foil"], table["scan"], strict=True)]]
    if not len(table):
        raise NotFoundError("None of the true pits is of a scan in this project", path, "name the scan with --scan")
    return table


def _evaluate(project: Project, parameters: EvaluateParameters, truth: pd.DataFrame) -> Outcome:
    every = all_pits(project, parameters.run)
    parts: dict[str, dict[str, Any]] = {}
    for (foil, scan), mine in truth.groupby(["foil", "scan"], sort=False):
        found = every[(every["scan"] == scan) & (every["foil"] == foil)].reset_index(drop=True)
        parts[f"{foil}/{scan}"] = _one_scan(project, mine.reset_index(drop=True), found, parameters.tolerance_px)
    total = list(parts.values())
    overall = _summed(total)
    links = link_run(project, parameters.run)
    ends = pits_of_links(project, links).reset_index(drop=True) if links is not None else every
    candidates, by_field = _candidates(project, truth, ends, parameters)
    per_field: dict[str, Any] = {}
    for name, part in parts.items():
        for field_name, figures in part["per_field"].items():
            key = (*name.split("/"), field_name)
            per_field[field_name if len(parts) == 1 else f"{name}/{field_name}"] = {
                **figures,
                **candidate_figures(*by_field.get(key, (0, 0, 0)), pairs_known="pair" in truth),
            }
    scores = score_figures(
        np.concatenate([p["labels"] for p in total]), *np.concatenate([p["scores"] for p in total]).T
    )
    values: dict[str, Any] = {
        **overall,
        **candidates,
        **scores,
        "tolerance_px": parameters.tolerance_px,
        "per_field": per_field,
    }
    sentence = (
        f"{values['matched']} of {values['true']} true pits found, {values['found']} in all: efficiency "
        f"{rounded(values['efficiency']['value'])}, purity {rounded(values['purity']['value'])}, surface right "
        f"{rounded(values['surface_accuracy']['value'])}; candidates: efficiency {rounded(values['candidate_efficiency']['value'])}, "
        f"purity {rounded(values['candidate_purity']['value'])}"
    )
    if scores:
        sentence += (
            f"; scores: top or bottom right {rounded(scores['top_bottom_accuracy']['value'])}, others rejected where 95% of "
            f"the candidates pass {rounded(scores['rejection_at_efficiency_95']['value'])}"
        )
    notes = [*_bare(per_field), *(dense_scans(project, linked_pit_runs(links)) if links is not None else [])]
    stale = out_of_date(project, links) if links is not None and parameters.run is None else ""
    return Outcome("; ".join([sentence, *notes, *([stale] if stale else [])]), values)


def _bare(per_field: dict[str, Any]) -> list[str]:
    """What to say of fields that have true pits and not one found: one without light or focus looks like that."""
    bare = {name: figures["true"] for name, figures in per_field.items() if figures["true"] and not figures["found"]}
    if not bare:
        return []
    names = ", ".join(list(bare)[:_NAMED]) + (", …" if len(bare) > _NAMED else "")
    return [
        f"{sum(bare.values())} of the true pits lie in {counted(len(bare), 'field')} in which nothing was found ({names})"
    ]


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
    said = found.iloc[matched.found][[f"score_{n}" for n in ("candidate", "top", "bottom")]].to_numpy(dtype=float)
    labels = once["label"].to_numpy(dtype=object)[matched.truth]
    return {
        **pit_figures(len(once), len(found), surfaces), "surfaces": surfaces, "per_field": per_field, "labels": labels,
        "scores": said,
    }  # fmt: skip


def _summed(parts: list[dict[str, Any]]) -> dict[str, Any]:
    surfaces = [s for p in parts for s in p["surfaces"]]
    return pit_figures(sum(p["true"] for p in parts), sum(p["found"] for p in parts), surfaces)


def _candidates(
    project: Project, truth: pd.DataFrame, pits: pd.DataFrame, parameters: EvaluateParameters
) -> tuple[dict[str, Any], dict[tuple[str, ...], tuple[int, int, int]]]:
    """Figures of the candidates, and (true, found, right) per foil, scan and field of the entry.

    A candidate is right when its two ends are the two true ends of one pair.
    """
    pairs_known = "pair" in truth
    truth = truth if pairs_known else truth.assign(pair="")
    seen = truth[truth["pair"] != ""].drop_duplicates(["foil", "scan", "pair", "id"])
    seen = seen.assign(pair=seen["foil"] + "/" + seen["pair"])
    seen = seen[seen.groupby("pair")["id"].transform("nunique") == 2].reset_index(drop=True)
    pairs = seen.drop_duplicates(["pair", "id"]).reset_index(drop=True)
    candidates = candidate_table(project, parameters.run)
    candidates = candidates[candidates["foil"].isin(list(dict.fromkeys(truth["foil"])))].reset_index(drop=True)
    true_of = _true_pair_of(project, seen, pits, parameters.tolerance_px)
    entry_true = pairs.sort_values("surface", key=lambda s: s != "top", kind="stable").drop_duplicates("pair")
    home = {str(r["pair"]): (str(r["foil"]), str(r["scan"]), str(r["field"])) for r in entry_true.to_dict("records")}
    place_of = {int(r["pit_id"]): (str(r["foil"]), str(r["scan"]), str(r["field"])) for r in pits.to_dict("records")}
    tally: dict[tuple[str, ...], list[int]] = {}
    for where in home.values():
        tally.setdefault(where, [0, 0, 0])[0] += 1
    right: set[str] = set()
    for entry, exit_ in zip(candidates["entry_pit"], candidates["exit_pit"], strict=True):
        a, b = true_of.get(int(entry)), true_of.get(int(exit_))
        hit = a is not None and b is not None and a[0] == b[0] and a[1] != b[1] and a[0] not in right
        where = home[a[0]] if hit and a is not None else place_of.get(int(entry), ("", "", ""))
        tally.setdefault(where, [0, 0, 0])[1] += 1
        if hit and a is not None:
            right.add(a[0])
            tally[where][2] += 1
    figures = candidate_figures(int(pairs["pair"].nunique()), len(candidates), len(right), pairs_known)
    return figures, {k: (v[0], v[1], v[2]) for k, v in tally.items()}


def _true_pair_of(
    project: Project, pairs: pd.DataFrame, pits: pd.DataFrame, tolerance: float
) -> dict[int, tuple[str, str]]:
    """pit_id -> (pair, id) of the true end it lies on; surfaces must agree, the foil's other scans count too."""
    placements = {(s.foil, s.scan): placement_of(project, s) for s in project.catalogue.scans()}
    result: dict[int, tuple[str, str]] = {}
    for (foil, scan), group in pits.groupby(["foil", "scan"], sort=False):
        found = group.reset_index(drop=True)
        theirs = place(found, placements)
        of_foil = pairs[pairs["foil"] == foil]
        own = of_foil["scan"] == scan
        # What this scan's truth does not list may be listed as another scan of the foil sees it.
        truth = pd.concat([of_foil[own], of_foil[~own]]).drop_duplicates("id").reset_index(drop=True)
        ours = place(truth, placements)
        for surface in ("top", "bottom"):
            t = np.flatnonzero(truth["surface"].isin([surface, ""]))
            f = np.flatnonzero(found["surface"] == surface)
            matched = match_pits(ours.places[t], ours.frame[t], theirs.places[f], theirs.frame[f], tolerance)
            for a, b in zip(t[matched.truth], f[matched.found], strict=True):
                result[int(found["pit_id"].iloc[b])] = (str(truth["pair"].iloc[a]), str(truth["id"].iloc[a]))
    return result
