"""What the pictures of a scan show where its fields overlap, and whether its positions were read the right way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

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
_TRIED_A_SIDE = 20
_UNDOUBTED = 0.5
_ON_TOP, _MANY_ON_TOP = 0.4, 30  # of a field's shorter side; fields
_FEW_PAIRS = 40
_UNITS: tuple[LengthUnit, ...] = ("inch", "mm", "um", "px")


def overlapping(rows: Sequence[FieldRow], places: Mapping[str, tuple[float, float]]) -> list[Neighbours] | None:
    """Pairs of fields that overlap where ``places`` (centres, px as the camera sees them) has them.

    None for many fields that lie nearly all on top of each other: there are too many pairs, and none of them says anything.
    """
    if len(rows) * (len(rows) - 1) > 2 * _FEW_PAIRS and piled(rows, places):
        return None
    sizes = np.array([(r.width, r.height) for r in rows], dtype=np.intp)
    return neighbours(np.array([places[r.field] for r in rows]) - (sizes - 1) / 2, sizes)


def piled(rows: Sequence[FieldRow], places: Mapping[str, tuple[float, float]]) -> bool:
    """Whether half of all fields, or some thirty, lie nearly where a typical field lies."""
    if len(rows) < 3:
        return False
    centres = np.array([places[r.field] for r in rows])
    near = _ON_TOP * min(min(r.width, r.height) for r in rows)
    others = cKDTree(centres).query_ball_point(centres, near, p=np.inf, return_length=True) - 1
    return bool(np.median(others) >= min(0.5 * (len(rows) - 1), _MANY_ON_TOP))


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
    pairs: Sequence[Neighbours] | None,
    seams: Sequence[Seam],
) -> str | None:
    """What to say where hardly any overlap convinces: how the positions would have to be read to suit the pictures, if that is seen.

    Fields beside each other and below each other are judged apart: a flipped axis leaves the overlaps along the other. Where fields lie on
    top of each other, or apart, that makes no sense, and all overlaps of the other reading are judged together.

    Parameters
    ----------
    pairs, seams
        The fields that overlap as the positions are read now (None: nearly all), and the overlaps that convince.
    """
    now = pairs or ()
    fields = project.catalogue.fields(scan.scan_id)
    told = stage_places(scan.description, fields)
    on_top = piled(rows, told)
    lost = on_top or len(now) < _ENOUGH_PAIRS
    if lost and seams and len(seams) >= _SUSPICIOUS * len(now):
        return None  # few overlap, or the same fields were taken again and again, where they are said to be
    sides = () if lost else tuple(beside for beside in (True, False) if _suspicious(now, seams, beside))
    if not lost and not sides:
        return None
    best: tuple[float, int, int, str] | None = None
    for words, other in _readings(scan.description, lost):
        places = stage_places(other, fields)
        if any(r.field not in places for r in rows) or piled(rows, places):
            continue
        found = overlapping(rows, places) or []
        tried = [pair for beside in (True, False) for pair in _some([p for p in found if p.beside == beside])]
        if len(tried) < _ENOUGH_PAIRS:
            continue
        convinced = measured_seams(project, replace(scan, description=other), rows, flat, tried)
        share = len(convinced) / len(tried)
        if (best is None or share > best[0]) and _convinces(tried, convinced, now, seams, sides):
            best = (share, len(convinced), len(tried), words)
            if share > _UNDOUBTED:
                break
    look = "check positions, pixel_size_um and mirrored in its description"
    if best is not None:
        _, told_by, of, words = best
        apart = "no two fields overlap as their positions are read; the pictures would fit together"
        wrong = "the pictures do not fit together where their positions have them overlap; they would"
        return f"{scan.scan}: {wrong if now or on_top else apart} ({told_by} of {of} overlaps tried) if {words}: {look}"
    if on_top:
        return f"{scan.scan}: the positions put its fields nearly all on top of each other: {look}"
    return None


def _suspicious(pairs: Sequence[Neighbours], seams: Sequence[Seam], beside: bool) -> bool:
    many, told = _count(pairs, beside), _count(seams, beside)
    return many >= _ENOUGH_PAIRS and told < _SUSPICIOUS * many


def _convinces(
    tried: Sequence[Neighbours], convinced: Sequence[Seam], pairs: Sequence[Neighbours], seams: Sequence[Seam], sides: Sequence[bool]
) -> bool:  # fmt: skip
    """Whether the overlaps of another reading convince so much oftener than those of this one that it is the right one.

    ``sides``: where that is asked; empty for all of them together.
    """
    for beside in sides or (None,):
        of, told = _count(tried, beside), _count(convinced, beside)
        usual = _count(seams, beside) * of / max(_count(pairs, beside), 1)
        if told < max(_LEAST_SEAMS, _SUSPICIOUS * of, _TIMES_MORE * usual):
            return False
    return True


def _count(told: Sequence[Neighbours] | Sequence[Seam], beside: bool | None) -> int:
    return sum(beside is None or one.beside == beside for one in told)


def _some(pairs: Sequence[Neighbours]) -> list[Neighbours]:
    """At most so many as are tried of one side, spread evenly."""
    step = max(1, -(-len(pairs) // _TRIED_A_SIDE))
    return list(pairs[::step])


def _readings(said: ScanDescription, lost: bool) -> list[tuple[str, ScanDescription]]:
    """Other ways to read the positions, in words, the likeliest first; other units only where fields are ``lost``."""
    axis = "down" if said.stage_y_up else "up"
    down = f"the stage's y axis points {axis}"
    mirrored = f"they are {'not ' if said.mirrored else ''}mirrored"
    turned = [
        (down, replace(said, stage_y_up=not said.stage_y_up)),
        (mirrored, replace(said, mirrored=not said.mirrored)),
        (f"{mirrored} and {down}", replace(said, mirrored=not said.mirrored, stage_y_up=not said.stage_y_up)),
    ]
    size = said.pixel_size_um
    binned = [] if size is None else [
        (f"a pixel is {size * factor:g} um", replace(said, pixel_size_um=size * factor)) for factor in (0.5, 2.0)
    ]  # fmt: skip
    if not lost:
        return [*turned, *binned]
    units = [
        (f"the positions are in {unit}", replace(said, stage_unit=unit)) for unit in _UNITS if unit != said.stage_unit
    ]
    both = [
        (f"{words} and {turn}", replace(one, stage_y_up=two.stage_y_up, mirrored=two.mirrored))
        for words, one in units
        for turn, two in turned
    ]
    return [*units, *binned, *both]
