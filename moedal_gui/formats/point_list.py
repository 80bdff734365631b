"""Lists of points and of other programs' pits."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from moedal_gui.core.errors import TableError
from moedal_gui.formats.positions import plain_number
from moedal_gui.formats.tables import numbers, read_csv, read_json

Floats = npt.NDArray[np.float64]


def read_points(path: Path) -> Floats:
    """Points (N, 2) from JSON ``[[x, y], ...]`` or CSV with x, y (or x_px, y_px)."""
    if path.suffix.lower() == ".json":
        content = read_json(path)
        try:
            points = np.array([[float(x), float(y)] for x, y, *_ in content], dtype=float).reshape(-1, 2)
        except (TypeError, ValueError) as error:
            raise TableError("The list holds something else than points", path, "write [[x, y], ...]") from error
    else:
        table = read_csv(path, ())
        pair = ("x", "y") if {"x", "y"} <= set(table.columns) else ("x_px", "y_px")
        if not set(pair) <= set(table.columns):
            raise TableError("The table has no columns x and y", path, "name them in its header")
        points = np.stack([numbers(table, n, path).to_numpy() for n in pair], axis=1)
    if not np.isfinite(points).all():
        raise TableError("The list holds a place that is no number", path, "mend or remove it")
    return points


def read_pits(path: Path) -> pd.DataFrame:
    """Another program's pits: scan, field, x_px, y_px, and what else of a pit's columns there is.

    From CSV with those columns, or JSON ``{scan: [[field, x, y], ...]}``.
    """
    if path.suffix.lower() != ".json":
        table = read_csv(path, ("scan", "field", "x_px", "y_px"))
        if (table["scan"].str.strip() == "").any() or (table["field"].str.strip() == "").any():
            raise TableError("A line names no scan or no field", path, "fill it in")
        table["x_px"], table["y_px"] = numbers(table, "x_px", path), numbers(table, "y_px", path)
        table["field"] = [plain_number(str(f).strip()) for f in table["field"]]
        table["scan"] = [str(s).strip() for s in table["scan"]]
        return table
    content = read_json(path)
    if not isinstance(content, dict):
        raise TableError("The file holds no pits", path, "write {scan: [[field, x, y], ...]}")
    rows = [(str(scan), *_pit(row, path)) for scan, listed in content.items() for row in _list(listed, path)]
    return pd.DataFrame(rows, columns=["scan", "field", "x_px", "y_px"])


def _list(value: Any, path: Path) -> list[Any]:
    if not isinstance(value, list):
        raise TableError("The file holds no list of pits", path, "write {scan: [[field, x, y], ...]}")
    return value


def _pit(row: Any, path: Path) -> tuple[str, float, float]:
    try:
        field, x, y = row
        place = float(x), float(y)
    except (TypeError, ValueError) as error:
        raise TableError(f"{row!r} is no pit", path, "write [field, x, y]") from error
    if not np.isfinite(place).all():
        raise TableError(f"{row!r} is no place", path, "write [field, x, y]")
    return (plain_number(str(field)), *place)
