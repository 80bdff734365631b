"""What the canvas shows: which picture of a scan, and what lies over it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from moedal_gui.app.sheet import Sheet
from moedal_gui.core.scan import ScanDescription

COMPOSITE, ALBEDO, SLOPE, RELIEF = "composite", "albedo", "slope", "relief"

_DERIVED: dict[str, tuple[str, str]] = {
    COMPOSITE: ("Colour", "Each rim lamp in the hue of its direction, laid over each other"),
    ALBEDO: ("Mean", "Mean over the rim lamps: dirt and absorption, no slope"),
    SLOPE: ("Slope", "Direction of the surface's slope as hue, steepness as brightness"),
    RELIEF: ("Relief", "The surface itself, integrated from the slopes"),
}


@dataclass(frozen=True)
class Display:
    """One state of the canvas.

    Attributes
    ----------
    picture
        Key of a `Picture`.
    pits, links, outlines
        Whether pits, entry-exit links and field borders are drawn.
    film
        Whether the rim lamps are played one after another.
    heat
        Whether the map that is looked at is laid over the picture.
    even
        Whether channels are shown as under even light; else with the grey values as stored.
    """

    picture: str = ""
    pits: bool = True
    links: bool = True
    outlines: bool = False
    film: bool = False
    heat: bool = False
    even: bool = True


@dataclass(frozen=True)
class Picture:
    """One way to look at a scan: a channel (``index`` given) or something made of the rim channels.

    An ``even`` channel is shown without vignetting and the steps between fields; one that is ``out`` carries no picture.
    """

    key: str
    title: str
    tip: str
    index: int | None = None
    even: bool = False
    out: bool = False


def pictures_of(sheet: Sheet) -> tuple[Picture, ...]:
    """All ways to look at a scan, channels first, then what is made of a ring of lamps."""
    channels = channel_pictures(sheet.record.description, sheet.out)
    return (*channels, *(Picture(key, *texts) for key, texts in _DERIVED.items())) if sheet.ring else channels


def channel_pictures(description: ScanDescription, out: Collection[int] = ()) -> tuple[Picture, ...]:
    """The channels of a scan; ``out``: indices of those that carry no picture."""
    channels = []
    for index, channel in enumerate(description.channels):
        if channel.kind == "rim" and channel.azimuth_deg is not None:
            title, tip = (
                f"{channel.azimuth_deg:g}°",
                f"Rim lamp at {channel.azimuth_deg:g} degrees (step {channel.step})",
            )
        else:
            title, tip = channel.kind.capitalize(), f"{channel.kind.capitalize()} picture (step {channel.step})"
        tip = f"{tip}: carries no picture" if index in out else tip
        channels.append(Picture(f"{index}:{channel.name}", title, tip, index, out=index in out))
    return tuple(channels)


def first_picture(sheet: Sheet) -> str:
    """What a scan opens with: backlit where there is one, else its first channel, of those that carry a picture."""
    channels = channel_pictures(sheet.record.description, sheet.out)
    lit = [p for p in channels if not p.out] or list(channels)
    backlit = sheet.record.description.index_of("backlit")
    return next((p.key for p in lit if p.index == backlit), lit[0].key if lit else "")
