"""Looking for better settings: short trainings of one fold, chosen by Optuna, resumable."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, cast

import optuna
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock
from optuna.trial import TrialState

from moedal_gui.core.errors import CancelledError, TrainingError
from moedal_gui.learn.fold_examples import FoldExamples, fold_examples
from moedal_gui.learn.fold_run import FoldRun
from moedal_gui.learn.settings import SCHEDULES, Schedule, TrainingSettings
from moedal_gui.store.training_folder import TrainingFolder

_FILE = "search.jsonl"
_COMPARABLE = 6  # whole tries from which on importances mean anything
_WIDTHS = (8, 12, 16, 24, 32)


@dataclass(frozen=True)
class Trial:
    """One try: what was set and the lowest validation loss it reached."""

    number: int
    settings: dict[str, Any]
    validation_loss: float
    epochs: int


@dataclass(frozen=True)
class Found:
    """What a search brought.

    Attributes
    ----------
    best
        The settings of the lowest validation loss, with all that was not looked for left as it was.
    importances
        Share of each setting in how the loss varied, most important first (PED-ANOVA, Watanabe et al., IJCAI 2023);
        empty before there is anything to compare.
    """

    best: TrainingSettings
    best_loss: float
    trials: tuple[Trial, ...]
    importances: dict[str, float]


def search(
    folder: TrainingFolder,
    expert: str,
    settings: TrainingSettings,
    tries: int,
    *,
    fold: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> Found:
    """Try settings on one fold of an expert until there are ``tries`` of them, those of earlier searches counted.

    Looked for are learning rate, weight decay, dropout, schedule and the network's width. Tries that fall behind the
    median of the others are ended early. The journal lies in the training's folder.

    Raises
    ------
    CancelledError
        The folder says cancel; whole tries are kept.
    TrainingError
        The journal is damaged, or nothing could be tried.
    """
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    examples = fold_examples(folder, expert, fold)
    study = _study(folder, expert, settings)
    tell = progress or (lambda _done, _all: None)
    while (done := len(_whole(study))) < tries:
        tell(done, tries)
        trial = study.ask()
        try:
            _try(study, trial, folder, examples, settings)
        except BaseException:
            study.tell(trial, state=TrialState.FAIL)
            raise
    tell(tries, tries)
    return found(study, settings)


def resumed(folder: TrainingFolder, expert: str, settings: TrainingSettings) -> Found | None:
    """What earlier searches found; None before the first whole try."""
    if not (folder.path / _FILE).exists():
        return None
    study = _study(folder, expert, settings)
    return found(study, settings) if _completed(study) else None


def found(study: optuna.Study, settings: TrainingSettings) -> Found:
    """Put a study into plain words.

    Raises
    ------
    TrainingError
        No try was whole.
    """
    completed = _completed(study)
    if not completed:
        raise TrainingError("No settings could be tried to the end", "", "allow more epochs or tries")
    trials = tuple(
        Trial(t.number, dict(t.params), float(t.value or 0.0), len(t.intermediate_values)) for t in completed
    )
    return Found(
        replace(settings, **study.best_params), float(study.best_value), trials, _importances(study, len(completed))
    )


def _try(
    study: optuna.Study, trial: optuna.Trial, folder: TrainingFolder, examples: FoldExamples, settings: TrainingSettings
) -> None:
    chosen = replace(
        settings,
        learning_rate=trial.suggest_float("learning_rate", 2e-4, 2e-2, log=True),
        weight_decay=trial.suggest_float("weight_decay", 1e-5, 1e-1, log=True),
        dropout=trial.suggest_float("dropout", 0.0, 0.5),
        schedule=cast(Schedule, trial.suggest_categorical("schedule", SCHEDULES)),
        width=trial.suggest_categorical("width", _WIDTHS),
    )
    run = FoldRun.begun(examples, chosen, chosen.seed)

    def between_batches() -> float:
        if folder.cancelled:
            raise CancelledError("The search was cancelled", folder.path)
        return 0.0

    while not run.over:
        run.epoch(between_batches)
        trial.report(run.best_loss, len(run.curve))
        if trial.should_prune():
            study.tell(trial, state=TrialState.PRUNED)
            return
    study.tell(trial, float(run.best_loss))


def _study(folder: TrainingFolder, expert: str, settings: TrainingSettings) -> optuna.Study:
    path = folder.path / _FILE
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        backend = JournalFileBackend(str(path), lock_obj=JournalFileOpenLock(str(path)))
        return optuna.create_study(
            study_name=expert, storage=JournalStorage(backend), load_if_exists=True, direction="minimize",
            sampler=optuna.samplers.TPESampler(seed=settings.seed), pruner=optuna.pruners.MedianPruner(n_startup_trials=4, n_warmup_steps=3),
        )  # fmt: skip
    except (OSError, ValueError, KeyError) as error:
        raise TrainingError("The journal of the search is damaged", path, "remove that file to search anew") from error


def _whole(study: optuna.Study) -> list[Any]:
    return study.get_trials(deepcopy=False, states=(TrialState.COMPLETE, TrialState.PRUNED))


def _completed(study: optuna.Study) -> list[Any]:
    return study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))


def _importances(study: optuna.Study, count: int) -> dict[str, float]:
    if count < _COMPARABLE:
        return {}
    evaluator = optuna.importance.PedAnovaImportanceEvaluator()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = optuna.importance.get_param_importances(study, evaluator=evaluator)
    return {name: float(share) for name, share in found.items()}
