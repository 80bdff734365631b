"""Stage positions: the lab's JSON files and the microscope's cfg files."""

from __future__ import annotations

import configparser
import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from moedal_gui.core.errors import DescriptionError

Positions = dict[str, tuple[float, float]]


def plain_number(text: str) -> str:
    """A field's name: a number without padding, anything else as it is."""
    return str(int(text)) if text.isdecimal() else text


def read_positions(path: Path, key: str | None, names: tuple[str, ...] = ()) -> tuple[Positions, tuple[str, ...]]:
    """Centres of fields, and notes on those that are no proper place, from ``{"key": {"field": [x, y]}}`` or ``{"field": [x, y]}``.

    Parameters
    ----------
    path
        A JSON file.
    key
        Which scan's; None takes the file's only one, or the one that a word of ``names`` ends with.

    Raises
    ------
    DescriptionError
        When the file is no such JSON, or has no such key.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DescriptionError(
            "The positions file cannot be read", path, "check that it is JSON and in its place"
        ) from error
    if not isinstance(content, dict):
        raise DescriptionError("The positions file holds no table of positions", path, 'write {"scan": {"1": [x, y]}}')
    chosen = _choose(content, key, names, path)
    result: Positions = {}
    bad: list[str] = []
    for field, place in chosen.items():
        pair = _pair(place)
        if pair is None:
            bad.append(str(field))
        else:
            result[plain_number(str(field))] = pair
    notes = (
        (f"{len(bad)} positions in {path.name} are no pair of numbers, left out: {', '.join(bad[:5])}",) if bad else ()
    )
    return result, notes


def looks_like_positions(path: Path) -> bool:
    """Whether a JSON file holds stage positions."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    if not isinstance(content, dict) or not content:
        return False
    tables = content.values() if all(isinstance(v, dict) for v in content.values()) else [content]
    return all(
        isinstance(p, list) and len(p) == 2 and all(isinstance(c, int | float) for c in p)
        for t in tables
        for p in t.values()
    )


def read_cfg(path: Path) -> dict[str, str]:
    """All keys of a microscope's cfg file as ``Section.key``; empty when it cannot be read."""
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    try:
        parser.read_string(path.read_text(encoding="utf-8", errors="replace"))
    except (OSError, configparser.Error):
        return {}
    return {f"{section}.{key}": value for section in parser.sections() for key, value in parser.items(section)}


def translation(keys: Mapping[str, str]) -> tuple[float, float] | None:
    """The stage place among a cfg's keys, or None."""
    lower = {k.lower(): v for k, v in keys.items()}
    try:
        x, y = float(lower["translation.x"]), float(lower["translation.y"])
    except (KeyError, ValueError):
        return None
    return (x, y) if math.isfinite(x) and math.isfinite(y) else None


def _choose(content: dict[str, Any], key: str | None, names: tuple[str, ...], path: Path) -> dict[str, Any]:
    if all(isinstance(v, list) for v in content.values()):
        return content
    tables = {k: v for k, v in content.items() if isinstance(v, dict)}
    if key is not None:
        if key not in tables:
            raise DescriptionError(
                f"The positions file has no key {key!r}", path, f"take one of: {', '.join(tables) or 'none'}"
            )
        return tables[key]
    matching = [k for k in tables if any(n == k for n in names)] or [
        k for k in tables if any(n.endswith(k) for n in names)
    ]
    if matching:
        return tables[max(matching, key=len)]
    if len(tables) == 1:
        return next(iter(tables.values()))
    raise DescriptionError(
        "The positions file has several keys", path, f"say which with positions.key: {', '.join(tables)}"
    )


def _pair(place: object) -> tuple[float, float] | None:
    if (
        isinstance(place, list | tuple)
        and len(place) == 2
        and all(isinstance(c, int | float) and math.isfinite(c) for c in place)
    ):
        return float(place[0]), float(place[1])
    return None
