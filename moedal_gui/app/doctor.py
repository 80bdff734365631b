"""What may be wrong with this computer or project, each with its remedy."""

from __future__ import annotations

import os
import platform
import shutil
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Literal

from moedal_gui.store.project import Project

Health = Literal["good", "warning", "bad"]
_LITTLE_BYTES = 5 << 30
_LIBRARIES = (
    "moedal-gui",
    "PySide6-Essentials",
    "napari",
    "vispy",
    "pyqtgraph",
    "numpy",
    "pandas",
    "scipy",
    "h5py",
    "opencv-python-headless",
)


@dataclass(frozen=True)
class Finding:
    """One thing looked at."""

    subject: str
    health: Health
    sentence: str
    remedy: str = ""


def examine(project: Project | None, read_only_reason: str, settings_file: Path, problem: str) -> list[Finding]:
    """Look at everything that needs no screen."""
    return [
        *_project(project, read_only_reason),
        _disk(project.path if project is not None else Path.home()),
        _settings(settings_file, problem),
        _cores(),
        _versions(),
    ]


def _project(project: Project | None, reason: str) -> list[Finding]:
    if project is None:
        return [Finding("Project", "good", "No project is open.")]
    if project.writable:
        return [Finding("Lock", "good", f"{project.name} is open for writing, by this window alone.")]
    return [
        Finding(
            "Lock",
            "warning",
            f"{project.name} is open for reading only. {reason}",
            "Close the other program, or copy the project to a folder you may write to; then open it again.",
        )
    ]


def _disk(path: Path) -> Finding:
    free = shutil.disk_usage(path).free
    sentence = f"{free / 1e9:.0f} GB free where {path} lies."
    if free < _LITTLE_BYTES:
        return Finding("Disk", "bad", sentence, "Free some space before the next scan; a full disk refuses labels.")
    return Finding("Disk", "good", sentence)


def _settings(path: Path, problem: str) -> Finding:
    if problem:
        return Finding(
            "Settings", "warning", problem, f"The defaults are in force; what was set aside lies in {path.parent}."
        )
    return Finding("Settings", "good", f"Kept in {path}.")


def _cores() -> Finding:
    count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return Finding("Processor", "good", f"{count} cores may be used; {platform.platform()}.")


def _versions() -> Finding:
    parts = []
    for name in _LIBRARIES:
        try:
            parts.append(f"{name} {metadata.version(name)}")
        except metadata.PackageNotFoundError:
            parts.append(f"{name} (not installed as a package)")
    return Finding("Versions", "good", f"Python {platform.python_version()}, " + ", ".join(parts) + ".")
