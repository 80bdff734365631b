"""What the detector missed is put right on the canvas, by keys and mouse, and taken back by Ctrl+Z."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from window_steps import bring_near, labels_on_disk, lonely, press, screen_place

from moedal_gui.core.correction import PitCorrection
from moedal_gui.core.label import CLASSES
from moedal_gui.store.project import Project
from moedal_gui.tasks.corrections import put_right
from moedal_gui.ui.main_window import MainWindow

pytestmark = pytest.mark.window

CTRL = Qt.KeyboardModifier.ControlModifier
LEFT = Qt.MouseButton.LeftButton


def on_disk(path: Path) -> list[PitCorrection]:
    with Project.open(path) as project:
        return project.labels.corrections.in_force()


def drag(window: MainWindow, start: QPoint, by: QPoint, held: Qt.KeyboardModifier, let_go: bool = True) -> None:
    overlay = window.canvas.overlay
    QTest.mousePress(overlay, LEFT, held, start)
    for k in range(1, 5):
        QTest.mouseMove(overlay, start + by * (k / 4))
    if let_go:
        QTest.mouseRelease(overlay, LEFT, held, start + by)


def again(window: MainWindow, until, what) -> None:
    """Do something, and wait until the pits on screen have been read anew."""
    before = window.workbench.session.pits
    what()
    until(lambda: window.workbench.session.pits is not before)


def test_a_pit_is_taken_out_put_again_moved_and_all_of_it_taken_back(
    window: MainWindow, project_path: Path, until
) -> None:
    session, overlay = window.workbench.session, window.canvas.overlay
    row = lonely(window, linked=False)
    pit, surface = int(session.pits.ids[row]), session.pits.surface[row]
    x, y = float(session.pits.x[row]), float(session.pits.y[row])
    bring_near(window, row, until)
    QTest.mouseClick(overlay, LEFT, pos=screen_place(window, row))
    again(window, until, lambda: press(window, Qt.Key.Key_Delete))
    assert session.pits.row_of(pit) is None
    assert "Ctrl+Z" in window.toasts.history[-1].text

    QTest.mouseMove(overlay, QPoint(*(round(v) for v in window.canvas.view.to_screen(x + 2, y - 1))))
    again(window, until, lambda: press(window, Qt.Key.Key_A))
    mine = int(np.flatnonzero(session.pits.by_hand)[0])
    assert np.hypot(session.pits.x[mine] - x, session.pits.y[mine] - y) < 2.0
    assert session.pits.surface[mine] == surface
    assert window.workbench.labelling.row == mine, "the pit that was put is in front, to be labelled"
    QTest.mouseMove(overlay, screen_place(window, mine) + QPoint(2, 0))
    assert any("put here by ada" in line for line in overlay.card)

    by = QPoint(40, -24)
    again(window, until, lambda: drag(window, screen_place(window, mine), by, CTRL))
    mine = int(np.flatnonzero(session.pits.by_hand)[0])
    zoom = window.canvas.view.zoom
    assert session.pits.x[mine] - x == pytest.approx(by.x() / zoom, abs=2.5)
    assert session.pits.y[mine] - y == pytest.approx(by.y() / zoom, abs=2.5)
    assert [c.kind for c in on_disk(project_path)] == ["remove", "add", "move"]

    for _ in range(3):
        again(window, until, lambda: press(window, Qt.Key.Key_Z, CTRL))
    back = session.pits.row_of(pit)
    assert back is not None and not session.pits.by_hand.any()
    assert on_disk(project_path) == []


def test_taking_back_the_pit_in_front_leaves_a_window_that_works(window: MainWindow, project_path: Path, until) -> None:
    session, labelling, overlay = window.workbench.session, window.workbench.labelling, window.canvas.overlay
    row = lonely(window, linked=False)
    bring_near(window, row, until)
    QTest.mouseMove(overlay, screen_place(window, row) + QPoint(60, 40))
    again(window, until, lambda: press(window, Qt.Key.Key_A))
    assert labelling.row == len(session.pits.ids) - 1, "the pit that was put is in front, and the last of all"
    again(window, until, lambda: press(window, Qt.Key.Key_Z, CTRL))
    until(lambda: labelling.pits is session.pits)
    assert labelling.row is None
    assert [t.text for t in window.toasts.history if t.kind == "bad"] == []


def test_a_plain_drag_pans_a_short_one_selects_and_esc_lets_go(window: MainWindow, project_path: Path, until) -> None:
    row = lonely(window, linked=False)
    bring_near(window, row, until)
    before = window.canvas.view
    drag(window, screen_place(window, row), QPoint(60, 30), Qt.KeyboardModifier.NoModifier)
    assert window.canvas.view.x != before.x
    drag(window, screen_place(window, row), QPoint(2, 1), CTRL)
    assert window.workbench.selection.focus == int(window.workbench.session.pits.ids[row])
    drag(window, screen_place(window, row), QPoint(60, 30), CTRL, let_go=False)
    press(window, Qt.Key.Key_Escape)
    QTest.mouseRelease(window.canvas.overlay, LEFT, CTRL, screen_place(window, row) + QPoint(60, 30))
    window.workbench.correcting.settle()
    assert on_disk(project_path) == []


def test_l_and_a_click_link_two_pits_by_hand(window: MainWindow, project_path: Path, until) -> None:
    session, workbench = window.workbench.session, window.workbench
    one = lonely(window, linked=False)
    apart = np.hypot(session.pits.x - session.pits.x[one], session.pits.y - session.pits.y[one])
    others = np.flatnonzero((session.pits.surface == 3 - session.pits.surface[one]) & (session.pits.surface > 0))
    other = int(others[np.argsort(apart[others])[0]])
    ids = int(session.pits.ids[one]), int(session.pits.ids[other])
    middle = float(session.pits.x[[one, other]].mean()), float(session.pits.y[[one, other]].mean())
    session.go_to(*middle, float(apart[other]) * 3 + 200)
    until(lambda: {one, other} <= set(window.canvas.overlay.scene.rows.tolist()))
    QTest.mouseClick(window.canvas.overlay, LEFT, pos=screen_place(window, one))
    press(window, Qt.Key.Key_L)
    assert window.canvas.hand.linking
    again(window, until, lambda: QTest.mouseClick(window.canvas.overlay, LEFT, pos=screen_place(window, other)))
    a, b = (session.pits.row_of(pit) for pit in ids)
    assert session.pits.partner[a] == b
    table = workbench.candidates.table
    assert set(table.loc[table["by_hand"] == 1, ["entry_pit", "exit_pit"]].to_numpy().ravel()) == set(ids)
    shown = window.panels["candidates"]
    heads = [shown.model.headerData(k, Qt.Orientation.Horizontal) for k in range(shown.model.columnCount())]
    assert not shown.table.isColumnHidden(heads.index("Made"))
    again(window, until, lambda: press(window, Qt.Key.Key_Z, CTRL))
    assert session.pits.partner[session.pits.row_of(ids[0])] != session.pits.row_of(ids[1])
    assert on_disk(project_path) == []


def empty_places(window: MainWindow) -> list[tuple[float, float]]:
    """Two places in view with no pit near, far from each other."""
    window.workbench.session.go_to(320.0, 240.0, 500.0)
    pits = window.workbench.session.pits
    grid = [(float(x), float(y)) for x in range(150, 480, 15) for y in range(120, 360, 15)]
    empty = sorted(grid, key=lambda p: -float(np.hypot(pits.x - p[0], pits.y - p[1]).min()))
    return [empty[0], next(p for p in empty if np.hypot(p[0] - empty[0][0], p[1] - empty[0][1]) > 60)]


def point_to(window: MainWindow, place: tuple[float, float]) -> None:
    QTest.mouseMove(window.canvas.overlay, QPoint(*(round(v) for v in window.canvas.view.to_screen(*place))))


def test_a_label_waits_for_the_pit_that_is_being_put(
    window: MainWindow, project_path: Path, until, monkeypatch
) -> None:
    workbench, measured, own = window.workbench, threading.Semaphore(0), put_right.propose

    def slowly(*words):
        measured.acquire(timeout=20)
        return own(*words)

    monkeypatch.setattr(put_right, "propose", slowly)
    row = lonely(window, linked=False)
    bring_near(window, row, until)
    QTest.mouseClick(window.canvas.overlay, LEFT, pos=screen_place(window, row))
    before = labels_on_disk(project_path)
    for place in empty_places(window):
        point_to(window, place)
        press(window, Qt.Key.Key_A)
    press(window, Qt.Key.Key_1)
    assert labels_on_disk(project_path) == before, "the pit in front is not the one that was pointed to"
    assert "press again" in window.toasts.history[-1].text
    measured.release()
    until(lambda: workbench.session.pits.by_hand.sum() == 1)
    assert len(workbench.correcting.waiting) == 1, "the other one is still being measured"
    measured.release()
    until(lambda: workbench.session.pits.by_hand.sum() == 2)
    assert workbench.correcting.waiting == [] and workbench.session.pits.by_hand[workbench.labelling.row]
    press(window, Qt.Key.Key_1)
    assert labels_on_disk(project_path) == [*before, CLASSES[0]]


def test_two_keys_in_a_row_put_two_pits(window: MainWindow, project_path: Path, until) -> None:
    for place in empty_places(window):
        point_to(window, place)
        press(window, Qt.Key.Key_A)
    if window.workbench.correcting.busy:
        press(window, Qt.Key.Key_U)
        assert "press again" in window.toasts.history[-1].text, "undo must not take back what came before"
    until(lambda: window.workbench.session.pits.by_hand.sum() == 2)
    assert len(on_disk(project_path)) == 2
    until(lambda: not window.workbench.correcting.waiting)
