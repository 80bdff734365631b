"""Queues that need scores, blind mode, proposals, mistakes and reasons, as a person meets them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from fabricated import give_labels, give_scores, question
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from window_steps import labels_on_disk, press

from moedal_gui.store.project import Project
from moedal_gui.ui.main_window import MainWindow
from moedal_gui.ui.parts.gallery import Gallery
from moedal_gui.ui.parts.why_view import WhyView

pytestmark = pytest.mark.window


def dialog(window: MainWindow, kind: type):
    return next(d for d in window.actions_.dialogs.open if isinstance(d, kind))


def choose(window: MainWindow, name: str) -> None:
    panel = window.panels["labelling"]
    panel.queue.setCurrentIndex(panel.queue.findData(name))
    panel.queue.activated.emit(panel.queue.currentIndex())


def test_a_queue_that_cannot_be_walked_says_what_it_needs(window: MainWindow) -> None:
    panel = window.panels["labelling"]
    choose(window, "ensemble entropy")
    assert panel.lacks.isVisible()
    assert "needs scores" in panel.lacks.text()
    assert panel.queue.currentData() == window.workbench.labelling.queue.name == "as found"
    give_scores(window.workbench)
    choose(window, "ensemble entropy")
    assert not panel.lacks.isVisible()
    assert "entropy" in panel.why.text()
    choose(window, "probably mislabelled")
    assert "label some pits" in panel.lacks.text()


def test_blind_mode_hides_what_could_sway(window: MainWindow) -> None:
    give_scores(window.workbench)
    give_labels(window.workbench, 6)
    panel, row = window.panels["labelling"], int(np.flatnonzero(window.workbench.labelling.codes >= 0)[0])
    window.workbench.selection.pick(int(window.workbench.session.pits.ids[row]))
    assert any(button.isChecked() for button in panel.buttons.values())
    press(window, Qt.Key.Key_B)
    assert window.menus.actions["blind.toggle"].isEnabled()
    assert not any(button.isChecked() for button in panel.buttons.values())
    assert "top" not in panel.head.text() + panel.why.text()
    assert (window.canvas.overlay.codes < -1).all()
    press(window, Qt.Key.Key_W)
    assert not any(isinstance(d, WhyView) for d in window.actions_.dialogs.open)
    assert any("blind" in text for text in window.toasts.texts())
    press(window, Qt.Key.Key_B)
    assert (window.canvas.overlay.codes == window.workbench.labelling.codes).all()


def test_proposals_become_labels_by_ones_own_hand(window: MainWindow, project_path: Path) -> None:
    give_scores(window.workbench, sharp=7.0)
    press(window, Qt.Key.Key_G, Qt.KeyboardModifier.ShiftModifier)
    gallery = dialog(window, Gallery)
    assert gallery.proposals.isVisible()
    shown = len(gallery.model.order)
    assert shown > 5
    assert labels_on_disk(project_path) == []
    gallery.view.selectionModel().select(gallery.model.index(0), gallery.view.selectionModel().SelectionFlag.Select)
    assert "(1)" in gallery.proposals.some.text()
    QTest.keyClick(gallery.view, Qt.Key.Key_Return)
    with Project.open(project_path) as project:
        given = project.labels.in_force()
    assert given["annotator"].tolist() == ["ada"]
    assert json.loads(given["extra"].iloc[0])["proposed_by"] == "ensemble-5"
    assert len(gallery.model.order) == shown - 1
    gallery.proposals.least.setValue(99.9)
    assert len(gallery.model.order) < shown - 1
    assert window.workbench.settings.now.proposal_probability == pytest.approx(0.999)
    gallery.close()


def test_the_worst_mistakes_come_first(window: MainWindow) -> None:
    give_scores(window.workbench, sharp=6.0)
    give_labels(window.workbench, 20, wrong=3)
    window.actions_.run("mistakes.show")
    gallery = dialog(window, Gallery)
    labelling = window.workbench.labelling
    first = gallery.model.order[:2].tolist()
    assert all(labelling.codes[row] == 3 for row in first)
    assert all(gallery.model.against[row][0] != "misc" for row in first)
    assert "held for" in gallery.model.data(gallery.model.index(0), Qt.ItemDataRole.ToolTipRole)
    gallery.close()


def test_why_follows_the_pit_in_front(window: MainWindow, until) -> None:
    give_scores(window.workbench)
    give_labels(window.workbench, 12)
    press(window, Qt.Key.Key_Space)
    press(window, Qt.Key.Key_W)
    view = dialog(window, WhyView)
    until(lambda: "not here" in view.hint.text() and view.neighbours[0].isVisible())
    assert "candidate" in view.near.text() or "top" in view.near.text() or "bottom" in view.near.text()
    window.workbench.why_source = question(window.workbench)
    window.workbench.labelling.step(1)
    until(view.map.isVisible)
    pit = int(window.workbench.session.pits.ids[window.workbench.labelling.row])
    assert f"Pit {pit}" in view.head.text()
    assert view._plane == 1
    view.neighbours[0].pressed.emit()
    assert window.workbench.labelling.codes[window.workbench.labelling.row] >= 0
    press(window, Qt.Key.Key_W)
    until(lambda: not any(isinstance(d, WhyView) for d in window.actions_.dialogs.open))
