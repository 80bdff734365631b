"""What people's corrections make of a run's pits and links: rows put there, rows taken out, nothing deleted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from moedal_gui.core.candidate import LINK_COLUMNS
from moedal_gui.core.correction import FOUND, PUT, TAKEN_OUT
from moedal_gui.core.pit import DETECTION_COLUMNS
from moedal_gui.store.database import Database
from moedal_gui.store.rows import plain_rows

_NAMES = ", ".join(DETECTION_COLUMNS)
_MOST_AT_ONCE = 500


@dataclass(frozen=True)
class HandPit:
    """A pit put by hand: the correction that says so, its field, and DETECTION_COLUMNS as plain values."""

    correction_id: int
    field_id: int
    values: Mapping[str, Any]


class HandRows:
    """Reads and writes what is by hand in a project's catalogue."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def found(self, run_id: int, fields: Iterable[str] | None = None) -> pd.DataFrame:
        """Pits the program found, those taken out by hand among them: pit_id, field, DETECTION_COLUMNS, double_of.

        ``fields`` names the fields to look in; all of them by default.
        """
        names = None if fields is None else [str(f) for f in fields]
        parts = [None] if names is None else [names[k : k + _MOST_AT_ONCE] for k in range(0, len(names), _MOST_AT_ONCE)]
        query = (
            f"SELECT pit_id, pits.field_id, fields.field, {_NAMES}, double_of FROM pits JOIN fields USING (field_id)"
            " WHERE run_id = ? AND correction IS NULL"
        )
        tables = []
        for part in parts:
            more = "" if part is None else f" AND fields.field IN ({', '.join('?' * len(part))})"
            tables.append(self._read(f"{query}{more} ORDER BY pit_id", [run_id, *(part or [])]))
        table = pd.concat(tables, ignore_index=True) if tables else self._read(f"{query} AND 0", [run_id])
        return table.astype(DETECTION_COLUMNS)

    def of_run(self, run_id: int) -> pd.DataFrame:
        """Rows that people changed: pit_id, field, x_px, y_px, surface, axes, by_hand, correction (missing for found pits)."""
        return self._read(
            "SELECT pit_id, fields.field, x_px, y_px, surface, major_px, minor_px, azimuth_deg, by_hand, correction"
            " FROM pits JOIN fields USING (field_id) WHERE run_id = ? AND (by_hand != 0 OR correction IS NOT NULL) ORDER BY pit_id",
            [run_id],
        )

    def settle(self, run_id: int, mark: str, taken_out: Iterable[int], put: Sequence[HandPit]) -> None:
        """Make a run's rows say just this, in one transaction; ``mark`` is the journal's word for what they were made from.

        A pit that was put, taken back and put again keeps its row, and so its id.
        """
        with self._database.transaction() as connection:
            connection.execute(
                f"UPDATE pits SET by_hand = {FOUND} WHERE run_id = ? AND correction IS NULL AND by_hand != {FOUND}",
                [run_id],
            )
            connection.executemany(
                f"UPDATE pits SET by_hand = {TAKEN_OUT} WHERE pit_id = ? AND run_id = ?",
                [(int(pit), run_id) for pit in taken_out],
            )
            connection.execute(
                f"UPDATE pits SET by_hand = {TAKEN_OUT} WHERE run_id = ? AND correction IS NOT NULL", [run_id]
            )
            for one in put:
                again = connection.execute(
                    f"UPDATE pits SET by_hand = {PUT} WHERE run_id = ? AND correction = ? AND field_id = ? AND x_px = ? AND y_px = ?",
                    [run_id, one.correction_id, one.field_id, one.values["x_px"], one.values["y_px"]],
                )
                if again.rowcount == 0:
                    connection.execute(
                        f"INSERT INTO pits (run_id, field_id, {_NAMES}, by_hand, correction) VALUES (?, ?,"
                        f" {', '.join('?' * len(DETECTION_COLUMNS))}, {PUT}, ?)",
                        [run_id, one.field_id, *(one.values[name] for name in DETECTION_COLUMNS), one.correction_id],
                    )
            connection.execute("INSERT OR REPLACE INTO corrected (run_id, mark) VALUES (?, ?)", [run_id, mark])

    def mark(self, run_id: int) -> str:
        """The journal's word for what a run's rows were made from; empty where no correction was ever laid on it."""
        row = self._database.connection().execute("SELECT mark FROM corrected WHERE run_id = ?", [run_id]).fetchone()
        return "" if row is None else str(row[0])

    def said(self, run_id: int) -> list[list[int]]:
        """Ids of the pits put and of those taken out of a run: what else is made from its pits is made from these, too."""
        rows = self.of_run(run_id)
        put = rows[rows["by_hand"] == PUT]
        gone = rows[(rows["by_hand"] == TAKEN_OUT) & rows["correction"].isna()]
        return [[int(i) for i in put["pit_id"]], [int(i) for i in gone["pit_id"]]]

    def settle_links(self, run_id: int, mark: str, table: pd.DataFrame, claimed: Iterable[int]) -> None:
        """Lay the links people made (LINK_COLUMNS) on a run: each takes the place of whatever else its two pits were in.

        ``claimed`` are the ids of those pits, and of the same pits as other scans see them.
        """
        rows = plain_rows(table[list(LINK_COLUMNS)])
        ends = [(int(a), int(b)) for a, b in zip(table["entry_pit"], table["exit_pit"], strict=True)]
        with self._database.transaction() as connection:
            connection.execute(
                f"UPDATE links SET by_hand = {FOUND} WHERE run_id = ? AND by_hand = {TAKEN_OUT}", [run_id]
            )
            kept = {
                (int(a), int(b)): int(i)
                for i, a, b in connection.execute(
                    f"SELECT link_id, entry_pit, exit_pit FROM links WHERE run_id = ? AND by_hand = {PUT}", [run_id]
                )
            }
            gone = [(number,) for pair, number in kept.items() if pair not in set(ends)]
            connection.executemany("DELETE FROM links WHERE link_id = ?", gone)
            for pair, row in zip(ends, rows, strict=True):
                if pair not in kept:
                    connection.execute(
                        f"INSERT INTO links (run_id, {', '.join(LINK_COLUMNS)}, by_hand) VALUES (?, {', '.join('?' * len(LINK_COLUMNS))}, {PUT})",
                        [run_id, *row],
                    )
            for pit in {int(pit) for pit in claimed}:
                connection.execute(
                    f"UPDATE links SET by_hand = {TAKEN_OUT} WHERE run_id = ? AND by_hand = {FOUND} AND (entry_pit = ? OR exit_pit = ?)",
                    [run_id, pit, pit],
                )
            connection.execute("INSERT OR REPLACE INTO corrected (run_id, mark) VALUES (?, ?)", [run_id, mark])

    def _read(self, query: str, values: Sequence[Any]) -> pd.DataFrame:
        return pd.read_sql_query(query, self._database.connection(), params=list(values))
