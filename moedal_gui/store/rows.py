"""What several tables of the catalogue share: plain values for SQLite, and how a run ends."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from moedal_gui.core.label import now


def finish(connection: sqlite3.Connection, run_id: int, summary: Mapping[str, Any]) -> None:
    """A run is whole, and this came of it."""
    connection.execute(
        "UPDATE runs SET finished = ?, summary = ? WHERE run_id = ?", (now(), json.dumps(summary), run_id)
    )


def plain_rows(table: pd.DataFrame) -> list[tuple[Any, ...]]:
    """Rows of values SQLite takes: missing, NaN and infinities become NULL, numpy scalars Python's own."""
    columns: list[list[Any]] = []
    for name in table.columns:
        values = table[name]
        known = values.notna().to_numpy(copy=True)
        if values.dtype.kind == "f":
            known &= np.isfinite(values.to_numpy(dtype=float))
        plain = values.to_numpy(dtype=object, copy=True)
        plain[~known] = None
        columns.append([v.item() if isinstance(v, np.generic) else v for v in plain])
    return list(zip(*columns, strict=True))
