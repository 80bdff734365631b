"""The program as a process of its own, on a display."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "ui"))

from small_foil import make_foil


@pytest.fixture(scope="session")
def foil(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A scan folder and a project, to be copied before they are written to."""
    return make_foil(tmp_path_factory.mktemp("foil"))


@pytest.fixture
def project_path(foil: tuple[Path, Path], tmp_path: Path) -> Path:
    """A project of this test's own, with an umlaut and a space on the way."""
    return Path(shutil.copytree(foil[1], tmp_path / "Käse folie" / "foil.moedal"))
