"""``make run``: the demo foil in the workbench; without a display the same, with a screenshot instead of a window."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DEMO = ROOT / "demo"
SCREENSHOT = DEMO / "workbench.png"


def main() -> int:
    """Build the demo once and open it; returns the exit status."""
    program = [sys.executable, "-m", "moedal_gui", "demo", "--dir", str(DEMO)]
    if os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY") or not sys.platform.startswith("linux"):
        return subprocess.call(program)
    sys.stdout.write("There is no display: running the same pipeline and saving a picture of the window instead.\n")
    sys.stdout.flush()
    status = subprocess.call([*program, "--headless"])
    if status:
        return status
    picture = [
        sys.executable,
        str(ROOT / "docs" / "make_screenshots.py"),
        "--project",
        str(DEMO / "demo.moedal"),
        "--only",
        str(SCREENSHOT),
    ]
    status = subprocess.call(picture)
    if status == 0:
        sys.stdout.write(f"The window looks like this: {SCREENSHOT}\n")
    return status


if __name__ == "__main__":
    sys.exit(main())
