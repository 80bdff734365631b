"""Whether the window stays quick while networks are trained beside it: how late its event loop answers."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

import numpy as np

from benchmarks.window import open_window, shown

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
    from PySide6.QtWidgets import QApplication

    from moedal_gui.core.label import Label
    from moedal_gui.tasks.training.train_parameters import TrainParameters

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        application, workbench, window = open_window(folder)

        def live(until: object, seconds: float) -> None:
            end = time.monotonic() + seconds
            while time.monotonic() < end and not (callable(until) and until()):
                QApplication.processEvents()
                time.sleep(0.002)

        live(lambda: shown(workbench, window), 60)
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
