"""The journal of datum points: who set them when, and what they were before; appended to, never changed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Literal

from moedal_gui.core.label import now
from moedal_gui.core.scan import DatumPoint, ScanDescription, to_plain
from moedal_gui.store.database import Database

Origin = Literal["hand", "files"]
Points = tuple[DatumPoint, ...]


@dataclass(frozen=True)
class DatumChange:
    """One change of a scan's datum points.

    ``origin`` is ``hand`` where a person set them in the program, ``files`` where a new reading of the scan's files did.
    """

    foil: str
    scan: str
    before: Points
    after: Points
    annotator: str
    origin: Origin
    when: str


class DatumJournal:
    """Reads and writes the journal in a project's catalogue."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def set(self, scan_id: int, description: ScanDescription, points: Points, annotator: str, origin: Origin) -> None:
        """Give a scan other datum points, and note what they were, in one transaction.

        ``description`` is the one in force, whose datum is replaced; from now on somebody said it.
        """
        after = replace(description, datum=points, assumed=description.assumed - {"datum"})
        row = (
            description.foil, description.scan, _text(description.datum), _text(points), annotator, origin, now(),
        )  # fmt: skip
        with self._database.transaction() as connection:
            connection.execute(
                'INSERT INTO datum_changes (foil, scan, before, after, annotator, origin, "when") VALUES (?,?,?,?,?,?,?)',
                row,
            )
            connection.execute(
                "UPDATE scans SET description = ? WHERE scan_id = ?", (json.dumps(to_plain(after)), scan_id)
            )

    def changes(self, foil: str, scan: str) -> list[DatumChange]:
        """All changes of a scan's datum points, oldest first."""
        rows = self._database.connection().execute(
            'SELECT before, after, annotator, origin, "when" FROM datum_changes WHERE foil = ? AND scan = ? ORDER BY change_id',
            (foil, scan),
        )
        return [
            DatumChange(foil, scan, _points(before), _points(after), annotator, origin, when)
            for before, after, annotator, origin, when in rows
        ]

    def confirmed(self, description: ScanDescription) -> DatumChange | None:
        """The change by hand that gave the points in force; None where nobody set them here."""
        newest = self.changes(description.foil, description.scan)[-1:]
        return newest[0] if newest and newest[0].origin == "hand" and newest[0].after == description.datum else None


def _text(points: Sequence[DatumPoint]) -> str:
    return json.dumps([asdict(p) for p in points])


def _points(text: str) -> Points:
    return tuple(DatumPoint(**row) for row in json.loads(text))
