"""Entry-exit links and tracks through several sheets, as the catalogue keeps them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from moedal_gui.core.candidate import LINK_COLUMNS
from moedal_gui.core.correction import TAKEN_OUT
from moedal_gui.store.database import Database
from moedal_gui.store.rows import finish, plain_rows

_TRACK_COLUMNS = ("track", "sheet", "score", "residual_px", "bend_deg")


class LinkRows:
    """Reads and writes the links in a project's catalogue."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(
        self,
        run_id: int,
        table: pd.DataFrame,
        summary: Mapping[str, Any] | None = None,
        tracks: pd.DataFrame | None = None,
    ) -> None:
        """Enter links (LINK_COLUMNS); with a summary the run is whole in the same transaction.

        A run cut short between the two would enter its links again, under other ids. ``tracks`` has a row for each link of a
        track through several sheets: its ``row`` in ``table``, and `_TRACK_COLUMNS`.
        """
        rows = plain_rows(table[list(LINK_COLUMNS)])
        with self._database.transaction() as connection:
            connection.execute("DELETE FROM links WHERE run_id = ?", (run_id,))
            connection.executemany(
                f"INSERT INTO links (run_id, {', '.join(LINK_COLUMNS)}) VALUES (?, {', '.join('?' * len(LINK_COLUMNS))})",
                [(run_id, *row) for row in rows],
            )
            if tracks is not None and len(tracks):
                ids = [
                    r[0]
                    for r in connection.execute(
                        "SELECT link_id FROM links WHERE run_id = ? ORDER BY link_id", (run_id,)
                    )
                ]
                connection.executemany(
                    f"INSERT INTO track_links (run_id, link_id, {', '.join(_TRACK_COLUMNS)}) VALUES (?, ?, ?, ?, ?, ?, ?)",
                    [(run_id, ids[int(row)], *rest) for row, *rest in plain_rows(tracks[["row", *_TRACK_COLUMNS]])],
                )
            if summary is not None:
                finish(connection, run_id, summary)

    def of_run(self, run_id: int, *, everything: bool = False) -> pd.DataFrame:
        """Links of a run: link_id, LINK_COLUMNS and ``by_hand`` (1 where a person linked the two), best score first.

        Links that one by hand took the place of are left out unless ``everything`` is asked for.
        """
        only = "" if everything else f"AND by_hand != {TAKEN_OUT}"
        table = self._read(
            f"SELECT link_id, {', '.join(LINK_COLUMNS)}, by_hand FROM links WHERE run_id = ? {only} ORDER BY score DESC, link_id",
            run_id,
        )
        table["passes"] = table["passes"].astype(bool)
        return table

    def tracks(self, run_id: int) -> pd.DataFrame:
        """Links of a run that are part of a track through several sheets: link_id, track, sheet (from 1), score of the whole track,
        residual_px and bend_deg at the step from the sheet before (NaN in the first)."""
        return self._read(
            f"SELECT link_id, {', '.join(_TRACK_COLUMNS)} FROM track_links WHERE run_id = ? ORDER BY track, sheet",
            run_id,
        )

    def _read(self, query: str, run_id: int) -> pd.DataFrame:
        return pd.read_sql_query(query, self._database.connection(), params=[run_id])
