"""From folds that are done to an ensemble: figures, stacker, networks, card, and its place in the registry."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from moedal_gui.core.card import EnsembleCard, ExpertCard, FoldCard
from moedal_gui.core.expert import ExpertRow
from moedal_gui.learn.ensemble_card import ensemble_card
from moedal_gui.learn.networks import Network, build
from moedal_gui.learn.outputs import logits_of
from moedal_gui.learn.performance import figures
from moedal_gui.learn.settings import TrainingSettings, settings_from_plain
from moedal_gui.learn.significance import beats_chance
from moedal_gui.learn.stacking import Stacked, fit_stacker
from moedal_gui.learn.state import Arrays, halved, load_weights, prefixed
from moedal_gui.learn.to_onnx import write_onnx
from moedal_gui.learn.trainer import result_of
from moedal_gui.learn.training_set import TrainingSet, trainable, training_set_from
from moedal_gui.learn.transfer import change_on_old
from moedal_gui.learn.unit import FoldResult
from moedal_gui.store.array_files import write_arrays
from moedal_gui.store.registry import Entry, Registry, file_hash
from moedal_gui.store.training_folder import TrainingFolder

Whole = npt.NDArray[np.int64]
_COMPARED = 64  # held back crops on which ONNX and torch are compared


@dataclass(frozen=True)
class TrainedExpert:
    """An expert whose folds are done.

    Attributes
    ----------
    logits
        Shape (N, answers), of every example from the fold that held it back; NaN where that fold learnt nothing.
    """

    row: ExpertRow
    results: tuple[FoldResult, ...]
    logits: npt.NDArray[np.float64]
    metrics: Mapping[str, Any]
    learns: bool

    @property
    def kept(self) -> tuple[int, ...]:
        """Folds that are fit for the ensemble."""
        return tuple(r.fold for r in self.results if r.status != "does not learn")


@dataclass(frozen=True)
class Assembled:
    """What came of a training: the version in the registry, or none when nothing was learnt."""

    entry: Entry | None
    card: EnsembleCard | None
    experts: tuple[TrainedExpert, ...]


def assemble(folder: TrainingFolder, registry: Registry, name: str) -> Assembled:
    """Make an ensemble of a training whose folds are all done, and make it current.

    Experts that learnt nothing stay out; when none learnt anything, nothing is put into the registry.

    Raises
    ------
    TrainingError
        A fold is not done, or its files are damaged.
    ExpertError
        The registry cannot be written.
    """
    arrays, words = folder.frozen()
    training_set = training_set_from(arrays, words)
    settings = settings_from_plain(words["settings"])
    folds = np.asarray(words["split"], np.int64)
    experts = tuple(trained_expert(folder, training_set, row, folds, settings.folds) for row in trainable(training_set))
    able = tuple(e for e in experts if e.learns)
    if not able:
        return Assembled(None, None, experts)
    stacked, rows = _stacked(training_set, able, folds)
    changes = {e.row.name: change_on_old(folder, e.row.name, e.kept) for e in able} if words.get("start") else {}

    def fill(place: Path, version: str) -> EnsembleCard:
        cards = tuple(_written(folder, training_set, expert, settings, folds, place) for expert in able)
        return ensemble_card(
            name=name, version=version, training_set=training_set, words=words, experts=cards, stacked=stacked, rows=rows,
            seconds=sum(r.seconds for e in experts for r in e.results), left_out=[e.row.name for e in experts if not e.learns],
            changes=changes,
        )  # fmt: skip

    entry = registry.add(name, fill)
    registry.make_current(entry.title)
    return Assembled(entry, registry.card(entry.title), experts)


def trained_expert(
    folder: TrainingFolder, training_set: TrainingSet, row: ExpertRow, folds: Whole, count: int
) -> TrainedExpert:
    """Put the folds of one expert together."""
    results = tuple(result_of(folder, row.name, fold) for fold in range(count))
    logits = np.full((len(training_set), len(row.answers)), np.nan)
    for result in results:
        if result.status != "does not learn":
            outputs = folder.fold(row.name, result.fold).outputs()
            logits[outputs["rows"]] = outputs["logits"]
    targets = training_set.targets(row)
    asked = (targets >= 0) & np.isfinite(logits).all(axis=1)
    chosen = logits[asked].argmax(axis=1) if asked.any() else np.zeros(0, np.int64)
    names = tuple(a.name for a in row.answers)
    metrics = figures(targets[asked], chosen, names)
    learns = bool(asked.any()) and beats_chance(targets[asked], chosen, len(names))
    return TrainedExpert(row, results, logits, metrics, learns)


def _stacked(training_set: TrainingSet, experts: tuple[TrainedExpert, ...], folds: Whole) -> tuple[Stacked, Whole]:
    """The stacker, and the rows of the set that it was fitted on."""
    whole = np.all([np.isfinite(e.logits).all(axis=1) for e in experts], axis=0)
    rows = np.flatnonzero(whole)
    stacked = fit_stacker(
        {e.row.name: e.logits[rows] for e in experts},
        {e.row.name: tuple(a.name for a in e.row.answers) for e in experts},
        training_set.labels[rows],
        training_set.classes,
        folds[rows],
    )
    return stacked, rows


def _written(
    folder: TrainingFolder,
    training_set: TrainingSet,
    expert: TrainedExpert,
    settings: TrainingSettings,
    folds: Whole,
    place: Path,
) -> ExpertCard:
    """Write an expert's networks and weights, and say so."""
    recipe = training_set.recipes[expert.row.view]
    answers = tuple(a.name for a in expert.row.answers)
    networks: list[Network] = []
    stored: Arrays = {}
    for fold in expert.kept:
        network = build(recipe, settings, len(answers))
        weights = folder.fold(expert.row.name, fold).weights()
        load_weights(network, weights)
        networks.append(network)
        stored |= prefixed(f"fold-{fold}/", weights)
    path = place / f"{expert.row.name}.onnx"
    write_onnx(networks, recipe, path)
    write_arrays(place / f"{expert.row.name}.weights.npz", halved(stored))
    card = ExpertCard(
        name=expert.row.name, file=path.name, sha256=file_hash(path), view=expert.row.view, recipe=recipe, answers=answers,
        network=settings.network, settings=settings.to_plain(), metrics=expert.metrics,
        folds=tuple(
            FoldCard(r.fold, r.status, r.epochs, r.best_epoch, r.validation_loss, r.balanced_accuracy, r.seconds)
            for r in expert.results
        ),
        weights=f"{expert.row.name}.weights.npz",
    )  # fmt: skip
    shown = np.flatnonzero(folds == expert.kept[0])[:_COMPARED]
    return _compared(card, networks, training_set, shown, path)


def _compared(
    card: ExpertCard, networks: list[Network], training_set: TrainingSet, shown: Whole, path: Path
) -> ExpertCard:
    from moedal_gui.infer.expert import Expert  # onnxruntime is loaded only when there is something to compare

    examples = training_set.examples[card.view].taken(shown)
    torch_says = np.mean(np.stack([logits_of(network, examples) for network in networks]), axis=0)
    onnx_says, _ = Expert(card, path, threads=1).logits(examples)
    return ExpertCard(**{**card.__dict__, "onnx_difference": float(np.abs(torch_says - onnx_says).max(initial=0.0))})
