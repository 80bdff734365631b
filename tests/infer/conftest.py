"""A small ensemble, trained once for the whole run."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from moedal_gui.store.registry import Entry, Registry

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "learn"))

from drawn_examples import QUICK, STANDARD, drawn_set, frozen


@pytest.fixture(scope="session")
def entry(tmp_path_factory: pytest.TempPathFactory) -> Entry:
    """Three experts of two folds each, in a registry of their own."""
    from moedal_gui.learn.cross_validation import assemble
    from moedal_gui.learn.trainer import train_fold
    from moedal_gui.learn.unit import FoldUnit

    home = tmp_path_factory.mktemp("ensemble")
    folder = frozen(home / "training" / "pits", drawn_set(160, experts=STANDARD))
    for row in STANDARD:
        for fold in range(QUICK.folds):
            train_fold(FoldUnit(folder.path, row.name, fold, QUICK, 3 + fold))
    found = assemble(folder, Registry(home / "experts", write=True), "pits").entry
    assert found is not None
    return found
