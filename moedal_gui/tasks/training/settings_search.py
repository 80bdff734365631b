"""Looking for better settings before a training: a unit a try, resumable, on one fold of one expert."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from moedal_gui.core.errors import ArgumentError
from moedal_gui.core.task import Outcome, Plan
from moedal_gui.learn.settings import TrainingSettings
from moedal_gui.learn.training_set import TrainingSet, trainable
from moedal_gui.store.project import Project
from moedal_gui.store.registry import Entry
from moedal_gui.store.training_folder import TrainingFolder
from moedal_gui.tasks.training.training_plan import apart, prepared

_SAID = ("learning_rate", "weight_decay", "dropout", "schedule", "width")


@dataclass(frozen=True)
class _Try:
    """One try; ``number`` from 1."""

    folder: Path
    expert: str
    settings: TrainingSettings
    number: int


def search_plan(
    project: Project, training_set: TrainingSet, settings: TrainingSettings, name: str, start: Entry | None, tries: int
) -> Plan[_Try, None]:
    """Try settings on the last expert's first fold; tries of an earlier search of the same words count.

    Raises
    ------
    ArgumentError
        There is nothing to try.
    TrainingError, RecipeError
        As `training.training_plan`.
    """
    if tries < 1:
        raise ArgumentError("--search takes a number of tries", "", "say 20")
    folder, lock = prepared(project, training_set, settings, name, start)
    # The last expert is the hardest question of the standard recipe: what helps it matters most.
    expert = trainable(training_set)[-1].name
    units = [_Try(folder.path, expert, settings, n + 1) for n in range(tries)]

    def commit(_unit: _Try, _result: None) -> None:
        """The journal keeps every try."""

    def finish() -> Outcome:
        try:
            told = apart(_found, folder.path, expert, settings)
        finally:
            lock.release()
        words = " ".join(f"--{name.replace('_', '-')} {_short(told['best'][name])}" for name in _SAID)
        mattered = ", ".join(f"{k.replace('_', ' ')} {v:.0%}" for k, v in told["importances"].items())
        sentence = f"Best of {tries} tries on {expert}: {words} (validation loss {told['best_loss']:.4f})"
        sentence += f"; what mattered: {mattered}" if mattered else "; more tries tell what mattered"
        return Outcome(sentence, {"expert": expert, "tries": tries, **told})

    return Plan(units=units, work=_one_try, commit=commit, finish=finish, interrupt=folder.cancel)


def _one_try(unit: _Try) -> None:
    apart(_search, unit.folder, unit.expert, unit.settings, unit.number)


def _search(folder: Path, expert: str, settings: TrainingSettings, tries: int) -> None:
    from moedal_gui.learn.search import search

    search(TrainingFolder(folder), expert, settings, tries)


def _found(folder: Path, expert: str, settings: TrainingSettings) -> dict[str, Any]:
    from moedal_gui.learn.search import resumed

    found = resumed(TrainingFolder(folder), expert, settings)
    assert found is not None, "a search that ended has found something"
    best = found.best.to_plain()
    return {
        "best": {name: best[name] for name in _SAID}, "best_loss": found.best_loss,
        "importances": dict(found.importances), "trials": [asdict(t) for t in found.trials],
    }  # fmt: skip


def _short(value: Any) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)
