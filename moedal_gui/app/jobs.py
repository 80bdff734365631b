"""Jobs: plans worked through off the screen's thread, one writer at a time."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from psygnal import Signal

from moedal_gui.core.errors import CancelledError, MoedalError
from moedal_gui.core.task import Outcome, Plan
from moedal_gui.tasks.beside import run_beside
from moedal_gui.tasks.loop import run

_Work = Callable[[Callable[[int, int], None], Callable[[], bool]], Outcome]
Status = Literal["waiting", "running", "done", "failed", "cancelled"]
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Job:
    """How one job stands; a ``quiet`` one shows its progress and its outcome where it was asked for."""

    number: int
    title: str
    command: str
    verb: str
    status: Status = "waiting"
    done: int = 0
    total: int = 0
    began: float | None = None
    ended: float | None = None
    sentence: str = ""
    doubtful: bool = False
    stopping: bool = False
    values: dict[str, Any] = field(default_factory=dict)
    pace_from: tuple[int, float] | None = None
    counted_at: float = 0.0
    quiet: bool = False

    @property
    def active(self) -> bool:
        """Whether it waits or runs."""
        return self.status in ("waiting", "running")

    @property
    def fraction(self) -> float | None:
        """Share of the units done; None while there is nothing to count."""
        return self.done / self.total if self.total else None

    def seconds_left(self, now: float) -> float | None:
        """Time left at the pace of the units done since ``pace_from`` (how many were done, and when); None until there is one."""
        if self.status != "running" or self.pace_from is None or self.done <= self.pace_from[0]:
            return None
        each = (self.counted_at - self.pace_from[1]) / (self.done - self.pace_from[0])
        # The unit under way counts as far as it should have come, never as more than one.
        return max(each * (self.total - self.done) - min(now - self.counted_at, each), 0.0)


class Jobs:
    """The list of jobs of one sitting.

    ``changed`` carries the old (None for a new one) and the new state; it is emitted on the job's thread.
    """

    changed = Signal(object, object)

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._count = 0
        self._jobs: dict[int, Job] = {}
        self._stop: dict[int, threading.Event] = {}
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="job-writer")
        self._readers = ThreadPoolExecutor(2, thread_name_prefix="job-reader")
        self._futures: list[Future[None]] = []

    def all(self) -> list[Job]:
        """Every job, newest first."""
        with self._lock:
            return list(self._jobs.values())[::-1]

    def active(self) -> list[Job]:
        """Jobs that wait or run."""
        return [job for job in self.all() if job.active]

    def start(
        self, title: str, plan: Callable[[], Plan[Any, Any]], *, command: str = "", verb: str = "", writes: bool = True,
        quiet: bool = False,
    ) -> int:  # fmt: skip
        """Queue a job; ``plan`` is called on its thread. Jobs that write run one after another."""

        def work(progress: Callable[[int, int], None], cancelled: Callable[[], bool]) -> Outcome:
            return run(plan(), progress=progress, cancelled=cancelled)

        return self._queue(title, work, self._writer if writes else self._readers, command, verb, quiet)

    def start_beside(self, title: str, project: Path, parameters: Any, *, command: str, verb: str) -> int:
        """Start a job in a process of its own; it keeps no other job waiting."""

        def work(progress: Callable[[int, int], None], cancelled: Callable[[], bool]) -> Outcome:
            return run_beside(project, verb, parameters, progress=progress, cancelled=cancelled)

        return self._queue(title, work, self._readers, command, verb)

    def _queue(
        self, title: str, work: _Work, executor: ThreadPoolExecutor, command: str, verb: str, quiet: bool = False
    ) -> int:
        with self._lock:
            self._count += 1
            number = self._count
            job = Job(number, title, command, verb, quiet=quiet)
            self._jobs[number] = job
            self._stop[number] = threading.Event()
        self.changed.emit(None, job)
        self._futures.append(executor.submit(self._work, number, work))
        return number

    def cancel(self, number: int) -> None:
        """Ask a job to stop after the unit under way; what it has done stays."""
        with self._lock:
            job = self._jobs.get(number)
        if job is None or not job.active:
            return
        self._stop[number].set()
        if job.status == "waiting":
            self._put(number, status="cancelled", sentence="Cancelled before it began", ended=time.monotonic())
        else:
            self._put(number, stopping=True)

    def clear_history(self) -> None:
        """Forget the jobs that have ended, as when another project is opened: their words are about the one before."""
        with self._lock:
            self._jobs = {number: job for number, job in self._jobs.items() if job.active}
        self.changed.emit(None, None)

    def close(self) -> None:
        """Cancel everything and wait until it has stopped."""
        for job in self.active():
            self.cancel(job.number)
        self._writer.shutdown(wait=True)
        self._readers.shutdown(wait=True)

    def _work(self, number: int, work: _Work) -> None:
        stop = self._stop[number]
        if stop.is_set():
            return
        self._put(number, status="running", began=time.monotonic())
        try:
            outcome = work(lambda done, total: self._tell(number, done, total), stop.is_set)
            self._end(number, "done", outcome)
        except CancelledError:
            self._end(number, "cancelled", Outcome("Cancelled; what was done is kept, run it again to go on"))
        except MoedalError as error:
            self._end(number, "failed", Outcome(str(error)))
        except Exception as error:  # noqa: BLE001 - one of the three edges
            _LOG.exception("job %d failed", number)
            self._end(
                number, "failed", Outcome(f"It failed ({type(error).__name__}: {error}): the log has the details")
            )

    def _tell(self, number: int, done: int, total: int) -> None:
        now = time.monotonic()
        with self._lock:
            job = self._jobs[number]
        if job.total and done == job.done:
            return
        self._put(number, done=done, total=total, counted_at=now, pace_from=job.pace_from or (done, now))

    def _end(self, number: int, status: Status, outcome: Outcome) -> None:
        self._put(
            number,
            status=status,
            ended=time.monotonic(),
            sentence=outcome.sentence,
            values=dict(outcome.values),
            doubtful=outcome.doubtful,
        )

    def _put(self, number: int, **changes: Any) -> None:
        with self._lock:
            old = self._jobs[number]
            new = self._jobs[number] = replace(old, **changes)
        self.changed.emit(old, new)
