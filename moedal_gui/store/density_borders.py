"""Where a project's regimes of density meet: a small file of its own, written whole."""

from __future__ import annotations

import json
import os
from pathlib import Path

from moedal_gui.core.errors import ProjectError, ReadOnlyError

Borders = tuple[float, float]


class DensityBorders:
    """Reads and writes ``density_borders.json``.

    The borders are shares of pits that stand alone: from the first on a density is low, below the second high.
    """

    def __init__(self, path: Path, *, write: bool) -> None:
        self._path, self._write = path, write

    @property
    def now(self) -> Borders | None:
        """The project's own; None while it keeps to the program's.

        Raises
        ------
        ProjectError
            The file is damaged.
        """
        try:
            low, high = (float(v) for v in json.loads(self._path.read_text(encoding="utf-8"))["isolated_fraction"])
        except FileNotFoundError:
            return None
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise ProjectError(
                "The borders of the density are damaged", self._path, "remove that file to begin anew"
            ) from error
        return (low, high)

    def keep(self, borders: Borders) -> None:
        """Keep other borders.

        Raises
        ------
        ReadOnlyError
            The project is open for reading only.
        """
        if not self._write:
            raise ReadOnlyError(
                "The borders of the density cannot be kept here", self._path.parent, "open the project for writing"
            )
        part = self._path.with_name(f"{self._path.name}.part")
        try:
            with part.open("w", encoding="utf-8") as file:
                json.dump({"isolated_fraction": list(borders)}, file)
                file.flush()
                os.fsync(file.fileno())
            part.replace(self._path)
        except OSError as error:
            raise ProjectError(
                "The borders of the density cannot be written", self._path, str(error.strerror)
            ) from error
