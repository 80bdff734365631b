"""The table of pits as people and files see it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd

from moedal_gui.analysis.corrections import with_moves
from moedal_gui.analysis.density import REGIME_BORDERS, density_map, isolated_fraction, outside_trained, regime
from moedal_gui.analysis.label_matching import label_surfaces, match, newest_at_places, place
from moedal_gui.core.candidate import PIT_COLUMNS
from moedal_gui.core.correction import PUT
from moedal_gui.core.errors import NotFoundError
from moedal_gui.core.field import seen_fields
from moedal_gui.core.placement import ScanPlacement
from moedal_gui.core.score import SCORE_COLUMNS
from moedal_gui.store.catalogue import RunRecord, ScanRecord
from moedal_gui.store.project import Project
from moedal_gui.tasks.fingerprint import digest
from moedal_gui.tasks.placement.placing import placement_of

UNTRAINED_NOTE = "outside the densities of the training"
"""What a score says of itself where pits lie thinner or denser than any example its ensemble has seen."""


def pit_run(project: Project, scan: ScanRecord, run: str | None = None) -> RunRecord | None:
    """The run whose pits a scan shows.

    Parameters
    ----------
    run
        None for the newest whole one; the name of a pre-selection; or the name of a link run, for the pits it linked.

    Raises
    ------
    NotFoundError
        When there is no such run, or it has nothing to do with pits.
    """
    if run is None:
        return project.catalogue.current_run("preselect", scan.scan_id)
    named = project.catalogue.runs_named(run)
    if named[0].task == "link":
        wanted = linked_pit_runs(named[0]).get(scan.scan_id)
        return next((r for r in project.catalogue.runs("preselect", scan.scan_id) if r.run_id == wanted), None)
    if named[0].task != "preselect":
        raise NotFoundError(
            f"The run {run} holds neither pits nor links", remedy="name a pre-selection or link run; `runs` lists them"
        )
    return project.catalogue.current_run("preselect", scan.scan_id, run)


def pit_count(project: Project, run: RunRecord) -> int | None:
    """How many pits a run shows: those it found, and what people put and took out since."""
    found = run.summary.get("pits")
    put, gone = project.catalogue.hand.said(run.run_id)
    return None if found is None else int(found) + len(put) - len(gone)


def linked_pit_runs(links: RunRecord) -> dict[int, int]:
    """Scan id -> id of the pre-selection whose pits a link run paired."""
    return {int(scan): int(run) for scan, run in links.summary.get("pit_runs", {}).items()}


def put_right_in(project: Project, runs: Iterable[int]) -> str:
    """A hash of the pits that people put into runs and took out of them."""
    return digest([project.catalogue.hand.said(run) for run in sorted(runs)])


def pit_table(project: Project, scan: ScanRecord, run: str | None = None) -> pd.DataFrame:
    """Pits of a scan's current run (or a named one): PIT_COLUMNS and field_id, one row a pit, doubles merged."""
    record = pit_run(project, scan, run)
    if record is None:
        return pd.DataFrame(columns=[*PIT_COLUMNS, "field_id"])
    placement = placement_of(project, scan)
    table = with_places(project.catalogue.pits(record.run_id), placement)
    table["foil"], table["scan"], table["run"] = scan.foil, scan.scan, record.name
    table["by_hand"] = (table["by_hand"] == PUT).astype(int)
    _add_density(project, table, placement, scan, record.run_id)
    for name in ("pair_id", "twin_id"):
        table[name] = np.nan
    _add_scores(project, table, record)
    table["label"] = labels_of(project, table, {(scan.foil, scan.scan): placement})
    _add_pairs(project, table, run)
    return table[[*PIT_COLUMNS, "field_id"]]


def score_run(project: Project, pits: RunRecord) -> RunRecord | None:
    """The newest whole scores of the pits of a run; None before they are scored."""
    runs = project.catalogue.runs("score", pits.scan_id)
    whole = [r for r in runs if r.finished is not None and r.parameters.get("pit_run_id") == pits.run_id]
    return max(whole, key=lambda r: (r.finished or "", r.run_id)) if whole else None


def trained_density(scores: RunRecord | None) -> tuple[float, float] | None:
    """Lowest and highest density (per mm2) among the examples of the ensemble that gave these scores; None where unknown."""
    told = scores.summary.get("trained_density") if scores is not None else None
    return (float(told[0]), float(told[1])) if told else None


def borders_of(project: Project) -> tuple[float, float]:
    """Isolated fractions at which the regimes meet: the project's own, else the program's."""
    return project.density_borders.now or REGIME_BORDERS


def _add_scores(project: Project, table: pd.DataFrame, pits: RunRecord) -> None:
    record = score_run(project, pits)
    scores = project.catalogue.scores.of_run(record.run_id) if record is not None else pd.DataFrame({"pit_id": []})
    own = scores.set_index("pit_id").reindex(table["pit_id"])
    for name in SCORE_COLUMNS:
        table[name] = own[name].to_numpy(dtype=float) if name in own else np.nan
    trained = trained_density(record)
    outside = np.zeros(len(table), dtype=bool)
    if trained is not None:
        outside = outside_trained(table["density_per_mm2"].to_numpy(float), trained) & np.isfinite(
            table[list(SCORE_COLUMNS)].to_numpy(float)
        ).any(axis=1)
    table["score_note"] = np.where(outside, UNTRAINED_NOTE, "").astype(object)
    table["class"] = own["class"].fillna("").to_numpy(dtype=object) if "class" in own else ""


def with_density(project: Project, scan: ScanRecord, run_id: int) -> pd.DataFrame:
    """Pits that a run found on a scan, with density_per_mm2, isolated_fraction and regime."""
    table = project.catalogue.pits(run_id)
    _add_density(project, table, placement_of(project, scan), scan, run_id)
    return table


def all_pits(project: Project, run: str | None = None) -> pd.DataFrame:
    """`pit_table` of every scan, one below the other; twins told."""
    parts = [pit_table(project, scan, run) for scan in project.catalogue.scans()]
    parts = [p for p in parts if len(p)]
    if not parts:
        return pd.DataFrame(columns=[*PIT_COLUMNS, "field_id"])
    return with_twins(project, pd.concat(parts, ignore_index=True))


def with_places(pits: pd.DataFrame, placement: ScanPlacement) -> pd.DataFrame:
    """Pits with x_um, y_um in their frame (missing without a pixel size)."""
    table = pits.copy()
    places = placement.to_frame(table["field"], table["x_px"], table["y_px"]) if len(table) else np.zeros((0, 2))
    known = placement.unit == "um"
    table["x_um"] = places[:, 0] if known else np.nan
    table["y_um"] = places[:, 1] if known else np.nan
    return table


def _add_density(
    project: Project, table: pd.DataFrame, placement: ScanPlacement, scan: ScanRecord, run_id: int
) -> None:
    """Local density, counting both surfaces of the scan; in each frame of its own for fields without position."""
    density, isolated = np.full(len(table), np.nan), np.full(len(table), np.nan)
    size = np.sqrt(table["major_px"].to_numpy(float) * table["minor_px"].to_numpy(float))
    usual = float(np.nanmedian(size)) if np.isfinite(size).any() else np.nan
    every = (str(f) for f in project.catalogue.fields(scan.scan_id)["field"])
    names = seen_fields(every, project.catalogue.measures(run_id))
    firm = [n for n in names if n not in placement.loose]
    groups = [firm, *([n] for n in names if n in placement.loose)]
    fields = table["field"].astype(str)
    for group in groups:
        rows = np.flatnonzero(fields.isin(group))
        if not len(rows):
            continue
        places = placement.to_frame(fields.iloc[rows], table["x_px"].iloc[rows], table["y_px"].iloc[rows])
        local = density_map(places, placement, group)
        per_px2 = local.at(places)
        isolated[rows] = isolated_fraction(per_px2, usual)
        if placement.unit == "um":
            density[rows] = per_px2 / (placement.scale / 1000.0) ** 2
    table["density_per_mm2"], table["isolated_fraction"] = density, isolated
    table["regime"] = regime(isolated, borders_of(project))


def labels_of(project: Project, table: pd.DataFrame, placements: Mapping[tuple[str, str], ScanPlacement]) -> list[str]:
    """The label in force of each pit: the newest of any person, one given on the foil's other scans included."""
    journal = labels_at_their_pits(project)
    if not len(journal) or not len(table):
        return [""] * len(table)
    frames = dict(placements) | {
        (s.foil, s.scan): placement_of(project, s)
        for s in project.catalogue.scans()
        if (s.foil, s.scan) not in placements
    }
    newest = _current_labels(journal, frames)
    if not len(newest):
        return [""] * len(table)
    surfaces = table["surface"].fillna("").to_numpy(dtype=object)
    found = match(place(newest, frames), label_surfaces(newest), place(table, frames), surfaces)
    words = [""] * len(table)
    for index, word in zip(found, newest["label"], strict=True):
        if index >= 0:
            words[int(index)] = str(word)
    return words


def labels_at_their_pits(project: Project) -> pd.DataFrame:
    """The labels in force; those whose pit a person has moved since lie where it is now."""
    return with_moves(project.labels.in_force(), project.labels.corrections.in_force(("move",)))


def _current_labels(journal: pd.DataFrame, frames: Mapping[tuple[str, str], ScanPlacement]) -> pd.DataFrame:
    """One row a place: of each person's newest word there (a label taken back is none), the newest."""
    own = journal.iloc[newest_at_places(journal, place(journal, frames), ["annotator"])]
    given = own[own["label"] != ""].reset_index(drop=True)
    return given.iloc[newest_at_places(given, place(given, frames), [])].reset_index(drop=True) if len(given) else given


def _add_pairs(project: Project, table: pd.DataFrame, run: str | None) -> None:
    record = project.catalogue.current_run("link", name=run) or project.catalogue.current_run("link")
    if record is None or not len(table):
        return
    links = project.catalogue.links.of_run(record.run_id)
    links = links[links["passes"]]
    pair = pd.concat([
        pd.Series(links["link_id"].to_numpy(), index=links["entry_pit"].to_numpy()),
        pd.Series(links["link_id"].to_numpy(), index=links["exit_pit"].to_numpy()),
    ])  # fmt: skip
    pair = pair[~pair.index.duplicated()]
    table["pair_id"] = table["pit_id"].map(pair).astype(float)


def with_twins(project: Project, table: pd.DataFrame) -> pd.DataFrame:
    """Fill twin_id: the same pit (same surface) in the foil's other scan, where both share a frame."""
    from moedal_gui.analysis.matching import one_to_one

    table = table.copy()
    if table["scan"].nunique() < 2:
        return table
    placements = {(s.foil, s.scan): placement_of(project, s) for s in project.catalogue.scans()}
    placed = place(table, placements)
    surface = table["surface"].fillna("").to_numpy(dtype=object)
    scan = (table["foil"] + "/" + table["scan"]).to_numpy(dtype=object)
    twin = np.full(len(table), np.nan)
    ids = table["pit_id"].to_numpy(dtype=float)
    for frame in {f for f in placed.frame if f}:
        inside = placed.frame == frame
        names = sorted(set(scan[inside]), key=list(dict.fromkeys(scan)).index)
        for i, first in enumerate(names):
            for second in names[i + 1 :]:
                for side in ("top", "bottom"):
                    a = np.flatnonzero(inside & (scan == first) & (surface == side) & np.isnan(twin))
                    b = np.flatnonzero(inside & (scan == second) & (surface == side) & np.isnan(twin))
                    rows, columns = one_to_one(placed.places[a], placed.places[b], 6.0)
                    twin[a[rows]], twin[b[columns]] = ids[b[columns]], ids[a[rows]]
    table["twin_id"] = twin
    return table
