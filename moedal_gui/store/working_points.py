"""The working points of a project: a small file of their own, written whole."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import Any

from moedal_gui.core.errors import NotFoundError, ProjectError, ReadOnlyError
from moedal_gui.core.working_point import DEFAULT_NAME, WorkingPoint


class WorkingPoints:
    """Reads and writes ``working_points.json``."""

    def __init__(self, path: Path, *, write: bool) -> None:
        self._path, self._write = path, write

    def all(self) -> dict[str, WorkingPoint]:
        """Every working point by its name, in the order they were saved."""
        points = [self._point(row) for row in self._read().get("points", [])]
        return {p.name: p for p in points}

    @property
    def current(self) -> WorkingPoint | None:
        """The one in force; None while the default of each list is."""
        name = self._read().get("current")
        return self.all().get(str(name)) if name else None

    def named(self, name: str) -> WorkingPoint | None:
        """The one of that name; None for the default.

        Raises
        ------
        NotFoundError
            There is none of that name.
        """
        if name == DEFAULT_NAME:
            return None
        found = self.all()
        if name not in found:
            raise NotFoundError(
                f"There is no working point called {name}", remedy=f"take one of: {', '.join([DEFAULT_NAME, *found])}"
            )
        return found[name]

    def save(self, point: WorkingPoint) -> None:
        """Keep a working point; one of the same name is replaced."""
        if not point.name.strip() or point.name == DEFAULT_NAME:
            raise NotFoundError(
                f"A working point cannot be called {point.name or 'nothing'}", remedy="give it another name"
            )
        points = self.all() | {point.name: point}
        self._store(points, self._read().get("current"))

    def remove(self, name: str) -> None:
        """Forget one; the default is in force again if it was."""
        self.named(name)
        points = self.all()
        points.pop(name, None)
        current = self._read().get("current")
        self._store(points, None if current == name else current)

    def make_current(self, name: str) -> None:
        """Put one in force, or the default."""
        point = self.named(name)
        self._store(self.all(), point.name if point else None)

    def _store(self, points: dict[str, WorkingPoint], current: str | None) -> None:
        if not self._write:
            raise ReadOnlyError("Working points cannot be kept here", self._path, "open the project for writing")
        part = self._path.with_name(f"{self._path.name}.part")
        words = {"current": current, "points": [asdict(p) for p in points.values()]}
        try:
            with part.open("w", encoding="utf-8") as file:
                json.dump(words, file, indent=1)
                file.flush()
                os.fsync(file.fileno())
            part.replace(self._path)
        except OSError as error:
            raise ProjectError("The working points cannot be written", self._path, str(error.strerror)) from error

    def _read(self) -> dict[str, Any]:
        try:
            found = json.loads(self._path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as error:
            raise ProjectError(
                "The working points are damaged", self._path, "remove that file to begin anew"
            ) from error
        return dict(found) if isinstance(found, dict) else {}

    def _point(self, row: dict[str, Any]) -> WorkingPoint:
        try:
            a, b, c = (float(w) for w in row.get("weights", (1.0, 1.0, 1.0)))
            return WorkingPoint(**{**row, "weights": (a, b, c), "threshold": float(row["threshold"])})
        except (TypeError, ValueError, KeyError) as error:
            raise ProjectError(
                "The working points are damaged", self._path, "remove that file to begin anew"
            ) from error
