"""Fixtures for the whole suite: a virtual display, folders of the user's own, real data where present."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import moedal_gui  # noqa: F401 - says how threads share the cores, before a test loads numpy or torch

SHARED = Path(__file__).resolve().parent.parent.parent / "shared" / "data"


@pytest.fixture(scope="session", autouse=True)
def own_folders(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The user's settings, logs and label copies go to a folder of the test run, in child processes too."""
    home = tmp_path_factory.mktemp("home")
    before = {k: os.environ.get(k) for k in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME")}
    for key in before:
        os.environ[key] = str(home / key.lower())
    yield home
    for key, value in before.items():
        if value is None:
            os.environ.pop(key, None)
        else:
            os.environ[key] = value


@pytest.fixture(scope="session")
def display(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A display to open real windows on: a virtual one with a window manager unless the test run has its own."""
    wanted = os.environ.get("MOEDAL_TEST_DISPLAY")
    if wanted:
        os.environ["DISPLAY"] = wanted
        yield wanted
        return
    if sys.platform != "linux":
        yield ""
        return
    if not shutil.which("Xvfb"):
        pytest.skip("Xvfb is not installed: run `make setup` as root, or install xvfb and openbox")
    log = (tmp_path_factory.mktemp("display") / "log").open("wb")
    read, write = os.pipe()
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(write), "-screen", "0", "1600x1000x24", "-nolisten", "tcp"],
        pass_fds=[write],
        stderr=log,
    )
    os.close(write)
    with os.fdopen(read) as said:  # a whole line: the number may come in pieces
        number = said.readline().strip()
    name = f":{number}"
    before = os.environ.get("DISPLAY")
    os.environ["DISPLAY"] = name
    keeper = subprocess.Popen(["openbox"], stdout=log, stderr=log) if shutil.which("openbox") else None
    time.sleep(0.5)
    yield name
    for process in (keeper, server):
        if process is not None:
            process.terminate()
            process.wait(10)
    log.close()
    if before is None:
        os.environ.pop("DISPLAY", None)
    else:
        os.environ["DISPLAY"] = before


@pytest.fixture(scope="session")
def real() -> Path:
    """The folder of real pictures and positions; the test is skipped where it is absent."""
    if not SHARED.is_dir():
        pytest.skip("no real data beside the checkout")
    return SHARED


@pytest.fixture(scope="session")
def foil(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small simulated foil scanned from both sides: folders c1 and cr, and their truth."""
    from moedal_gui.simulate.scan import SimulationParameters, simulate_foil

    out = tmp_path_factory.mktemp("foil ä")  # a path as people have them: a space and an umlaut
    simulate_foil(
        out,
        SimulationParameters(
            seed=7,
            columns=3,
            rows=2,
            pits_low=6,
            pits_high=14,
            candidates=8,
            channels=8,
            both_sides=True,
            field_size=(320, 240),
        ),
    )
    return out


@pytest.fixture(scope="session")
def worked(foil: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with both scans of the foil, pre-selected, registered and linked. Read it; copy it to write."""
    from moedal_gui.store.project import Project
    from moedal_gui.tasks import ingest, link, preselect
    from moedal_gui.tasks.loop import run

    path = tmp_path_factory.mktemp("worked") / "foil.moedal"
    with Project.open(path, write=True, create=True) as project:
        run(ingest.plan(project, ingest.IngestParameters((foil / "c1", foil / "cr"))))
        run(preselect.plan(project, preselect.PreselectParameters()))
        run(link.plan(project, link.LinkParameters()))
    return path


@pytest.fixture
def project_copy(worked: Path, tmp_path: Path) -> Path:
    """A copy of the worked project that a test may write to."""
    return Path(shutil.copytree(worked, tmp_path / "copy.moedal"))
