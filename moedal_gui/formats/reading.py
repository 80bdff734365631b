"""Any known kind of scan, opened: what is known and what was assumed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy.typing as npt

from moedal_gui.core.errors import PictureError, ScanError
from moedal_gui.core.field import Field
from moedal_gui.core.scan import Channel, ScanDescription
from moedal_gui.formats.channels import channels_of
from moedal_gui.formats.description import Stated, read_description
from moedal_gui.formats.layouts import Layout, by_looking, by_template
from moedal_gui.formats.pictures import PictureOutline, outline, read_picture
from moedal_gui.formats.placed_fields import LAB_FIELD_PX, Places, fields_of, places_of
from moedal_gui.formats.source import ScanSource
from moedal_gui.formats.tasl import burnt_in, tiles

LAB_PIXEL_SIZE_UM = 6.4516  # 0.000254 inch, the lab's microscope
_TOML = "scan.toml"

Stack = npt.NDArray[Any]


@dataclass(frozen=True)
class Overrides:
    """What a person says on the command line or the import page; None where they say nothing."""

    foil: str | None = None
    scan: str | None = None
    azimuths_deg: tuple[float, ...] | None = None
    pixel_size_um: float | None = None
    orientation: str | None = None
    polarity: str | None = None
    mirrored: bool | None = None
    datum: tuple[Any, ...] | None = None
    channels: tuple[Channel, ...] | None = None


def inspect(path: Path, *, describe: Path | None = None, overrides: Overrides | None = None) -> ScanSource:
    """Open a scan of any known kind without decoding it.

    Parameters
    ----------
    path
        A folder or a picture file.
    describe
        A scan.toml kept elsewhere; its keys win over the folder's own.
    overrides
        What a person says; wins over both.

    Raises
    ------
    ScanError
        When nothing there is a scan.
    DescriptionError
        When a description is wrong or points outside.
    """
    if not path.exists():
        raise ScanError("There is no such file or folder", path, "check the path")
    if path.is_file() and path.name == _TOML:
        path = path.parent
    stated = _stated(path, describe)
    base = path if path.is_dir() else path.parent
    layout = _layout(path, base, stated)
    places = places_of(base, path, stated, layout)
    if layout is None and not places.positions:
        raise ScanError(
            "No scan was found there", path, "name a folder with scan.toml, the lab's pictures, TIFFs, or one picture"
        )
    unmatched = layout is None and stated.files is not None
    layout = layout or Layout("positions", {})
    layout, shape, notes = _outline(layout)
    description = _description(path, stated, overrides or Overrides(), layout, shape, places)
    fields = fields_of(layout, places.positions, description, shape)
    said = [*stated.notes, *places.notes, *notes, *_datum_notes(description, fields)]
    if unmatched:
        said.append(f"No picture fits files = {stated.files!r}: positions without pictures")
    return ScanSource(path, layout, description, fields, tuple(said), stated.files, dict(places.words))


def _datum_notes(description: ScanDescription, fields: tuple[Field, ...]) -> list[str]:
    """What is odd about the datum points."""
    known = {f.name for f in fields if f.stage_x is not None}
    strange = [p.field for p in description.datum if p.field not in known]
    notes = [f"Datum points in fields that have no position are left out: {', '.join(strange)}"] if strange else []
    if description.field_size_px is not None:
        width, height = description.field_size_px
        outside = [
            f"({p.x_px:g}, {p.y_px:g}) in field {p.field}"
            for p in description.datum
            if not (-0.5 <= p.x_px <= width - 0.5 and -0.5 <= p.y_px <= height - 0.5)
        ]
        if outside:
            notes.append(
                f"Datum points lie outside their field of {width} x {height} px: {', '.join(outside)}; check field, x_px and y_px"
            )
    twice = [p for k, p in enumerate(description.datum) if p in description.datum[:k]]
    if twice:
        said = ", ".join(f"({p.x_px:g}, {p.y_px:g}) in field {p.field}" for p in twice)
        notes.append(f"Datum points are stated twice: {said}; state each pin hole once")
    if len(description.datum) - len(strange) == 1:
        notes.append("One datum point gives no direction: the stage's own frame is used")
    return notes


def _stated(path: Path, describe: Path | None) -> Stated:
    own = path / _TOML
    stated = read_description(own) if path.is_dir() and own.is_file() else Stated(own, {})
    return read_description(describe, elsewhere=True).over(stated) if describe is not None else stated


def _layout(path: Path, base: Path, stated: Stated) -> Layout | None:
    if stated.files is None:
        return by_looking(path)
    # A template that fits no file leaves a scan of positions only: labels and pits of elsewhere still have a place.
    layout = by_template(base, stated.files, stated.files_said_in, parent=stated.files_elsewhere)
    return layout if layout.fields else None


def _outline(layout: Layout) -> tuple[Layout, PictureOutline | None, tuple[str, ...]]:
    """The first readable picture's shape; a montage is taken apart here."""
    notes: list[str] = [f"Left out, seen twice: {', '.join(layout.repeated)}"] if layout.repeated else []
    shape: PictureOutline | None = None
    for files in layout.fields.values():
        for file in files.steps.values():
            try:
                shape = outline(file)
            except PictureError:
                continue
            break
        if shape is not None:
            break
    if shape is not None and shape.colour:
        notes.append("Colour pictures: their luminance is used")
    if layout.kind == "single" and len(layout.fields) == 1 and shape is not None:
        montage, more = _as_montage(layout)
        return montage, shape, (*notes, *more)
    return layout, shape, tuple(notes)


def _as_montage(layout: Layout) -> tuple[Layout, tuple[str, ...]]:
    files = next(iter(layout.fields.values()))
    try:
        montage = read_picture(next(iter(files.steps.values())))
    except PictureError:
        return layout, ()
    found = tiles(montage)
    if not found:
        return layout, ()
    legible = sum(burnt_in(montage, tile) is not None for tile in found)
    note = f"A TASL montage: {len(found)} tiles, each a field; {legible} burnt-in places read"
    return Layout("montage", {str(i + 1): files for i in range(len(found))}), (note,)


def _description(
    path: Path,
    stated: Stated,
    said: Overrides,
    layout: Layout,
    shape: PictureOutline | None,
    places: Places,
) -> ScanDescription:
    values = dict(stated.values)
    spoken = {
        "foil": said.foil, "scan": said.scan, "pixel_size_um": said.pixel_size_um, "orientation": said.orientation,
        "polarity": said.polarity, "mirrored": said.mirrored, "datum": said.datum, "channels": said.channels,
    }  # fmt: skip
    values |= {k: v for k, v in spoken.items() if v is not None}
    assumed = {k for k in ("orientation", "mirrored", "polarity") if k not in values}
    if shape is not None and shape.pixel_size_um and "pixel_size_um" not in values:
        values["pixel_size_um"] = shape.pixel_size_um
    if layout.kind in ("raw", "pictures") and places.positions and "pixel_size_um" not in values:
        values["pixel_size_um"] = LAB_PIXEL_SIZE_UM
        assumed.add("pixel_size_um")
    channels, guessed = channels_of(values.pop("channels", None), said.azimuths_deg, layout, shape, path)
    if guessed:
        assumed.add("channels")
    if values.get("field_size_px") is None and shape is None:
        values["field_size_px"] = LAB_FIELD_PX
        assumed.add("field_size_px")
    stem = _stem(path)
    values.setdefault("foil", stem)
    values.setdefault("scan", stem)
    return ScanDescription(
        **values, channels=channels, stage_unit=places.unit, stage_y_up=places.y_up, assumed=frozenset(assumed)
    )


def _stem(path: Path) -> str:
    resolved = path.resolve()
    return resolved.name if resolved.is_dir() else resolved.name.split(".ome.")[0].removesuffix(resolved.suffix)
