"""Scores of pits, as the catalogue keeps them."""

from __future__ import annotations

import json

import pandas as pd

from moedal_gui.core.score import SCORE_COLUMNS
from moedal_gui.store.database import Database
from moedal_gui.store.rows import plain_rows


class ScoreRows:
    """Reads and writes the scores in a project's catalogue."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, run_id: int, field_id: int, table: pd.DataFrame) -> None:
        """Enter one field's scores and note that the field is done, in one transaction.

        Parameters
        ----------
        table
            Columns pit_id, SCORE_COLUMNS, class, others and experts (plain mappings of name to number).
        """
        rows = plain_rows(table[["pit_id", *SCORE_COLUMNS, "class"]])
        words = [
            (json.dumps(o), json.dumps(e)) for o, e in zip(table["others"], table["experts"], strict=True)
        ]  # fmt: skip
        with self._database.transaction() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO run_fields (run_id, field_id, pits) VALUES (?, ?, ?)",
                (run_id, field_id, len(rows)),
            )
            connection.executemany(
                f"INSERT OR REPLACE INTO scores (run_id, pit_id, {', '.join(SCORE_COLUMNS)}, class, others, experts)"
                f" VALUES (?, {', '.join('?' * (len(SCORE_COLUMNS) + 4))})",
                [(run_id, *row, *more) for row, more in zip(rows, words, strict=True)],
            )

    def of_run(self, run_id: int) -> pd.DataFrame:
        """Scores of a run: pit_id, SCORE_COLUMNS, class."""
        table = self._read(
            f"SELECT pit_id, {', '.join(SCORE_COLUMNS)}, class FROM scores WHERE run_id = ? ORDER BY pit_id", run_id
        )
        for name in SCORE_COLUMNS:
            table[name] = table[name].astype(float)
        return table

    def by_expert(self, run_id: int) -> pd.DataFrame:
        """What each expert says of each pit of a run: pit_id, a column an expert (probability of its first answer)."""
        table = self._read("SELECT pit_id, experts FROM scores WHERE run_id = ? ORDER BY pit_id", run_id)
        votes = pd.DataFrame([json.loads(text) for text in table["experts"]], dtype=float)
        return pd.concat([table[["pit_id"]], votes], axis=1)

    def _read(self, query: str, run_id: int) -> pd.DataFrame:
        return pd.read_sql_query(query, self._database.connection(), params=[run_id])
