"""Work off the screen's thread whose newest answer alone counts."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from psygnal import Signal

from moedal_gui.core.errors import MoedalError
from moedal_gui.store.database import READ_ERRORS

# What reading a project or a picture may fail with; anything else is a mistake in the program.
_EXPECTED: tuple[type[Exception], ...] = (MoedalError, *READ_ERRORS, ValueError, LookupError, MemoryError)


class Latest:
    """Runs questions one after another on a thread of its own; an answer to an older question is dropped.

    ``answered`` and ``failed`` are emitted on that thread, with the generation of the question. An error that no reading
    is expected to raise goes to `threading.excepthook`, as it would from a thread of its own; the next question is
    answered all the same.
    """

    answered = Signal(int, object)
    failed = Signal(int, Exception)

    def __init__(self, name: str) -> None:
        self._executor = ThreadPoolExecutor(1, thread_name_prefix=name)
        self._lock = threading.Lock()
        self._generation = 0
        self._closed = False

    @property
    def generation(self) -> int:
        """Number of the newest question."""
        return self._generation

    def is_newest(self, generation: int) -> bool:
        """Whether no newer question has been asked."""
        return generation == self._generation and not self._closed

    def ask(self, work: Callable[[Callable[[], bool]], Any]) -> int:
        """Ask; ``work`` is given a function that says whether its answer is still wanted.

        A work that yields (a generator) gives several answers, a coarse one first, say.
        """
        with self._lock:
            self._generation += 1
            generation = self._generation
        if not self._closed:
            self._executor.submit(self._answer, generation, work).add_done_callback(tell)
        return generation

    def drop(self) -> None:
        """Make every question asked so far stale."""
        with self._lock:
            self._generation += 1

    def settle(self) -> None:
        """Drop every question and wait until the one under way has stopped; what it reads may then be closed."""
        self.drop()
        if not self._closed:
            self._executor.submit(_nothing).result()

    def close(self) -> None:
        """Take no more questions and wait for the one under way."""
        self._closed = True
        self._executor.shutdown(wait=True, cancel_futures=True)

    def _answer(self, generation: int, work: Callable[[Callable[[], bool]], Any]) -> None:
        def wanted() -> bool:
            return self.is_newest(generation)

        if not wanted():
            return
        try:
            result = work(wanted)
            for part in result if hasattr(result, "__next__") else (result,):
                if not wanted():
                    return
                self.answered.emit(generation, part)
        except _EXPECTED as error:
            if wanted():
                self.failed.emit(generation, error)


def tell(future: Future[None]) -> None:
    """Hand an unexpected error to the edge that reports what no thread caught."""
    error = None if future.cancelled() else future.exception()
    if error is not None:
        told = (type(error), error, error.__traceback__, threading.current_thread())
        threading.excepthook(threading.ExceptHookArgs(told))


def _nothing() -> None:
    """What is waited for when all before it has to be done."""
