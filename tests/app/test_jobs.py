"""Jobs: one writer at a time, cancelled between units, one sentence when they fail."""

from __future__ import annotations

import threading
import time

import pytest

from moedal_gui.app.jobs import Job, Jobs
from moedal_gui.core.errors import ScanError
from moedal_gui.core.task import Outcome, Plan, at_once


def waiting_for(jobs: Jobs, number: int, seconds: float = 10.0) -> Job:
    end = time.monotonic() + seconds
    while True:
        job = next(j for j in jobs.all() if j.number == number)
        if not job.active:
            return job
        assert time.monotonic() < end
        time.sleep(0.005)


def test_a_cancelled_job_keeps_what_was_committed() -> None:
    jobs, committed, go = Jobs(), [], threading.Event()

    def work(unit: int) -> int:
        if unit == 3:
            go.wait(5)
        return unit

    plan = Plan(tuple(range(10)), work, lambda unit, _r: committed.append(unit), lambda: Outcome("done"))
    number = jobs.start("Slow", lambda: plan)
    while len(committed) < 3:
        time.sleep(0.005)
    jobs.cancel(number)
    go.set()
    job = waiting_for(jobs, number)
    jobs.close()
    assert job.status == "cancelled"
    assert committed == [0, 1, 2]


def test_writers_wait_for_each_other() -> None:
    jobs, gate, order = Jobs(), threading.Event(), []

    def first() -> Outcome:
        gate.wait(5)
        order.append("first")
        return Outcome("")

    one = jobs.start("First", lambda: at_once(first))
    two = jobs.start("Second", lambda: at_once(lambda: order.append("second") or Outcome("")))
    three = jobs.start("Third", lambda: at_once(lambda: order.append("third") or Outcome("")))
    jobs.cancel(three)
    gate.set()
    assert [waiting_for(jobs, n).status for n in (one, two, three)] == ["done", "done", "cancelled"]
    jobs.close()
    assert order == ["first", "second"]


def test_a_failure_is_one_sentence_with_a_remedy() -> None:
    jobs = Jobs()

    def wrong() -> Outcome:
        raise ScanError("No picture there", "/somewhere", "name another folder")

    job = waiting_for(jobs, jobs.start("Wrong", lambda: at_once(wrong)))
    jobs.close()
    assert (job.status, job.sentence) == ("failed", "No picture there (/somewhere): name another folder")


def test_time_left_is_told_by_the_pace_of_this_run() -> None:
    job = Job(1, "x", "", "", status="running", done=30, total=40, pace_from=(10, 100.0), counted_at=140.0)
    assert job.seconds_left(140.0) == 20.0
    assert job.seconds_left(141.0) == 19.0
    assert job.seconds_left(150.0) == 18.0  # the unit under way is never taken for more than one


def test_time_left_is_reckoned_from_when_each_unit_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [1000.0]
    monkeypatch.setattr("moedal_gui.app.jobs.time.monotonic", lambda: clock[0])
    jobs, left = Jobs(), []

    def work(_unit: int) -> None:
        clock[0] += 8.0

    def commit(_unit: int, _result: None) -> None:
        """Nothing to keep."""

    jobs.changed.connect(lambda _old, new: left.append((new.done, new.seconds_left(clock[0]))) if new.total else None)
    plan = Plan(units=list(range(4)), work=work, commit=commit, finish=lambda: Outcome(""), done=6)
    number = jobs.start("Steady", lambda: plan)
    waiting_for(jobs, number, 1e6)  # by the clock that stands still
    jobs.close()
    told = dict(left[:-1])
    assert told[6] is None, "what an earlier run did says nothing of the pace"
    assert (told[7], told[8], told[9]) == (24.0, 16.0, 8.0)
