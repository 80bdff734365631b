"""A folder of foils through all steps: beside the verbs by hand, killed, broken, and on a real Dask cluster."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from moedal_gui.core.errors import ArgumentError, BatchError, ExpertError, NotFoundError
from moedal_gui.simulate.scan import SimulationParameters, simulate_foil
from moedal_gui.store.project import Project, is_project
from moedal_gui.tasks import export, ingest, link, preselect, score
from moedal_gui.tasks.foils import batch, cluster
from moedal_gui.tasks.foils.batch import BatchParameters
from moedal_gui.tasks.foils.cluster import Cluster
from moedal_gui.tasks.foils.foil_folders import foil_folders
from moedal_gui.tasks.loop import run
from moedal_gui.tasks.placement import register

GOOD = ("foil-a", "foil-b")
TABLES = ("pits", "candidates")
LOST = "lost: "


@pytest.fixture(scope="module")
def foils(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two small foils, the first scanned from both sides, and one whose description is broken."""
    folder = tmp_path_factory.mktemp("foils")
    for seed, name in enumerate(GOOD):
        words = SimulationParameters(
            seed=seed, columns=2, rows=1, pits_low=5, pits_high=9, candidates=5, channels=8, both_sides=not seed, field_size=(320, 240)
        )  # fmt: skip
        simulate_foil(folder / name, words)
    (folder / "foil-c" / "c1").mkdir(parents=True)
    (folder / "foil-c" / "c1" / "scan.toml").write_text("foil = [")
    return folder


@pytest.fixture(scope="module")
def by_hand(foils: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same foils by the verbs, one after the other."""
    out = tmp_path_factory.mktemp("hand")
    for name in GOOD:
        (out / name).mkdir()
        with Project.open(out / name / f"{name}.moedal", write=True, create=True) as project:
            run(
                ingest.plan(
                    project, ingest.IngestParameters(tuple(sorted(p for p in (foils / name).iterdir() if p.is_dir())))
                )
            )
            run(preselect.plan(project, preselect.PreselectParameters()))
            run(register.plan(project, register.RegisterParameters()))
            run(link.plan(project, link.LinkParameters()))
            run(score.plan(project, score.ScoreParameters()))
            for what in TABLES:
                run(export.plan(project, export.ExportParameters(what, out / name / f"{what}.csv")))
    return out


@pytest.fixture(scope="module")
def here(foils: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Any]:
    """The batch on this machine, and what it said."""
    out = tmp_path_factory.mktemp("here")
    return out, _batch(foils, out, workers=2)


@pytest.fixture(scope="module")
def workers() -> Iterator[str]:
    """The address of a scheduler with two worker processes, which gives a unit up after one death."""
    distributed = pytest.importorskip("distributed")
    import dask

    with (
        dask.config.set({"distributed.scheduler.allowed-failures": 1}),
        distributed.LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None) as made,
    ):
        yield made.scheduler_address


def _batch(folder: Path, out: Path, **words: Any) -> Any:
    return run(batch.plan(None, BatchParameters(folder, out, **words)))


def _assert_same(out: Path, other: Path, names: tuple[str, ...] = GOOD) -> None:
    for name in names:
        for what in TABLES:
            ours, theirs = (pd.read_csv(place / name / f"{what}.csv") for place in (out, other))
            assert len(theirs) > 0
            pd.testing.assert_frame_equal(ours, theirs, rtol=0, atol=1e-6)


def test_a_batch_gives_what_the_verbs_give_by_hand(here: tuple[Path, Any], by_hand: Path) -> None:
    out, _ = here
    _assert_same(out, by_hand)
    for name in GOOD:
        assert is_project(out / name / f"{name}.moedal")
        assert (out / name / "report.html").stat().st_size > 1000
        assert json.loads((out / name / "candidates.geojson").read_text())["type"] == "FeatureCollection"


def test_one_broken_foil_is_told_of_and_stops_nobody(here: tuple[Path, Any]) -> None:
    out, outcome = here
    table = pd.read_csv(out / "summary.csv").set_index("foil")
    assert table["state"].to_dict() == {"foil-a": "done", "foil-b": "done", "foil-c": "failed"}
    assert "scan.toml" in table.loc["foil-c", "error"] and "foil-c: " in outcome.sentence
    assert not (out / "foil-c" / "foil-c.moedal").exists()
    for row, scans in zip(outcome.values["foils"], (2, 1), strict=False):
        assert row["scans"] == scans and row["fields"] == 2 * scans and row["top"] + row["bottom"] <= row["pits"]
        assert row["pits"] == len(pd.read_csv(out / row["foil"] / "pits.csv"))
        assert row["seconds"] > 0 and row["expected_accidentals"] >= 0 and not row["error"]


def test_what_is_whole_is_skipped_and_what_changed_is_not(foils: Path, here: tuple[Path, Any], tmp_path: Path) -> None:
    folder, out = tmp_path / "foils", tmp_path / "out"
    for name in GOOD:
        shutil.copytree(foils / name, folder / name)  # keeps the times of the files
    shutil.copytree(here[0], out)
    before = (out / "foil-a" / "pits.csv").stat().st_mtime_ns
    rows = _batch(folder, out).values["foils"]
    assert [r["state"] for r in rows] == ["skipped", "skipped"] and rows[0]["seconds"] > 0
    assert (out / "foil-a" / "pits.csv").stat().st_mtime_ns == before

    (out / "foil-a" / "report.html").unlink()
    os.utime(folder / "foil-b" / "c1" / "scan.toml", (1, 1))
    rows = _batch(folder, out).values["foils"]
    assert [r["state"] for r in rows] == ["done", "done"]
    assert (out / "foil-b" / "foil-b.before-1.moedal").is_dir() and not list((out / "foil-a").glob("*before*"))
    _assert_same(out, here[0])


def test_kill_9_and_the_same_command_goes_on(foils: Path, by_hand: Path, tmp_path: Path) -> None:
    folder, out = tmp_path / "foils", tmp_path / "out"
    shutil.copytree(foils / "foil-b", folder / "foil-b")
    words = [sys.executable, "-m", "moedal_gui", "batch", str(folder), "-o", str(out), "--json"]
    for seconds in (3.0, 4.5):
        child = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            child.wait(seconds)
        except subprocess.TimeoutExpired:
            child.send_signal(signal.SIGKILL)
            child.wait()
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-500:]
    assert json.loads(done.stdout)["foils"][0]["error"] == ""
    _assert_same(out, by_hand, ("foil-b",))


def test_a_cluster_gives_the_same(foils: Path, here: tuple[Path, Any], workers: str, tmp_path: Path) -> None:
    outcome = _batch(foils, tmp_path / "out", scheduler=workers)
    assert [r["state"] for r in outcome.values["foils"]] == ["done", "done", "failed"]
    _assert_same(tmp_path / "out", here[0])


def _dies(unit: tuple[str, Path, int]) -> str:
    """Ends its worker as often as it is told, then answers."""
    name, marks, times = unit
    if len(list(marks.glob(f"{name}-*"))) < times:
        (marks / f"{name}-{os.getpid()}").touch()
        os._exit(1)
    return name


def test_a_lost_worker_loses_no_unit(workers: str, tmp_path: Path) -> None:
    units = [("well", tmp_path, 0), ("once", tmp_path, 1), ("always", tmp_path, 99), ("after", tmp_path, 0)]
    spread = Cluster(workers, lambda unit, why: f"{LOST}{unit[0]} {why}")
    patience = threading.Timer(180, spread.stop)  # a worker that does not come back must not hold the suite
    patience.start()
    said = list(spread(_dies, units))
    patience.cancel()
    assert said[0] == "well" and said[3] == "after" and said[1] == "once"
    assert said[2].startswith(f"{LOST}always No worker brought it back (the workers that took it died)")


def test_what_cannot_be_done_is_said_in_one_sentence(foils: Path, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(cluster, "_PATIENCE_S", 1)
    for address in ("tcp://127.0.0.1:9", "nonsense://x", "bogus", "tcp://127.0.0.1"):
        with pytest.raises(BatchError, match="cannot be reached"):
            _batch(foils, tmp_path, scheduler=address)
    with monkeypatch.context() as without:
        without.setitem(sys.modules, "distributed", None)
        with pytest.raises(BatchError, match=r"pip install 'moedal-gui\[cluster\]'"):
            _batch(foils, tmp_path, scheduler="tcp://127.0.0.1:9")
    with pytest.raises(NotFoundError, match="no such folder"):
        _batch(tmp_path / "none", tmp_path / "out")
    for wrong in (foils, foils / "foil-a" / "out"):
        with pytest.raises(ArgumentError, match="among the scans"):
            _batch(foils, wrong)
    for word in ("ensemble", "detector"):
        with pytest.raises(ExpertError, match=f"no {word} called nothere"):
            _batch(foils, tmp_path / "unknown", **{word: "nothere"})
    assert not (tmp_path / "unknown").exists(), "refused before a foil is begun"
    with pytest.raises(ArgumentError, match="leave one of them out"):
        _batch(foils, tmp_path, scheduler="tcp://127.0.0.1:9", workers=2)


@pytest.mark.parametrize("words", [b"", b"SSH-2.0-OpenSSH_9.6\r\n"])
def test_what_listens_but_is_no_scheduler_is_told(words: bytes, monkeypatch: Any) -> None:
    monkeypatch.setattr(cluster, "_PATIENCE_S", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as other:
        greeting = threading.Thread(target=lambda: other.accept()[0].sendall(words))
        greeting.start()
        with pytest.raises(BatchError, match="cannot be reached"):
            cluster.Cluster(f"tcp://127.0.0.1:{other.getsockname()[1]}", lambda _unit, said: said)
        greeting.join()


def test_when_every_foil_fails_the_command_fails(foils: Path, tmp_path: Path) -> None:
    shutil.copytree(foils / "foil-c", tmp_path / "foils" / "foil-c")
    (tmp_path / "foils" / "notes").mkdir()
    with pytest.raises(BatchError, match="All 2 foils failed, first foil-c"):
        _batch(tmp_path / "foils", tmp_path / "out")
    assert list(pd.read_csv(tmp_path / "out" / "summary.csv")["state"]) == ["failed", "failed"]


def test_a_foil_whose_pictures_are_all_damaged_says_so(foils: Path, tmp_path: Path) -> None:
    for name in GOOD:
        shutil.copytree(foils / name, tmp_path / "foils" / name)
    for picture in (tmp_path / "foils" / "foil-b").rglob("*.png"):
        picture.write_bytes(picture.read_bytes()[:100])
    _batch(tmp_path / "foils", tmp_path / "out")
    error = pd.read_csv(tmp_path / "out" / "summary.csv").set_index("foil").loc["foil-b", "error"]
    assert "No picture of this foil can be read" in error and "truncated" in error


def test_which_folders_are_foils(foils: Path, tmp_path: Path) -> None:
    found = foil_folders(foils, tmp_path)
    assert [(f.name, [p.name for p in f.scans]) for f in found] == [
        ("foil-a", ["c1", "cr"]), ("foil-b", ["c1"]), ("foil-c", ["c1"])
    ]  # fmt: skip
    (one,) = foil_folders(foils / "foil-a", tmp_path)
    assert one.name == "foil-a" and [p.name for p in one.scans] == ["c1", "cr"]
    (alone,) = foil_folders(foils / "foil-a" / "c1", tmp_path)
    assert alone.scans == (foils / "foil-a" / "c1",)

    raw = tmp_path / "all" / "raw"
    (raw / "7_1_x").mkdir(parents=True)
    (raw / "7_1_x" / "Step_1_1.tga").touch()
    mixed = tmp_path / "all" / "mixed"
    shutil.copytree(foils / "foil-a" / "c1", mixed / "c1")
    (mixed / "photograph.png").touch()
    (mixed / "notes").mkdir()
    (tmp_path / "all" / "out").mkdir()
    (tmp_path / "all" / "earlier" / "mixed").mkdir(parents=True)
    (tmp_path / "all" / "earlier" / "mixed" / "batch.json").write_text("{}")
    listed = foil_folders(tmp_path / "all", tmp_path / "all" / "out")
    assert [(f.name, f.scans, f.left_out) for f in listed] == [
        ("mixed", (mixed / "c1",), ("notes",)), ("raw", (raw,), ())
    ]  # fmt: skip
