"""The stacker: from what the experts say to calibrated probabilities of the classes."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from moedal_gui.core.card import StackerCard
from moedal_gui.core.errors import ExpertError

Float64 = npt.NDArray[np.float64]
_LEAST = -20.0  # log-probabilities below this say nothing more


def stacker_inputs(
    logits: Mapping[str, npt.NDArray[np.floating]], answers: Mapping[str, tuple[str, ...]]
) -> tuple[tuple[str, ...], Float64]:
    """What the stacker sees of the experts' logits (N, answers): names and values (N, F).

    An expert of two answers gives the difference of its logits, first minus second; one of more gives its
    log-probabilities. Where top-bottom, candidate-top and candidate-bottom are all there, the latter two are also
    given gated by the first: what candidate-top says counts where the pit is a top pit.
    """
    names: list[str] = []
    columns: list[Float64] = []
    for name in logits:
        values = np.asarray(logits[name], np.float64)
        if values.shape[1] == 2:
            names.append(name)
            columns.append(values[:, 0] - values[:, 1])
        else:
            logs = np.maximum(log_softmax(values), _LEAST)
            names += [f"{name}:{answer}" for answer in answers[name]]
            columns += list(logs.T)
    by_name = dict(zip(names, columns, strict=True))
    if all(n in by_name for n in ("top-bottom", "candidate-top", "candidate-bottom")):
        top = sigmoid(by_name["top-bottom"])
        names += ["candidate-top*top", "candidate-bottom*bottom"]
        columns += [by_name["candidate-top"] * top, by_name["candidate-bottom"] * (1.0 - top)]
    count = len(next(iter(logits.values()))) if logits else 0
    return tuple(names), np.stack(columns, axis=1) if columns else np.zeros((count, 0))


def probabilities(
    stacker: StackerCard,
    logits: Mapping[str, npt.NDArray[np.floating]],
    answers: Mapping[str, tuple[str, ...]],
) -> Float64:
    """Calibrated probabilities, (N, classes).

    Raises
    ------
    ExpertError
        The stacker was fitted on other experts.
    """
    names, values = stacker_inputs(logits, answers)
    if names != stacker.inputs:
        raise ExpertError(
            "The stacker was fitted on other experts", ", ".join(names), "take the ensemble from an undamaged copy"
        )
    scores = values @ np.array(stacker.weights, np.float64).T + np.array(stacker.bias, np.float64)
    return np.exp(log_softmax(scores))


def log_softmax(values: Float64) -> Float64:
    """Logs of the softmax of every row, without overflow."""
    even = values - values.max(axis=1, keepdims=True)
    return np.asarray(even - np.log(np.exp(even).sum(axis=1, keepdims=True)), np.float64)


def sigmoid(values: Float64) -> Float64:
    """1 / (1 + exp(-x)), without overflow."""
    return np.asarray(0.5 * (1.0 + np.tanh(0.5 * values)), np.float64)
