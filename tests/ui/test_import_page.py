"""Opening a scan: what is assumed is marked, a wrong ring is seen, and the scan is taken in."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from moedal_gui.ui.import_page.page import ImportPage
from moedal_gui.ui.main_window import MainWindow

pytestmark = pytest.mark.window


@pytest.fixture
def scan(foil: tuple[Path, Path], tmp_path: Path) -> Path:
    """The pictures alone, without their description."""
    target = Path(shutil.copytree(foil[0], tmp_path / "scans" / foil[0].name))
    (target / "scan.toml").unlink()
    return target


def test_a_scan_is_looked_into_turned_and_taken_in(empty_window: MainWindow, scan: Path, until) -> None:
    empty_window.open_path(scan)
    page = empty_window.pages.currentWidget()
    assert isinstance(page, ImportPage)
    assert page.draft.is_assumed("channels")
    assert "channels" in page.assumed.text()
    until(lambda: page.is_done)
    before = page.draft.description.rim_azimuths_deg
    QTest.keyClick(page.ring, Qt.Key.Key_Right)
    assert page.draft.description.rim_azimuths_deg == tuple((a + 45.0) % 360 for a in before)
    assert not page.draft.is_assumed("channels")
    page.rows["orientation"].confirm.click()
    assert not page.draft.is_assumed("orientation")
    page.take.click()
    until(
        lambda: (
            empty_window.workbench.session.sheet is not None and len(empty_window.workbench.session.sheet.names) == 4
        )
    )
    record = empty_window.workbench.session.sheet.record
    assert record.description.rim_azimuths_deg == tuple((a + 45.0) % 360 for a in before)
    assert "orientation" not in record.description.assumed
    assert "polarity" in record.description.assumed


def test_what_is_no_scan_says_so(empty_window: MainWindow, tmp_path: Path) -> None:
    (tmp_path / "nothing").mkdir()
    empty_window.open_path(tmp_path / "nothing")
    page = empty_window.pages.currentWidget()
    assert isinstance(page, ImportPage)
    assert page.draft is None


def test_the_pixel_size_of_the_other_scans_is_offered_and_not_taken_unasked(
    window: MainWindow, tmp_path: Path, until
) -> None:
    picture = tmp_path / "bare.png"
    Image.fromarray(np.random.default_rng(1).integers(90, 160, (200, 240), dtype=np.uint8)).save(picture)
    known = window.workbench.session.sheet.record.description.pixel_size_um
    window.open_path(picture)
    page = window.pages.currentWidget()
    assert isinstance(page, ImportPage)
    row = page.rows["pixel_size_um"]
    assert page.draft.description.pixel_size_um is None and not row.take.isHidden()
    row.take.click()
    assert page.draft.description.pixel_size_um == known and row.take.isHidden()
