"""Fitting the stacker on what the folds say of the examples they were not shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize

from moedal_gui.core.card import StackerCard
from moedal_gui.infer.stacker import Float64, log_softmax, stacker_inputs

Whole = npt.NDArray[np.int64]
_STRENGTHS = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0)


@dataclass(frozen=True)
class Stacked:
    """A stacker, and what stackers fitted without each fold say of that fold.

    Attributes
    ----------
    held_out
        Shape (N, classes): probabilities of every example from a stacker that never saw its fold.
    """

    card: StackerCard
    held_out: Float64


def fit_stacker(
    logits: Mapping[str, npt.NDArray[np.floating]],
    answers: Mapping[str, tuple[str, ...]],
    labels: npt.NDArray[np.str_],
    classes: tuple[str, ...],
    folds: Whole,
) -> Stacked:
    """Multinomial logistic regression with an L2 penalty whose strength cross-validation over the folds chooses.

    The penalty pulls towards a start and not to zero: experts are taken at their word until the examples say
    otherwise.

    Parameters
    ----------
    logits
        Of every expert, (N, answers), from folds that were not shown the example.
    folds
        Shape (N,): which fold each example was held back in.
    """
    names, values = stacker_inputs(logits, answers)
    targets = np.array([classes.index(label) for label in labels], np.int64)
    scale = np.sqrt((values**2).mean(axis=0)) + 1e-9
    start = _start(names, answers, classes) * scale
    held = {strength: _held_out(values / scale, targets, start, strength, folds) for strength in _STRENGTHS}
    losses = {strength: _log_loss(found, targets) for strength, found in held.items()}
    best = min(_STRENGTHS, key=lambda strength: losses[strength])
    weights, bias = _fitted(values / scale, targets, start, best)
    rows = tuple(tuple(float(w) for w in row) for row in weights / scale)
    card = StackerCard(classes, names, rows, tuple(float(b) for b in bias), best)
    return Stacked(card, np.exp(held[best]))


def _start(names: tuple[str, ...], answers: Mapping[str, tuple[str, ...]], classes: tuple[str, ...]) -> Float64:
    """Every expert at its word: what it says for a class goes to that class, by softmax."""
    start = np.zeros((len(classes), len(names)))
    for column, name in enumerate(names):
        expert, colon, answer = name.rpartition(":")
        said = {answer: 1.0} if colon and expert in answers else {}
        if name in answers:
            said = dict(zip(answers[name], (0.5, -0.5), strict=True))
        for word, share in said.items():
            if word in classes:
                start[classes.index(word), column] = share
    return start


def _held_out(values: Float64, targets: Whole, start: Float64, strength: float, folds: Whole) -> Float64:
    """Log-probabilities of each fold from a stacker fitted on the others."""
    found = np.zeros((len(values), len(start)))
    for fold in np.unique(folds):
        out = folds == fold
        if out.all():
            weights, bias = start, np.zeros(len(start))
        else:
            weights, bias = _fitted(values[~out], targets[~out], start, strength)
        found[out] = log_softmax(values[out] @ weights.T + bias)
    return found


def _fitted(values: Float64, targets: Whole, start: Float64, strength: float) -> tuple[Float64, Float64]:
    classes, inputs = start.shape
    wanted = np.eye(classes)[targets]

    def loss(flat: Float64) -> tuple[float, Float64]:
        weights, bias = flat[: classes * inputs].reshape(classes, inputs), flat[classes * inputs :]
        logs = log_softmax(values @ weights.T + bias)
        off = weights - start
        slope = np.exp(logs) - wanted
        total = -(logs * wanted).sum() + 0.5 * strength * (off**2).sum() + 0.5e-3 * (bias**2).sum()
        return float(total), np.concatenate(
            [(slope.T @ values + strength * off).ravel(), slope.sum(axis=0) + 1e-3 * bias]
        )

    begin = np.concatenate([start.ravel(), np.zeros(classes)])
    found = minimize(loss, begin, jac=True, method="L-BFGS-B", options={"maxiter": 500})
    return found.x[: classes * inputs].reshape(classes, inputs), found.x[classes * inputs :]


def _log_loss(logs: Float64, targets: Whole) -> float:
    return float(-logs[np.arange(len(targets)), targets].mean())
