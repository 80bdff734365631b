"""The view of a field's cleaning: what pre-selection would look at, with its figures."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import Qt
from window_steps import press

from moedal_gui.imaging.flat_field import FlatField
from moedal_gui.preselect.methods import clean_field
from moedal_gui.ui.main_window import MainWindow
from moedal_gui.ui.parts.cleaning_view import CleaningView

pytestmark = pytest.mark.window


def test_a_key_shows_the_cleaning_of_the_field_in_the_middle(window: MainWindow, until) -> None:
    session = window.workbench.session
    sheet = session.sheet
    window.workbench.go_to_field(sheet.names[1])
    until(lambda: window.canvas.picture_is_shown)
    press(window, Qt.Key.Key_D, Qt.KeyboardModifier.ShiftModifier)
    view = next(d for d in window.actions_.dialogs.open if isinstance(d, CleaningView))
    assert sheet.names[1] in view.windowTitle()
    until(lambda: "%" in view.said.text())
    record = sheet.fields.iloc[1]
    stack = session.project.images.read(record["batch"], int(record["slot"]))
    shares = clean_field(stack, sheet.record.description, FlatField.from_json(sheet.record.flat)).shares
    assert f"dirt {shares['dirt']:.2%}" in view.said.text() and f"{shares['filled']:.2%} filled" in view.said.text()
    before, after, taken = (v._pixmap.toImage() for v in view.views)
    assert not before.isNull() and before.size() == after.size() == taken.size()
    pixels = np.frombuffer(taken.convertToFormat(taken.Format.Format_RGB888).constBits(), np.uint8)
    coloured = (pixels.reshape(taken.height(), -1)[:, : 3 * taken.width()].reshape(-1, 3) == (230, 159, 0)).all(axis=1)
    assert np.isclose(coloured.mean(), shares["dirt"], atol=0.01)
    view.picture.setCurrentIndex(1)
    view.picture.activated.emit(1)
    until(lambda: view.views[0]._pixmap.toImage() != before)
    view.close()
