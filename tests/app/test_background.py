"""Only the newest question is answered."""

from __future__ import annotations

import threading
import time

import pytest

from moedal_gui.app.background import Latest


def test_a_stale_answer_is_dropped() -> None:
    latest, gate, heard = Latest("test"), threading.Event(), []
    latest.answered.connect(lambda generation, answer: heard.append((generation, answer)))

    def slow(_wanted: object) -> str:
        gate.wait(5)
        return "old"

    latest.ask(slow)
    newest = latest.ask(lambda _wanted: "new")
    gate.set()
    end = time.monotonic() + 5
    while not heard and time.monotonic() < end:
        time.sleep(0.005)
    latest.close()
    assert heard == [(newest, "new")]


def test_a_work_may_answer_coarsely_first_and_stops_when_no_longer_wanted() -> None:
    latest, heard, asked_again = Latest("test"), [], threading.Event()
    latest.answered.connect(lambda _generation, answer: heard.append(answer))

    def two(_wanted: object):
        yield "coarse"
        asked_again.wait(5)
        yield "fine"

    latest.ask(two)
    end = time.monotonic() + 5
    while "coarse" not in heard and time.monotonic() < end:
        time.sleep(0.005)
    latest.drop()
    asked_again.set()
    latest.close()
    assert heard == ["coarse"]


def test_an_error_is_handed_on_and_the_thread_lives() -> None:
    latest, errors, answers = Latest("test"), [], []
    latest.failed.connect(lambda _generation, error: errors.append(str(error)))
    latest.answered.connect(lambda _generation, answer: answers.append(answer))

    def wrong(_wanted: object) -> None:
        raise ValueError("broken")

    latest.ask(wrong)
    end = time.monotonic() + 5
    while not errors and time.monotonic() < end:
        time.sleep(0.005)
    latest.ask(lambda _wanted: 1)
    while not answers and time.monotonic() < end:
        time.sleep(0.005)
    latest.close()
    assert (errors, answers) == (["broken"], [1])


def test_a_mistake_in_the_program_reaches_the_edge_and_the_thread_lives(monkeypatch: pytest.MonkeyPatch) -> None:
    latest, told, answers = Latest("test"), [], []
    monkeypatch.setattr(threading, "excepthook", lambda words: told.append(words.exc_value))
    latest.answered.connect(lambda _generation, answer: answers.append(answer))

    def wrong(_wanted: object) -> None:
        raise AttributeError("no such thing")

    latest.ask(wrong)
    end = time.monotonic() + 5
    while not told and time.monotonic() < end:
        time.sleep(0.005)
    latest.ask(lambda _wanted: 1)
    while not answers and time.monotonic() < end:
        time.sleep(0.005)
    latest.close()
    assert isinstance(told[0], AttributeError)
    assert answers == [1]
