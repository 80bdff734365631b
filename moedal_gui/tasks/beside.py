"""A step in a process of its own, beside the window: at low priority, on one core less than there are.

The process only reads the project, whose lock the window holds, and writes new folders of its own, which it puts in
place by renaming; it dies with the process that started it.
"""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from moedal_gui.core.errors import CancelledError, MoedalError, TrainingError
from moedal_gui.core.task import Outcome
from moedal_gui.tasks.loop import end_with_parent, run, step_back, worker_count

_ASK_SECONDS = 0.2


def run_beside(
    project: Path,
    verb: str,
    parameters: Any,
    *,
    progress: Callable[[int, int], None],
    cancelled: Callable[[], bool],
) -> Outcome:
    """Run a task of TASKS in its own process and wait for it.

    Parameters
    ----------
    project
        The project's folder; it is opened for reading.
    progress, cancelled
        As in `loop.run`, asked and told on this thread.

    Raises
    ------
    MoedalError
        What the task raised.
    TrainingError
        The process ended without a word (killed, or out of memory).
    """
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=_work, args=(there, project, verb, parameters), name=f"moedal {verb}")
    process.start()
    there.close()
    asked = False
    try:
        while True:
            if cancelled() and not asked:
                asked = True
                here.send("stop")
            if not here.poll(_ASK_SECONDS):
                continue
            kind, *words = here.recv()
            if kind == "progress":
                progress(*words)
            elif kind == "outcome":
                return Outcome(*words)
            elif kind == "cancelled":
                raise CancelledError
            else:
                raise words[0]
    except (EOFError, OSError) as error:
        process.join()
        raise TrainingError(
            f"The process of {verb} ended early (status {process.exitcode})",
            project,
            "start it again: it goes on where it stopped",
        ) from error
    finally:
        here.close()
        process.join()


def _work(pipe: Connection, project: Path, verb: str, parameters: Any) -> None:
    """In the process: open, plan, run, and tell."""
    from moedal_gui.store.project import Project
    from moedal_gui.tasks.table import row_of

    end_with_parent()
    step_back()
    stop = threading.Event()
    threading.Thread(target=_listen, args=(pipe, stop), daemon=True).start()
    try:
        with Project.open(project) as opened:
            outcome = run(
                row_of(verb).plan(opened, parameters),
                progress=lambda done, total: pipe.send(("progress", done, total)),
                cancelled=stop.is_set,
                workers=max(1, worker_count() - 1),
            )
        pipe.send(("outcome", outcome.sentence, dict(outcome.values)))
    except CancelledError:
        pipe.send(("cancelled",))
    except MoedalError as error:
        pipe.send(("error", error))
    except Exception as error:  # noqa: BLE001 - the process's outermost edge
        pipe.send(
            ("error", TrainingError(f"It failed ({type(error).__name__}: {error})", project, "the log has the details"))
        )
    os._exit(0)


def _listen(pipe: Connection, stop: threading.Event) -> None:
    with suppress(EOFError, OSError):
        pipe.recv()
    stop.set()
