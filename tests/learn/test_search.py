"""A search for settings goes on where it stopped and tells what mattered."""

from pathlib import Path

import pytest
from drawn_examples import QUICK, drawn_set, frozen

from moedal_gui.core.errors import CancelledError, TrainingError
from moedal_gui.learn.search import resumed, search


def test_a_search_goes_on_where_it_stopped(tmp_path: Path) -> None:
    folder = frozen(tmp_path / "t", drawn_set(60))
    assert resumed(folder, "top-bottom", QUICK) is None
    search(folder, "top-bottom", QUICK, 3)
    told: list[tuple[int, int]] = []
    found = search(folder, "top-bottom", QUICK, 8, progress=lambda done, every: told.append((done, every)))
    assert told[0] == (3, 8) and told[-1] == (8, 8)
    assert found.best_loss == min(t.validation_loss for t in found.trials)
    assert found.best.folds == QUICK.folds and found.best.width in (8, 12, 16, 24, 32)
    assert not found.importances or sum(found.importances.values()) == pytest.approx(1.0)
    again = resumed(folder, "top-bottom", QUICK)
    assert again is not None and again.best == found.best


def test_a_search_stops_when_told_and_a_damaged_journal_is_said(tmp_path: Path) -> None:
    folder = frozen(tmp_path / "t", drawn_set(60))
    folder.cancel()
    with pytest.raises(CancelledError):
        search(folder, "top-bottom", QUICK, 3)
    folder.cancel(False)
    (folder.path / "search.jsonl").write_text("no journal\nat all\n")
    with pytest.raises(TrainingError, match="journal of the search"):
        search(folder, "top-bottom", QUICK, 3)
