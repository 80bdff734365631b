"""Which fields a person has looked at; unseen never counts as empty."""

from __future__ import annotations

from psygnal import Signal

from moedal_gui.app.sheet import Sheet
from moedal_gui.core.errors import MoedalError
from moedal_gui.store.project import Project


class SeenFields:
    """Seen state of one person in one project; ``changed`` carries foil, scan and field."""

    changed = Signal(str, str, str)

    def __init__(self) -> None:
        self._project: Project | None = None
        self._annotator = ""
        self._seen: set[tuple[str, str, str]] = set()

    def open(self, project: Project | None, annotator: str) -> None:
        """Read what a person has seen of a project."""
        self._project, self._annotator = project, annotator
        table = project.labels.seen(annotator) if project is not None else None
        self._seen = set() if table is None else set(zip(table["foil"], table["scan"], table["field"], strict=True))

    def has(self, foil: str, scan: str, field: str) -> bool:
        """Whether the person has looked at a field."""
        return (foil, scan, field) in self._seen

    def count(self, foil: str, scan: str) -> int:
        """How many fields of a scan the person has looked at."""
        return sum(1 for f, s, _ in self._seen if (f, s) == (foil, scan))

    def mark(self, foil: str, scan: str, field: str) -> None:
        """Note that the person looks at a field now; on disk where the project can be written."""
        if self._project is None or self.has(foil, scan, field):
            return
        if self._project.writable:
            try:
                self._project.labels.mark_seen(self._annotator, foil, scan, field)
            except MoedalError:
                return
        self._seen.add((foil, scan, field))
        self.changed.emit(foil, scan, field)

    def next_unseen(self, sheet: Sheet, after: str | None) -> str | None:
        """Name of the next field of a scan that the person has not looked at; None when all were seen."""
        here = sheet.row_of(after) if after is not None else None
        start = -1 if here is None else here
        ring = [*sheet.names[start + 1 :], *sheet.names[: start + 1]]
        record = sheet.record
        return next((name for name in ring if not self.has(record.foil, record.scan, name)), None)
