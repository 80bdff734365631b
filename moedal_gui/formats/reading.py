"""Any known kind of scan, opened: what is known, what was assumed, and its fields one by one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from moedal_gui.core.errors import ArgumentError, PictureError, ScanError
from moedal_gui.core.field import Field
from moedal_gui.core.scan import Channel, LengthUnit, ScanDescription, lab_channels
from moedal_gui.formats.description import PositionsPlace, Stated, inside, read_description
from moedal_gui.formats.layouts import FieldFiles, Layout, by_looking, by_template, cfg_steps, field_order
from moedal_gui.formats.pictures import PictureOutline, outline, read_picture, read_stack
from moedal_gui.formats.positions import Positions, looks_like_positions, read_cfg, read_positions, translation
from moedal_gui.formats.tasl import tiles

LAB_PIXEL_SIZE_UM = 6.4516  # 0.000254 inch, the lab's microscope
LAB_FIELD_PX = (640, 480)
_TOML = "scan.toml"

Stack = npt.NDArray[Any]


@dataclass(frozen=True)
class FieldPixels:
    """The pixels of one field and what went wrong on the way.

    ``stack`` is (C, H, W); channels in ``missing`` (steps) are zero. None when no channel could be read.
    """

    stack: Stack | None
    missing: tuple[int, ...] = ()
    problems: tuple[str, ...] = ()


@dataclass(frozen=True)
class ScanSource:
    """A scan on disk, nothing decoded yet.

    Attributes
    ----------
    path
        The folder or file.
    layout
        Which file belongs where.
    description
        Stated and assumed.
    fields
        All fields, with positions where known.
    notes
        Sentences for the person (colour became luminance, a folder seen twice ...).
    files
        The template and positions words of a scan.toml, to save one again.
    """

    path: Path
    layout: Layout
    description: ScanDescription
    fields: tuple[Field, ...]
    notes: tuple[str, ...] = ()
    files: str | None = None
    positions: Mapping[str, Any] = field(default_factory=dict)

    def read_field(self, name: str) -> FieldPixels:
        """Decode one field; pure, so it may run on any thread."""
        files = self.layout.fields.get(name)
        if files is None or not files.steps:
            return FieldPixels(None, tuple(c.step for c in self.description.channels))
        if self.layout.kind == "montage":
            return self._read_tile(name)
        if 0 in files.steps:
            return self._read_whole(files.steps[0])
        return self._read_steps(files)

    def _read_whole(self, path: Path) -> FieldPixels:
        steps = tuple(c.step for c in self.description.channels)
        try:
            stack = read_stack(path)
        except PictureError as error:
            return FieldPixels(None, steps, (str(error),))
        if stack.shape[0] < max(steps):
            problem = PictureError(
                f"The file has {stack.shape[0]} channels, {max(steps)} were described", path, "describe its channels"
            )
            return FieldPixels(None, steps, (str(problem),))
        return FieldPixels(stack[[s - 1 for s in steps]])

    def _read_steps(self, files: FieldFiles) -> FieldPixels:
        planes: dict[int, Stack] = {}
        problems: list[str] = []
        for channel in self.description.channels:
            path = files.steps.get(channel.step)
            if path is None:
                problems.append(
                    f"A picture is missing (step {channel.step} of {next(iter(files.steps.values())).parent.name})"
                )
                continue
            try:
                planes[channel.step] = read_picture(path)
            except PictureError as error:
                problems.append(str(error))
        return _assembled(planes, self.description.channels, files, problems)

    def _read_tile(self, name: str) -> FieldPixels:
        path = next(iter(self.layout.fields[name].steps.values()))
        try:
            picture = read_picture(path)
        except PictureError as error:
            return FieldPixels(None, (1,), (str(error),))
        tile = tiles(picture)[int(name) - 1]
        return FieldPixels(picture[np.newaxis, tile.rows, tile.columns])


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
    places = _positions(base, path, stated, layout)
    if layout is None and not places.positions:
        raise ScanError(
            "No scan was found there", path, "name a folder with scan.toml, the lab's pictures, TIFFs, or one picture"
        )
    unmatched = layout is None and stated.files is not None
    layout = layout or Layout("positions", {})
    layout, shape, notes = _outline(layout)
    description = _description(path, stated, overrides or Overrides(), layout, shape, places)
    fields = _fields(layout, places.positions, description, shape)
    said = [*stated.notes, *places.notes, *notes, *_datum_notes(description, fields)]
    if unmatched:
        said.append(f"No picture fits files = {stated.files!r}: positions without pictures")
    return ScanSource(path, layout, description, fields, tuple(said), stated.files, dict(places.words))


def _datum_notes(description: ScanDescription, fields: tuple[Field, ...]) -> list[str]:
    """What is odd about the datum points."""
    known = {f.name for f in fields if f.stage_x is not None}
    strange = [p.field for p in description.datum if p.field not in known]
    notes = [f"Datum points in fields that have no position are left out: {', '.join(strange)}"] if strange else []
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


@dataclass(frozen=True)
class _Places:
    """Stage positions and how they are to be read."""

    positions: Positions = field(default_factory=dict)
    unit: LengthUnit = "inch"
    y_up: bool = True
    words: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def _positions(base: Path, path: Path, stated: Stated, layout: Layout | None) -> _Places:
    if stated.positions is not None:
        return _stated_positions(base, stated.positions, stated)
    if layout is not None and layout.kind == "raw":
        return _Places(_cfg_positions(layout))
    if layout is not None and layout.kind == "pictures":
        for file in sorted(base.glob("*.json")) + sorted(base.parent.glob("*positions*.json")):
            if looks_like_positions(file):
                found, notes = read_positions(file, None, (layout.stem, path.name))
                return _Places(found, words={"file": file.name}, notes=notes)
    return _Places()


def _stated_positions(base: Path, place: PositionsPlace, stated: Stated) -> _Places:
    file = inside(base, place.file, place.said_in, parent=place.elsewhere)
    words = {"file": place.file, "unit": place.unit, "y_axis": "up" if place.y_up else "down"}
    words |= {"key": place.key} if place.key else {}
    if not file.is_file():
        note = f"The positions file {place.file} is missing: the fields are taken without positions"
        return _Places({}, place.unit, place.y_up, words, (note,))
    names = tuple(str(stated.values[k]) for k in ("scan", "foil") if k in stated.values)
    found, notes = read_positions(file, place.key, names)
    return _Places(found, place.unit, place.y_up, words, notes)


def _cfg_positions(layout: Layout) -> Positions:
    found: Positions = {}
    for name, files in layout.fields.items():
        for cfg in cfg_steps(files):
            place = translation(read_cfg(cfg))
            if place is not None:
                found[name] = place
                break
    return found


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
        found = tiles(read_picture(next(iter(files.steps.values()))))
    except PictureError:
        return layout, ()
    if not found:
        return layout, ()
    note = f"A TASL montage: {len(found)} tiles, each a field; {sum(t.place is not None for t in found)} burnt-in places read"
    return Layout("montage", {str(i + 1): files for i in range(len(found))}), (note,)


def _description(
    path: Path,
    stated: Stated,
    said: Overrides,
    layout: Layout,
    shape: PictureOutline | None,
    places: _Places,
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
    channels, guessed = _channels(values.pop("channels", None), said.azimuths_deg, layout, shape, path)
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


def _channels(
    stated: tuple[Channel, ...] | None,
    azimuths: tuple[float, ...] | None,
    layout: Layout,
    shape: PictureOutline | None,
    path: Path,
) -> tuple[tuple[Channel, ...], bool]:
    """Channels in the order they will be stored, and whether any of it was guessed."""
    if stated is not None and azimuths is None:
        return stated, False
    if stated is not None and azimuths is not None:
        rim = [c for c in stated if c.kind == "rim"]
        if len(rim) != len(azimuths):
            raise ArgumentError(
                f"{len(azimuths)} azimuths were given for {len(rim)} rim channels", path, "give one for each"
            )
        turned = iter(azimuths)
        return tuple(replace(c, azimuth_deg=next(turned) % 360.0) if c.kind == "rim" else c for c in stated), False
    if layout.kind in ("single", "montage") and azimuths is None:
        return (Channel(1, "single"),), False
    if shape is not None and shape.names and azimuths is None:
        named = tuple(_named_channel(i + 1, n) for i, n in enumerate(shape.names))
        if all(c is not None for c in named):
            return tuple(c for c in named if c is not None), False
    steps = _steps(layout, shape)
    return _guessed(steps, azimuths, path), azimuths is None and len(steps) > 1


def _named_channel(step: int, name: str) -> Channel | None:
    word = name.strip().lower()
    if word in ("backlit", "halo"):
        return Channel(step, "backlit" if word == "backlit" else "halo")
    if word.startswith("az"):
        try:
            return Channel(step, "rim", float(word[2:].lstrip("_ ")) % 360.0)
        except ValueError:
            return None
    return None


def _steps(layout: Layout, shape: PictureOutline | None) -> tuple[int, ...]:
    if layout.kind == "positions" or not layout.fields:
        return tuple(range(1, 11))
    if any(0 in f.steps for f in layout.fields.values()):
        return tuple(range(1, (shape.channels if shape is not None else 1) + 1))
    return tuple(sorted({s for f in layout.fields.values() for s in f.steps}))


def _guessed(steps: tuple[int, ...], azimuths: tuple[float, ...] | None, path: Path) -> tuple[Channel, ...]:
    count = len(steps)
    if azimuths is not None:
        if len(azimuths) > count:
            raise ArgumentError(
                f"{len(azimuths)} azimuths were given, the scan has {count} channels",
                path,
                "give one for each rim channel",
            )
        rest = ("backlit", "halo", *(["single"] * count))
        return tuple(
            Channel(s, "rim", azimuths[i] % 360.0) if i < len(azimuths) else Channel(s, rest[i - len(azimuths)])  # type: ignore[arg-type]
            for i, s in enumerate(steps)
        )
    if set(steps) <= set(range(1, 11)) and (count > 8 or 9 in steps or 10 in steps):
        known = {c.step: c for c in lab_channels()}
        return tuple(known[s] for s in steps)
    if count == 1:
        return (Channel(steps[0], "single"),)
    rim = count if count in (3, 4, 5, 6, 7, 8) else 8
    if count in (5, 6):  # four rim lamps with backlit (and halo) were built; five and six lamps were not
        rim = 4
    turn = 360.0 / rim if rim != 2 else 180.0
    extra = ("backlit", "halo", *(["single"] * count))
    return tuple(
        Channel(s, "rim", i * turn) if i < rim else Channel(s, extra[i - rim])  # type: ignore[arg-type]
        for i, s in enumerate(steps)
    )


def _fields(
    layout: Layout, places: Positions, description: ScanDescription, shape: PictureOutline | None
) -> tuple[Field, ...]:
    size = (shape.width, shape.height) if shape is not None else (description.field_size_px or LAB_FIELD_PX)
    names = sorted({*layout.fields, *places}, key=field_order)
    found = []
    burnt_in = _burnt_in(layout)
    for name in names:
        files = layout.fields.get(name, FieldFiles())
        x, y = places.get(name, (None, None))
        extra = {
            key: value for cfg in reversed(cfg_steps(files)) for key, value in read_cfg(cfg).items()
        } | burnt_in.get(name, {})
        found.append(Field(name, *size, stage_x=x, stage_y=y, has_picture=bool(files.steps), extra=extra))
    return tuple(found)


def _burnt_in(layout: Layout) -> dict[str, dict[str, str]]:
    if layout.kind != "montage":
        return {}
    path = next(iter(layout.fields["1"].steps.values()))
    places = [t.place for t in tiles(read_picture(path))]
    return {str(i + 1): {"tasl.x": str(p[0]), "tasl.y": str(p[1])} for i, p in enumerate(places) if p is not None}


def _assembled(
    planes: Mapping[int, Stack], channels: tuple[Channel, ...], files: FieldFiles, problems: list[str]
) -> FieldPixels:
    steps = tuple(c.step for c in channels)
    if not planes:
        return FieldPixels(None, steps, tuple(problems))
    shapes = [p.shape for p in planes.values()]
    usual = max(set(shapes), key=shapes.count)
    good = {s: p for s, p in planes.items() if p.shape == usual}
    for step in planes.keys() - good.keys():
        problems.append(
            str(PictureError("A picture has another size than its field's", files.steps[step], "scan the field again"))
        )
    dtype = np.result_type(*good.values())
    zero = np.zeros(usual, dtype)
    stack = np.stack([good[s].astype(dtype, copy=False) if s in good else zero for s in steps])
    return FieldPixels(stack, tuple(s for s in steps if s not in good), tuple(problems))
