"""scan.toml: what a person says of a scan, checked word by word."""

from __future__ import annotations

import math
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any, TypeVar, cast

import tomli_w

from moedal_gui.core.errors import DescriptionError
from moedal_gui.core.scan import Channel, ChannelKind, DatumPoint, LengthUnit, ScanDescription
from moedal_gui.formats.positions import plain_number

T = TypeVar("T")
_LONGEST_PX = 200_000
_KNOWN = {
    "foil", "scan", "orientation", "mirrored", "polarity", "pixel_size_um", "foil_thickness_um", "bulk_etch_um",
    "field_size_px", "files", "datum", "positions", "channels", "stack", "sheet",
}  # fmt: skip


@dataclass(frozen=True)
class PositionsPlace:
    """Where a description says the stage positions are, and which description says so."""

    file: str
    key: str | None
    unit: LengthUnit
    y_up: bool
    said_in: Path = Path()
    elsewhere: bool = False


@dataclass(frozen=True)
class Stated:
    """What a scan.toml states; None where it says nothing. Paths are not resolved yet.

    ``elsewhere`` tells of a description kept outside the scan's folder, whose paths may point into the folder above;
    it goes with each path, so that one description never widens what another may name.
    """

    source: Path
    values: Mapping[str, Any]
    files: str | None = None
    positions: PositionsPlace | None = None
    files_said_in: Path = Path()
    files_elsewhere: bool = False
    notes: tuple[str, ...] = ()

    def over(self, other: Stated) -> Stated:
        """This description's keys over another's."""
        return replace(
            self,
            values={**other.values, **self.values},
            files=self.files if self.files is not None else other.files,
            files_said_in=self.files_said_in if self.files is not None else other.files_said_in,
            files_elsewhere=self.files_elsewhere if self.files is not None else other.files_elsewhere,
            positions=self.positions if self.positions is not None else other.positions,
            notes=(*self.notes, *other.notes),
        )


def read_description(path: Path, *, elsewhere: bool = False) -> Stated:
    """Parse and check a scan.toml; ``elsewhere`` where it is not the scan folder's own.

    Raises
    ------
    DescriptionError
        With the key that is wrong and what would be right.
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError) as error:
        raise DescriptionError("The scan description cannot be read", path, f"mend it ({error})") from error
    return parse_description(content, path, elsewhere)


def parse_description(content: Mapping[str, Any], path: Path, elsewhere: bool = False) -> Stated:
    """Check the keys of a description that was read from ``path``."""
    check = _Checker(content, path)
    values: dict[str, Any] = {}
    for key in ("foil", "scan"):
        values |= check.take(key, _name, "a name, in quotes")
    values |= check.take("orientation", _one_of("normal", "reverse"), '"normal" or "reverse"')
    values |= check.take("mirrored", _flag, "true or false")
    values |= check.take("polarity", _one_of("lit", "inverted"), '"lit" or "inverted"')
    for key in ("pixel_size_um", "foil_thickness_um", "bulk_etch_um"):
        values |= check.take(key, _positive, "a number above zero")
    values |= check.take("field_size_px", _size, "two whole numbers, [width, height]")
    values |= check.take("stack", _name, "the name of the stack, in quotes")
    values |= check.take("sheet", _whole, "a whole number from 1, 1 where tracks enter the stack")
    values |= check.take("datum", _datum, "[[field, x_px, y_px], ...]")
    values |= check.take("channels", _channels, "tables with step, kind (rim, backlit, halo) and, for rim, azimuth_deg")
    files = check.take("files", _template, 'a file name with {field}, such as "s{field}_{step}.png"').get("files")
    positions = check.take("positions", _positions, "file, key, unit (inch, mm, um, px) and y_axis (up, down)").get(
        "positions"
    )
    if positions is not None:
        positions = replace(positions, said_in=path, elsewhere=elsewhere)
    unknown = sorted(set(content) - _KNOWN)
    notes = (f"{path.name} has keys nobody knows, left out: {', '.join(unknown)}",) if unknown else ()
    return Stated(path, values, files, positions, path, elsewhere, notes)


def inside(base: Path, relative: str, said_in: Path, *, parent: bool = False) -> Path:
    """The path a description names, if it stays in the folder it may point into.

    Parameters
    ----------
    base
        The scan's folder.
    relative
        What the description says.
    said_in
        The description, for the error.
    parent
        Whether the folder above is allowed too (a description kept elsewhere).

    Raises
    ------
    DescriptionError
        When the path leads out.
    """
    allowed = [base.resolve(), *([base.resolve().parent] if parent else [])]
    if "\0" not in relative:
        starts = [base, *([base.parent] if parent else [])]
        within = [
            t for t in ((start / relative).resolve() for start in starts) if any(t.is_relative_to(r) for r in allowed)
        ]
        if within:
            return next((t for t in within if t.exists()), within[0])
    raise DescriptionError(
        f"The description points outside the scan's folder: {relative!r}", said_in, "move the file into it"
    )


def template_pattern(template: str, source: Path) -> re.Pattern[str]:
    """A regular expression with groups ``field`` and, where asked for, ``step`` for a files template."""
    parts = re.split(r"(\{[a-z]+\})", template)
    groups = {"{field}": r"(?P<field>[^/]+?)", "{image}": r"(?P<field>[^/]+?)", "{step}": r"(?P<step>\d+)"}
    text = "".join(groups.get(part, re.escape(part)) for part in parts)
    unknown = [p for p in parts if p.startswith("{") and p not in groups]
    if unknown or text.count("?P<field>") != 1 or text.count("?P<step>") > 1:
        raise DescriptionError(
            f"files = {template!r} is not understood", source, "use {field} once and {step} at most once"
        )
    return re.compile(text)


def write_description(
    description: ScanDescription, path: Path, files: str | None, positions: Mapping[str, Any] | None
) -> None:
    """Write a description as scan.toml (atomically)."""
    content: dict[str, Any] = {
        "foil": description.foil, "scan": description.scan, "orientation": description.orientation,
        "mirrored": description.mirrored, "polarity": description.polarity,
    }  # fmt: skip
    for key in ("pixel_size_um", "foil_thickness_um", "bulk_etch_um"):
        if getattr(description, key) is not None:
            content[key] = getattr(description, key)
    if description.field_size_px is not None:
        content["field_size_px"] = list(description.field_size_px)
    if files:
        content["files"] = files
    for key in ("stack", "sheet"):
        if getattr(description, key) is not None:
            content[key] = getattr(description, key)
    if description.datum:
        content["datum"] = [[p.field, p.x_px, p.y_px] for p in description.datum]
    if positions:
        content["positions"] = dict(positions)
    content["channels"] = [
        {"step": c.step, "kind": c.kind, **({"azimuth_deg": c.azimuth_deg} if c.azimuth_deg is not None else {})}
        for c in description.channels
        if c.kind != "single"
    ]
    part = path.with_name(f"{path.name}.part")
    part.write_text(tomli_w.dumps({k: v for k, v in content.items() if v != []}), encoding="utf-8")
    part.replace(path)


class _Checker:
    def __init__(self, content: Mapping[str, Any], path: Path) -> None:
        self._content = content
        self._path = path

    def take(self, key: str, read: Callable[[Any], T], wanted: str) -> dict[str, T]:
        if key not in self._content:
            return {}
        try:
            return {key: read(self._content[key])}
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise DescriptionError(
                f"{key} = {self._content[key]!r} is not understood", self._path, f"write {wanted}"
            ) from error


def _name(value: Any) -> str:
    if not isinstance(value, str) or not value.strip() or any(c in value for c in "/\\\0\n"):
        raise ValueError(value)
    return value.strip()


def _one_of(*choices: str) -> Callable[[Any], str]:
    def read(value: Any) -> str:
        if value not in choices:
            raise ValueError(value)
        return str(value)

    return read


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError(value)
    return value


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(value)
    return float(value)


def _positive(value: Any) -> float:
    number = _number(value)
    if number <= 0:
        raise ValueError(value)
    return number


def _whole(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ValueError(value)
    return value


def _size(value: Any) -> tuple[int, int]:
    width, height = (int(_positive(v)) for v in value)
    if max(width, height) > _LONGEST_PX:
        raise ValueError(value)
    return width, height


def _datum(value: Any) -> tuple[DatumPoint, ...]:
    return tuple(DatumPoint(plain_number(str(f)), _number(x), _number(y)) for f, x, y in value)


def _channels(value: Any) -> tuple[Channel, ...]:
    channels = tuple(_channel(c) for c in value)
    if not channels or len({c.step for c in channels}) != len(channels):
        raise ValueError(value)
    return channels


def _channel(value: Any) -> Channel:
    kind = value["kind"]
    if kind not in ("rim", "backlit", "halo"):
        raise ValueError(value)
    step = value["step"]
    if isinstance(step, bool) or not isinstance(step, int):
        raise TypeError(value)
    azimuth = _number(value["azimuth_deg"]) % 360.0 if kind == "rim" else None
    return Channel(step, cast(ChannelKind, kind), azimuth)


def _template(value: Any) -> str:
    if not isinstance(value, str) or not ("{field}" in value or "{image}" in value):
        raise ValueError(value)
    return PurePosixPath(value.replace("\\", "/")).as_posix()


def _positions(value: Any) -> PositionsPlace:
    unit = cast(LengthUnit, _one_of("inch", "mm", "um", "px")(value.get("unit", "inch")))
    axis = _one_of("up", "down")(value.get("y_axis", "up"))
    key = value.get("key")
    file = value["file"]
    if not isinstance(file, str):
        raise TypeError(file)
    return PositionsPlace(file, None if key is None else str(key), unit, axis == "up")
