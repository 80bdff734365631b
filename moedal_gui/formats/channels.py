"""The channels of a scan: as stated, as its pictures name them, or guessed from how many there are."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from moedal_gui.core.errors import ArgumentError
from moedal_gui.core.scan import Channel, lab_channels
from moedal_gui.formats.layouts import Layout
from moedal_gui.formats.pictures import PictureOutline


def channels_of(
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
