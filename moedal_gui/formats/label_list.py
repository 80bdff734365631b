"""Labels from elsewhere: our own CSV, and the lab's JSON lists."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd

from moedal_gui.core.errors import TableError
from moedal_gui.core.label import CLASSES, LABEL_COLUMNS
from moedal_gui.formats.positions import plain_number
from moedal_gui.formats.tables import numbers, read_csv, read_json

_TEXT = ("foil", "scan", "field", "surface", "label", "annotator", "when", "pass")


def read_labels(path: Path, classes: tuple[str, ...] = CLASSES, default_scan: str | None = None) -> pd.DataFrame:
    """Labels with LABEL_COLUMNS; what a file leaves out is empty, what else it says is kept in ``extra`` (JSON).

    CSV as this program writes it, or JSON: a list of objects with the same names; ``{scan: {label: [[field, x, y]]}}``;
    or ``{label: [[field, x, y]]}`` where the project has a single scan.

    Raises
    ------
    TableError
        With the line and what is wrong there.
    """
    if path.suffix.lower() == ".json":
        table = pd.DataFrame(_rows(read_json(path), path, default_scan, classes), dtype=object)
        absent = [n for n in ("scan", "field", "x_px", "y_px", "label") if n not in table.columns]
        if len(table) and absent:
            raise TableError(f"The labels have no {', '.join(absent)}", path, "add it")
    else:
        table = read_csv(path, ("scan", "field", "x_px", "y_px", "label"))
    if not len(table):
        return pd.DataFrame(columns=[*LABEL_COLUMNS, "extra"])
    table["extra"] = _extras(table)
    for name in _TEXT:
        column = table[name] if name in table.columns else pd.Series([""] * len(table))
        table[name] = ["" if pd.isna(v) else str(v).strip() for v in column]
    table["field"] = [plain_number(f) for f in table["field"]]
    for name in ("x_px", "y_px"):
        table[name] = numbers(table, name, path)
    _check(table, path, classes)
    return table[[*LABEL_COLUMNS, "extra"]]


def _extras(table: pd.DataFrame) -> list[str]:
    """What no column of ours says, as JSON text per row; empty where there is none."""
    names = [c for c in table.columns if c not in LABEL_COLUMNS]
    rows = [
        {n: str(v) for n, v in zip(names, values, strict=True) if v != "" and not pd.isna(v)}
        for values in table[names].itertuples(index=False, name=None)
    ]
    return [json.dumps(row, ensure_ascii=False, sort_keys=True) if row else "" for row in rows]


def _check(table: pd.DataFrame, path: Path, classes: tuple[str, ...]) -> None:
    for column, allowed in (("label", set(classes)), ("surface", {"", "top", "bottom"})):
        wrong = table[~table[column].isin(list(allowed))]
        if len(wrong):
            line = int(wrong.index[0]) + 2
            raise TableError(
                f"Line {line}: {wrong[column].iloc[0]!r} is no {column}",
                path,
                f"take one of {', '.join(sorted(allowed - {''}))}",
            )
    for column in ("scan", "field"):
        if (table[column] == "").any():
            raise TableError(
                f"Line {int((table[column] == '').to_numpy().argmax()) + 2}: no {column}", path, "fill it in"
            )


def _rows(content: Any, path: Path, default_scan: str | None, classes: tuple[str, ...]) -> list[dict[str, Any]]:
    if isinstance(content, list) and all(isinstance(row, dict) for row in content):
        return [dict(row) for row in content]
    if isinstance(content, dict) and content and all(isinstance(v, dict) for v in content.values()):
        return [row for scan, lists in content.items() for row in _of_scan(str(scan), lists, path)]
    if isinstance(content, dict) and set(content) <= set(classes) and default_scan is not None:
        return _of_scan(default_scan, content, path)
    raise TableError("The labels' JSON is not understood", path, "write {scan: {label: [[field, x, y], ...]}}")


def _of_scan(scan: str, lists: dict[str, Any], path: Path) -> list[dict[str, Any]]:
    rows = []
    for label, places in lists.items():
        for place in places if isinstance(places, list) else ():
            try:
                field, x, y = place
            except (TypeError, ValueError) as error:
                raise TableError(f"{place!r} is no place", path, "write [field, x, y]") from error
            rows.append({"scan": scan, "field": str(field), "x_px": x, "y_px": y, "label": label})
    return rows
