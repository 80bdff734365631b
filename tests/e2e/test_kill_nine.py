"""`kill -9` at any moment loses nothing that was shown as given; undo works after it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from moedal_gui import paths
from moedal_gui.store.project import Project

pytestmark = [pytest.mark.window, pytest.mark.skipif(not shutil.which("xdotool"), reason="xdotool is not installed")]


def until(so: Callable[[], object], seconds: float = 40.0) -> None:
    end = time.monotonic() + seconds
    while not so():
        assert time.monotonic() < end, "it never came to be so"
        time.sleep(0.1)


def labels(path: Path) -> list[str]:
    with Project.open(path) as project:
        return [str(word) for word in project.labels.in_force()["label"]]


class Program:
    """A window of its own process, driven by the keyboard alone."""

    def __init__(self, project: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "moedal_gui", str(project)], env=dict(os.environ), stdout=subprocess.DEVNULL
        )
        self.window = ""
        until(self._find)

    def _find(self) -> bool:
        assert self.process.poll() is None
        found = subprocess.run(
            ["xdotool", "search", "--onlyvisible", "--name", "^foil"], capture_output=True, text=True, check=False
        )
        self.window = (found.stdout.split() or [""])[0]
        return bool(self.window)

    def press(self, *keys: str) -> None:
        subprocess.run(["xdotool", "windowfocus", "--sync", self.window, "key", "--delay", "60", *keys], check=True)

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(10)


@pytest.fixture
def start(display: str, own_folders: Path) -> Iterator[Callable[[Path], Program]]:
    """Starts programs and ends them."""
    del display, own_folders
    file = paths.settings_file()
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps({"annotator": "ada"}))
    running: list[Program] = []

    def go(project: Path) -> Program:
        running.append(Program(project))
        return running[-1]

    yield go
    for program in running:
        if program.process.poll() is None:
            program.kill()


def test_labels_outlive_a_kill_and_can_be_undone_afterwards(
    start: Callable[[Path], Program], project_path: Path
) -> None:
    program = start(project_path)

    def first_label_is_there() -> bool:
        # Pits take a moment; the keys that come before them are refused, not stored up.
        program.press("space", "shift+4")
        time.sleep(0.5)
        return len(labels(project_path)) > 0

    until(first_label_is_there)
    program.press("shift+5")
    until(lambda: "maybe" in labels(project_path))
    before = labels(project_path)
    program.kill()
    assert labels(project_path) == before
    again = start(project_path)

    def last_is_undone() -> bool:
        again.press("ctrl+z")
        time.sleep(0.5)
        return len(labels(project_path)) < len(before)

    until(last_is_undone)
    assert labels(project_path) == before[: len(labels(project_path))]
    again.kill()
