"""An ordered map whose units have a process each: what happens to one of them does not touch the others."""

from __future__ import annotations

import multiprocessing
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from typing import Any

from moedal_gui.tasks.loop import end_with_parent


class Processes:
    """Runs units side by side, each in a fresh process that gives its memory back when it ends.

    Parameters
    ----------
    most
        Processes at a time.
    lost
        The result of a unit whose process ended without one: ``lost(unit, sentence)``.
    """

    def __init__(self, most: int, lost: Callable[[Any, str], Any]) -> None:
        self._most, self._lost = most, lost
        self._stopped = threading.Event()
        self._running: set[SpawnProcess] = set()
        self._lock = threading.Lock()

    def __call__(self, work: Callable[[Any], Any], units: Sequence[Any], /) -> Iterator[Any]:
        """Results in the order of the units; leaving early ends what is under way."""
        executor = ThreadPoolExecutor(self._most, thread_name_prefix="batch")
        try:
            futures = [executor.submit(self._one, work, unit) for unit in units]
            for future in futures:
                yield future.result()
        finally:
            self.stop()
            executor.shutdown(wait=True, cancel_futures=True)

    def stop(self) -> None:
        """End the processes under way; what they wrote stays."""
        with self._lock:
            self._stopped.set()
            for process in self._running:
                process.kill()

    def _one(self, work: Callable[[Any], Any], unit: Any) -> Any:
        context = multiprocessing.get_context("spawn")
        here, there = context.Pipe(duplex=False)
        process = context.Process(target=_work, args=(there, work, unit))
        with self._lock:
            if self._stopped.is_set():
                return self._lost(unit, "It was cancelled before it began")
            try:
                process.start()
            except OSError as error:
                return self._lost(
                    unit, f"Its process cannot be started ({error.strerror}): run it again with fewer workers"
                )
            self._running.add(process)
        there.close()
        try:
            return here.recv()
        except (EOFError, OSError):
            process.join()
            sentence = f"Its process ended early (status {process.exitcode}): run it again to go on, with more memory"
            return self._lost(unit, sentence)
        finally:
            process.join()
            with self._lock:
                self._running.discard(process)
            here.close()


def _work(pipe: Connection, work: Callable[[Any], Any], unit: Any) -> None:
    """In the process: do it, and tell."""
    end_with_parent()
    pipe.send(work(unit))
    pipe.close()
