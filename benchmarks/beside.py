"""Whether the window stays quick while networks are trained beside it: how late its event loop answers."""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

import numpy as np

SECONDS = 30.0
_TICK_MS = 5


def measure() -> list[str]:
    """Lines of a table."""
    idle, training = lateness()
    rows = (("nothing else", idle), ("five folds training", training))
    return [
        f"A timer asks for its turn every {_TICK_MS} ms, {SECONDS:.0f} s long; what it waits longer is the loop's stall.",
        "",
        "| beside the window | median ms | 99th percentile ms | most ms |",
        "|---|---|---|---|",
        *(f"| {name} | {np.median(t):.1f} | {np.percentile(t, 99):.1f} | {max(t):.1f} |" for name, t in rows),
    ]


def lateness() -> tuple[list[float], list[float]]:
    """Milliseconds by which each tick of a timer was late: alone, and while a training runs."""
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests" / "ui"))
    from PySide6.QtWidgets import QApplication
    from small_foil import make_foil

    from moedal_gui.app.workbench import Workbench
    from moedal_gui.core.label import Label
    from moedal_gui.tasks.train import TrainParameters
    from moedal_gui.ui.main import application_of, make_window

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _scan, project = make_foil(folder)
        application = application_of(["benchmark"])
        workbench = Workbench(folder / "settings.json", folder / "copies")
        workbench.settings.change(annotator="benchmark")
        window = make_window(workbench)
        window.open_path(project)

        def live(until: object, seconds: float) -> None:
            end = time.monotonic() + seconds
            while time.monotonic() < end and not (callable(until) and until()):
                QApplication.processEvents()
                time.sleep(0.002)

        live(
            lambda: workbench.session.pits is not None and window.canvas is not None and window.canvas.picture_is_shown,
            60,
        )
        pits, opened = workbench.session.pits, workbench.session.project
        assert pits is not None and opened is not None
        rows = pits.table[pits.table["surface"].isin(["top", "bottom"])]
        opened.labels.give([
            Label(r["foil"], r["scan"], r["field"], r["x_px"], r["y_px"], r["surface"], r["surface"], "benchmark")
            for r in rows.to_dict("records")
        ])  # fmt: skip
        live(None, 3.0)
        idle = _late(application, SECONDS)
        workbench.training.start(TrainParameters(experts="top-bottom", folds=5, epochs=5000, patience=5000))
        live(lambda: workbench.training.board is not None and workbench.training.board.folds[0][0].epochs > 1, 120)
        trained = _late(application, SECONDS)
        window.close_at_once()
    return idle, trained


def _late(application: object, seconds: float) -> list[float]:
    from PySide6.QtCore import QEventLoop, Qt, QTimer

    found: list[float] = []
    last = time.perf_counter()

    def tick() -> None:
        nonlocal last
        now = time.perf_counter()
        found.append(max(0.0, 1000 * (now - last) - _TICK_MS))
        last = now

    loop = QEventLoop()
    timer = QTimer()
    timer.setTimerType(Qt.TimerType.PreciseTimer)
    timer.timeout.connect(tick)
    timer.start(_TICK_MS)
    QTimer.singleShot(int(1000 * seconds), loop.quit)
    loop.exec()
    timer.stop()
    return found


if __name__ == "__main__":
    print("\n".join(measure()))
