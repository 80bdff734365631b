"""What a scan says of its light, side and scale, tested against its own pits."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import ndtr

from moedal_gui.core.counted import listed
from moedal_gui.core.field import LAMPS_OUT, UNSEEN
from moedal_gui.imaging.flat_field import FlatField
from moedal_gui.imaging.harmonics import first_harmonic
from moedal_gui.imaging.lamps import slope_ring
from moedal_gui.imaging.light_check import (
    COHERENT,
    RingEnergy,
    RingProducts,
    likely_exchange,
    likely_mirrored,
    ring_energy,
    ring_products,
    sharpness,
)
from moedal_gui.imaging.normalise import usable_channels
from moedal_gui.store.catalogue import FieldRow, ScanRecord
from moedal_gui.store.project import Project
from moedal_gui.tasks.placement.placing import flat_of, normalised_stack

_FIELDS = 10
_FEWEST = 30
_SURE = 0.002
_NAMED = 8
_MOST_COVERED = 0.4  # share of a field under mouths, from where the ring's coherence says little about the lamps
_PROBABLE, _FEWEST_DOUBTFUL, _MOST_DOUBTFUL = 0.9, 20, 0.25  # ordinary scans, noisy ones too, have under .2 below .9
_BRIGHT = 5.0  # noises of one pixel, below which a ground may be no more than the camera's offset


def check_light(
    project: Project, scan: ScanRecord, pits: pd.DataFrame, measures: Mapping[str, Mapping[str, float]]
) -> dict[str, Any]:
    """Which lamps gave no light, coherence of the lamp ring, and which surface's pits are the sharper ones.

    ``measures``: what the run measured of each field, by the field's name.

    Returns
    -------
    dict
        ``doubts``, a list of sentences; where there is a usable ring and pits ``ring_coherence`` (1 good, 0 wrong order, -1
        turned by 90 degrees) and ``sharper_surface`` (None where it cannot be told) too.
    """
    flat = flat_of(scan)
    none = len(pits) == 0
    pits = pits[(pits["major_px"] * pits["minor_px"]).notna()]
    if flat is None:
        return {}
    usable = usable_channels(flat)
    dark = [*_dark_lamps(scan, usable), *_dark_fields(measures)] or (_dark_scan(flat) if none else [])
    without = [*without_scale(project, scan), *_one_place(scan), *dark]
    rim = list(slope_ring(scan.description, flat))
    if not rim or len(pits) == 0:
        return {"doubts": without}
    azimuths = [float(scan.description.channels[i].azimuth_deg or 0.0) for i in rim]
    energy, parts = RingEnergy(), []
    products = RingProducts(np.zeros((2 * len(rim), 2 * len(rim))))
    rows = [r for r in project.catalogue.field_rows(scan.scan_id) if not measures.get(r.field, {}).get(LAMPS_OUT)]
    for row in _telling(rows, pits):
        stack = normalised_stack(project, scan, row)
        if stack is None:
            continue
        slope = first_harmonic(stack[rim], azimuths)
        energy = energy + ring_energy(slope)
        products = products + ring_products(stack[rim])
        mine = pits[pits["field"] == row.field]
        size = np.sqrt(mine["major_px"].to_numpy(float) * mine["minor_px"].to_numpy(float))
        parts.append(
            mine.assign(
                size=size, sharp=sharpness(slope, mine["x_px"].to_numpy(float), mine["y_px"].to_numpy(float), size)
            )
        )
    if not parts:
        return {"doubts": without}
    found = _verdict(scan, energy.coherence, pd.concat(parts))
    return {
        **found,
        "doubts": [
            *without,
            *found["doubts"],
            *(_order(scan, rim, products, azimuths) if len(pits) >= _FEWEST else []),
        ],
    }


def flooded(pits: pd.DataFrame) -> list[str]:
    """What to say of surfaces where many of a ring's pits (those above the working point) are doubtful: rough ground looks so."""
    said = []
    for surface in ("top", "bottom"):
        known = pd.to_numeric(pits.loc[pits["surface"] == surface, "probability"]).dropna().to_numpy(float)
        doubtful = int((known < _PROBABLE).sum())
        if doubtful >= _FEWEST_DOUBTFUL and doubtful > _MOST_DOUBTFUL * len(known):
            said.append(
                f"{doubtful} of {len(known)} pits on the {surface} surface are doubtful (probability under {_PROBABLE:g}), as where the ground is "
                "rough or dirty: many may be no pits; look at some of the least probable ones"
            )
    return said


def _telling(rows: Sequence[FieldRow], pits: pd.DataFrame) -> list[FieldRow]:
    """The fields with most pits among those where pits are not on top of each other: there slopes are no surface's any more."""
    mouths = (0.25 * np.pi * pits["major_px"] * pits["minor_px"]).groupby(pits["field"]).agg(["sum", "size"])
    area = {r.field: r.width * r.height for r in rows}
    thin = [str(f) for f in mouths.index if f in area and mouths.loc[f, "sum"] <= _MOST_COVERED * area[str(f)]]
    busiest = set(mouths.loc[thin, "size"].sort_values(ascending=False, kind="stable").index[:_FIELDS])
    return [r for r in rows if r.field in busiest]


def _order(scan: ScanRecord, rim: Sequence[int], products: RingProducts, azimuths: Sequence[float]) -> list[str]:
    mirrored = likely_mirrored(products, azimuths)
    if mirrored is not None:
        steps = (
            f"{azimuth:g}° for step {scan.description.channels[i].step}"
            for i, azimuth in zip(rim, mirrored, strict=True)
        )
        return [
            f"The lamps seem to run the other way round; the pictures would fit {', '.join(steps)}, or each of these turned by 180°"
        ]
    pair = likely_exchange(products, azimuths)
    if pair is None:
        return []
    (a, b), (at, to) = ([scan.description.channels[rim[k]].step for k in pair], [azimuths[k] for k in pair])
    return [
        f"The lamps' order does not fit the pictures; it would with {to:g}° for step {a} and {at:g}° for step {b}: "
        "check the channels of the scan"
    ]


def without_scale(project: Project, scan: ScanRecord) -> list[str]:
    """What follows where fields have positions and nobody said how large a pixel is."""
    placed = int(project.catalogue.fields(scan.scan_id)["stage_x"].notna().sum())
    if scan.description.pixel_size_um or placed < 2:
        return []
    return [
        "No pixel size is known: overlaps of fields are not merged, so pits seen in two fields count twice, and nothing has a length in "
        "um; state pixel_size_um and ingest again"
    ]


def _one_place(scan: ScanRecord) -> list[str]:
    """What to say of lamps that are said to stand at one place: all but one of them do not."""
    steps: dict[float, list[int]] = {}
    for channel in scan.description.channels:
        if channel.kind == "rim" and channel.azimuth_deg is not None:
            steps.setdefault(round(channel.azimuth_deg) % 360, []).append(channel.step)
    return [
        f"Steps {listed(here)} are all said to be lit from {azimuth:g}°: check the channels of the scan"
        for azimuth, here in steps.items()
        if len(here) > 1
    ]


def _dark_lamps(scan: ScanRecord, usable: Sequence[bool]) -> list[str]:
    """What to say of channels that carry no picture in the whole scan; nothing where none does, for that is no lamp's fault."""
    channels = scan.description.channels
    dead = [c for c, lives in zip(channels, usable, strict=True) if not lives]
    if not dead or len(dead) == len(channels):
        return []
    named = ", ".join(
        f"step {c.step} ({c.kind}{f', {c.azimuth_deg:g}°' if c.azimuth_deg is not None else ''})" for c in dead
    )
    verb = "carries" if len(dead) == 1 else "carry"
    return [f"{named} {verb} no picture (missing, black, saturated or nothing but noise): the other channels were used"]


def _dark_scan(flat: FlatField) -> list[str]:
    """What to say of a scan that shows no pit where nothing is bright: whether it had light cannot be told."""
    lit = [c for c in flat.channels if c.usable]
    if not lit or any(float(np.median(c.background)) > _BRIGHT * c.noise for c in lit):
        return []
    return [
        "No pit was found and the ground is nearly black in every channel: a scan without light looks like this too; check the lamps and "
        "the exposure"
    ]


def _dark_fields(measures: Mapping[str, Mapping[str, float]]) -> list[str]:
    """What to say of single fields that had no light, or not all of it."""
    unseen = sorted((n for n, found in measures.items() if found.get(UNSEEN)), key=_natural)
    fewer = sorted((n for n, found in measures.items() if found.get(LAMPS_OUT)), key=_natural)
    said = []
    if unseen:
        these = _these(unseen)
        count = f"{len(unseen)} of {len(measures)} fields"
        said.append(
            f"No light to look by in {count} ({these}): whether they hold pits is not known, and their area does not count"
        )
    if fewer:
        said.append(
            f"Some lamps were out in {len(fewer)} of {len(measures)} fields ({_these(fewer)}); these were looked at by the others"
        )
    return said


def _these(names: list[str]) -> str:
    return ", ".join(names[:_NAMED]) + (", ..." if len(names) > _NAMED else "")


def _natural(name: str) -> tuple[int, str]:
    return (int(name), "") if name.isdigit() else (sys.maxsize, name)


def _verdict(scan: ScanRecord, coherence: float, pits: pd.DataFrame) -> dict[str, Any]:
    doubts = []
    if coherence < COHERENT:
        turned = " (it looks turned by 90 degrees)" if coherence < -COHERENT else ""
        doubts.append(f"The lamp azimuths do not fit the pictures{turned}: check zero and direction of the ring")
    sharper = _sharper(pits)
    if sharper is not None and sharper != scan.description.near_surface:
        doubts.append(
            f"Pits called {sharper} are the sharper ones, yet {scan.description.near_surface} faces the camera: polarity, orientation "
            "or the ring's zero (by 180 degrees) may be wrong"
        )
    return {"ring_coherence": round(coherence, 3), "sharper_surface": sharper, "doubts": doubts}


def _sharper(pits: pd.DataFrame) -> str | None:
    """The surface whose pits are sharper, by a rank test (Mann and Whitney, Ann. Math. Stat. 18 (1947) 50)."""
    good = pits[np.isfinite(pits["sharp"]) & (pits["size"] > 6.0)]
    top, bottom = (good.loc[good["surface"] == s, "sharp"].to_numpy(float) for s in ("top", "bottom"))
    if min(len(top), len(bottom)) < _FEWEST:
        return None
    ranks = pd.Series(np.concatenate([top, bottom])).rank().to_numpy()
    u = ranks[: len(top)].sum() - len(top) * (len(top) + 1) / 2
    mean, spread = len(top) * len(bottom) / 2, np.sqrt(len(top) * len(bottom) * (len(top) + len(bottom) + 1) / 12)
    z = float((u - mean) / spread)
    if 2 * float(ndtr(-abs(z))) > _SURE:
        return None
    return "top" if z > 0 else "bottom"
