"""Scans into a project: raw pixels once, positions, what was said and what was assumed."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from pathlib import Path
from typing import Any

import pandas as pd

from moedal_gui.core.counted import counted
from moedal_gui.core.errors import ArgumentError, MoedalError, ScanError
from moedal_gui.core.field import Field
from moedal_gui.core.scan import ScanDescription, to_plain
from moedal_gui.core.task import Outcome, Plan, parameter
from moedal_gui.formats.reading import Overrides, inspect
from moedal_gui.formats.source import FieldPixels, ScanSource
from moedal_gui.imaging.flat_field import SATURATED_SHARE, estimate_flat_field, stuck_share
from moedal_gui.store.catalogue import ScanRecord
from moedal_gui.store.images import BATCH_BYTES
from moedal_gui.store.project import Project

_log = logging.getLogger(__name__)
_FLAT_SAMPLE = 20
_MOST_FIELDS_A_BATCH = 64
_IN_FILES = {"stage_unit": "unit of positions", "stage_y_up": "y_axis of positions"}


@dataclass(frozen=True)
class IngestParameters:
    """What ``ingest`` is told."""

    scans: tuple[Path, ...] = field(metadata=parameter("scan folders or pictures", positional=True, many=True))
    describe: Path | None = field(default=None, metadata=parameter("a scan.toml kept elsewhere, whose keys win"))
    foil: str | None = field(default=None, metadata=parameter("name of the foil"))
    scan: str | None = field(default=None, metadata=parameter("name of the scan"))
    azimuths: str | None = field(
        default=None, metadata=parameter("azimuths of the rim lamps in degrees, such as 0,45,90")
    )
    pixel_size_um: float | None = field(default=None, metadata=parameter("size of a pixel in um"))
    orientation: str | None = field(
        default=None, metadata=parameter("which side is up", choices=("normal", "reverse"))
    )  # fmt: skip
    polarity: str | None = field(
        default=None, metadata=parameter("which wall a lamp brightens", choices=("lit", "inverted"))
    )
    more: Overrides = field(default_factory=Overrides)


@dataclass(frozen=True)
class _Batch:
    """A few fields of one scan, read together and stored in one file."""

    scan_id: int
    source: ScanSource
    names: tuple[str, ...]


def plan(project: Project, parameters: IngestParameters) -> Plan[_Batch, list[FieldPixels]]:
    """Read the fields that are not in the project yet, in batches of a bounded size."""
    if parameters.scan is not None and len(parameters.scans) > 1:
        raise ArgumentError("--scan names one scan, and several were given", remedy="ingest them one by one")
    sources = [
        inspect(path, describe=parameters.describe, overrides=_overrides(parameters)) for path in parameters.scans
    ]
    spoken = parameters.describe is not None or _overrides(parameters) != Overrides()
    entered = [_enter(project, source, spoken) for source in sources]
    records, changed = [record for record, _ in entered], [words for _, words in entered]
    for record, source, other in zip(records, sources, changed, strict=True):
        moved = _moved(project, record, source)
        if moved:
            other["positions"] = [None, moved]
    units: list[_Batch] = []
    done = 0
    for record, source in zip(records, sources, strict=True):
        missing = _missing(project, record, source)
        units += _batches(record.scan_id, source, missing)
        done += len(source.fields) - len(missing)
    problems: dict[int, list[str]] = {record.scan_id: [] for record in records}
    new = {record.scan_id: 0 for record in records}

    def commit(unit: _Batch, pixels: list[FieldPixels]) -> None:
        new[unit.scan_id] += _store(project, unit, pixels)
        problems[unit.scan_id] += [p for one in pixels for p in one.problems]

    def finish() -> Outcome:
        return _finish(project, records, sources, problems, new, changed)

    return Plan(
        units=units,
        work=_read,
        commit=commit,
        finish=finish,
        where="threads",
        done=done,
        size=lambda unit: len(unit.names),
    )


def usual_pixel_size(project: Project) -> float | None:
    """The pixel size (um) that all scans of a project share which have one; None where they have none, or differ."""
    told = (s.description.pixel_size_um for s in project.catalogue.scans())
    sizes = {size for size in told if size is not None}
    return sizes.pop() if len(sizes) == 1 else None


def _size_offered(project: Project, record: ScanRecord) -> list[str]:
    """What to say of a scan without pixel size among others that share one: it is offered, never taken over unasked."""
    usual = usual_pixel_size(project) if record.description.pixel_size_um is None else None
    if usual is None:
        return []
    return [
        f"Nobody said its pixel size; the other scans of this project have {usual:g} um: if this one too, ingest it again "
        f"with --pixel-size-um {usual:g}"
    ]


def _overrides(parameters: IngestParameters) -> Overrides:
    azimuths = None
    if parameters.azimuths is not None:
        try:
            azimuths = tuple(float(word) for word in parameters.azimuths.replace(";", ",").split(",") if word.strip())
        except ValueError:
            raise ArgumentError(
                f"--azimuths {parameters.azimuths} is not understood", remedy="write degrees: 0,45,90"
            ) from None
        if not azimuths:
            raise ArgumentError("--azimuths is empty", remedy="write degrees: 0,45,90")
    if parameters.pixel_size_um is not None and not parameters.pixel_size_um > 0:
        raise ArgumentError("--pixel-size-um must be above zero", remedy="give the size of a pixel in um")
    said: dict[str, Any] = {
        "foil": parameters.foil, "scan": parameters.scan, "azimuths_deg": azimuths, "pixel_size_um": parameters.pixel_size_um,
        "orientation": parameters.orientation, "polarity": parameters.polarity,
    }  # fmt: skip
    return replace(parameters.more, **{k: v for k, v in said.items() if v is not None})


def _enter(project: Project, source: ScanSource, spoken: bool) -> tuple[ScanRecord, dict[str, list[Any]]]:
    """The scan's record, and what changed in it; its description follows what a person says now, or what changed on disk.

    What changed: for each key of the description, its value before and now, in plain values.
    """
    known = any(
        (r.foil, r.scan) == (source.description.foil, source.description.scan) for r in project.catalogue.scans()
    )
    record = project.catalogue.add_scan(source.description, str(source.path.resolve()))
    if len(record.description.channels) != len(source.description.channels):
        raise ScanError(
            f"The scan {record.scan} is in the project with {len(record.description.channels)} channels", source.path,
            "give another --scan name, or remove that scan first",
        )  # fmt: skip
    said_by_files = _as_files_say(source) if spoken else source.description
    if spoken:
        _describe(project, record, source.description, said_by_files)
    elif known and replace(record.read_as, foil=record.foil, scan=record.scan) != said_by_files:
        _describe(project, record, said_by_files, said_by_files)
    now = project.catalogue.scan_by_id(record.scan_id)
    before, after = to_plain(record.description), to_plain(now.description)
    return now, {key: [before[key], after[key]] for key in after if before[key] != after[key] and key != "assumed"}


def _describe(project: Project, record: ScanRecord, said: ScanDescription, by_files: ScanDescription) -> None:
    """Take up another description. Datum points set by hand stay unless somebody now says others; the journal keeps both."""
    confirmed = project.catalogue.datum.confirmed(record.description)
    if confirmed is None:
        project.catalogue.update_scan(record.scan_id, description=said, read_as=by_files)
        return
    kept = replace(said, datum=record.description.datum)
    project.catalogue.update_scan(record.scan_id, description=kept, read_as=by_files)
    if said.datum not in (record.read_as.datum, record.description.datum):
        project.catalogue.datum.set(record.scan_id, kept, said.datum, "", "files")


def _as_files_say(source: ScanSource) -> ScanDescription:
    """What the scan's own files say, under the names it has in the project."""
    try:
        own = inspect(source.path).description
    except MoedalError:  # without the words of a person these files are no scan
        return source.description
    return replace(own, foil=source.description.foil, scan=source.description.scan)


def _moved(project: Project, record: ScanRecord, source: ScanSource) -> int:
    """How many fields that are in the project have another position now."""
    before = {r.field: r for r in project.catalogue.field_rows(record.scan_id)}
    return sum(
        (f.stage_x, f.stage_y) != (known.stage_x, known.stage_y)
        for f in source.fields
        if (known := before.get(f.name)) is not None and f.stage_x is not None and f.stage_y is not None
    )


def _missing(project: Project, record: ScanRecord, source: ScanSource) -> list[Field]:
    """Fields to read: new ones, and those of which a picture was missing or broken when they were read."""
    rows = project.catalogue.field_rows(record.scan_id)
    whole = {r.field for r in rows if r.batch is not None and not r.missing}
    known = {r.field for r in rows}
    places = {
        f.name: (f.stage_x, f.stage_y)
        for f in source.fields
        if f.name in known and f.stage_x is not None and f.stage_y is not None
    }
    if places:
        project.catalogue.set_positions(record.scan_id, places)
    return [f for f in source.fields if f.name not in whole and (f.has_picture or f.name not in known)]


def _batches(scan_id: int, source: ScanSource, fields: Sequence[Field]) -> list[_Batch]:
    if not fields:
        return []
    channels = len(source.description.channels)
    largest = max(f.width * f.height for f in fields) * channels * 2
    many = max(1, min(_MOST_FIELDS_A_BATCH, BATCH_BYTES // max(1, largest)))
    names = [f.name for f in fields]
    return [_Batch(scan_id, source, tuple(names[i : i + many])) for i in range(0, len(names), many)]


def _read(unit: _Batch) -> list[FieldPixels]:
    return [unit.source.read_field(name) for name in unit.names]


def _store(project: Project, unit: _Batch, pixels: list[FieldPixels]) -> int:
    """Write one batch: a file for each run of like shapes, then its rows. Returns how many fields gained pixels."""
    by_name = {f.name: f for f in unit.source.fields}
    before = {r.field: len(r.missing) for r in project.catalogue.field_rows(unit.scan_id) if r.batch is not None}
    whole = [
        (by_name[n], p)
        for n, p in zip(unit.names, pixels, strict=True)
        if p.stack is not None and len(p.missing) < before.get(n, len(p.missing) + 1)
    ]
    bare = [
        by_name[n]
        for n, p in zip(unit.names, pixels, strict=True)
        if p.stack is None and by_name[n].stage_x is not None
    ]

    def shape(item: tuple[Field, FieldPixels]) -> Any:
        stack = item[1].stack
        return None if stack is None else (stack.shape, stack.dtype.str)

    for _, group in groupby(whole, key=shape):
        members = list(group)
        stacks = [p.stack for _, p in members if p.stack is not None]
        number = project.catalogue.batch_count(unit.scan_id) + 1
        name = project.images.write_batch(unit.scan_id, number, stacks)
        rows = [
            replace(f, width=p.stack.shape[2], height=p.stack.shape[1], missing=p.missing)
            for f, p in members
            if p.stack is not None
        ]
        project.catalogue.add_fields(unit.scan_id, rows, name)
    if bare:
        project.catalogue.add_fields(unit.scan_id, [replace(f, has_picture=False) for f in bare], None)
    return len(whole)


def _finish(
    project: Project,
    records: Sequence[ScanRecord],
    sources: Sequence[ScanSource],
    problems: dict[int, list[str]],
    new: dict[int, int],
    changed: Sequence[dict[str, list[Any]]],
) -> Outcome:
    rows, sentences = [], []
    for record, source, other in zip(records, sources, changed, strict=True):
        found = problems[record.scan_id]
        for line in found:
            _log.debug("%s: %s", record.scan, line)
        fields = project.catalogue.fields(record.scan_id)
        sizes = [] if source.layout.kind == "montage" else _sizes(fields, source.description.field_size_px)
        notes = [*source.notes, *sizes, *_size_offered(project, record)]
        told = [*notes, *([_pictures_words(found)] if found else [])]
        if not record.whole or new[record.scan_id] or record.flat is None:
            _settle(project, record, fields)
        project.catalogue.update_scan(record.scan_id, notes=told)
        pictured = int(fields["batch"].notna().sum())
        if not len(fields):
            project.catalogue.remove_scan(record.scan_id)
            raise ScanError(
                "No picture of the scan could be read", source.path, found[0] if found else "check the files"
            )
        rows.append({
            "foil": record.foil, "scan": record.scan, "fields": len(fields), "fields_with_pictures": pictured,
            "new_fields": new[record.scan_id], "problems": len(found), "assumed": sorted(source.description.assumed),
            "notes": notes, "changed": other,
        })  # fmt: skip
        trouble = f"; {_pictures_words(found)}" if found else ""
        words = "".join(f". {one}" for one in [*([_changed_words(other)] if other else []), *notes])
        sentences.append(f"{record.scan}: {new[record.scan_id]} new of {counted(len(fields), 'field')}{trouble}{words}")
    return Outcome("; ".join(sentences), {"scans": rows})


def _changed_words(changed: dict[str, list[Any]]) -> str:
    """What changed in a description; of what is long only that it did."""
    said = []
    for key, (before, now) in changed.items():
        name = _IN_FILES.get(key, key)
        if key == "positions":
            said.append(f"positions of {counted(now, 'field')}")
        elif isinstance(now, list | tuple | dict):
            said.append(name)
        else:
            said.append(f"{name} from {_word(key, before)} to {_word(key, now)}")
    return f"Its description changed: {', '.join(said)}"


def _word(key: str, value: Any) -> str:
    """A value as scan.toml writes it."""
    if key == "stage_y_up":
        return "up" if value else "down"
    if isinstance(value, bool):
        return str(value).lower()
    return "nothing" if value is None else str(value)


def _sizes(fields: pd.DataFrame, stated: tuple[int, int] | None) -> list[str]:
    """What is odd about the sizes of a scan's pictures."""
    pictured = fields[fields["batch"].notna()]
    if not len(pictured):
        return []
    counts = pictured.groupby(["width", "height"]).size()
    (width, height), many = counts.index[int(counts.to_numpy().argmax())], int(counts.max())
    said = []
    if len(pictured) > many:
        other = pictured[(pictured["width"] != width) | (pictured["height"] != height)]["field"].astype(str)
        named = ", ".join(other[:5]) + (", ..." if len(other) > 5 else "")
        said.append(f"{len(other)} of {len(pictured)} pictures are not {width} x {height} px as the others: {named}")
    if stated is not None and stated != (width, height):
        said.append(f"field_size_px says {stated[0]} x {stated[1]}, the pictures have {width} x {height} px")
    return said


def _pictures_words(problems: Sequence[str]) -> str:
    return f"{counted(len(problems), 'picture')} missing or broken, first: {problems[0]}"


def _settle(project: Project, record: ScanRecord, fields: pd.DataFrame) -> None:
    """Flat field from a sample of the scan's own fields, and the mark that the scan is whole."""
    pictured = fields[fields["batch"].notna()]
    flat = None
    if len(pictured):
        step = max(1, len(pictured) // _FLAT_SAMPLE)
        counts = pictured.groupby(["width", "height"]).size()
        width, height = counts.index[int(counts.to_numpy().argmax())]
        alike = pictured[(pictured["width"] == width) & (pictured["height"] == height)]
        sample = alike.iloc[::step]
        flat = estimate_flat_field(_fit_for_flat(project, sample)).to_json()
    project.catalogue.update_scan(record.scan_id, flat=flat, whole=True)


def _fit_for_flat(project: Project, sample: pd.DataFrame) -> list[Any]:
    """Stacks of the sample that are whole and neither black nor saturated; all of them where none is.

    One stuck field among few would pass for a dead lamp and take the good fields with it.
    """
    stacks = [project.images.read(b, int(s)) for b, s in zip(sample["batch"], sample["slot"], strict=True)]
    whole = [not m for m in sample["missing"]]
    varied = [not any(stuck_share(plane) > SATURATED_SHARE for plane in stack) for stack in stacks]
    good = [s for s, a, b in zip(stacks, whole, varied, strict=True) if a and b]
    return good or [s for s, b in zip(stacks, varied, strict=True) if b] or stacks
