"""What the canvas shows: which picture of a scan, and what lies over it."""

from __future__ import annotations

from dataclasses import dataclass

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

    An ``even`` channel is shown without vignetting and the steps between fields.
    """

    key: str
    title: str
    tip: str
    index: int | None = None
    even: bool = False


def pictures_of(description: ScanDescription) -> tuple[Picture, ...]:
    """All ways to look at a scan, channels first."""
    channels = []
    for index, channel in enumerate(description.channels):
        if channel.kind == "rim" and channel.azimuth_deg is not None:
            title, tip = (
                f"{channel.azimuth_deg:g}°",
                f"Rim lamp at {channel.azimuth_deg:g} degrees (step {channel.step})",
            )
        else:
            title, tip = channel.kind.capitalize(), f"{channel.kind.capitalize()} picture (step {channel.step})"
        channels.append(Picture(f"{index}:{channel.name}", title, tip, index))
    if len(description.rim) < 3:
        return tuple(channels)
    return (*channels, *(Picture(key, *texts) for key, texts in _DERIVED.items()))


def first_picture(description: ScanDescription) -> str:
    """What a scan opens with: backlit where there is one, else its first channel."""
    index = description.index_of("backlit")
    return pictures_of(description)[index or 0].key if description.channels else ""
