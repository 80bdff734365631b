"""Where the program's own files and the user's folders are: checkout, wheel or frozen bundle."""

from __future__ import annotations

import sys
from pathlib import Path

from platformdirs import user_config_path, user_data_path, user_log_path

_NAME = "moedal-gui"


def resources() -> Path:
    """Folder of icons, themes and default settings (data only)."""
    return _beside_the_program("resources")


def models() -> Path:
    """Folder of shipped networks, ``<name>/<version>/{model.onnx, card.json}``."""
    return _beside_the_program("models")


def detectors() -> Path:
    """Folder of shipped detectors, laid out as `models`."""
    return _beside_the_program("detectors")


def settings_file() -> Path:
    """The user's settings (JSON)."""
    return user_config_path(_NAME, appauthor=False) / "settings.json"


def label_copies() -> Path:
    """Dated copies of label journals, outside any project."""
    return user_data_path(_NAME, appauthor=False) / "label-copies"


def demo_folder() -> Path:
    """Where the demo foil is built when no folder is named."""
    return user_data_path(_NAME, appauthor=False) / "demo"


def logs() -> Path:
    """Folder of the log files."""
    return user_log_path(_NAME, appauthor=False)


def _beside_the_program(name: str) -> Path:
    frozen = getattr(sys, "_MEIPASS", None)
    if frozen is not None:
        return Path(frozen) / name
    installed = Path(__file__).resolve().parent / name
    return installed if installed.is_dir() else Path(__file__).resolve().parent.parent / name
