"""One fold of one expert, trained: resumable at every epoch, stopped and paused between batches."""

from __future__ import annotations

import logging
import time
from dataclasses import asdict
from typing import Any

import torch

from moedal_gui.core.errors import CancelledError, TrainingError
from moedal_gui.learn.fold_examples import FoldExamples, fold_examples
from moedal_gui.learn.fold_run import FoldRun
from moedal_gui.learn.significance import balanced_accuracy, beats_chance
from moedal_gui.learn.unit import FoldResult, FoldUnit, Status
from moedal_gui.store.training_folder import FoldFolder, TrainingFolder

_ATTEMPTS = 2
_ANOTHER_SEED = 1000


def train_fold(unit: FoldUnit) -> FoldResult:
    """Train one fold to its end, going on where an earlier try was cut short.

    A fold whose validation balanced accuracy chance explains is begun once more with another seed; if that does not
    learn either, its status says so.

    Raises
    ------
    CancelledError
        The training's folder says cancel; the last whole epoch is kept.
    TrainingError
        The set or the disk gives out.
    """
    # Two trainings side by side on as many cores are quicker than one on both.
    torch.set_num_threads(1)
    folder = TrainingFolder(unit.folder)
    place = folder.fold(unit.expert, unit.fold)
    done = place.result()
    if done is not None:
        return _result(done)
    examples = fold_examples(folder, unit.expert, unit.fold)
    run = _resumed(unit, place, examples)
    while True:
        _run_to_end(run, folder, place)
        if _learned(run, examples) or run.attempt + 1 >= _ATTEMPTS:
            break
        note = f"Fold {unit.fold} of {unit.expert} did not learn and is begun once more with another seed"
        place.set_curve([{"note": note}])
        run = FoldRun.begun(examples, unit.settings, unit.seed + _ANOTHER_SEED, attempt=run.attempt + 1, start=unit.start, seconds=run.seconds)  # fmt: skip
    return _finished(unit, run, place, examples)


def _resumed(unit: FoldUnit, place: FoldFolder, examples: FoldExamples) -> FoldRun:
    fresh = FoldRun.begun(examples, unit.settings, unit.seed, start=unit.start)
    try:
        stored = place.checkpoint()
        if stored is None:
            place.forget()
            return fresh
        fresh.restore(*stored)
    except TrainingError as error:
        place.forget()
        note = f"The checkpoint of fold {unit.fold} of {unit.expert} cannot be used, and the fold begins again: {error.what}"
        logging.getLogger(__name__).warning(note)
        place.set_curve([{"note": note}])
        return FoldRun.begun(examples, unit.settings, unit.seed, start=unit.start)
    place.set_curve(fresh.curve)
    return fresh


def _run_to_end(run: FoldRun, folder: TrainingFolder, place: FoldFolder) -> None:
    def between_batches() -> float:
        """Seconds waited."""
        begun = time.monotonic()
        while folder.paused and not folder.cancelled:
            time.sleep(0.1)
        if folder.cancelled:
            raise CancelledError("Training was cancelled", folder.path)
        return time.monotonic() - begun

    notes = [row for row in place.curve() if "note" in row]
    while not run.over:
        run.epoch(between_batches)
        arrays, words = run.stored()
        place.save_checkpoint(arrays, words)
        place.set_curve([*notes, *run.curve])


def _learned(run: FoldRun, examples: FoldExamples) -> bool:
    chosen = run.best_logits(examples.asked).argmax(axis=1)
    return beats_chance(examples.asked_targets, chosen, examples.classes)


def _finished(unit: FoldUnit, run: FoldRun, place: FoldFolder, examples: FoldExamples) -> FoldResult:
    learned = _learned(run, examples)
    status: Status = "does not learn"
    if learned:
        status = "learned on the second try" if run.attempt else "learned"
    chosen = run.best_logits(examples.asked).argmax(axis=1)
    result = FoldResult(
        expert=unit.expert,
        fold=unit.fold,
        status=status,
        epochs=len(run.curve),
        best_epoch=run.best_epoch,
        validation_loss=float(run.best_loss),
        balanced_accuracy=balanced_accuracy(examples.asked_targets, chosen, examples.classes),
        examples=len(examples.train_targets),
        seconds=round(run.seconds, 2),
        seed=run.seed,
    )
    logits = run.best_logits(examples.held, turned=True)
    place.save_result(asdict(result), {"rows": examples.held_rows, "logits": logits}, run.best)
    return result


def _result(words: dict[str, Any]) -> FoldResult:
    try:
        return FoldResult(**words)
    except TypeError as error:
        raise TrainingError("The result of a fold cannot be read", error, "begin a training of another name") from error


def result_of(folder: TrainingFolder, expert: str, fold: int) -> FoldResult:
    """The result of a fold that is done.

    Raises
    ------
    TrainingError
        It is not done.
    """
    words = folder.fold(expert, fold).result()
    if words is None:
        raise TrainingError(f"Fold {fold} of {expert} is not done", folder.path, "run the training again to go on")
    return _result(words)


def is_done(folder: TrainingFolder, expert: str, fold: int) -> bool:
    """Whether a fold needs no more work."""
    return folder.fold(expert, fold).result() is not None
