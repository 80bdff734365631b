"""The Training panel in a real window: what it says before, while and after networks train."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from moedal_gui.core.label import Label
from moedal_gui.tasks.training.train_parameters import TrainParameters
from moedal_gui.ui.main_window import MainWindow
from moedal_gui.ui.panels.training import TrainingPanel
from moedal_gui.ui.widgets.ensemble_card import EnsembleCardView

Until = Callable[..., None]

LONG = 120.0  # a process of its own has torch to load first


def _panel(window: MainWindow) -> TrainingPanel:
    panel = window.panels["training"]
    assert isinstance(panel, TrainingPanel)
    return panel


def _label_surfaces(window: MainWindow) -> int:
    """Every pit labelled with the surface that was found."""
    project, pits = window.workbench.session.project, window.workbench.session.pits
    assert project is not None and pits is not None
    rows = pits.table[pits.table["surface"].isin(["top", "bottom"])].to_dict("records")
    project.labels.give([
        Label(r["foil"], r["scan"], r["field"], r["x_px"], r["y_px"], r["surface"], r["surface"], "ada") for r in rows
    ])  # fmt: skip
    return len(rows)


def test_without_labels_training_says_what_to_do(window: MainWindow, until: Until) -> None:
    panel = _panel(window)
    QTest.mouseClick(panel.train, Qt.MouseButton.LeftButton)
    until(lambda: window.workbench.jobs.all() and not window.workbench.jobs.active(), LONG)
    assert "no labels" in window.workbench.jobs.all()[0].sentence
    until(lambda: not panel.train.isHidden() and panel.cancel.isHidden())


def test_a_training_is_seen_paused_and_cancelled(window: MainWindow, until: Until) -> None:
    panel, training = _panel(window), window.workbench.training
    assert _label_surfaces(window) > 8
    words = TrainParameters(experts="top-bottom", folds=2, epochs=4000, patience=4000, width=4, start="none")
    training.start(words)
    until(lambda: panel.train.isHidden() and not panel.cancel.isHidden())
    until(lambda: training.board is not None and any(s.epochs > 1 for s in training.board.folds[0]), LONG)
    until(lambda: not panel.board.isHidden() and "epoch" in panel.board.accessibleDescription())
    QTest.mouseClick(panel.pause, Qt.MouseButton.LeftButton)
    until(lambda: training.board is not None and training.board.paused)
    QTest.mouseClick(panel.cancel, Qt.MouseButton.LeftButton)
    until(lambda: training.running is None, LONG)
    until(lambda: "cut short" in panel.key.text())
    assert window.workbench.jobs.all()[0].status == "cancelled"
    assert not window.workbench.session.project.experts.entries()  # type: ignore[union-attr]


def test_an_ensemble_that_was_trained_has_its_card(window: MainWindow, until: Until) -> None:
    panel, workbench = _panel(window), window.workbench
    _label_surfaces(window)
    own = len(panel.findChildren(EnsembleCardView))
    workbench.training.start(TrainParameters(experts="top-bottom", folds=2, epochs=12, start="none"))
    until(lambda: workbench.training.running is None, LONG)
    assert workbench.jobs.all()[0].status == "done", workbench.jobs.all()[0].sentence
    if workbench.jobs.all()[0].values["learns"]:
        until(
            lambda: any(
                c.isVisibleTo(panel) and "experts/1" in c.accessibleName() for c in panel.findChildren(EnsembleCardView)
            )
        )
    else:
        assert len([c for c in panel.findChildren(EnsembleCardView) if not c.isHidden()]) == own
