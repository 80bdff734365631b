"""Registration: what is left between two scans, and the datum points that a person clicks."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtTest import QTest
from two_scans import make_two_scans
from window_steps import press

from moedal_gui.store.project import Project
from moedal_gui.ui.main_window import MainWindow
from moedal_gui.ui.panels.registration import RegistrationPanel
from moedal_gui.ui.parts.datum_dialog import DatumDialog

pytestmark = pytest.mark.window


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_two_scans(tmp_path_factory.mktemp("two"))


@pytest.fixture
def project_path(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "two.moedal"))


def _panel(window: MainWindow, until) -> RegistrationPanel:
    panel = window.panels["registration"]
    assert isinstance(panel, RegistrationPanel)
    window.show_panel("registration")
    until(lambda: panel.map is not None and panel.map.isVisible())
    return panel


def _kind(panel: RegistrationPanel, key: str) -> None:
    panel.kind.setCurrentIndex(panel.kind.findData(key))


def test_arrows_maps_and_figures_are_of_the_partners(window: MainWindow, until) -> None:
    panel = _panel(window, until)
    found = panel._found
    many = found.field.counts >= 5
    assert 0 < many.sum() < many.size
    assert panel.map.arrow_count == int((many & found.scanned).sum())
    assert panel.map.hatched  # cells at the rim with too few pits are hatched, not filled in
    assert np.isnan(found.field.dx[~many]).all()
    assert found.found.lengths.max() <= 6.0 and "within 2 px" in panel.caption.text()
    _kind(panel, "dx")
    assert panel.map.arrow_count == 0
    _kind(panel, "words")
    assert "Datum points after a rigid fit" in panel.words.text() and "Refined by the pits" in panel.words.text()


def test_a_click_on_the_map_goes_to_that_place_of_the_foil(window: MainWindow, until) -> None:
    panel = _panel(window, until)
    sheet = window.workbench.session.sheet
    wanted = panel._found.field.grid.centres[panel._found.field.grid.columns + 2]
    QTest.qWait(80)
    scene = panel.map.getPlotItem().vb.mapViewToScene(QPointF(*(wanted / 1000.0)))
    window.canvas.go_to(-9000.0, -9000.0, 300.0)
    QTest.mouseClick(panel.map.viewport(), Qt.MouseButton.LeftButton, pos=panel.map.mapFromScene(scene))
    until(lambda: window.canvas.view.x > 0)
    there = sheet.to_frame(window.canvas.view.x, window.canvas.view.y)
    assert np.hypot(*(np.array(there) - wanted)) < panel._found.field.grid.cell / 2


def test_what_is_shown_can_be_saved(window: MainWindow, until, tmp_path: Path) -> None:
    panel = _panel(window, until)
    for name in ("cells.csv", "arrows.png", "arrows.svg"):
        panel.save_to(tmp_path / name)
    rows = list(csv.DictReader((tmp_path / "cells.csv").open(encoding="utf-8")))
    assert len(rows) == int(panel._found.scanned.sum())
    assert all((r["dx_px"] == "") == (int(r["partners"]) < 5) for r in rows) and rows[0]["run"].startswith("register")
    assert (tmp_path / "arrows.png").read_bytes()[:4] == b"\x89PNG"
    assert "c1 – cr" in (tmp_path / "arrows.svg").read_text(encoding="utf-8")
    panel.save_to(tmp_path / "arrows.gif")
    assert "take .csv, .png or .svg" in window.toasts.texts()[-1]


def test_the_histogram_counts_every_partner(window: MainWindow, until, tmp_path: Path) -> None:
    panel = _panel(window, until)
    _kind(panel, "histogram")
    panel.save_to(tmp_path / "bins.csv")
    rows = list(csv.DictReader((tmp_path / "bins.csv").open(encoding="utf-8")))
    assert sum(int(r["partners"]) for r in rows) == len(panel._found.found.lengths)
    assert sum(float(r["by_accident"]) for r in rows) > 0


def _dialog(window: MainWindow, until) -> DatumDialog:
    window.actions_.run("datum.set")
    until(lambda: window.workbench.datum.check is not None)
    (dialog,) = (d for d in window.actions_.dialogs.open if isinstance(d, DatumDialog))
    return dialog


def _click_mark(window: MainWindow, dialog: DatumDialog, index: int, off: tuple[float, float], until) -> None:
    dialog.table.selectRow(index)
    QTest.mouseClick(dialog.pick, Qt.MouseButton.LeftButton)
    assert window.canvas.overlay.tool == "datum"
    point = window.workbench.datum.points[index]
    sheet, view = window.workbench.session.sheet, window.canvas.view
    x, y = view.to_screen(*sheet.shown_place(point.field, point.x_px + off[0], point.y_px + off[1]))
    QTest.mouseClick(window.canvas.overlay, Qt.MouseButton.LeftButton, pos=QPoint(round(x), round(y)))
    until(lambda: window.workbench.datum.check is not None)


def test_a_wrongly_clicked_mark_stands_out_and_can_be_taken_back(window: MainWindow, until) -> None:
    dialog, draft = _dialog(window, until), window.workbench.datum
    until(lambda: "fit those of cr" in dialog.said.text())
    right = draft.points
    _click_mark(window, dialog, 1, (45.0, 20.0), until)
    assert abs(draft.points[1].x_px - right[1].x_px - 45.0) < 1 and window.canvas.overlay.tool == ""
    until(lambda: "Mark 1" in dialog.said.text())
    assert [dialog.table.item(k, 0).text().startswith("⚠") for k in range(3)] == [False, True, False]
    assert 45 < draft.check.by_pits[1] < 54
    assert len(window.canvas.overlay.datum) == 3
    QTest.mouseClick(dialog.take_back, Qt.MouseButton.LeftButton)
    assert draft.points == right
    until(lambda: "fit those of cr" in dialog.said.text())
    dialog.close()
    assert window.canvas.overlay.datum == [] and window.workbench.session.sheet.record.description.datum == right


def test_esc_lets_go_of_the_canvas_before_anything_else(window: MainWindow, until) -> None:
    dialog = _dialog(window, until)
    QTest.keyClick(dialog, Qt.Key.Key_1)
    assert window.canvas.overlay.tool == "datum" and window.workbench.datum.picking == 1
    press(window, Qt.Key.Key_Escape)
    assert window.canvas.overlay.tool == "" and window.workbench.datum.picking is None and dialog.isVisible()
    window.workbench.datum.forget_last()
    QTest.keyClick(dialog, Qt.Key.Key_Escape)
    assert dialog.isVisible() and "not accepted yet" in dialog.said.text()
    QTest.keyClick(dialog, Qt.Key.Key_Escape)
    assert not dialog.isVisible()


def test_marks_are_set_in_their_order_and_each_comes_into_view(window: MainWindow, until) -> None:
    dialog, draft, canvas = _dialog(window, until), window.workbench.datum, window.canvas
    right = draft.points
    assert not dialog.by.isVisible() and "Set by" not in dialog.by.text()
    for _ in right:
        draft.forget_last()
    assert dialog.accept_button.isEnabled(), "that there are none any more can be kept"
    until(lambda: draft.check is not None and all(draft.check.expected_fields))
    QTest.keyClick(dialog, Qt.Key.Key_2)
    assert draft.picking == 0 and "mark 0 comes first" in dialog.heard.text()
    for index, point in enumerate(right):
        assert draft.picking == index
        place = window.workbench.session.sheet.shown_place(point.field, point.x_px, point.y_px)
        until(lambda place=place: np.hypot(canvas.view.x - place[0], canvas.view.y - place[1]) < 12)
        x, y = canvas.view.to_screen(*place)
        QTest.mouseClick(canvas.overlay, Qt.MouseButton.LeftButton, pos=QPoint(round(x), round(y)))
        assert not dialog.accept_button.isEnabled() or index > 0
    assert draft.picking is None
    assert all(abs(a.x_px - b.x_px) < 2 and a.field == b.field for a, b in zip(draft.points, right, strict=True))
    until(lambda: "fit those of cr" in dialog.said.text())
    dialog.table.selectRow(0)
    assert not dialog.forget.isEnabled(), "taken out, it would make the others other marks"


def test_accepted_points_are_kept_with_who_and_what_was_before(window: MainWindow, until, project_path: Path) -> None:
    panel, dialog = _panel(window, until), _dialog(window, until)
    before = window.workbench.datum.points
    _click_mark(window, dialog, 0, (30.0, 0.0), until)
    assert not dialog.register.isEnabled() and "Accept" in dialog.register.toolTip()
    QTest.mouseClick(dialog.accept_button, Qt.MouseButton.LeftButton)
    until(lambda: panel._registered.stale)
    until(lambda: "Set by ada" in dialog.by.text())
    # Toasts lie behind the dialog, which therefore says itself what they say.
    assert dialog.heard.isVisible() and "kept" in dialog.heard.text()
    with Project.open(project_path) as project:
        scan = project.catalogue.scans()[0]
        (change,) = project.catalogue.datum.changes(scan.foil, scan.scan)
        assert change.before == before and change.after == scan.description.datum != before
        assert change.annotator == "ada" and change.origin == "hand"
    QTest.mouseClick(dialog.register, Qt.MouseButton.LeftButton)
    until(lambda: not window.workbench.jobs.active() and not panel._registered.stale)
    until(lambda: not dialog.register.isEnabled() and "Register" in dialog.heard.text())
    assert panel._registered.datum[0]["undecided"][0]["points"][0]["point"] == 0
    until(lambda: panel.caption.text().startswith("Without datum point 0: "))
    dialog.earlier.menu().actions()[0].trigger()
    assert window.workbench.datum.points == before


def test_another_scan_brings_its_own_datum_points(window: MainWindow, until) -> None:
    dialog, draft, session = _dialog(window, until), window.workbench.datum, window.workbench.session
    session.show_scan("cr")
    until(lambda: session.pits is not None and draft.scan.scan == "cr" and draft.check is not None)
    assert dialog.windowTitle() == "Datum points of cr" and dialog.reference.currentText() == "c1"
    draft.forget_last()
    until(lambda: draft.check is not None and len(draft.check.by_pits) == 2)
    until(lambda: any(wanted for *_, wanted in window.canvas.overlay.datum))
    ((x, y, number, _),) = [m for m in window.canvas.overlay.datum if m[3]]
    right = session.sheet.record.description.datum[2]
    assert (
        number == "2"
        and np.hypot(*(np.array([x, y]) - session.sheet.shown_place(right.field, right.x_px, right.y_px))) < 6
    )
    draft.pick(2)
    session.show_scan("c1")
    QTest.mouseClick(window.canvas.overlay, Qt.MouseButton.LeftButton)
    assert len(draft.points) == 2 and "show that scan first" in window.toasts.texts()[-1]
