"""The plan of a training: a unit a fold of an expert, resumable, and an ensemble in the registry at its end."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import multiprocessing
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

from filelock import FileLock

from moedal_gui.core.card import EnsembleCard
from moedal_gui.core.errors import ArgumentError, TrainingError
from moedal_gui.core.recipe import Recipe
from moedal_gui.core.task import Outcome, Plan
from moedal_gui.learn.folds import split
from moedal_gui.learn.settings import TrainingSettings, network_row
from moedal_gui.learn.training_set import TrainingSet, check, trainable, warnings
from moedal_gui.learn.unit import FoldResult, FoldUnit
from moedal_gui.store.project import Project
from moedal_gui.store.registry import Entry, Registry
from moedal_gui.store.training_folder import TrainingFolder
from moedal_gui.tasks.loop import end_with_parent, step_back
from moedal_gui.tasks.training.training_outcome import outcome_of

FinishHook = Callable[[Outcome, EnsembleCard | None], Outcome]


def training_plan(
    project: Project,
    training_set: TrainingSet,
    settings: TrainingSettings,
    name: str,
    finish_hook: FinishHook | None = None,
    start: Entry | None = None,
) -> Plan[FoldUnit, FoldResult]:
    """Train the set's experts and put the ensemble ``name`` into the project's registry.

    The same set with the same settings goes on where it stopped; anything else is a training of its own.

    Parameters
    ----------
    finish_hook
        Called with the outcome and the card (None when nothing was learnt); returns the outcome that is told.
    start
        An ensemble whose weights the folds begin with.

    Raises
    ------
    TrainingError, RecipeError
        The set cannot be learnt from, torch is not installed, or another program trains here.
    """
    folder, lock = prepared(project, training_set, settings, name, start)
    every = _units(folder, training_set, settings, start)
    units = [unit for unit in every if folder.fold(unit.expert, unit.fold).result() is None]

    def commit(_unit: FoldUnit, _result: FoldResult) -> None:
        """A fold keeps its own result."""

    def finish() -> Outcome:
        try:
            told = folder.outcome()
            if told is None or not _still_there(project.experts, told):
                told = apart(_assembled, folder.path, project.experts.path, name)
                folder.record(told)
            card = project.experts.card(told["ensemble"]) if told["learns"] else None
            outcome = outcome_of(told, warnings(training_set))
            return finish_hook(outcome, card) if finish_hook else outcome
        finally:
            lock.release()

    return Plan(
        units=units, work=train_apart, commit=commit, finish=finish, where="processes", done=len(every) - len(units),
        interrupt=folder.cancel,
    )  # fmt: skip


def prepared(
    project: Project, training_set: TrainingSet, settings: TrainingSettings, name: str, start: Entry | None
) -> tuple[TrainingFolder, FileLock]:
    """The folder of a training with its set frozen in it, held by the lock that is given back.

    Raises
    ------
    TrainingError, RecipeError
        As `training_plan`.
    """
    require_torch()
    _check_name(name)
    check(training_set, settings.folds)
    for row in trainable(training_set):
        if reason := network_row(settings.network).refusal(training_set.recipes[row.view]):
            raise TrainingError(f"{row.name} cannot be trained: {reason}", "", "choose another network or a rim recipe")
    words = _words(project, training_set, settings, start)
    folder = TrainingFolder(project.path / "training" / f"{name}-{words['key']}")
    lock = folder.lock()
    if not folder.begun:
        folder.freeze(training_set.to_arrays(), {**words, "folder": folder.name})
    folder.cancel(False)
    folder.pause(False)
    return folder, lock


def require_torch() -> None:
    """Say in one sentence what is missing for training.

    Raises
    ------
    TrainingError
        torch or onnx is not installed.
    """
    missing = [name for name in ("torch", "onnx") if importlib.util.find_spec(name) is None]
    if missing:
        raise TrainingError(f"Training needs {' and '.join(missing)}", "", "pip install 'moedal-gui[train]'")


def train_apart(unit: FoldUnit) -> FoldResult:
    """Train a fold; in a process of its own, people's work goes first."""
    from moedal_gui.learn.trainer import train_fold

    if multiprocessing.parent_process() is not None:
        step_back()
    return train_fold(unit)


def apart(work: Callable[..., Any], *words: Any) -> Any:
    """What a function gives when it is called in a process of its own, so that the screen never waits for it."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context, initializer=end_with_parent) as executor:
        return executor.submit(work, *words).result()


def described_layers(settings: TrainingSettings, recipe: Recipe, classes: int) -> list[tuple[str, str, int]]:
    """Name, shape of what it gives, and weights of every layer of a network; call it through `apart`."""
    from moedal_gui.learn.networks import described

    return [
        (line.name, " x ".join(str(n) for n in line.shape), line.weights)
        for line in described(recipe, settings, classes)
    ]


def _assembled(folder: Path, experts: Path, name: str) -> dict[str, Any]:
    from moedal_gui.learn.cross_validation import assemble
    from moedal_gui.tasks.training.training_outcome import told_of

    return told_of(assemble(TrainingFolder(folder), Registry(experts, write=True), name))


def _units(
    folder: TrainingFolder, training_set: TrainingSet, settings: TrainingSettings, start: Entry | None
) -> list[FoldUnit]:
    return [
        FoldUnit(
            folder.path, row.name, fold, settings, settings.seed + 7919 * fold,
            _weights(start, row.name),
        )
        for row in trainable(training_set)
        for fold in range(settings.folds)
    ]  # fmt: skip


def _weights(start: Entry | None, expert: str) -> Path | None:
    """The weights an expert begins with; none where the older ensemble did not have it."""
    path = start.folder / f"{expert}.weights.npz" if start is not None else None
    return path if path is not None and path.is_file() else None


def _words(
    project: Project, training_set: TrainingSet, settings: TrainingSettings, start: Entry | None
) -> dict[str, Any]:
    words = {**training_set.to_plain(), "settings": settings.to_plain(), "start": start.title if start else ""}
    key = hashlib.sha256(json.dumps([words["hash"], words["experts"], words["settings"], words["start"]]).encode())
    old: Mapping[str, int] = {}
    if start is not None:
        words["start_training"], old = _old_split(project, start)
    return {
        **words,
        "key": key.hexdigest()[:8],
        "split": split(training_set, settings.folds, settings.seed, old).tolist(),
    }


def _old_split(project: Project, start: Entry) -> tuple[str, dict[str, int]]:
    """Name of the training an ensemble came from, and its folds by id; empty when it is not of this project."""
    named = str(Registry(start.folder.parent.parent).card(start.title).training.get("folder", ""))
    folder = TrainingFolder(project.path / "training" / named)
    if not named or not folder.begun:
        return named, {}
    arrays, words = folder.frozen()
    return named, dict(zip(arrays["ids"].tolist(), [int(f) for f in words["split"]], strict=True))


def _still_there(registry: Registry, told: Mapping[str, Any]) -> bool:
    return not told["learns"] or any(e.title == told["ensemble"] for e in registry.entries())


def _check_name(name: str) -> None:
    if not name or not all(c.isalnum() or c in "-_." for c in name) or name.startswith("."):
        raise ArgumentError(f"An ensemble cannot be called {name or 'nothing'}", "", "use letters, digits, - and _")
