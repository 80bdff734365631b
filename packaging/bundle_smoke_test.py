"""Does a bundle work where there is no Python: every verb from a simulated scan to a report."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path


def main(folder: Path) -> None:
    """Run the bundle through the pipeline; raises where a verb fails."""
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
    sys.stdout.write(f"The bundle works: {pits} pits on a simulated foil\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
