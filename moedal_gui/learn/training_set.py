"""A training set: what is learnt from, frozen, and its split into folds; loads no torch."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from moedal_gui.core import recipe as recipes_module
from moedal_gui.core.errors import RecipeError, TrainingError
from moedal_gui.core.examples import Examples
from moedal_gui.core.expert import Answer, ExpertRow
from moedal_gui.core.recipe import Recipe

SCARCE = 30
SMOOTH = 500

Words = npt.NDArray[np.str_]
Whole = npt.NDArray[np.int64]


@dataclass(frozen=True)
class TrainingSet:
    """Labelled examples.

    Attributes
    ----------
    experts
        The questions that are learnt; each sees the examples of its view.
    recipes, examples
        By view ("pit", "pair"); a folder of pictures has "pit" alone.
    labels, surfaces
        Shape (N,); surface is "top", "bottom" or empty.
    groups
        Shape (N,): neighbours and doubles share a group, and a group is never split over two folds.
    ids
        Shape (N,): what a person finds the example by.
    densities
        Shape (N,): pits per mm2 round the example; NaN where unknown.
    kind
        ``pits`` or ``pictures``.
    provenance
        Passes, annotators, foils and whatever else tells where the labels come from (plain values).
    """

    experts: tuple[ExpertRow, ...]
    recipes: Mapping[str, Recipe]
    examples: Mapping[str, Examples]
    labels: Words
    surfaces: Words
    groups: Whole
    ids: Words
    densities: npt.NDArray[np.float64]
    kind: str = "pits"
    provenance: Mapping[str, Any] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def classes(self) -> tuple[str, ...]:
        """The labels there are, the field's own first and in its order."""
        known = [word for word in ("candidate", "top", "bottom", "misc") if word in self.labels]
        return (*known, *sorted(set(self.labels.tolist()) - set(known)))

    @property
    def counts(self) -> dict[str, int]:
        """Examples of each class."""
        found = Counter(self.labels.tolist())
        return {name: found[name] for name in self.classes}

    @property
    def hash(self) -> str:
        """Sixteen hex digits that stand for every pixel, label and recipe."""
        digest = hashlib.sha256()
        for view in sorted(self.examples):
            digest.update(f"{view}:{self.recipes[view].hash}".encode())
            digest.update(np.ascontiguousarray(self.examples[view].pictures).tobytes())
            digest.update(np.ascontiguousarray(self.examples[view].numbers).tobytes())
        for words in (self.labels, self.surfaces, self.ids):
            digest.update("\0".join(words.tolist()).encode())
        digest.update(np.ascontiguousarray(self.groups, dtype=np.int64).tobytes())
        return digest.hexdigest()[:16]

    def targets(self, expert: ExpertRow) -> Whole:
        """Index of each example's answer to an expert's question; -1 where it is an example of none."""
        pairs = zip(self.labels.tolist(), self.surfaces.tolist(), strict=True)
        found = [expert.answer_of(label, surface) for label, surface in pairs]
        return np.array([-1 if answer is None else answer for answer in found], np.int64)

    def to_arrays(self) -> dict[str, npt.NDArray[Any]]:
        """Everything that is a number or a short word per example, for an npz."""
        arrays: dict[str, npt.NDArray[Any]] = {
            "labels": self.labels, "surfaces": self.surfaces, "groups": self.groups, "ids": self.ids,
            "densities": self.densities,
        }  # fmt: skip
        for view, examples in self.examples.items():
            arrays[f"pictures_{view}"], arrays[f"numbers_{view}"] = examples.pictures, examples.numbers
        return arrays

    def to_plain(self) -> dict[str, Any]:
        """Everything else, for JSON."""
        return {
            "hash": self.hash,
            "kind": self.kind,
            "recipes": {view: recipes_module.to_plain(recipe) for view, recipe in self.recipes.items()},
            "experts": [expert_to_plain(expert) for expert in self.experts],
            "counts": self.counts,
            "provenance": dict(self.provenance),
        }


def training_set_from(arrays: Mapping[str, npt.NDArray[Any]], plain: Mapping[str, Any]) -> TrainingSet:
    """The set that `TrainingSet.to_arrays` and `TrainingSet.to_plain` took apart.

    Raises
    ------
    TrainingError
        Parts are missing or do not belong together.
    """
    try:
        views = list(plain["recipes"])
        found = TrainingSet(
            experts=tuple(expert_from_plain(row) for row in plain["experts"]),
            recipes={view: recipes_module.from_plain(plain["recipes"][view]) for view in views},
            examples={view: Examples(arrays[f"pictures_{view}"], arrays[f"numbers_{view}"]) for view in views},
            labels=np.asarray(arrays["labels"], dtype=np.str_),
            surfaces=np.asarray(arrays["surfaces"], dtype=np.str_),
            groups=np.asarray(arrays["groups"], dtype=np.int64),
            ids=np.asarray(arrays["ids"], dtype=np.str_),
            densities=np.asarray(arrays["densities"], dtype=np.float64),
            kind=str(plain["kind"]),
            provenance=dict(plain["provenance"]),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise TrainingError("The training set cannot be read", error, "begin the training anew") from error
    return found


def expert_to_plain(expert: ExpertRow) -> dict[str, Any]:
    """Plain values of a question."""
    answers = [{"name": a.name, "labels": [list(pair) for pair in a.labels]} for a in expert.answers]
    return {"name": expert.name, "title": expert.title, "view": expert.view, "answers": answers}


def expert_from_plain(plain: Mapping[str, Any]) -> ExpertRow:
    """The question that `expert_to_plain` wrote."""
    answers = tuple(
        Answer(str(a["name"]), tuple((str(label), str(side)) for label, side in a["labels"])) for a in plain["answers"]
    )
    return ExpertRow(str(plain["name"]), str(plain["title"]), plain["view"], answers)


def check(training_set: TrainingSet, folds: int) -> None:
    """Refuse what cannot be learnt from.

    Raises
    ------
    TrainingError, RecipeError
        No labels, one class, too few examples, rows that do not match; pixels that are no numbers.
    """
    count = len(training_set)
    if not count:
        raise TrainingError("There are no labels to train on", "", "label some pits of at least two classes first")
    for view, examples in training_set.examples.items():
        if len(examples) != count or len(examples.numbers) != count:
            raise TrainingError(
                f"The crops of the view {view} are not as many as the labels", len(examples), "make the set anew"
            )
        bad = ~np.isfinite(examples.pictures).reshape(count, -1).all(axis=1)
        if bad.any():
            first = training_set.ids[int(np.argmax(bad))]
            raise RecipeError(
                f"Pixels of {int(bad.sum())} crops are not numbers", f"the first is {first}", "ingest that scan again"
            )
    if len(training_set.classes) < 2:
        only = training_set.classes[0]
        raise TrainingError(
            f"All {count} labels say {only}", "", "label examples of a second class; nothing can be told apart"
        )
    if count < 2 * folds:
        raise TrainingError(
            f"{count} examples are too few for {folds} folds",
            "",
            f"label at least {2 * folds}, better {SMOOTH} a class",
        )
    if len(set(training_set.groups.tolist())) < folds:
        raise TrainingError(
            "The examples are too much of one place to be split", f"{folds} folds", "label pits of more fields"
        )
    if not trainable(training_set):
        raise TrainingError(
            "No expert has examples of two answers",
            ", ".join(e.name for e in training_set.experts),
            "label more classes",
        )


def trainable(training_set: TrainingSet) -> tuple[ExpertRow, ...]:
    """The experts whose every answer has at least two examples in two places."""
    kept = []
    for expert in training_set.experts:
        targets = training_set.targets(expert)
        places = [set(training_set.groups[targets == a].tolist()) for a in range(len(expert.answers))]
        if all(len(found) >= 2 for found in places):
            kept.append(expert)
    return tuple(kept)


def warnings(training_set: TrainingSet) -> tuple[str, ...]:
    """What a person should know before training: scarce classes, experts that cannot be trained."""
    told = [
        f"{name} has {count} examples; {SMOOTH - count} more would train smoothly"
        for name, count in training_set.counts.items()
        if count < SCARCE
    ]
    able = {expert.name for expert in trainable(training_set)}
    told += [
        f"{expert.name} is left out: one of its answers has no examples"
        for expert in training_set.experts
        if expert.name not in able
    ]
    return tuple(told)
