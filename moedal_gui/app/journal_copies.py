"""Dated copies of the label journal, outside the project."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from moedal_gui.store.project import Project


@dataclass(frozen=True)
class Copy:
    """One dated copy."""

    path: Path
    when: datetime

    @property
    def title(self) -> str:
        """When it was made, in the person's own time."""
        return f"{self.when.astimezone():%d %B %Y, %H:%M:%S}"


class JournalCopies:
    """Makes and finds copies in one folder; a journal that has not changed is not copied again."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._newest: dict[Path, int] = {}

    def keep(self, project: Project) -> Path | None:
        """Copy the journal if it has changed since the last copy."""
        newest = project.labels.newest()
        if newest == 0 or self._newest.get(project.path) == newest:
            return None
        target = project.labels.copy_to(self.folder, _stem(project))
        self._newest[project.path] = newest
        return target

    def of(self, project: Project) -> list[Copy]:
        """Copies of a project's journal, newest first."""
        found = []
        for path in sorted(self.folder.glob(f"{_stem(project)}_*.sqlite"), reverse=True):
            try:
                when = datetime.strptime(path.stem.rsplit("_", 1)[1], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
            except ValueError:
                continue
            found.append(Copy(path, when))
        return found


def _stem(project: Project) -> str:
    # Two projects of one name in different folders keep their copies apart.
    mark = hashlib.sha256(str(project.path.resolve()).encode()).hexdigest()[:8]
    return f"{project.name}-{mark}"
