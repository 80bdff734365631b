"""ROC: what is missing without labels, curves with them, and the working point on disk."""

from __future__ import annotations

from pathlib import Path

import pytest
from fabricated import give_labels, give_scores
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from moedal_gui.core.cut import Passing
from moedal_gui.store.project import Project
from moedal_gui.ui.main_window import MainWindow
from moedal_gui.ui.panels.roc import RocPanel
from moedal_gui.ui.parts.working_point_form import place_of, threshold_at

pytestmark = pytest.mark.window


@pytest.fixture
def panel(window: MainWindow, until) -> RocPanel:
    """The panel over the small project, with made-up scores."""
    panel = window.panels["roc"]
    assert isinstance(panel, RocPanel)
    window.show_panel("roc")
    assert panel.empty.isVisible()
    assert panel.empty._button.text() == "Score pits…"
    give_scores(window.workbench)
    until(lambda: panel._found is not None)
    return panel


def test_without_labels_it_says_which_are_missing_and_the_slider_works(panel: RocPanel, window: MainWindow) -> None:
    assert "Missing in this scan: 20 labelled candidate" in panel.missing.text()
    assert not panel._drawn.isVisible()
    panel.form.slider.setValue(700)
    deciding = window.workbench.deciding
    assert deciding.threshold == pytest.approx(threshold_at(700))
    found = (window.workbench.session.pits.scores[:, 0] >= deciding.threshold).sum()
    assert f"<b>{found}</b> pits pass" in panel.form.summary.text()
    assert "not known without labels" in panel.form.summary.text()
    panel.form.most.setValue(3)
    assert "<b>3</b> stops" in panel.form.summary.text()
    panel.form.seconds.setValue(60.0)
    assert "30 min" in panel.form.summary.text()
    assert window.workbench.settings.now.rescan_seconds == 60.0


def test_with_labels_there_are_curves_and_a_click_chooses(panel: RocPanel, window: MainWindow, until) -> None:
    give_labels(window.workbench, 40)
    until(lambda: panel._found.roc is not None and panel.curve is not None)
    assert "Area" in panel.said.text()
    for tab, word in ((1, "signal"), (2, "Expected error"), (3, "have their label's class")):
        panel.tabs.setCurrentIndex(tab)
        assert word in panel.said.text()
        assert panel._drawn.isVisible()
    panel.tabs.setCurrentIndex(0)
    roc = panel._found.roc
    panel.curve.clicked.emit(float(roc.rejection[5]), float(roc.efficiency[5]))
    assert window.workbench.deciding.threshold == pytest.approx(float(roc.threshold[5]))
    panel.form.keep.setValue(80.0)
    efficiency = window.workbench.deciding.sample()
    kept = efficiency.scores[efficiency.signal] >= window.workbench.deciding.threshold
    assert kept.mean() >= 0.8
    assert "80.0%" in window.workbench.deciding.how


def test_a_named_point_is_on_disk_and_in_force(panel: RocPanel, window: MainWindow, project_path: Path) -> None:
    names = panel.names
    assert not names.save.isEnabled()
    panel.form.threshold.setValue(0.6)
    QTest.keyClicks(names.name, "rescan May")
    QTest.keyClick(names.name, Qt.Key.Key_Return)
    with Project.open(project_path) as project:
        assert project.working_points.current.threshold == pytest.approx(0.6)
    assert names.points.currentText() == "In force: rescan May"
    panel.form.threshold.setValue(0.2)
    assert "moved since" in names.points.currentText()
    names.show_passing.click()
    assert window.workbench.selection.cut == Passing(0.2)
    assert (window.canvas.overlay.picked == (window.workbench.session.pits.scores[:, 0] >= 0.2)).all()
    names.forget.click()
    assert names.points.currentText() == "In force: default"


def test_what_happens_while_nobody_looks_is_shown_later(panel: RocPanel, window: MainWindow) -> None:
    window.show_panel("density")
    window.workbench.deciding.move_to(0.83)
    window.show_panel("roc")
    assert panel.form.threshold.value() == pytest.approx(0.83)


def test_a_density_band_may_hold_nothing(panel: RocPanel, window: MainWindow, until) -> None:
    sample = window.workbench.deciding.sample()
    for place in range(1, panel.band.count()):
        panel.band.setCurrentIndex(place)
        panel.band.activated.emit(place)
        band = panel.band.currentData()
        count = int((sample.band == band).sum())
        until(lambda: panel._found is not None)
        passing = int((sample.of_band(band).scores >= window.workbench.deciding.threshold).sum())
        assert f"<b>{passing}</b> pits pass at {band} density" in panel.form.summary.text(), count


@pytest.mark.parametrize("threshold", [0.0, 0.004, 0.1, 0.5, 0.99, 1.0])
def test_the_slider_and_the_number_agree(threshold: float) -> None:
    assert threshold_at(place_of(threshold)) == pytest.approx(threshold, abs=0.004)
