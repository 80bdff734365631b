"""What the pictures of a scan show where its fields overlap, and whether its positions were read the right way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from moedal_gui.analysis.overlaps import Neighbours, Seam, neighbours, seam
from moedal_gui.analysis.registration import stage_places
from moedal_gui.core.scan import LengthUnit, ScanDescription
from moedal_gui.imaging.flat_field import FlatField
from moedal_gui.imaging.normalise import normalise
from moedal_gui.store.catalogue import FieldRow, ScanRecord
from moedal_gui.store.project import Project

Pixels = npt.NDArray[Any]

_ENOUGH_PAIRS = 4
_SUSPICIOUS = 0.2
_LEAST_SEAMS, _TIMES_MORE = 4, 4
_TRIED_PAIRS = 40
_PAIRS_A_FIELD = 4  # in a grid a field has eight neighbours, and each pair counts once
_UNITS: tuple[LengthUnit, ...] = ("inch", "mm", "um", "px")


def overlapping(rows: Sequence[FieldRow], places: Mapping[str, tuple[float, float]]) -> list[Neighbours]:
    """Pairs of fields that overlap where ``places`` (centres, px as the camera sees them) has them."""
    sizes = np.array([(r.width, r.height) for r in rows], dtype=np.intp)
    return neighbours(np.array([places[r.field] for r in rows]) - (sizes - 1) / 2, sizes)


def measured_seams(
    project: Project, scan: ScanRecord, rows: Sequence[FieldRow], flat: FlatField, pairs: Sequence[Neighbours]
) -> list[Seam]:
    """Every convincing seam; each field is read once, and only the stretches that a neighbour needs are kept."""
    channels = _channels(scan, flat)
    if not channels:
        return []
    of_field: dict[int, list[tuple[int, Neighbours]]] = {}
    for number, pair in enumerate(pairs):
        for end in (pair.first, pair.second):
            of_field.setdefault(end, []).append((number, pair))
    waiting: dict[int, Pixels] = {}
    found: dict[int, Seam] = {}
    flats = [(c, FlatField((flat.channels[c],))) for c in channels]
    for index, mine in sorted(of_field.items()):
        row = rows[index]
        assert row.batch is not None
        planes = [
            normalise(project.images.read(row.batch, row.slot, channels=slice(c, c + 1)), own)[0] for c, own in flats
        ]
        picture = np.stack(planes)[:, :, :: -1 if scan.description.mirrored else 1]
        for number, pair in mine:
            window = picture[:, *(pair.first_window if index == pair.first else pair.second_window)].copy()
            other = waiting.pop(number, None)
            if other is None:
                waiting[number] = window
                continue
            first, second = (window, other) if index == pair.first else (other, window)
            measured = seam(pair, first, second)
            if measured is not None:
                found[number] = measured
    return [found[number] for number in sorted(found)]


def _channels(scan: ScanRecord, flat: FlatField) -> list[int]:
    """Up to two channels that show most: backlit and halo, else the first usable and the one two lamps on."""
    usable = [i for i, c in enumerate(flat.channels) if c.usable]
    plain = [scan.description.index_of(kind) for kind in ("backlit", "halo")]
    told = [i for i in plain if i is not None and i in usable]
    return [*told, *(i for i in usable[::2] if i not in told)][:2]


def better_reading(
    project: Project,
    scan: ScanRecord,
    rows: Sequence[FieldRow],
    flat: FlatField,
    pairs: Sequence[Neighbours],
    seams: Sequence[Seam],
) -> str | None:
    """What to say where hardly any overlap convinces, but many would if the positions were read another way.

    Fields beside each other and below each other are judged apart: a flipped axis leaves the overlaps along the other.

    Parameters
    ----------
    pairs, seams
        The fields that overlap as the positions are read now, and the overlaps that convince.
    """
    sides = [beside for beside in (True, False) if _suspicious(pairs, seams, beside)]
    if not sides and len(pairs) >= _ENOUGH_PAIRS and not too_many(pairs, rows):
        return None
    fields = project.catalogue.fields(scan.scan_id)
    for words, other in _readings(scan.description):
        places = stage_places(other, fields)
        if any(r.field not in places for r in rows):
            continue
        found = overlapping(rows, places)
        if len(found) < _ENOUGH_PAIRS or too_many(found, rows):
            continue
        tried = found[:: -(-len(found) // _TRIED_PAIRS)]
        convinced = measured_seams(project, replace(scan, description=other), rows, flat, tried)
        if all(_convinces(tried, convinced, pairs, seams, beside) for beside in sides or (True, False)):
            return (
                f"{scan.scan}: the pictures fit together where they overlap ({len(convinced)} of {len(tried)} tried) only if "
                f"{words}: check positions, pixel_size_um and mirrored in its description"
            )
    return None


def too_many(pairs: Sequence[Neighbours], rows: Sequence[FieldRow]) -> bool:
    """Whether so many fields overlap that they cannot lie where their positions have them."""
    return len(pairs) > max(_PAIRS_A_FIELD * len(rows), _TRIED_PAIRS)


def _suspicious(pairs: Sequence[Neighbours], seams: Sequence[Seam], beside: bool) -> bool:
    many, told = _count(pairs, beside), _count(seams, beside)
    return many >= _ENOUGH_PAIRS and told < _SUSPICIOUS * many


def _convinces(
    tried: Sequence[Neighbours], convinced: Sequence[Seam], pairs: Sequence[Neighbours], seams: Sequence[Seam], beside: bool
) -> bool:  # fmt: skip
    """Whether the overlaps of another reading convince so much oftener than those of this one that it is the right one."""
    usual = _count(seams, beside) * _count(tried, beside) / max(_count(pairs, beside), 1)
    least = max(_LEAST_SEAMS, _SUSPICIOUS * _count(tried, beside), _TIMES_MORE * usual)
    return _count(convinced, beside) >= least


def _count(told: Sequence[Neighbours] | Sequence[Seam], beside: bool) -> int:
    return sum(one.beside == beside for one in told)


def _readings(said: ScanDescription) -> list[tuple[str, ScanDescription]]:
    """Other ways to read the positions, in words, the likeliest first."""
    axis = "down" if said.stage_y_up else "up"
    down = f"the stage's y axis points {axis}"
    mirrored = f"they are {'not ' if said.mirrored else ''}mirrored"
    turned = [
        (down, replace(said, stage_y_up=not said.stage_y_up)),
        (mirrored, replace(said, mirrored=not said.mirrored)),
        (f"{mirrored} and {down}", replace(said, mirrored=not said.mirrored, stage_y_up=not said.stage_y_up)),
    ]
    units = [
        (f"the positions are in {unit}", replace(said, stage_unit=unit)) for unit in _UNITS if unit != said.stage_unit
    ]
    both = [(f"{words} and {turned[0][0]}", replace(one, stage_y_up=not one.stage_y_up)) for words, one in units]
    return [*turned, *units, *both]
