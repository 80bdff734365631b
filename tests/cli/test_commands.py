"""The verbs as people type them: exit status, one line, JSON alone on stdout, and kills at odd moments."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from moedal_gui.store.project import Project
from moedal_gui.tasks.pit_table import all_pits


def _run(*words: object, check: int | None = 0) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, "-m", "moedal_gui", *map(str, words)], capture_output=True, text=True, check=False
    )
    if check is not None:
        assert done.returncode == check, done.stderr[-800:]
    return done


def test_json_is_alone_on_stdout(worked: Path) -> None:
    values = json.loads(_run("info", worked, "--json").stdout)
    assert {s["scan"] for s in values["scans"]} == {"c1", "cr"} and values["steps"]["link"] == "done"
    assert json.loads(_run("runs", worked, "--json").stdout)["runs"]


@pytest.mark.parametrize(
    ("words", "status"),
    [(["bogus"], 2), (["preselect", "{p}", "--method", "magic"], 2), (["evaluate-lists", "a"], 2), (["export", "{p}", "pits"], 2),
     (["preselect", "/no/such.moedal"], 1), (["evaluate-lists", "/no/a.json", "/no/b.json"], 1), (["remove", "{p}", "scan", "zz"], 1),
     (["ingest", "{t}/x.moedal", "/no/scan"], 1), (["label", "import", "{p}", "/no/labels.csv"], 1), (["runs", "{p}", "--nonsense"], 2)],
)  # fmt: skip
def test_what_is_wrong_is_said_in_one_line_with_the_right_status(
    words: list[str], status: int, project_copy: Path, tmp_path: Path
) -> None:
    done = _run(*[w.format(p=project_copy, t=tmp_path) for w in words], check=status)
    assert done.stdout == "" and "Traceback" not in done.stderr
    if status == 1:
        assert len(done.stderr.strip().splitlines()) == 1


def test_a_verb_meanwhile_is_refused_and_wait_queues_it(project_copy: Path) -> None:
    with Project.open(project_copy, write=True):
        refused = _run("register", project_copy, check=1)
        assert "Another program is writing" in refused.stderr
        assert _run("runs", project_copy).returncode == 0
        queued = subprocess.Popen(
            [sys.executable, "-m", "moedal_gui", "register", str(project_copy), "--wait"], stdout=subprocess.PIPE
        )
        time.sleep(2.0)
        assert queued.poll() is None
    assert queued.wait(60) == 0


def _killed_now_and_then(words: list[str], pauses: list[float]) -> int:
    """Run a command until it ends by itself, killing it so long (s) after each beginning of its work; how often it was killed.

    Each pause counts from the first line of progress, so that a fast machine is killed at work as a slow one is.
    """
    kills = 0
    for pause in pauses:
        child = subprocess.Popen(
            [sys.executable, "-m", "moedal_gui", *words],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        assert child.stderr is not None
        child.stderr.readline()
        try:
            child.wait(pause)
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)
            kills += 1
        child.communicate()
    _run(*words)
    return kills


def test_kill_9_at_odd_moments_gives_the_same_pits(foil: Path, worked: Path, tmp_path: Path) -> None:
    path = tmp_path / "killed.moedal"
    assert _killed_now_and_then(["ingest", str(path), str(foil / "c1")], [0.1]) >= 1
    assert _killed_now_and_then(["preselect", str(path)], [0.1, 0.9]) >= 1
    with Project.open(path) as killed, Project.open(worked) as whole:
        a, b = all_pits(killed), all_pits(whole)
        columns = ["scan", "field", "x_px", "y_px", "surface", "major_px", "minor_px", "azimuth_deg", "probability"]
        assert a[columns].equals(b.loc[b["scan"] == "c1", columns].reset_index(drop=True))
        assert not list((path / "pixels").rglob("*.part"))


def test_ctrl_c_keeps_what_is_done_and_says_how_to_go_on(foil: Path, tmp_path: Path) -> None:
    path = tmp_path / "p.moedal"
    _run("ingest", path, foil / "c1")
    child = subprocess.Popen(
        [sys.executable, "-m", "moedal_gui", "preselect", str(path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert child.stderr is not None
    child.stderr.readline()
    child.send_signal(signal.SIGINT)
    _, rest = child.communicate(timeout=60)
    assert child.returncode in (0, 1)
    if child.returncode == 1:
        assert "run the same command again" in rest
    _run("preselect", path)


def test_evaluate_lists_with_the_labs_tally(real: Path) -> None:
    lists = real / "moedal_stage" / "lists"
    values = json.loads(
        _run("evaluate-lists", lists / "FCN_front.json", lists / "truth.json", "--tally", "lab", "--json").stdout
    )
    assert (
        round(values["efficiency"]["value"], 3) == 0.952
        and values["efficiency"]["low"] < 0.952 < values["efficiency"]["high"]
    )


def test_simulate_is_the_same_for_the_same_seed(tmp_path: Path) -> None:
    for name in ("a", "b"):
        _run("simulate", tmp_path / name, "--seed", 4, "--columns", 1, "--rows", 1, "--channels", 4, "--pits-high", 20)
    files = sorted(p.relative_to(tmp_path / "a") for p in (tmp_path / "a").rglob("*") if p.is_file())
    assert len(files) >= 7
    assert all((tmp_path / "a" / f).read_bytes() == (tmp_path / "b" / f).read_bytes() for f in files)
