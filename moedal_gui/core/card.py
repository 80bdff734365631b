"""The card of an ensemble: what it was trained on, how well it did, and what it may be shown."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from moedal_gui.core import recipe as recipes
from moedal_gui.core.errors import ExpertError, RecipeError
from moedal_gui.core.recipe import Recipe

FORMAT = 1


@dataclass(frozen=True)
class FoldCard:
    """One fold of an expert: `status` other than ``does not learn`` means that it is part of the ensemble."""

    fold: int
    status: str
    epochs: int
    best_epoch: int
    validation_loss: float
    balanced_accuracy: float
    seconds: float = 0.0

    @property
    def learned(self) -> bool:
        """Whether it is part of the ensemble."""
        return self.status != "does not learn"


@dataclass(frozen=True)
class ExpertCard:
    """One expert of an ensemble.

    Attributes
    ----------
    file, sha256
        Its ONNX file beside the card, and that file's hash.
    answers
        Names of its logits, in order.
    settings
        How it was trained (plain values of the training's settings).
    metrics
        Fractions ``{"value", "low", "high"}`` on the examples held back.
    onnx_difference
        Largest difference between the logits of the ONNX file and of torch, on held back crops.
    weights
        File of its torch weights beside the card; empty when it has none.
    """

    name: str
    file: str
    sha256: str
    view: str
    recipe: Recipe
    answers: tuple[str, ...]
    network: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    metrics: Mapping[str, Any] = field(default_factory=dict)
    folds: tuple[FoldCard, ...] = ()
    onnx_difference: float = 0.0
    weights: str = ""


@dataclass(frozen=True)
class StackerCard:
    """A multinomial logistic regression on what the experts say.

    The logit of class c is ``bias[c] + sum_f weights[c][f] * inputs[f]``; the names of the inputs say how they come
    from the experts' logits.
    """

    classes: tuple[str, ...]
    inputs: tuple[str, ...]
    weights: tuple[tuple[float, ...], ...]
    bias: tuple[float, ...]
    strength: float = 0.0


@dataclass(frozen=True)
class EnsembleCard:
    """Everything that is known of an ensemble.

    Attributes
    ----------
    kind
        ``pits`` or ``pictures``.
    training
        Plain values: hash, counts, passes, annotators, foils, warnings, and with transfer what it changed.
    density_range
        Lowest and highest density of pits per mm2 among the examples; None where unknown.
    metrics
        Fractions of the whole ensemble on the examples held back.
    bands
        The same by band of density.
    calibration
        Reliability curve and expected calibration error.
    confusion
        Counts on the examples held back, a row a true class.
    roc
        Candidate against all others: ``false``, ``true``, ``threshold``; empty without that class.
    working_point
        Thresholds on the score of candidate.
    versions
        Program, torch, onnx, numpy.
    seconds
        How long training took, over all folds.
    made
        When (UTC, ISO 8601).
    provenance
        One phrase, "trained on simulation" say.
    """

    name: str
    version: str
    kind: str
    classes: tuple[str, ...]
    experts: tuple[ExpertCard, ...]
    stacker: StackerCard
    training: Mapping[str, Any] = field(default_factory=dict)
    density_range: tuple[float, float] | None = None
    metrics: Mapping[str, Any] = field(default_factory=dict)
    bands: tuple[Mapping[str, Any], ...] = ()
    calibration: Mapping[str, Any] = field(default_factory=dict)
    confusion: tuple[tuple[int, ...], ...] = ()
    roc: Mapping[str, Any] = field(default_factory=dict)
    working_point: Mapping[str, float] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    seconds: float = 0.0
    made: str = ""
    provenance: str = ""

    @property
    def recipes(self) -> dict[str, Recipe]:
        """The recipe of each view its experts see."""
        return {expert.view: expert.recipe for expert in self.experts}

    def expert(self, name: str) -> ExpertCard:
        """One expert by name.

        Raises
        ------
        ExpertError
            It has none of that name.
        """
        for found in self.experts:
            if found.name == name:
                return found
        raise ExpertError(
            f"The ensemble has no expert {name}", self.name, f"it has {', '.join(e.name for e in self.experts)}"
        )


def to_plain(card: EnsembleCard) -> dict[str, Any]:
    """Plain values (for JSON) that `from_plain` turns back into the same card."""
    plain = asdict(card)
    for row, expert in zip(plain["experts"], card.experts, strict=True):
        row["recipe"] = recipes.to_plain(expert.recipe)
    return {"format": FORMAT, **_finite(plain)}


def from_plain(plain: object, where: object = "") -> EnsembleCard:
    """The card that `to_plain` gave these values for.

    Raises
    ------
    ExpertError
        Words are missing, of the wrong kind, or of a newer program.
    """
    try:
        values = dict(plain)  # type: ignore[call-overload]
        written = int(values.pop("format"))
        if written > FORMAT:
            raise ExpertError("The ensemble was made by a newer program", where, "update this program")
        values["experts"] = tuple(_expert(row) for row in values["experts"])
        stacker = values["stacker"]
        values["stacker"] = StackerCard(
            classes=_words(stacker["classes"]),
            inputs=_words(stacker["inputs"]),
            weights=tuple(tuple(float(w) for w in row) for row in stacker["weights"]),
            bias=tuple(float(b) for b in stacker["bias"]),
            strength=float(stacker["strength"]),
        )
        values["classes"] = _words(values["classes"])
        if values.get("density_range") is not None:
            low, high = values["density_range"]
            values["density_range"] = (float(low), float(high))
        values["bands"] = tuple(dict(row) for row in values["bands"])
        values["confusion"] = tuple(tuple(int(n) for n in row) for row in values["confusion"])
        card = EnsembleCard(**values)
        _check(card)
    except RecipeError as error:
        raise ExpertError("The card of the ensemble is damaged", where, error.what) from error
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ExpertError(
            "The card of the ensemble is damaged", where, "take the ensemble from an undamaged copy"
        ) from error
    return card


def _check(card: EnsembleCard) -> None:
    stacker = card.stacker
    shape = (len(stacker.classes), len(stacker.inputs))
    right = len(stacker.weights) == shape[0] and all(len(row) == shape[1] for row in stacker.weights)
    if not right or len(stacker.bias) != shape[0] or stacker.classes != card.classes or not card.experts:
        raise ValueError("the stacker does not belong to the classes")


def _expert(row: Mapping[str, Any]) -> ExpertCard:
    values = dict(row)
    values["recipe"] = recipes.from_plain(values["recipe"])
    values["answers"] = _words(values["answers"])
    values["folds"] = tuple(FoldCard(**fold) for fold in values["folds"])
    expert = ExpertCard(**values)
    names = (expert.name, expert.file, expert.sha256, expert.view, expert.network, expert.weights)
    if not all(isinstance(name, str) for name in names) or "/" in expert.file + expert.weights:
        raise ValueError("an expert's words are no words")
    return expert


def _words(values: Any) -> tuple[str, ...]:
    if isinstance(values, str) or not all(isinstance(v, str) for v in values):
        raise ValueError("a list of words was expected")
    return tuple(values)


def _finite(value: Any) -> Any:
    """Numbers that JSON has no word for become null."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, dict):
        return {key: _finite(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(inner) for inner in value]
    return value
