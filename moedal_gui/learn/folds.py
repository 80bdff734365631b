"""Splitting a training set into folds: labels spread evenly, neighbours kept together."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from moedal_gui.learn.training_set import TrainingSet, Whole, Words


def fold_of(labels: Words, groups: Whole, folds: int, seed: int, fixed: Whole | None = None) -> Whole:
    """Which fold each example is held back in, (N,).

    Groups stay together; every label is spread over the folds as evenly as groups allow. The largest groups are
    placed first, each where its labels are wanted most.

    Parameters
    ----------
    fixed
        Shape (N,): the fold an example has already, -1 where it is free; its whole group goes there.
    """
    names, label_of = np.unique(labels, return_inverse=True)
    places, place_of = np.unique(groups, return_inverse=True)
    counts = np.zeros((len(places), len(names)))
    np.add.at(counts, (place_of, label_of), 1.0)
    random = np.random.default_rng(seed)
    order = random.permutation(len(places))
    rarity = 1.0 / counts.sum(axis=0)
    # Rare labels and large groups first: what comes last can fill any gap.
    keys = np.lexsort((-(counts[order] * rarity).max(axis=1), -counts[order].sum(axis=1)))
    share = counts.sum(axis=0) / folds
    held = np.zeros((folds, len(names)))
    chosen = np.zeros(len(places), np.int64)
    bound = {} if fixed is None else {int(p): int(f) for p, f in zip(place_of, fixed, strict=True) if 0 <= f < folds}
    for place in order[keys]:
        row = counts[place]
        excess = (held + row - share) / share
        before = (held - share) / share
        cost = ((excess**2 - before**2) * (row > 0)).sum(axis=1)
        cost += 1e-6 * held.sum(axis=1) / share.sum() + 1e-9 * random.random(folds)
        fold = bound.get(int(place), int(np.argmin(cost)))
        held[fold] += row
        chosen[place] = fold
    return chosen[place_of]


def split(training_set: TrainingSet, folds: int, seed: int, old: Mapping[str, int] | None = None) -> Whole:
    """`fold_of` with candidates of both surfaces spread apart from each other.

    Parameters
    ----------
    old
        Folds that an older training gave to examples, by id; they stay.
    """
    kinds = np.array([f"{a}/{b}" for a, b in zip(training_set.labels, training_set.surfaces, strict=True)])
    fixed = np.array([(old or {}).get(str(name), -1) for name in training_set.ids], np.int64)
    return fold_of(kinds, training_set.groups, folds, seed, fixed)
