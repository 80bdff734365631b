"""What may be wrong with this computer or project, each with its remedy."""

from __future__ import annotations

import os
import platform
import shutil
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Literal

from moedal_gui.core.errors import MoedalError
from moedal_gui.store.project import Project
from moedal_gui.tasks.training.ensembles import shipped_entry

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
    "onnxruntime",
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
        _training(),
        _shipped(),
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


def _training() -> Finding:
    """Training needs torch; this process never loads it, so only its package is looked at."""
    try:
        torch = metadata.version("torch")
        metadata.version("onnx")
    except metadata.PackageNotFoundError as missing:
        return Finding(
            "Training", "warning", f"{missing.name} is not installed: this program scores and labels, but cannot train.",
            "pip install 'moedal-gui[train]' where the program was installed with pip.",
        )  # fmt: skip
    return Finding("Training", "good", f"torch {torch}, on the processor; scores by onnxruntime, on the processor.")


def _shipped() -> Finding:
    try:
        entry = shipped_entry()
    except MoedalError as error:
        return Finding("Shipped networks", "bad", str(error), "Install the program again.")
    if entry is None:
        return Finding(
            "Shipped networks", "warning", "None came with this program.", "Train your own, or install it again."
        )
    return Finding("Shipped networks", "good", f"{entry.title}, whole, in {entry.folder}.")


def _versions() -> Finding:
    parts = []
    for name in _LIBRARIES:
        try:
            parts.append(f"{name} {metadata.version(name)}")
        except metadata.PackageNotFoundError:
            parts.append(f"{name} (not installed as a package)")
    return Finding("Versions", "good", f"Python {platform.python_version()}, " + ", ".join(parts) + ".")
