"""The label journal: append-only, one transaction a key stroke, undo as a new row."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd

from moedal_gui.core.errors import LabelError
from moedal_gui.core.label import LABEL_COLUMNS, Label, now
from moedal_gui.store.corrections import Corrections
from moedal_gui.store.database import Database
from moedal_gui.store.schema import LABELS
from moedal_gui.store.strokes import new_stroke, stacks, undone_strokes

_NAMES = (*LABEL_COLUMNS, "extra")
_COLUMNS = ", ".join(f'"{name}"' for name in _NAMES)


class LabelJournal:
    """Labels, corrections, verdicts and seen fields of one project.

    A *stroke* is what one key gave (one label, both ends of a link, or a correction); undo and redo are strokes of their own.
    """

    def __init__(self, path: Path, *, write: bool) -> None:
        self._database = Database(path, LABELS, write=write)
        self.corrections = Corrections(self._database)

    def give(self, labels: Sequence[Label], origin: str = "hand") -> int:
        """Append labels as one stroke, on disk when this returns; returns the stroke's number."""
        if not labels:
            raise LabelError("There is nothing to label", remedy="pick a pit first")
        with self._database.transaction() as connection:
            when = labels[0].when or now()
            stroke = new_stroke(connection, labels[0].annotator, "give", None, when)
            connection.executemany(
                f"INSERT INTO labels ({_COLUMNS}, origin, stroke) VALUES ({', '.join('?' * (len(_NAMES) + 2))})",
                [
                    (
                        *(a.foil, a.scan, a.field, a.x_px, a.y_px, a.surface, a.label, a.annotator),
                        *(a.when or (when if origin == "hand" else ""), a.pass_name, a.extra, origin, stroke),
                    )
                    for a in labels
                ],
            )
        return stroke

    def undo(self, annotator: str) -> pd.DataFrame | None:
        """Take back this person's newest stroke in force; returns its labels, None when there is none.

        A stroke that was a correction has no labels: `Corrections.turned` tells what it was.
        """
        return self._turn(annotator, "undo")

    def redo(self, annotator: str) -> pd.DataFrame | None:
        """Give again what this person's newest undo took back; None after a newer label or when there is none."""
        return self._turn(annotator, "redo")

    def in_force(self) -> pd.DataFrame:
        """All labels not undone, oldest first: LABEL_COLUMNS, ``extra``, ``label_id``, ``stroke``, ``origin``.

        A row with an empty ``label`` says that the person took the place's label back. Labels that do not say when
        they were given count as the oldest.
        """
        table = self._read(f"SELECT label_id, {_COLUMNS}, origin, stroke FROM labels ORDER BY label_id")
        undone = undone_strokes(self._database.connection())
        table = table[~table["stroke"].isin(list(undone))] if undone else table
        moment = pd.to_datetime(table["when"], utc=True, errors="coerce", format="ISO8601").fillna(
            pd.Timestamp(0, tz="UTC")
        )
        return table.loc[moment.sort_values(kind="stable").index].reset_index(drop=True)

    def newest(self) -> int:
        """Number of the newest stroke; changes whenever the labels do."""
        row = self._database.connection().execute("SELECT max(stroke) FROM strokes").fetchone()
        return int(row[0] or 0)

    def give_verdict(
        self, foil: str, entry: Sequence[object], exit_: Sequence[object], verdict: str, annotator: str
    ) -> None:
        """Append what a person said of a pair; ends are (scan, field, x_px, y_px); an empty verdict takes it back."""
        with self._database.transaction() as connection:
            connection.execute(
                "INSERT INTO verdicts (foil, entry_scan, entry_field, entry_x_px, entry_y_px, exit_scan, exit_field, exit_x_px,"
                ' exit_y_px, verdict, annotator, "when") VALUES (?,?,?,?,?,?,?,?,?,?,?,?)',
                (foil, *entry, *exit_, verdict, annotator, now()),
            )

    def verdicts(self) -> pd.DataFrame:
        """Every verdict ever given, oldest first."""
        return self._read("SELECT * FROM verdicts ORDER BY verdict_id")

    def mark_seen(self, annotator: str, foil: str, scan: str, field: str) -> None:
        """Note that a person has looked at a field."""
        with self._database.transaction() as connection:
            connection.execute(
                "INSERT OR IGNORE INTO seen VALUES (?, ?, ?, ?, ?)", (annotator, foil, scan, field, now())
            )

    def seen(self, annotator: str) -> pd.DataFrame:
        """Fields a person has looked at: foil, scan, field, when."""
        return self._read('SELECT foil, scan, field, "when" FROM seen WHERE annotator = ?', (annotator,))

    def copy_to(self, folder: Path, stem: str, keep: int = 30) -> Path:
        """A dated copy of the whole journal, outside the project; the newest ``keep`` stay."""
        folder.mkdir(parents=True, exist_ok=True)
        target = folder / f"{stem}_{datetime.now(UTC):%Y%m%dT%H%M%SZ}.sqlite"
        part = target.with_suffix(".part")
        part.unlink(missing_ok=True)
        copy = sqlite3.connect(part)
        try:
            self._database.connection().backup(copy)
        finally:
            copy.close()
        part.replace(target)
        for old in sorted(folder.glob(f"{stem}_*.sqlite"))[:-keep]:
            old.unlink(missing_ok=True)
        return target

    def restore_from(self, copy: Path) -> int:
        """Append the labels and corrections of a dated copy that this journal does not hold; returns how many."""
        if not copy.is_file():
            raise LabelError("There is no such copy", copy, "pick another one")
        other = LabelJournal(copy, write=False)
        try:
            theirs, put_right = other.in_force(), other.corrections.in_force()
        finally:
            other.close()
        origin = f"copy:{copy.name}"
        return self.append_missing(theirs, origin) + self.corrections.append_missing(put_right, origin)

    def append_missing(self, table: pd.DataFrame, origin: str) -> int:
        """Append rows (LABEL_COLUMNS) that no row ever given here equals; returns how many.

        Rows compare by everything but spelling of the numbers, so importing twice changes nothing, and a label that
        was undone here stays undone.
        """
        ever = self._read(f"SELECT {_COLUMNS} FROM labels")
        known = {_identity(row) for row in ever.itertuples(index=False, name=None)}
        wanted = table if "extra" in table.columns else table.assign(extra="")
        by_person: dict[str, list[Label]] = {}
        count = 0
        for row in wanted[list(_NAMES)].itertuples(index=False, name=None):
            if _identity(row) in known:
                continue
            known.add(_identity(row))
            count += 1
            foil, scan, field, x, y, surface, label, annotator, when, pass_name, extra = row
            by_person.setdefault(annotator, []).append(
                Label(foil, scan, field, float(x), float(y), label, surface, annotator, when, pass_name, extra)
            )
        for labels in by_person.values():
            self.give(labels, origin)
        return count

    def close(self) -> None:
        """Checkpoint and close."""
        self._database.close()

    def _turn(self, annotator: str, kind: str) -> pd.DataFrame | None:
        with self._database.transaction() as connection:
            done, undone = stacks(connection, annotator)
            stack = done if kind == "undo" else undone
            if not stack:
                return None
            new_stroke(connection, annotator, kind, stack[-1], now())
        return self._read(f"SELECT label_id, {_COLUMNS}, origin, stroke FROM labels WHERE stroke = ?", (stack[-1],))

    def _read(self, query: str, values: Sequence[object] = ()) -> pd.DataFrame:
        return pd.read_sql_query(query, self._database.connection(), params=list(values))  # type: ignore[arg-type]


def _identity(row: tuple[object, ...]) -> tuple[object, ...]:
    foil, scan, field, x, y, *rest = row
    return (foil, scan, field, round(float(x), 3), round(float(y), 3), *rest)  # type: ignore[arg-type]
