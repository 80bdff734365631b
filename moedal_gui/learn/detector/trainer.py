"""Training a detector: resumable at every round, stopped and paused between steps."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence

import torch

from moedal_gui.core.errors import CancelledError, TrainingError
from moedal_gui.learn.detector.examples import TaughtField
from moedal_gui.learn.detector.run import DetectorRun
from moedal_gui.learn.detector.settings import DetectorSettings
from moedal_gui.learn.state import Arrays
from moedal_gui.store.training_folder import TrainingFolder

DETECTOR = "detector"


class DetectorTraining:
    """One training of a detector.

    Parameters
    ----------
    folder
        Where its checkpoint, curve and flags lie.
    fields
        What it learns from.
    start
        Weights to begin from.
    threads
        Cores to use; 0: as many as torch has been told.

    Raises
    ------
    TrainingError
        There is nothing to learn from.
    """

    def __init__(
        self,
        folder: TrainingFolder,
        fields: Sequence[TaughtField],
        settings: DetectorSettings,
        start: Arrays | None = None,
        threads: int = 0,
    ) -> None:
        if not fields:
            raise TrainingError("There are no fields to teach the detector", folder.path, "label some pits first")
        if threads:
            torch.set_num_threads(threads)
        self._folder, self._fields = folder, fields
        self._place = folder.fold(DETECTOR, 0)
        self.run = DetectorRun(fields[0].planes.shape[0], settings, start)
        try:
            stored = self._place.checkpoint()
            if stored is not None:
                self.run.restore(*stored)
        except TrainingError as error:
            logging.getLogger(__name__).warning("The detector's checkpoint cannot be used: %s", error.what)
            self._place.forget()
            self.run = DetectorRun(fields[0].planes.shape[0], settings, start)

    def until(self, share: float) -> None:
        """Go on until a share of the steps is done; every round is kept.

        Raises
        ------
        CancelledError
            The folder says cancel; the last whole round is kept.
        TrainingError
            The disk gives out.
        """
        while not self.run.over and self.run.share < share:
            self.run.round(self._fields, self._between)
            self._place.save_checkpoint(*self.run.stored())
            self._place.set_curve(self.run.curve)

    def _between(self) -> float:
        begun = time.monotonic()
        while self._folder.paused and not self._folder.cancelled:
            time.sleep(0.1)
        if self._folder.cancelled:
            raise CancelledError("Training was cancelled", self._folder.path)
        return time.monotonic() - begun
