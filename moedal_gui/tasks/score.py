"""Score: what an ensemble says of every pit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import softmax

from moedal_gui import __version__
from moedal_gui.core.errors import ArgumentError, ExpertError, NotFoundError
from moedal_gui.core.examples import Examples
from moedal_gui.core.recipe import Recipe
from moedal_gui.core.score import SCORE_COLUMNS, SCORED_CLASSES
from moedal_gui.core.task import Outcome, Plan, at_once, parameter
from moedal_gui.imaging.flat_field import FlatField
from moedal_gui.store.catalogue import RunRecord, ScanRecord
from moedal_gui.store.project import Project
from moedal_gui.tasks.crowding import regimes_of
from moedal_gui.tasks.fingerprint import digest, pixels_hash
from moedal_gui.tasks.partners import FoilPartners
from moedal_gui.tasks.pit_table import pit_run, with_density
from moedal_gui.tasks.placement.placing import registration_of
from moedal_gui.tasks.training.ensembles import Chosen, chosen_ensemble, not_admitted
from moedal_gui.tasks.training.examples import FieldPits, fields_of, read_examples

if TYPE_CHECKING:
    from moedal_gui.infer.ensemble import Ensemble


@dataclass(frozen=True)
class ScoreParameters:
    """What ``score`` is told."""

    ensemble: str | None = field(
        default=None, metadata=parameter("an ensemble by name, or another project; by default this project's current one, else the shipped one", label="Ensemble", unset="the current one")
    )  # fmt: skip
    scan: str | None = field(
        default=None,
        metadata=parameter("score this scan only; all of them by default", label="Scan", unset="all scans"),
    )
    run: str | None = field(
        default=None,
        metadata=parameter(
            "score the pits of this run instead of the current ones", label="Pits of run", unset="the current pits"
        ),
    )
    from_: str | None = field(
        default=None,
        metadata=parameter(
            "crops:FOLDER scores a folder of pictures instead of pits",
            label="Folder of crops instead",
            unset="none: pits of the project",
        ),
    )


@dataclass(frozen=True)
class _FieldUnit:
    run_id: int
    ensemble: Path
    hash: str
    recipes: Mapping[str, Recipe]
    pits: FieldPits
    pit_ids: tuple[int, ...]


def plan(project: Project, parameters: ScoreParameters) -> Plan[_FieldUnit, pd.DataFrame]:
    """Score the pits that this ensemble has not judged yet; pits found anew, or placed anew, are."""
    if parameters.from_ is not None:
        return _pictures(project, parameters)
    scans = [project.catalogue.scan(parameters.scan)] if parameters.scan else project.catalogue.scans()
    found = {s.scan_id: r for s in scans if s.flat is not None and (r := pit_run(project, s, parameters.run))}
    if not found:
        raise NotFoundError("There are no pits to score", project.path, "run preselect first")
    chosen = chosen_ensemble(project, parameters.ensemble)
    recipes = chosen.card.recipes
    units: list[_FieldUnit] = []
    runs: list[tuple[ScanRecord, RunRecord]] = []
    refused: dict[str, str] = {}
    partners: dict[str, FoilPartners] = {}
    done = 0
    for scan in scans:
        if scan.scan_id not in found or scan.flat is None:
            continue
        reason = not_admitted(chosen.card, scan.description, FlatField.from_json(scan.flat))
        if reason:
            refused[scan.scan] = reason
            continue
        run = _run_for(project, scan, found[scan.scan_id], chosen, parameters.run)
        runs.append((scan, run))
        scored = project.catalogue.done_fields(run.run_id)
        done += len(scored)
        if run.finished:
            continue
        if scan.foil not in partners:
            partners[scan.foil] = FoilPartners(project, scan.foil, parameters.run)
        pits = project.catalogue.pits(found[scan.scan_id].run_id)
        ids = pits["pit_id"].to_numpy(dtype=np.int64)
        for pits_of_field in fields_of(project, scan, pits, partners[scan.foil].of(scan, pits)):
            if pits_of_field.field_id not in scored:
                unit_ids = tuple(int(i) for i in ids[pits_of_field.rows])
                units.append(_FieldUnit(run.run_id, chosen.folder, chosen.hash, recipes, pits_of_field, unit_ids))
    if not runs:
        words = "; ".join(f"{scan}: {why}" for scan, why in refused.items())
        raise ExpertError(
            f"The ensemble {chosen.card.name} cannot judge these scans",
            words,
            "name another ensemble, or train one on them",
        )

    def commit(unit: _FieldUnit, scores: pd.DataFrame) -> None:
        project.catalogue.scores.add(unit.run_id, unit.pits.field_id, scores)

    def finish() -> Outcome:
        return _finish(project, chosen, runs, found, refused)

    return Plan(units=units, work=judge, commit=commit, finish=finish, where="processes", done=done)


def judge(unit: _FieldUnit) -> pd.DataFrame:
    """Scores of the pits of one field: pit_id, SCORE_COLUMNS, class, others, experts.

    Pits put by hand where too few lamps shone get none: nothing was measured there.
    """
    examples = read_examples(unit.pits, unit.recipes)
    if not any(part.pictures.any() for part in examples.values()):
        return _without_scores(np.asarray(unit.pit_ids, dtype=np.int64))
    return table_of(np.asarray(unit.pit_ids, dtype=np.int64), _loaded(unit.ensemble, unit.hash), examples)


def _without_scores(pit_ids: npt.NDArray[np.int64]) -> pd.DataFrame:
    unknown = {name: np.full(len(pit_ids), np.nan) for name in SCORE_COLUMNS}
    nothing: list[list[dict[str, float]]] = [[{} for _ in pit_ids] for _ in range(2)]
    return pd.DataFrame({"pit_id": pit_ids, **unknown, "class": "", "others": nothing[0], "experts": nothing[1]})


def table_of(pit_ids: npt.NDArray[np.int64], ensemble: Ensemble, examples: Mapping[str, Examples]) -> pd.DataFrame:
    """What an ensemble says of examples, as rows of the catalogue."""
    said = ensemble.scores(examples)
    columns = {name: said.probabilities[:, k] for k, name in enumerate(said.classes)}
    unknown = np.full(len(pit_ids), np.nan)
    more = [name for name in said.classes if name not in SCORED_CLASSES]
    votes = {name: softmax(logits, axis=1)[:, 0] for name, logits in said.logits.items()}
    rows: dict[str, Any] = {"pit_id": pit_ids}
    rows |= {f"score_{name}": columns.get(name, unknown) for name in SCORED_CLASSES}
    rows["score_uncertainty"], rows["class"] = said.uncertainty, said.chosen()
    rows["others"] = [{name: round(float(columns[name][n]), 6) for name in more} for n in range(len(pit_ids))]
    rows["experts"] = [{name: round(float(v[n]), 6) for name, v in votes.items()} for n in range(len(pit_ids))]
    return pd.DataFrame(rows)


@lru_cache(maxsize=2)
def _loaded(folder: Path, _hash: str) -> Ensemble:
    """An ensemble is read once a process."""
    from moedal_gui.infer.ensemble import Ensemble
    from moedal_gui.store.registry import checked

    return Ensemble(checked(folder), folder, threads=1)


def _run_for(project: Project, scan: ScanRecord, pits: RunRecord, chosen: Chosen, run: str | None) -> RunRecord:
    words = {**chosen.words, "pit_run": pits.name, "pit_run_id": pits.run_id}
    hashed = digest([words, _surroundings(project, scan, run)])
    newest = [
        r for r in project.catalogue.runs("score", scan.scan_id)
        if r.input_hash == hashed and r.version == __version__ and dict(r.parameters) == words
    ]  # fmt: skip
    return newest[-1] if newest else project.catalogue.open_run("score", scan.scan_id, words, hashed, __version__)


def _surroundings(project: Project, scan: ScanRecord, run: str | None) -> list[Any]:
    """All that a pit's partner depends on: the foil's other pits, and where its scans lie."""
    registration = registration_of(project, scan)
    others = [s for s in project.catalogue.scans() if s.foil == scan.foil]
    pit_runs = [(s.scan_id, r.run_id if (r := pit_run(project, s, run)) else None) for s in others]
    pixels = pixels_hash(scan, project.catalogue.fields(scan.scan_id))
    hand = [project.catalogue.hand.said(run_id) for _, run_id in pit_runs if run_id is not None]
    changed = [hand] if any(put or gone for put, gone in hand) else []
    return [*changed, pit_runs, registration.run_id if registration else None, pixels]


def _finish(
    project: Project,
    chosen: Chosen,
    runs: list[tuple[ScanRecord, RunRecord]],
    pit_runs: dict[int, RunRecord],
    refused: dict[str, str],
) -> Outcome:
    rows: list[dict[str, Any]] = []
    for scan, run in runs:
        scores = project.catalogue.scores.of_run(run.run_id)
        judged = scores[scores["class"] != ""]
        counts = {str(k): int(v) for k, v in judged["class"].value_counts().items()}
        row = {"foil": scan.foil, "scan": scan.scan, "run": run.name, "pits": len(judged), "classes": counts}
        if run.finished is None:
            extra = _outside(project, scan, pit_runs[scan.scan_id], chosen)
            summary = {**row, **extra, "trained_on": chosen.card.provenance}
        else:
            extra = {k: run.summary[k] for k in ("beyond_density", "outside") if k in run.summary}
            summary = dict(run.summary)
        if chosen.card.density_range is not None:
            summary["trained_density"] = list(chosen.card.density_range)
        # Finished anew also where all was there: the ensemble that was asked for last is the one that is shown.
        project.catalogue.finish_run(run.run_id, summary)
        row |= {**extra, "regimes": regimes_of(project, scan, pit_runs[scan.scan_id].run_id)}
        rows.append(row)
    whole = "; ".join(
        f"{r['scan']}: {r['pits']} pits scored ({', '.join(f'{n} {c}' for c, n in sorted(r['classes'].items()))})"
        if r["pits"]
        else f"{r['scan']}: no pits to score"
        for r in rows
    )
    sentence = (
        f"{whole}, by the ensemble {chosen.card.name} {chosen.card.version} ({chosen.card.provenance or chosen.origin})"
    )
    sentence += "".join(f"\n{scan}: not scored, {why}" for scan, why in refused.items())
    sentence += "".join(f"\n{r['scan']}: {r['outside']}" for r in rows if r.get("outside"))
    return Outcome(sentence, {"scans": rows, **chosen.words, "provenance": chosen.card.provenance, "refused": refused})


def _outside(project: Project, scan: ScanRecord, pits: RunRecord, chosen: Chosen) -> dict[str, Any]:
    """Whether the scan is denser than anything the ensemble was trained on."""
    highest = chosen.card.density_range[1] if chosen.card.density_range else None
    if highest is None:
        return {}
    density = with_density(project, scan, pits.run_id)["density_per_mm2"]
    beyond = int((density > highest).sum())
    if not beyond:
        return {"beyond_density": 0}
    words = (
        f"{beyond} pits lie where it is denser than anything this ensemble was trained on (over {highest:.0f} per mm2)"
    )
    return {"beyond_density": beyond, "outside": words}


def _pictures(project: Project, parameters: ScoreParameters) -> Plan[Any, Any]:
    kind, _, where = (parameters.from_ or "").partition(":")
    if kind != "crops" or not where:
        raise ArgumentError("--from takes crops:FOLDER", remedy="name a folder of pictures")
    if not Path(where).is_dir():
        raise ArgumentError(f"There is no folder {where}", remedy="check the path")
    chosen = chosen_ensemble(project, parameters.ensemble, kind="pictures")

    def finish() -> Outcome:
        from moedal_gui.tasks.score_pictures import picture_scores

        found = picture_scores(chosen.folder, Path(where))
        return Outcome(
            f"{len(found)} pictures scored by the ensemble {chosen.card.name} {chosen.card.version}", {"crops": found}
        )

    return at_once(finish)
