"""Places that people have looked at: who, and when."""

from __future__ import annotations

import pandas as pd

from moedal_gui.core.label import now
from moedal_gui.store.database import Database


class Looks:
    """Reads and writes the looks in a project's catalogue."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, foil: str, scan: str, field: str, x_px: float, y_px: float, annotator: str) -> None:
        """Note who looked at a place, now."""
        with self._database.transaction() as connection:
            connection.execute(
                'INSERT INTO looks (foil, scan, field, x_px, y_px, annotator, "when") VALUES (?, ?, ?, ?, ?, ?, ?)',
                (foil, scan, field, x_px, y_px, annotator, now()),
            )

    def all(self) -> pd.DataFrame:
        """Places people have looked at, oldest first: foil, scan, field, x_px, y_px, annotator, when."""
        return pd.read_sql_query(
            'SELECT foil, scan, field, x_px, y_px, annotator, "when" FROM looks ORDER BY look_id',
            self._database.connection(),
        )
