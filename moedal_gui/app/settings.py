"""The person's settings: one frozen value, one file, never in the way of starting."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Literal, get_args

from psygnal import Signal

Theme = Literal["system", "light", "dark"]
RECENT_KEPT = 12


@dataclass(frozen=True)
class Settings:
    """What a person chose.

    Attributes
    ----------
    annotator
        Name that every label carries; empty until it has been asked.
    pass_name
        Name of the labelling pass.
    theme, font_scale
        Look of the window.
    recent
        Projects opened, newest first.
    keys
        Command id -> key sequences that replace the command's own.
    contrast
        ``project|scan|channel`` -> lowest and highest grey value shown.
    window
        Places of the docks, as the window gave them (base64).
    copy_minutes
        Minutes between dated copies of the label journal.
    rescan_seconds, rescan_sides, rescan_planes
        What one stop of a rescan takes: seconds for each side and focal plane, and how many there are of both.
    proposal_probability
        From which probability the ensemble's opinion of a pit without label is proposed.
    heat_opacity
        How strongly a map covers the picture it is laid over, 0 to 1.
    """

    annotator: str = ""
    pass_name: str = ""
    theme: Theme = "system"
    font_scale: float = 1.0
    recent: tuple[str, ...] = ()
    keys: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    contrast: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    window: Mapping[str, str] = field(default_factory=dict)
    copy_minutes: int = 10
    rescan_seconds: float = 6.0
    rescan_sides: int = 2
    rescan_planes: int = 5
    proposal_probability: float = 0.98
    heat_opacity: float = 0.55


class SettingsFile:
    """The settings in force and the file they live in.

    Parameters
    ----------
    path
        JSON file; a file that cannot be read is renamed aside (`set_aside`) and the defaults are taken.
    """

    changed = Signal(Settings, Settings)

    def __init__(self, path: Path) -> None:
        self.path = path
        self.set_aside: Path | None = None
        self.problem = ""
        self.now = self._load()

    def change(self, **changes: Any) -> None:
        """Replace fields, write the file, then say so."""
        old = self.now
        new = replace(old, **changes)
        if new == old:
            return
        self.now = new
        self._write()
        self.changed.emit(old, new)

    def remember_project(self, path: Path) -> None:
        """Put a project at the head of the recent ones."""
        name = str(path.resolve())
        rest = tuple(p for p in self.now.recent if p != name)
        self.change(recent=(name, *rest)[:RECENT_KEPT])

    def forget_project(self, name: str) -> None:
        """Take a project off the recent ones (the project stays)."""
        self.change(recent=tuple(p for p in self.now.recent if p != name))

    def remember_contrast(self, key: str, limits: tuple[float, float]) -> None:
        """Keep the grey values shown for one channel of one scan."""
        self.change(contrast={**self.now.contrast, key: limits})

    def _load(self) -> Settings:
        try:
            return _from_plain(json.loads(self.path.read_text(encoding="utf-8")))
        except FileNotFoundError:
            return Settings()
        except (OSError, ValueError, TypeError, AttributeError) as error:
            self.problem = f"The settings could not be read and were set aside ({error})"
            with suppress(OSError):
                self.set_aside = self.path.replace(_free_name(self.path))
            return Settings()

    def _write(self) -> None:
        part = self.path.with_suffix(f".{os.getpid()}.part")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            part.write_text(json.dumps(asdict(self.now), indent=1, ensure_ascii=False), encoding="utf-8")
            part.replace(self.path)
        except OSError as error:
            self.problem = f"The settings could not be written ({error.strerror})"


def _free_name(path: Path) -> Path:
    number = 1
    while (free := path.with_name(f"{path.stem}.unreadable-{number}{path.suffix}")).exists():
        number += 1
    return free


def _from_plain(plain: Mapping[str, Any]) -> Settings:
    """Settings from JSON values; unknown keys of a newer program are left out, wrong ones raise."""
    known = {f.name for f in fields(Settings)}
    values = {k: v for k, v in plain.items() if k in known}
    if values.get("theme", "system") not in get_args(Theme):
        raise ValueError(f"no theme is called {values['theme']}")
    values["font_scale"] = min(max(float(values.get("font_scale", 1.0)), 0.6), 2.5)
    values["copy_minutes"] = max(int(values.get("copy_minutes", 10)), 1)
    values["rescan_seconds"] = min(max(float(values.get("rescan_seconds", 6.0)), 0.1), 3600.0)
    values["rescan_sides"] = min(max(int(values.get("rescan_sides", 2)), 1), 2)
    values["rescan_planes"] = min(max(int(values.get("rescan_planes", 5)), 1), 200)
    values["proposal_probability"] = min(max(float(values.get("proposal_probability", 0.98)), 0.5), 1.0)
    values["heat_opacity"] = min(max(float(values.get("heat_opacity", 0.55)), 0.1), 1.0)
    values["recent"] = tuple(str(p) for p in values.get("recent", ()))
    values["keys"] = {str(k): tuple(str(s) for s in v) for k, v in values.get("keys", {}).items()}
    values["contrast"] = {str(k): (float(v[0]), float(v[1])) for k, v in values.get("contrast", {}).items()}
    values["window"] = {str(k): str(v) for k, v in values.get("window", {}).items()}
    return Settings(**values)
