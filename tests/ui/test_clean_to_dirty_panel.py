"""Clean to dirty: two scans compared as a job, the cut dragged, and every mistake gone to."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog

from moedal_gui.store.project import Project
from moedal_gui.tasks import ingest
from moedal_gui.tasks.evaluation import evaluate
from moedal_gui.tasks.loop import run
from moedal_gui.tasks.simulate import SimulateParameters, draw
from moedal_gui.ui.main_window import MainWindow
from moedal_gui.ui.panels.clean_to_dirty import CleanToDirtyPanel

pytestmark = pytest.mark.window
MISSED, FALSE, PIECES = 4, 3, 2


@pytest.fixture(scope="module")
def two_scans(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A foil scanned from both sides: the first scan has its true pits, the second lost some, and found more."""
    folder = tmp_path_factory.mktemp("two")
    draw(SimulateParameters(folder / "scans", seed=5, columns=2, rows=1, pits_low=20.0, pits_high=24.0, candidates=4, channels=4,
                            both_sides=True))  # fmt: skip
    scans = sorted(p.parent for p in (folder / "scans").rglob("scan.toml"))
    truths = {
        p.stem.removeprefix("truth_"): pd.read_csv(p, dtype={"field": str})
        for p in (folder / "scans").rglob("truth_*.csv")
    }
    target = folder / "two.moedal"
    with Project.open(target, write=True, create=True) as project:
        run(ingest.plan(project, ingest.IngestParameters(tuple(scans))))
        for record in project.catalogue.scans():
            found = project.catalogue.open_run("preselect", record.scan_id, {"method": "auto"}, "test", "test")
            truth = truths[record.scan].drop_duplicates("id").assign(surface_score=0.9, probability=0.9, snr=20.0)
            pits = truth if record.scan == "c1" else _spoilt(truth)
            for row in project.catalogue.fields(record.scan_id).itertuples():
                project.catalogue.add_pits(found.run_id, int(row.field_id), pits[pits["field"] == row.field])
            project.catalogue.finish_run(found.run_id, {"pits": len(pits)})
    return target


def _spoilt(truth: pd.DataFrame) -> pd.DataFrame:
    inside = truth[truth["x_px"].between(60, 580) & truth["y_px"].between(60, 420)]
    pieces = inside.iloc[-PIECES:].assign(x_px=lambda t: t["x_px"] + 3.0)
    spots = np.stack(np.meshgrid(np.arange(80, 560, 20), np.arange(80, 400, 20)), axis=-1).reshape(-1, 2)
    field = inside["field"].iloc[0]
    there = truth.loc[truth["field"] == field, ["x_px", "y_px"]].to_numpy()
    far = spots[(np.hypot(*(spots[:, None] - there[None]).transpose(2, 0, 1)) > 45.0).all(axis=1)]
    false = inside.iloc[:FALSE].assign(field=field, x_px=far[:: max(len(far) // FALSE, 1)][:FALSE, 0],
                                       y_px=far[:: max(len(far) // FALSE, 1)][:FALSE, 1])  # fmt: skip
    return pd.concat([truth.drop(inside.index[:MISSED]), false, pieces], ignore_index=True)


@pytest.fixture
def compared(empty_window: MainWindow, two_scans: Path, tmp_path: Path, until) -> CleanToDirtyPanel:
    window = empty_window
    window.open_path(Path(shutil.copytree(two_scans, tmp_path / "two.moedal")))
    until(lambda: window.workbench.session.pits is not None and window.canvas.picture_is_shown)
    panel = window.panels["clean_to_dirty"]
    assert isinstance(panel, CleanToDirtyPanel)
    window.show_panel("clean_to_dirty")
    assert panel.form.truth.currentText().endswith("/c1") and panel.form.scan.currentText().endswith("/cr")
    assert panel.hint.isVisible()
    QTest.mouseClick(panel.form.go, Qt.MouseButton.LeftButton)
    until(lambda: not panel.hint.isVisible())  # while it compares, nobody is told to press what was pressed
    until(lambda: window.workbench.clean_to_dirty.now is not None)
    return panel


def test_the_panel_tells_what_the_command_line_tells(compared: CleanToDirtyPanel, two_scans: Path, until) -> None:
    panel, found = compared, compared._state.now
    with Project.open(two_scans) as project:
        told = dict(run(evaluate.plan(project, evaluate.EvaluateParameters(truth_scan="c1", scan="cr"))).values)
    at_8 = int(np.flatnonzero(found.cuts_px == 8.0)[0])
    assert found.efficiency[at_8].tolist() == [told["efficiency"][k] for k in ("value", "low", "high")]
    counts = found.places["kind"].value_counts().to_dict()
    assert counts == {"missed": MISSED, "false": FALSE, "fragment": PIECES}
    assert [b.text().split()[1] for b in panel.kinds.values()] == [str(MISSED), str(FALSE), str(PIECES)]
    assert f"{told['efficiency']['value']:.3f}" in panel.said.text() and "Resolution" in panel.resolution.text()
    # The line is dragged to another distance, and the words follow it.
    until(lambda: panel.curve is not None and panel.curve.isVisible())
    box = panel.curve.getPlotItem().vb
    laid_out: list[QPoint] = []

    def still() -> bool:  # the plot has its place once two looks at it agree
        laid_out.append(panel.curve.mapToGlobal(panel.curve.mapFromScene(box.mapViewToScene(QPointF(8.0, 0.5)))))
        QTest.qWait(60)
        return len(laid_out) > 4 and laid_out[-1] == laid_out[-4]

    until(still)
    start, end = (panel.curve.mapFromScene(box.mapViewToScene(QPointF(x, 0.5))) for x in (8.0, 13.0))
    port = panel.curve.viewport()
    QTest.mouseMove(port, start)
    QTest.mousePress(port, Qt.MouseButton.LeftButton, pos=start)
    for k in range(1, 7):
        QTest.mouseMove(port, start + QPoint((end.x() - start.x()) * k // 6, 0))
        QTest.qWait(15)
    QTest.mouseRelease(port, Qt.MouseButton.LeftButton, pos=end)
    assert abs(panel.cut.value() - 13) <= 1 and f"Within {panel.cut.value()} px" in panel.said.text()
    assert panel.again.isVisible() and "are of 8 px" in panel.said.text()
    panel.cut.setValue(2)
    QTest.mouseClick(panel.again, Qt.MouseButton.LeftButton)
    until(lambda: panel._state.now.asked.cut_px == 2.0)
    assert not panel.again.isVisible()


def test_a_click_on_a_mistake_goes_there_in_its_own_scan(compared: CleanToDirtyPanel, until) -> None:
    panel, workbench = compared, compared._workbench
    window = panel.window()
    assert workbench.session.sheet.record.scan == "c1"
    panel.tabs.setCurrentIndex(1)
    until(lambda: panel.places is not None and panel.places.isVisible())
    QTest.qWait(80)
    found = panel._state.now
    row = int(np.flatnonzero(found.places["kind"] == "false")[1])
    at = found.places.iloc[row][["x_frame", "y_frame"]].to_numpy(float) / 1000.0
    box = panel.places.getPlotItem().vb
    place = panel.places.mapFromScene(box.mapViewToScene(QPointF(*at)))
    QTest.mouseClick(panel.places.viewport(), Qt.MouseButton.LeftButton, pos=place)
    until(lambda: workbench.session.sheet.record.scan == "cr" and workbench.session.pits is not None)
    pits = workbench.session.pits
    false = pits.row_of(int(found.places["pit_id"].iloc[row]))
    assert np.hypot(window.canvas.view.x - pits.x[false], window.canvas.view.y - pits.y[false]) < 1.5


def test_crops_of_the_kinds_that_are_wanted(compared: CleanToDirtyPanel, until) -> None:
    panel = compared
    panel.tabs.setCurrentIndex(2)
    model = panel.gallery.pictures
    assert model.rowCount() == MISSED + FALSE + PIECES
    QTest.mouseClick(panel.kinds["missed"], Qt.MouseButton.LeftButton)
    assert model.rowCount() == FALSE + PIECES
    until(lambda: panel.gallery._source.at_once(int(model.rows[0])) is not None)
    image = model.data(model.index(0), Qt.ItemDataRole.DecorationRole).toImage()
    assert len({image.pixelColor(x, 50).lightness() for x in range(20, 80)}) > 3


def test_numbers_and_places_are_written(compared: CleanToDirtyPanel, tmp_path: Path, monkeypatch) -> None:
    target = tmp_path / "curve.csv"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_words: (str(target), ""))
    QTest.mouseClick(compared.numbers, Qt.MouseButton.LeftButton)
    curve, places = pd.read_csv(target), pd.read_csv(tmp_path / "curve_places.csv")
    assert list(curve["cut_px"]) == list(range(2, 21)) and (curve["efficiency_low"] <= curve["efficiency"]).all()
    assert len(places) == MISSED + FALSE + PIECES and {"x_um", "y_um", "kind", "field"} <= set(places.columns)


def test_one_scan_alone_is_told_what_is_missing(window: MainWindow) -> None:
    panel = window.panels["clean_to_dirty"]
    assert panel._stack.currentIndex() == 0 and "one scan" in panel.empty._text.text()
