"""Which files of a folder belong to which field and step."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from moedal_gui.core.errors import DescriptionError
from moedal_gui.formats.description import inside, template_pattern
from moedal_gui.formats.pictures import PICTURE_SUFFIXES, TIFF_SUFFIXES
from moedal_gui.formats.positions import plain_number

_LAB_PICTURE = re.compile(r"(?P<stem>.+)_s(?P<field>\d+)_(?P<step>\d+)\.(png|tga|bmp|tif|tiff|jpg|jpeg)", re.IGNORECASE)
_RAW_FOLDER = re.compile(r"(?P<run>[^_]+)_(?P<stage>\d+)_.*")
_RAW_PICTURE = re.compile(r"Step_(?P<step>\d+)_\d+\.(tga|png|bmp|tif|tiff)", re.IGNORECASE)
_RAW_CFG = re.compile(r"Step_(?P<step>\d+)_\d+\.cfg", re.IGNORECASE)


@dataclass(frozen=True)
class FieldFiles:
    """The files of one field: one a step, or one for all channels under step 0; and its cfg files."""

    steps: Mapping[int, Path] = field(default_factory=dict)
    cfgs: tuple[Path, ...] = ()


@dataclass(frozen=True)
class Layout:
    """How a scan lies on disk.

    ``kind``: ``template``, ``raw``, ``pictures`` (the lab's converted folder), ``stacks`` (TIFFs), ``single``,
    ``montage`` or ``positions`` (no pictures). ``stem`` is the word before ``_s{field}``.
    """

    kind: str
    fields: Mapping[str, FieldFiles]
    stem: str = ""
    repeated: tuple[str, ...] = ()


def by_template(folder: Path, template: str, said_in: Path, *, parent: bool) -> Layout:
    """Files that fit a scan.toml's ``files``.

    Raises
    ------
    DescriptionError
        When the template leads out of the folder it may point into.
    """
    pattern = template_pattern(PurePosixPath(template).name, said_in)
    place = PurePosixPath(template).parent.as_posix()
    if "{" in place:
        return _by_deep_template(folder, template, said_in)
    where = inside(folder, place, said_in, parent=parent)
    found: dict[str, dict[int, Path]] = {}
    for file in _listed(where):
        match = pattern.fullmatch(file.name)
        if match:
            inside(folder, str(file.resolve()), said_in, parent=parent)
            step = int(match["step"]) if "step" in pattern.groupindex else 0
            found.setdefault(plain_number(match["field"]), {})[step] = file
    return Layout("template", _sorted({k: FieldFiles(v) for k, v in found.items()}))


def _by_deep_template(folder: Path, template: str, said_in: Path) -> Layout:
    if template.startswith("/") or ".." in PurePosixPath(template).parts:
        raise DescriptionError(
            f"files = {template!r} points outside the scan's folder", said_in, "move the files into it"
        )
    pattern = template_pattern(template, said_in)
    found: dict[str, dict[int, Path]] = {}
    for file in sorted(folder.rglob("*")):
        match = pattern.fullmatch(file.relative_to(folder).as_posix())
        if match and file.is_file():
            inside(folder, str(file.resolve()), said_in, parent=False)
            step = int(match["step"]) if "step" in pattern.groupindex else 0
            found.setdefault(plain_number(match["field"]), {})[step] = file
    return Layout("template", _sorted({k: FieldFiles(v) for k, v in found.items()}))


def by_looking(path: Path) -> Layout | None:
    """The layout of a folder or file that no description explains; None when there is nothing to read."""
    if path.is_file():
        if path.suffix.lower() not in PICTURE_SUFFIXES:
            return None
        kind = "stacks" if path.suffix.lower() in TIFF_SUFFIXES else "single"
        return Layout(kind, {"1": FieldFiles({0: path})})
    files = _listed(path)
    return _raw(path) or _lab_pictures(files) or _one_file_a_field(files)


def cfg_steps(files: FieldFiles) -> list[Path]:
    """A field's cfg files, the backlit step's (9) first: it is the one the lab trusts."""

    def order(path: Path) -> tuple[int, str]:
        match = _RAW_CFG.fullmatch(path.name)
        step = int(match["step"]) if match else 0
        return (0 if step == 9 else 1, path.name)

    return sorted(files.cfgs, key=order)


def _raw(folder: Path) -> Layout | None:
    found: dict[str, FieldFiles] = {}
    repeated: list[str] = []
    for place in sorted(p for p in folder.iterdir() if p.is_dir()):
        match = _RAW_FOLDER.fullmatch(place.name)
        if not match:
            continue
        files = _listed(place)
        steps = {int(m["step"]): f for f in files if (m := _RAW_PICTURE.fullmatch(f.name))}
        cfgs = tuple(f for f in files if _RAW_CFG.fullmatch(f.name))
        if not steps and not cfgs:
            continue
        name = plain_number(match["stage"])
        if name in found:
            repeated.append(place.name)
            continue
        found[name] = FieldFiles(steps, cfgs)
    return Layout("raw", _sorted(found), repeated=tuple(repeated)) if found else None


def _lab_pictures(files: list[Path]) -> Layout | None:
    by_stem: dict[str, dict[str, dict[int, Path]]] = {}
    for file in files:
        match = _LAB_PICTURE.fullmatch(file.name)
        if match:
            by_stem.setdefault(match["stem"], {}).setdefault(plain_number(match["field"]), {})[int(match["step"])] = (
                file
            )
    if not by_stem:
        return None
    stem = max(by_stem, key=lambda s: len(by_stem[s]))
    others = tuple(sorted(s for s in by_stem if s != stem))
    return Layout("pictures", _sorted({k: FieldFiles(v) for k, v in by_stem[stem].items()}), stem, others)


def _one_file_a_field(files: list[Path]) -> Layout | None:
    stacks = [f for f in files if f.suffix.lower() in TIFF_SUFFIXES]
    pictures = [f for f in files if f.suffix.lower() in PICTURE_SUFFIXES - TIFF_SUFFIXES]
    chosen = stacks or pictures
    if not chosen:
        return None
    names: dict[str, FieldFiles] = {}
    for file in chosen:
        stem = (
            file.name[: -len("".join(file.suffixes[-2:]))]
            if file.name.lower().endswith((".ome.tif", ".ome.tiff"))
            else file.stem
        )
        names[stem] = FieldFiles({0: file})
    return Layout("stacks" if stacks else "single", _sorted(names))


def _listed(folder: Path) -> list[Path]:
    return sorted(p for p in folder.iterdir() if p.is_file()) if folder.is_dir() else []


def _sorted(found: Mapping[str, FieldFiles]) -> dict[str, FieldFiles]:
    return {name: found[name] for name in sorted(found, key=field_order)}


def field_order(name: str) -> tuple[int, int, str]:
    """Sort key of field names: numbers by value first, then words."""
    return (0, int(name), "") if name.isdecimal() else (1, 0, name)
