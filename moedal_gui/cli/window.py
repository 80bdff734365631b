"""From the command line to the window, with one sentence where there is no display."""

from __future__ import annotations

import importlib
import os
import sys
from pathlib import Path


def open_window(target: Path | None) -> int:
    """Open the workbench on a project or scan (or the start page); returns the exit status."""
    if sys.platform.startswith("linux") and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        sys.stderr.write("There is no display: log in to a desktop, or use the verbs (--help lists them)\n")
        return 1
    # By name: cli and ui are rooms of one floor and do not know each other; this is the door between them.
    workbench = importlib.import_module("moedal_gui.ui.main")
    return int(workbench.open_workbench(target))
