"""The one loop that works a plan through: on this thread, on threads, in processes, or on any map given."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing.connection import wait
from typing import Any

import psutil

from moedal_gui.core.errors import CancelledError
from moedal_gui.core.task import OrderedMap, Outcome, Plan

_WATCH_SECONDS = 0.2
_NICE = 15
_FEW = 4  # units below which starting processes costs more than it saves, unless one takes minutes


def run(
    plan: Plan[Any, Any],
    *,
    ordered_map: OrderedMap | None = None,
    progress: Callable[[int, int], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
    workers: int | None = None,
) -> Outcome:
    """Work a plan through.

    Parameters
    ----------
    plan
        What a task's ``plan`` returned.
    ordered_map
        Runs ``work`` somewhere else; by default the plan's own map, else what suits the plan on this machine.
    progress
        Called with (done, in all) after every commit, and once at the start.
    cancelled
        Asked between units.
    workers
        At most so many threads or processes; as many as there are cores by default.

    Raises
    ------
    CancelledError
        After ``cancelled`` said yes; everything committed so far stays.
    """
    done, total = plan.done, plan.done + sum(plan.size(unit) for unit in plan.units)
    tell = progress or (lambda _done, _total: None)
    stop = cancelled or (lambda: False)
    tell(done, total)
    if plan.units:
        with (
            _Interrupting(plan, stop),
            _Mapped(plan, ordered_map or plan.ordered_map, workers or worker_count()) as results,
        ):
            for unit, result in zip(plan.units, results, strict=True):
                if stop():
                    raise CancelledError
                plan.commit(unit, result)
                done += plan.size(unit)
                tell(done, total)
    if stop():
        raise CancelledError
    return plan.finish()


def worker_count() -> int:
    """Processes to use: all cores this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return max(1, len(os.sched_getaffinity(0)))
    return os.cpu_count() or 1


class _Interrupting:
    """Watches for a cancel while a long unit is under way, as a context."""

    def __init__(self, plan: Plan[Any, Any], stop: Callable[[], bool]) -> None:
        self._interrupt, self._stop = plan.interrupt, stop
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="cancel-watch", daemon=True)

    def __enter__(self) -> None:
        if self._interrupt is not None:
            self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._over.set()
        if self._interrupt is not None:
            self._thread.join()

    def _watch(self) -> None:
        while not self._over.wait(_WATCH_SECONDS):
            if self._stop() and self._interrupt is not None:
                self._interrupt()
                return


class _Mapped:
    """The results of a plan's work, and the workers that give them, as a context."""

    def __init__(self, plan: Plan[Any, Any], ordered_map: OrderedMap | None, most: int) -> None:
        self._plan = plan
        self._most = most
        self._map = ordered_map
        self._executor: Executor | None = None
        self._results: Iterator[Any] | None = None

    def __enter__(self) -> Iterator[Any]:
        plan = self._plan
        if self._map is not None:
            self._results = self._map(plan.work, plan.units)
            return self._results
        workers = min(self._most, len(plan.units))
        if (
            plan.where == "here"
            or workers < 2
            or (plan.where == "processes" and len(plan.units) < _FEW and plan.interrupt is None)
        ):
            return map(plan.work, plan.units)
        if plan.where == "threads":
            self._executor = ThreadPoolExecutor(workers)
        else:
            context = multiprocessing.get_context("spawn")
            self._executor = ProcessPoolExecutor(workers, mp_context=context, initializer=end_with_parent)
        return _windowed(self._executor, plan.work, plan.units, ahead=workers + 2)

    def __exit__(self, *_: object) -> None:
        if isinstance(self._results, Generator):
            self._results.close()
        if self._executor is not None:
            self._executor.shutdown(wait=True, cancel_futures=True)


def step_back() -> None:
    """Lower this process's priority: people's work goes first."""
    psutil.Process().nice(getattr(psutil, "BELOW_NORMAL_PRIORITY_CLASS", _NICE))


def end_with_parent() -> None:
    """In a worker: leave at once when the parent is gone, however it went, and keep out of its output."""
    parent = multiprocessing.parent_process()
    if parent is None:
        return
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 1)
    os.close(null)
    # Ctrl-C goes to every process of a terminal; the parent decides what it means.
    signal.signal(signal.SIGINT, signal.SIG_IGN)

    def watch() -> None:
        wait([parent.sentinel])
        os._exit(1)

    threading.Thread(target=watch, name="parent-watch", daemon=True).start()


def _windowed(executor: Executor, work: Callable[[Any], Any], units: Iterable[Any], ahead: int) -> Iterator[Any]:
    """Ordered results with at most ``ahead`` units under way, so that memory stays bounded."""
    waiting: deque[Any] = deque()
    for unit in units:
        waiting.append(executor.submit(work, unit))
        if len(waiting) >= ahead:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()
