"""The states without a screen, over a small project."""

from __future__ import annotations

import queue
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "ui"))

from small_foil import make_foil

from moedal_gui.app.workbench import Workbench


@pytest.fixture(scope="session")
def foil(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A scan folder and a project, to be copied before they are written to."""
    return make_foil(tmp_path_factory.mktemp("foil"))


@pytest.fixture
def project_path(foil: tuple[Path, Path], tmp_path: Path) -> Path:
    """A project of this test's own."""
    return Path(shutil.copytree(foil[1], tmp_path / "foil.moedal"))


@pytest.fixture
def workbench(tmp_path: Path) -> Iterator[Workbench]:
    """A running program without a project."""
    bench = Workbench(tmp_path / "settings.json", tmp_path / "copies")
    bench.settings.change(annotator="ada")
    yield bench
    bench.close()


@pytest.fixture
def opened(workbench: Workbench, project_path: Path) -> Workbench:
    """The small project open, its pits read."""
    read: queue.Queue[tuple[int, object]] = queue.Queue()
    workbench.session.loaded.connect(lambda generation, loaded: read.put((generation, loaded)))
    workbench.session.open(project_path)
    workbench.session.take(*read.get(timeout=20))
    return workbench
