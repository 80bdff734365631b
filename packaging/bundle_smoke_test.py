"""Does a bundle work where there is no Python: every verb from a simulated scan to a report, and a window on the project."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from filelock import FileLock, Timeout

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from benchmarks.display import display

_TO_OPEN_S = 120.0


def main(folder: Path) -> None:
    """Run the bundle through the pipeline and open its window; raises where a verb fails."""
    program = str(folder / ("moedal-gui.exe" if sys.platform == "win32" else "moedal-gui"))
    alone = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON") and k != "VIRTUAL_ENV"}

    def run(*words: object) -> str:
        return subprocess.run([program, *map(str, words)], env=alone, check=True, capture_output=True, text=True).stdout

    with tempfile.TemporaryDirectory() as temporary:
        out, project = Path(temporary) / "scans", Path(temporary) / "p.moedal"
        run("simulate", out, "--columns", 2, "--rows", 1, "--channels", 8)
        run("ingest", project, out / "c1")
        run("preselect", project)
        run("link", project)
        run("report", project, "-o", Path(temporary) / "report.html")
        pits = json.loads(run("info", project, "--json"))["scans"][0]["pits"]
        if not pits:
            sys.exit("The bundle found no pits on a simulated foil")
        _open(program, project, alone)
    sys.stdout.write(f"The bundle works: {pits} pits on a simulated foil, and its window opens\n")


def _open(program: str, project: Path, alone: dict[str, str]) -> None:
    """A window that has opened a project holds it: nobody else may write to it then."""
    home = str(project.parent / "home")
    with display():
        seen = {k: os.environ[k] for k in ("DISPLAY", "WAYLAND_DISPLAY") if k in os.environ}
        window = subprocess.Popen([program, str(project)], env={**alone, **seen, "HOME": home, "XDG_STATE_HOME": home})
        try:
            end = time.monotonic() + _TO_OPEN_S
            while not _held(project):
                if window.poll() is not None or time.monotonic() > end:
                    logs = "\n".join(p.read_text(encoding="utf-8") for p in Path(home).rglob("window.log"))
                    sys.exit(f"The window of the bundle did not open the project\n{logs}")
                time.sleep(1.0)
        finally:
            window.kill()
            window.wait()


def _held(project: Path) -> bool:
    lock = FileLock(project / "write.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return True
    lock.release()
    return False


if __name__ == "__main__":
    main(Path(sys.argv[1]))
