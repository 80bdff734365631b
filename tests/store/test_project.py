"""One writer, any number of readers, and damage said in one sentence."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from moedal_gui.core.errors import ProjectError, ProjectLockedError
from moedal_gui.store.images import ImageStore
from moedal_gui.store.project import Project


def test_a_second_writer_is_refused_and_a_reader_is_not(tmp_path: Path) -> None:
    path = tmp_path / "p.moedal"
    with Project.open(path, write=True, create=True):
        words = f"from pathlib import Path; from moedal_gui.store.project import Project; Project.open(Path({str(path)!r}), write=True)"
        done = subprocess.run([sys.executable, "-c", words], capture_output=True, text=True, check=False)
        assert "ProjectLockedError" in done.stderr
        with Project.open(path) as reader:
            assert not reader.writable
            assert reader.catalogue.scans() == []


def test_the_lock_dies_with_its_process(tmp_path: Path) -> None:
    path = tmp_path / "p.moedal"
    words = (
        f"import time; from pathlib import Path; from moedal_gui.store.project import Project\n"
        f"p = Project.open(Path({str(path)!r}), write=True, create=True); print('open', flush=True); time.sleep(60)"
    )
    child = subprocess.Popen([sys.executable, "-c", words], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None and child.stdout.readline() == "open\n"
    with pytest.raises(ProjectLockedError):
        Project.open(path, write=True)
    os.kill(child.pid, signal.SIGKILL)
    child.wait()
    Project.open(path, write=True).close()


def test_a_project_of_a_newer_program_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "p.moedal"
    Project.open(path, write=True, create=True).close()
    card = json.loads((path / "project.json").read_text())
    (path / "project.json").write_text(json.dumps(card | {"format": 99}))
    with pytest.raises(ProjectError, match="newer program"):
        Project.open(path)


def test_no_project_is_made_over_a_folder_of_somebody_elses(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("ten years")
    with pytest.raises(ProjectError, match="not an empty folder"):
        Project.open(tmp_path, write=True, create=True)
    assert [p.name for p in tmp_path.iterdir()] == ["thesis.tex"]


def test_pixels_come_back_bit_for_bit_and_coarser_ones_are_means(tmp_path: Path) -> None:
    store = ImageStore(tmp_path)
    stacks = [np.random.default_rng(i).integers(0, 65535, (3, 50, 70)).astype(np.uint16) for i in range(5)]
    name = store.write_batch(1, 1, stacks)
    assert all(np.array_equal(store.read(name, i), s) for i, s in enumerate(stacks))
    assert np.array_equal(
        store.read(name, 2, channels=1, rows=slice(5, 9), columns=slice(60, 70)), stacks[2][1, 5:9, 60:70]
    )
    half = store.read(name, 4, level=1)
    assert half.shape == (3, 25, 35)
    wanted = stacks[4][0].reshape(25, 2, 35, 2).mean(axis=(1, 3))
    assert np.abs(half[0] - wanted).max() <= 0.75
    assert store.read(name, 0, level=40).shape[-1] >= 4
    store.close()


def test_a_damaged_pixel_file_is_noticed_not_shown(tmp_path: Path) -> None:
    store = ImageStore(tmp_path)
    name = store.write_batch(1, 1, [np.full((1, 64, 64), 77, np.uint8)])
    store.close()
    raw = bytearray((tmp_path / name).read_bytes())
    at = raw.find(bytes([77]) * 100)
    raw[at + 50] = 78
    (tmp_path / name).write_bytes(raw)
    with pytest.raises(ProjectError, match="ingest the scan again"):
        ImageStore(tmp_path).read(name, 0)
