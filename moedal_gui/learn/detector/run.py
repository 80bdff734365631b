"""The training of a detector: rounds of random windows, resumable at every round."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from moedal_gui.core.errors import TrainingError
from moedal_gui.learn.detector.examples import TaughtField, batch
from moedal_gui.learn.detector.loss import losses
from moedal_gui.learn.detector.network import DetectorNetwork
from moedal_gui.learn.detector.settings import STEPS_A_ROUND, DetectorSettings
from moedal_gui.learn.state import (
    Arrays,
    load_optimiser,
    load_weights,
    optimiser_state,
    prefixed,
    under,
    weights_of,
)

_WARM_UP = 100
_LARGEST_GRADIENT = 20.0


class DetectorRun:
    """Where the training of a detector stands.

    Parameters
    ----------
    planes
        How many planes it looks at.
    start
        Weights to begin from, of a detector of the same view.

    Raises
    ------
    TrainingError
        The weights are those of another network.
    """

    def __init__(self, planes: int, settings: DetectorSettings, start: Arrays | None = None) -> None:
        self.curve: list[dict[str, Any]] = []
        self.seconds = 0.0
        self.settings, self._planes = settings, planes
        self._random = np.random.default_rng(settings.seed)
        torch.manual_seed(settings.seed)
        self._network = DetectorNetwork(planes, settings.surfaces, settings.widths)
        if start is not None:
            load_weights(self._network, start)
        self._network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._optimiser = torch.optim.AdamW(
            self._network.parameters(), lr=settings.learning_rate, weight_decay=settings.weight_decay
        )
        self._step = 0

    @property
    def over(self) -> bool:
        """Whether every step is done."""
        return self._step >= self.settings.steps

    @property
    def share(self) -> float:
        """Share of the steps that are done."""
        return self._step / self.settings.steps

    def round(self, fields: Sequence[TaughtField], between: Callable[[], float]) -> None:
        """Some steps on random windows; `between` is called before each, may wait (and says how long) or raise."""
        begun, waited = time.monotonic(), 0.0
        centre, shape = [], []
        self._network.train()
        while not self.over:
            waited += between()
            found = self._learn(fields)
            centre.append(found[0])
            shape.append(found[1])
            if self._step % STEPS_A_ROUND == 0:
                break
        spent = time.monotonic() - begun - waited
        self.seconds += spent
        row = {"step": self._step, "centre_loss": float(np.mean(centre)), "shape_loss": float(np.mean(shape))}
        if not all(math.isfinite(v) for v in row.values()):
            raise TrainingError(
                "The detector's loss is not finite any more", f"step {self._step}", "lower the step length"
            )
        self.curve.append({**row, "seconds": round(spent, 2)})

    def _learn(self, fields: Sequence[TaughtField]) -> tuple[float, float]:
        settings = self.settings
        for group in self._optimiser.param_groups:
            group["lr"] = self._rate()
        planes, wanted = batch(
            fields,
            settings.batch,
            settings.window_px,
            settings.surfaces,
            self._random,
            self._planes > 1,
            settings.boxed,
        )
        maps = self._network(torch.from_numpy(planes).contiguous(memory_format=torch.channels_last))
        found = losses(maps, wanted, settings.surfaces, settings.boxed)
        self._optimiser.zero_grad()
        found.total.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self._network.parameters(), _LARGEST_GRADIENT)
        self._optimiser.step()
        self._step += 1
        return found.centre, found.shape

    def _rate(self) -> float:
        rising = min(1.0, (self._step + 1) / min(_WARM_UP, max(1, self.settings.steps // 10)))
        return self.settings.learning_rate * rising * (0.01 + 0.99 * 0.5 * (1.0 + math.cos(math.pi * self.share)))

    @property
    def weights(self) -> Arrays:
        """The network's weights."""
        return weights_of(self._network)

    def network(self) -> DetectorNetwork:
        """The network, ready to be asked."""
        found = DetectorNetwork(self._planes, self.settings.surfaces, self.settings.widths)
        load_weights(found, self.weights)
        return found.eval()

    def stored(self) -> tuple[Arrays, dict[str, Any]]:
        """All of it as plain arrays and words."""
        arrays = {
            **prefixed("network/", self.weights),
            **prefixed("optimiser/", optimiser_state(self._optimiser)),
        }
        words = {
            "step": self._step, "seconds": self.seconds, "curve": self.curve,
            "random": self._random.bit_generator.state,
        }  # fmt: skip
        return arrays, words

    def restore(self, arrays: Mapping[str, npt.NDArray[Any]], words: Mapping[str, Any]) -> None:
        """Go back to where `stored` was called.

        Raises
        ------
        TrainingError
            They are not those of this training.
        """
        try:
            load_weights(self._network, under("network/", arrays))
            load_optimiser(self._optimiser, under("optimiser/", arrays))
            self._step, self.seconds = int(words["step"]), float(words["seconds"])
            self.curve = [dict(row) for row in words["curve"]]
            self._random.bit_generator.state = words["random"]
        except (KeyError, TypeError, ValueError, RuntimeError) as error:
            raise TrainingError("The checkpoint is not this training's", error, "the training begins again") from error
