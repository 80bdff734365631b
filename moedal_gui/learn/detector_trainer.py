"""Training a detector to its end: resumable at every round, stopped and paused between steps."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence

import torch

from moedal_gui.core.errors import CancelledError, TrainingError
from moedal_gui.learn.detector_examples import TaughtField
from moedal_gui.learn.detector_run import DetectorRun
from moedal_gui.learn.detector_settings import DetectorSettings
from moedal_gui.learn.state import Arrays
from moedal_gui.store.training_folder import TrainingFolder

DETECTOR = "detector"


def train_detector(
    folder: TrainingFolder,
    fields: Sequence[TaughtField],
    settings: DetectorSettings,
    start: Arrays | None = None,
    threads: int = 0,
    told: Callable[[float], None] | None = None,
) -> DetectorRun:
    """Train until every step is done, going on where an earlier try was cut short.

    Parameters
    ----------
    start
        Weights to begin from.
    threads
        Cores to use; 0 for all.
    told
        Called after each round with the share that is done.

    Raises
    ------
    CancelledError
        The folder says cancel; the last whole round is kept.
    TrainingError
        There is nothing to learn from, or the disk gives out.
    """
    if not fields:
        raise TrainingError("There are no fields to teach the detector", folder.path, "label some pits first")
    if threads:
        torch.set_num_threads(threads)
    place = folder.fold(DETECTOR, 0)
    run = DetectorRun(fields[0].planes.shape[0], settings, start)
    try:
        stored = place.checkpoint()
        if stored is not None:
            run.restore(*stored)
    except TrainingError as error:
        logging.getLogger(__name__).warning("The detector's checkpoint cannot be used: %s", error.what)
        place.forget()
        run = DetectorRun(fields[0].planes.shape[0], settings, start)

    def between() -> float:
        begun = time.monotonic()
        while folder.paused and not folder.cancelled:
            time.sleep(0.1)
        if folder.cancelled:
            raise CancelledError("Training was cancelled", folder.path)
        return time.monotonic() - begun

    while not run.over:
        run.round(fields, between)
        place.save_checkpoint(*run.stored())
        place.set_curve(run.curve)
        if told is not None:
            told(run.share)
    return run
