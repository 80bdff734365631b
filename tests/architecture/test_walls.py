"""The house's walls: who may import whom, and what a light import must not load."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "moedal_gui"


def test_import_contracts_hold() -> None:
    lint = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([lint], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-3000:]


def test_the_task_table_loads_nothing_heavy() -> None:
    words = "import sys, moedal_gui.tasks.table; print(*sorted({m.split('.')[0] for m in sys.modules}))"
    loaded = subprocess.run([sys.executable, "-c", words], capture_output=True, text=True, check=True).stdout.split()
    assert not {
        "PySide6",
        "qtpy",
        "napari",
        "vispy",
        "pyqtgraph",
        "torch",
        "onnxruntime",
        "dask",
        "distributed",
        "matplotlib",
    } & set(loaded)


def test_headless_verbs_never_import_qt() -> None:
    words = "import sys, moedal_gui.cli.main as m; m.application(); print('PySide6' in sys.modules or 'napari' in sys.modules)"
    assert (
        subprocess.run([sys.executable, "-c", words], capture_output=True, text=True, check=True).stdout.strip()
        == "False"
    )


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda p: str(p.relative_to(ROOT)))
def test_names_and_broad_excepts(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert ast.get_docstring(tree), "every file says what it is"
    forbidden = {"manager", "helper", "helpers", "utils", "util", "misc", "common"}
    assert path.stem not in forbidden
    # tasks/beside.py and tasks/foils/foil.py are the job loop's other end, in a process of their own.
    edges = {"cli/main.py", "app/jobs.py", "tasks/beside.py", "tasks/foils/foil.py", "ui/exception_hook.py"}
    relative = path.relative_to(PACKAGE).as_posix()
    for node in ast.walk(tree):
        if isinstance(node, ast.ExceptHandler):
            names = {n.id for n in ast.walk(node.type) if isinstance(n, ast.Name)} if node.type else {"bare"}
            if names & {"Exception", "bare"}:
                assert relative in edges, f"a broad except at line {node.lineno}"


def test_the_outside_never_reaches_under_an_underscore_of_napari() -> None:
    for path in (PACKAGE / "ui").rglob("*.py"):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            assert "._qt" not in line and "napari._" not in line, f"{path.name}:{number}"


def test_the_reference_is_made_from_the_tables() -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "docs" / "make_reference.py", "--check"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-300:]


def test_every_panel_has_its_file_page_and_test() -> None:
    from moedal_gui.ui.panels.table import PANELS

    for panel in PANELS:
        for place in (PACKAGE / "ui" / "panels" / f"{panel.id}.py", ROOT / "docs" / "panels" / f"{panel.id}.md"):
            assert place.is_file(), place
        assert list((ROOT / "tests" / "ui").glob(f"test_{panel.id}*.py")), f"no test of the panel {panel.id}"


def test_what_is_committed_speaks_of_the_program_alone() -> None:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False).stdout.split()
    for name in listed:
        path = ROOT / name
        if (
            path.suffix in {".py", ".md", ".toml", ".html", ".sh", ""}
            and path.is_file()
            and path.stat().st_size < 1 << 20
        ):
            text = path.read_text(encoding="utf-8", errors="replace")
            if path != Path(__file__):
                assert "/work/main" not in text and "/root/" not in text, name
