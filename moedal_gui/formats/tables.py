"""Tables to and from CSV and JSON: UTF-8, comma, header, empty for unknown."""

from __future__ import annotations

import io
import json
import math
import os
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from moedal_gui.core.errors import ExportError, TableError

_DIGITS = "%.10g"


def write_csv(table: pd.DataFrame, path: Path) -> None:
    """Write a table as CSV, put in place when whole."""
    text = io.StringIO(newline="")
    whole(table).to_csv(text, index=False, float_format=_DIGITS, lineterminator="\n")
    write_text(path, text.getvalue())


def write_json(content: Any, path: Path) -> None:
    """Write plain values as JSON, put in place when whole."""
    write_text(path, json.dumps(plain(content), ensure_ascii=False, indent=1) + "\n")


def write_text(path: Path, text: str) -> None:
    """Write a text file atomically.

    Raises
    ------
    ExportError
        When the place cannot be written.
    """
    part = path.with_name(f".{path.name}.part")
    try:
        with part.open("w", encoding="utf-8", newline="") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True) if part.parent.is_dir() else None
        raise ExportError(
            "The file cannot be written", path, f"name another place ({error.strerror or error})"
        ) from error


def whole(table: pd.DataFrame) -> pd.DataFrame:
    """The table with whole-number columns (ids) written without a decimal point, gaps kept."""
    result = table.copy()
    for name in result.columns:
        if (name.endswith("_id") or name.endswith("_pit")) and result[name].dtype.kind == "f":
            result[name] = result[name].astype("Int64")
    return result


def plain(value: Any) -> Any:
    """Values JSON can hold: numpy to Python's own, NaN and infinities to null."""
    if isinstance(value, dict):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [plain(v) for v in value]
    if isinstance(value, np.ndarray):
        return plain(value.tolist())
    if isinstance(value, np.generic):
        return plain(value.item())
    if value is pd.NA or value is pd.NaT or (isinstance(value, float) and not math.isfinite(value)):
        return None
    if isinstance(value, Path):
        return str(value)
    return value


def rows(table: pd.DataFrame) -> list[dict[str, Any]]:
    """A table as plain rows."""
    ready = whole(table).astype(object)
    return [plain({k: (None if _missing(v) else v) for k, v in row.items()}) for row in ready.to_dict("records")]


def _missing(value: Any) -> bool:
    return value is None or value is pd.NA or (isinstance(value, float) and not math.isfinite(value))


def read_csv(path: Path, needed: tuple[str, ...]) -> pd.DataFrame:
    """Read a CSV whose header holds ``needed``; every value stays the text it is, unknown columns are kept.

    Raises
    ------
    TableError
        With the column or line that is wrong.
    """
    try:
        table = pd.read_csv(
            path, dtype=str, encoding="utf-8-sig", keep_default_na=False, na_filter=False, skipinitialspace=True
        )
    except FileNotFoundError as error:
        raise TableError("There is no such file", path, "check the path") from error
    except (OSError, ValueError, UnicodeDecodeError) as error:
        raise TableError(
            "The table cannot be read", path, f"save it as CSV, UTF-8, with a header ({str(error)[:100]})"
        ) from error
    table.columns = [str(c).strip() for c in table.columns]
    absent = [name for name in needed if name not in table.columns]
    if absent:
        raise TableError(
            f"The table has no column {', '.join(absent)}", path, f"its header must hold {', '.join(needed)}"
        )
    return table


def numbers(table: pd.DataFrame, name: str, path: Path) -> pd.Series:
    """A column as numbers.

    Raises
    ------
    TableError
        With the first line that holds none.
    """
    values = pd.to_numeric(table[name], errors="coerce")
    wrong = np.flatnonzero(~np.isfinite(values.to_numpy(dtype=float)))
    if len(wrong):
        raise TableError(f"Line {int(wrong[0]) + 2}: {name} is no number", path, "mend that line")
    return values.astype(float)


def read_json(path: Path) -> Any:
    """The content of a JSON file.

    Raises
    ------
    TableError
        When it is none.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError as error:
        raise TableError("There is no such file", path, "check the path") from error
    except (OSError, ValueError, RecursionError) as error:
        raise TableError("The file is no JSON", path, f"mend it ({str(error)[:100]})") from error
