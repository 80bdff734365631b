"""Go to: what a person types, read as a field, a pit, a place on the stage or a place on the foil."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from moedal_gui.app.pits import PitSheet
from moedal_gui.app.sheet import Sheet

NEAR_WIDTH_PX = 400.0
EXAMPLES = "field 12 · pit 4031 · 4.41, 2.08 inch · 1200, 3400 um · 810, 455 px"
_NUMBER = r"(-?\d+(?:\.\d+)?(?:e-?\d+)?)"
_PAIR = re.compile(rf"^{_NUMBER}\s*[,; ]\s*{_NUMBER}\s*(\S*)$", re.IGNORECASE)


@dataclass(frozen=True)
class Target:
    """A place that a search found.

    ``width_px`` is how much of the plane to show; ``pit_id`` is set where it is a pit.
    """

    title: str
    x: float
    y: float
    width_px: float
    pit_id: int | None = None
    field: str | None = None


def find(text: str, sheet: Sheet, pits: PitSheet | None) -> list[Target]:
    """Everything a text may mean in the scan on screen, likeliest first."""
    words = text.strip()
    if not words:
        return []
    pair = _PAIR.match(words)
    if pair:
        place = _place(float(pair[1]), float(pair[2]), pair[3].lower(), sheet)
        return [place] if place is not None else []
    lowered = words.lower()
    bare = re.sub(r"^(field|image|slide|pit)\s*", "", words, flags=re.IGNORECASE)
    found: list[Target | None] = []
    if not lowered.startswith("pit"):
        found += [_field(name, sheet) for name in sheet.names if name == bare]
    if not lowered.startswith(("field", "image", "slide")):
        found.append(_pit(bare, pits))
    if not lowered.startswith("pit"):
        found += [_field(name, sheet) for name in sheet.names if name != bare and name.startswith(bare)][:8]
    return [one for one in found if one is not None]


def places_of(x: float, y: float, sheet: Sheet) -> list[str]:
    """A place of the plane in every frame there is, as text to copy."""
    texts = []
    here = sheet.field_at(x, y)
    if here is not None:
        row, px, py = here
        texts.append(f"field {sheet.names[row]}  x {px:.1f}  y {py:.1f} px")
        stage = stage_of(row, px, py, sheet)
        if stage is not None:
            texts.append(f"stage {stage[0]:.6g}, {stage[1]:.6g} {sheet.record.description.stage_unit}")
    frame = sheet.to_frame(x, y)
    if sheet.um_per_px is not None:
        texts.append(f"foil {frame[0]:.1f}, {frame[1]:.1f} um")
    return texts


def stage_of(row: int, x_px: float, y_px: float, sheet: Sheet) -> tuple[float, float] | None:
    """Place on the stage of a stored pixel, from the field's own read-back; None without one."""
    units = _units_per_px(sheet)
    record = sheet.fields.iloc[row]
    stage = float(record["stage_x"]), float(record["stage_y"])
    if units is None or not np.isfinite(stage).all():
        return None
    right = x_px - (sheet.width[row] - 1) / 2
    down = y_px - (sheet.height[row] - 1) / 2
    if sheet.mirrored:
        right = -right
    up = -1.0 if sheet.record.description.stage_y_up else 1.0
    return stage[0] + right * units, stage[1] + up * down * units


def _units_per_px(sheet: Sheet) -> float | None:
    from moedal_gui.core.scan import UM_PER_UNIT

    unit = sheet.record.description.stage_unit
    if unit == "px":
        return 1.0
    size = sheet.record.description.pixel_size_um
    return size / UM_PER_UNIT[unit] if size else None


def _place(a: float, b: float, unit: str, sheet: Sheet) -> Target | None:
    stage_unit = sheet.record.description.stage_unit
    if unit in ("um", "µm", "mm") and unit != stage_unit and sheet.um_per_px is not None:
        factor = 1000.0 if unit == "mm" else 1.0
        x, y = sheet.from_frame(a * factor, b * factor)
        return Target(f"Foil {a:g}, {b:g} {unit}", x, y, NEAR_WIDTH_PX)
    if unit == "px":
        return Target(f"Picture {a:g}, {b:g} px", a, b, NEAR_WIDTH_PX)
    return _stage_place(a, b, sheet)


def _stage_place(a: float, b: float, sheet: Sheet) -> Target | None:
    units = _units_per_px(sheet)
    stage = sheet.fields[["stage_x", "stage_y"]].to_numpy(float)
    known = np.isfinite(stage).all(axis=1)
    if units is None or not known.any():
        return None
    distance = np.where(known, np.hypot(stage[:, 0] - a, stage[:, 1] - b), np.inf)
    row = int(np.argmin(distance))
    right = (a - stage[row, 0]) / units
    down = (b - stage[row, 1]) / units * (-1.0 if sheet.record.description.stage_y_up else 1.0)
    x = sheet.left[row] + (sheet.width[row] - 1) / 2 + right
    y = sheet.top[row] + (sheet.height[row] - 1) / 2 + down
    unit = sheet.record.description.stage_unit
    return Target(f"Stage {a:g}, {b:g} {unit}", float(x), float(y), NEAR_WIDTH_PX)


def _field(name: str, sheet: Sheet) -> Target | None:
    row = sheet.row_of(name)
    if row is None:
        return None
    x, y = sheet.left[row] + sheet.width[row] / 2, sheet.top[row] + sheet.height[row] / 2
    return Target(f"Field {name}", float(x), float(y), float(sheet.width[row]) * 1.08, field=name)


def _pit(text: str, pits: PitSheet | None) -> Target | None:
    row = pits.row_of(int(text)) if pits is not None and text.isdigit() else None
    if row is None or pits is None:
        return None
    return Target(f"Pit {text}", float(pits.x[row]), float(pits.y[row]), NEAR_WIDTH_PX, pit_id=int(text))
