"""A fold while it is trained: the one mutable thing of a training, and its way to plain arrays and back."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from moedal_gui.core.errors import TrainingError
from moedal_gui.core.examples import Examples
from moedal_gui.learn.augmentation import Augmentation
from moedal_gui.learn.fold_examples import FoldExamples
from moedal_gui.learn.losses import epoch_order, loss_of
from moedal_gui.learn.networks import Network, build
from moedal_gui.learn.outputs import logits_of, turned_logits
from moedal_gui.learn.settings import TrainingSettings
from moedal_gui.learn.significance import balanced_accuracy
from moedal_gui.learn.state import (
    Arrays,
    load_optimiser,
    load_weights,
    optimiser_state,
    prefixed,
    under,
    weights_of,
)
from moedal_gui.store.array_files import read_arrays

_WARM_UP = 50  # steps over which the learning rate rises
_STEPS, _LEAST = 16, 16  # few examples are shown in smaller batches: so many steps an epoch, of at least so many
_MOMENTUM = 0.9


class FoldRun:
    """Where a fold stands: network, optimiser, random states, curve and the best weights so far."""

    def __init__(
        self, examples: FoldExamples, settings: TrainingSettings, seed: int, attempt: int, seconds: float
    ) -> None:
        self.seed, self.attempt, self.seconds = seed, attempt, seconds
        self.curve: list[dict[str, Any]] = []
        self.best_loss, self.best_epoch = math.inf, 0
        self._examples, self._settings = examples, settings
        self._random = np.random.default_rng(seed)
        torch.manual_seed(seed)
        self._network = build(examples.recipe, settings, examples.classes)
        self._network.learn_scale(examples.train, examples.recipe)
        if _flat(settings):
            self._network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._optimiser = _optimiser(self._network, settings)
        self._augmentation = Augmentation.of(examples.recipe, settings, examples.train)
        answers = [a.name for a in examples.expert.answers]
        self._loss = loss_of(settings, answers, examples.train_targets)
        self._step = 0
        self.best: Arrays = weights_of(self._network)

    @classmethod
    def begun(
        cls,
        examples: FoldExamples,
        settings: TrainingSettings,
        seed: int,
        attempt: int = 0,
        start: Path | None = None,
        seconds: float = 0.0,
    ) -> FoldRun:
        """A run that has seen nothing yet, from fresh weights or from stored ones."""
        run = cls(examples, settings, seed, attempt, seconds)
        if start is not None:
            load_weights(run._network, under(f"fold-{examples.fold}/", _whole(read_arrays(start)[0], examples.fold)))
            run.best = weights_of(run._network)
        return run

    @property
    def over(self) -> bool:
        """Whether another epoch would bring nothing."""
        done = len(self.curve)
        return done >= self._settings.epochs or done - self.best_epoch >= self._settings.patience

    def epoch(self, between_batches: Callable[[], float]) -> None:
        """One round over the examples, then a look at those held back.

        Parameters
        ----------
        between_batches
            Called before every batch; may wait (and says how long) or raise.
        """
        begun, waited = time.monotonic(), 0.0
        order = epoch_order(self._examples.train_targets, self._settings, self._random)
        count = max(1, len(order) // self._settings.batch, min(_STEPS, len(order) // _LEAST))
        losses = []
        self._network.train()
        for rows in np.array_split(order, count):
            waited += between_batches()
            losses.append(self._learn(rows, count))
        spent = time.monotonic() - begun - waited
        self.seconds += spent
        self._note(float(np.mean(losses)), spent)

    def best_logits(self, examples: Examples, turned: bool = False) -> npt.NDArray[np.float32]:
        """What the best weights so far say, (N, classes); over all exact symmetries if asked."""
        network = build(self._examples.recipe, self._settings, self._examples.classes)
        load_weights(network, self.best)
        return (
            turned_logits(network, examples, self._examples.recipe, self._settings)
            if turned
            else logits_of(network, examples)
        )

    def stored(self) -> tuple[Arrays, dict[str, Any]]:
        """All of it as plain arrays and words."""
        arrays = {
            **prefixed("network/", weights_of(self._network)),
            **prefixed("best/", self.best),
            **prefixed("optimiser/", optimiser_state(self._optimiser)),
            "torch_random": torch.get_rng_state().numpy(),
        }
        words = {
            "seed": self.seed, "attempt": self.attempt, "seconds": self.seconds, "step": self._step, "curve": self.curve,
            "best_loss": self.best_loss, "best_epoch": self.best_epoch, "random": self._random.bit_generator.state,
        }  # fmt: skip
        return arrays, words

    def restore(self, arrays: Mapping[str, npt.NDArray[Any]], words: Mapping[str, Any]) -> None:
        """Go back to where `stored` was called.

        Raises
        ------
        TrainingError
            They are not those of this fold.
        """
        try:
            load_weights(self._network, under("network/", arrays))
            load_optimiser(self._optimiser, under("optimiser/", arrays))
            self.best = under("best/", arrays)
            self.seed, self.attempt, self.seconds = int(words["seed"]), int(words["attempt"]), float(words["seconds"])
            self._step, self.curve = int(words["step"]), [dict(row) for row in words["curve"]]
            self.best_loss, self.best_epoch = float(words["best_loss"]), int(words["best_epoch"])
            self._random.bit_generator.state = words["random"]
            torch.set_rng_state(torch.from_numpy(np.array(arrays["torch_random"])))
        except (KeyError, TypeError, ValueError, RuntimeError) as error:
            raise TrainingError(
                "The checkpoint of a fold is not this fold's", error, "the fold begins again"
            ) from error

    def _learn(self, rows: npt.NDArray[np.int64], batches: int) -> float:
        rate = self._rate(batches)
        for group in self._optimiser.param_groups:
            group["lr"] = rate
        batch = self._augmentation.applied(self._examples.train.taken(rows), self._random)
        wanted = torch.from_numpy(self._examples.train_targets[rows])
        logits = self._network(torch.from_numpy(batch.pictures), torch.from_numpy(batch.numbers))
        loss = self._loss(logits, wanted)
        self._optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self._network.parameters(), 5.0)
        self._optimiser.step()
        self._step += 1
        return float(loss.item())

    def _rate(self, batches: int) -> float:
        settings, total = self._settings, self._settings.epochs * batches
        rising = min(1.0, (self._step + 1) / min(_WARM_UP, max(1, total // 10)))
        if settings.schedule == "constant":
            return settings.learning_rate * rising
        return settings.learning_rate * rising * 0.5 * (1.0 + math.cos(math.pi * min(1.0, self._step / total)))

    def _note(self, train_loss: float, seconds: float) -> None:
        asked, targets = self._examples.asked, self._examples.asked_targets
        row: dict[str, Any] = {"epoch": len(self.curve) + 1, "attempt": self.attempt, "train_loss": train_loss}
        logits = logits_of(self._network, asked)
        with torch.no_grad():
            loss = float(self._loss(torch.from_numpy(logits), torch.from_numpy(targets)))
        chosen = logits.argmax(axis=1)
        row |= {
            "validation_loss": loss,
            "accuracy": float((chosen == targets).mean()),
            "balanced_accuracy": balanced_accuracy(targets, chosen, self._examples.classes),
            "seconds": round(seconds, 3),
            "learning_rate": self._optimiser.param_groups[0]["lr"],
        }
        self.curve.append(row)
        if loss < self.best_loss:
            self.best_loss, self.best_epoch, self.best = loss, len(self.curve), weights_of(self._network)


def _whole(arrays: Arrays, fold: int) -> Arrays:
    """Stored weights, where a fold that is not among them is begun from the first one."""
    if under(f"fold-{fold}/", arrays):
        return arrays
    first = min((name.split("/", 1)[0] for name in arrays), default="")
    return prefixed(f"fold-{fold}/", under(f"{first}/", arrays))


def _flat(settings: TrainingSettings) -> bool:
    return settings.network != "ring"  # five axes have no such order


def _optimiser(network: Network, settings: TrainingSettings) -> torch.optim.Optimizer:
    weights, rate, decay = network.parameters(), settings.learning_rate, settings.weight_decay
    if settings.optimiser == "sgd":
        return torch.optim.SGD(weights, lr=rate, momentum=_MOMENTUM, nesterov=True, weight_decay=decay)
    kind = torch.optim.AdamW if settings.optimiser == "adamw" else torch.optim.Adam
    return kind(weights, lr=rate, weight_decay=decay)
