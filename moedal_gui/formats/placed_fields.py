"""The fields of a scan, with their places on the stage where anything tells them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from moedal_gui.core.field import Field
from moedal_gui.core.scan import LengthUnit, ScanDescription
from moedal_gui.formats.description import PositionsPlace, Stated, inside
from moedal_gui.formats.layouts import FieldFiles, Layout, cfg_steps, field_order
from moedal_gui.formats.pictures import PictureOutline, read_picture
from moedal_gui.formats.positions import Positions, looks_like_positions, read_cfg, read_positions, translation
from moedal_gui.formats.tasl import burnt_in, tiles

LAB_FIELD_PX = (640, 480)


@dataclass(frozen=True)
class Places:
    """Stage positions and how they are to be read."""

    positions: Positions = field(default_factory=dict)
    unit: LengthUnit = "inch"
    y_up: bool = True
    words: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def places_of(base: Path, path: Path, stated: Stated, layout: Layout | None) -> Places:
    if stated.positions is not None:
        return _stated_positions(base, stated.positions, stated)
    if layout is not None and layout.kind == "raw":
        return Places(_cfg_positions(layout))
    if layout is not None and layout.kind == "pictures":
        for file in sorted(base.glob("*.json")) + sorted(base.parent.glob("*positions*.json")):
            if looks_like_positions(file):
                found, notes = read_positions(file, None, (layout.stem, path.name))
                return Places(found, words={"file": file.name}, notes=notes)
    return Places()


def _stated_positions(base: Path, place: PositionsPlace, stated: Stated) -> Places:
    file = inside(base, place.file, place.said_in, parent=place.elsewhere)
    words = {"file": place.file, "unit": place.unit, "y_axis": "up" if place.y_up else "down"}
    words |= {"key": place.key} if place.key else {}
    if not file.is_file():
        note = f"The positions file {place.file} is missing: the fields are taken without positions"
        return Places({}, place.unit, place.y_up, words, (note,))
    names = tuple(str(stated.values[k]) for k in ("scan", "foil") if k in stated.values)
    found, notes = read_positions(file, place.key, names)
    return Places(found, place.unit, place.y_up, words, notes)


def _cfg_positions(layout: Layout) -> Positions:
    found: Positions = {}
    for name, files in layout.fields.items():
        for cfg in cfg_steps(files):
            place = translation(read_cfg(cfg))
            if place is not None:
                found[name] = place
                break
    return found


def fields_of(
    layout: Layout, places: Positions, description: ScanDescription, shape: PictureOutline | None
) -> tuple[Field, ...]:
    size = (shape.width, shape.height) if shape is not None else (description.field_size_px or LAB_FIELD_PX)
    names = sorted({*layout.fields, *places}, key=field_order)
    found = []
    read = _burnt_in(layout)
    for name in names:
        files = layout.fields.get(name, FieldFiles())
        x, y = places.get(name, (None, None))
        extra = {key: value for cfg in reversed(cfg_steps(files)) for key, value in read_cfg(cfg).items()} | read.get(
            name, {}
        )
        found.append(Field(name, *size, stage_x=x, stage_y=y, has_picture=bool(files.steps), extra=extra))
    return tuple(found)


def _burnt_in(layout: Layout) -> dict[str, dict[str, str]]:
    if layout.kind != "montage":
        return {}
    path = next(iter(layout.fields["1"].steps.values()))
    montage = read_picture(path)
    places = [burnt_in(montage, tile) for tile in tiles(montage)]
    return {str(i + 1): {"tasl.x": str(p[0]), "tasl.y": str(p[1])} for i, p in enumerate(places) if p is not None}
