"""Foils: the tree, and what a person has looked at."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from two_scans import make_two_scans
from window_steps import press

from moedal_gui.app.density import maps_of
from moedal_gui.app.session import Loaded
from moedal_gui.core.field import UNSEEN
from moedal_gui.ui.main_window import MainWindow
from moedal_gui.ui.panels.foils import FoilsPanel

pytestmark = pytest.mark.window


def test_page_down_walks_the_unseen_fields(window: MainWindow) -> None:
    sheet, seen = window.workbench.session.sheet, window.workbench.seen
    for _ in sheet.names:
        press(window, Qt.Key.Key_PageDown)
    assert seen.count(sheet.record.foil, sheet.record.scan) == len(sheet.names)
    press(window, Qt.Key.Key_PageDown)
    assert any("every field" in text for text in window.toasts.texts())


def test_the_tree_holds_every_field_with_its_pits(window: MainWindow) -> None:
    panel = window.panels["foils"]
    assert isinstance(panel, FoilsPanel)
    scan = panel.tree.topLevelItem(0).child(0)
    sheet, pits = window.workbench.session.sheet, window.workbench.session.pits
    assert [scan.child(n).text(0) for n in range(scan.childCount())] == list(sheet.names)
    assert sum(int(scan.child(n).text(1).replace(",", "")) for n in range(scan.childCount())) == len(pits)
    assert int(scan.text(1).replace(",", "")) == len(pits)
    assert scan.text(3) == f"{window.workbench.seen.count(sheet.record.foil, sheet.record.scan)}/{len(sheet.names)}"


def test_scans_that_are_not_shown_have_their_pits_counted_too(empty_window: MainWindow, tmp_path: Path, until) -> None:
    session = empty_window.workbench.session
    empty_window.open_path(make_two_scans(tmp_path))
    until(lambda: session.pits is not None)
    panel, catalogue = empty_window.panels["foils"], session.project.catalogue
    assert isinstance(panel, FoilsPanel)
    for row, scan in enumerate(catalogue.scans()):
        run = catalogue.current_run("preselect", scan.scan_id)
        item = panel.tree.topLevelItem(0).child(row)
        assert (item.text(0), item.text(1)) == (scan.scan, f"{run.summary['pits']:,}")


def test_a_pit_put_by_hand_is_counted_in_the_tree(window: MainWindow, until) -> None:
    panel = window.panels["foils"]
    assert isinstance(panel, FoilsPanel)
    before = int(panel.tree.topLevelItem(0).child(0).text(1).replace(",", ""))
    assert window.workbench.correcting.add(60.0, 60.0)
    until(lambda: int(panel.tree.topLevelItem(0).child(0).text(1).replace(",", "")) == before + 1)


def test_a_field_without_light_has_no_number_and_no_area(window: MainWindow) -> None:
    session, panel = window.workbench.session, window.panels["foils"]
    assert isinstance(panel, FoilsPanel) and session.pits is not None and session.sheet is not None
    name = session.sheet.names[0]
    lit = maps_of(session.sheet, session.pits)
    dark = {str(n): {UNSEEN: 1.0} if n == name else {} for n in session.sheet.names}
    assert not panel.doubts.isVisible()
    said = replace(session.pits, measures=dark, doubts=("No light to look by",))
    session.take(session._reader.generation, Loaded(said, session.candidates))
    row = panel.tree.topLevelItem(0).child(0).child(0)
    assert (row.text(1), row.text(2)) == ("–", "") and "not known" in row.toolTip(1)
    assert panel.doubts.isVisible() and panel.doubts.text() == "No light to look by."
    assert maps_of(session.sheet, session.pits).every.cover.sum() < lit.every.cover.sum()
