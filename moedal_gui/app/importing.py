"""A scan that is looked into before it is taken in: what its files say, what a person says, what is assumed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from psygnal import Signal

from moedal_gui.app.datum import MARKS, clicked_point
from moedal_gui.app.display import SLOPE, Picture
from moedal_gui.app.mosaic import Mosaic
from moedal_gui.app.shading import Rgb, grey, limits_of
from moedal_gui.core.errors import MoedalError, PictureError
from moedal_gui.core.pit import empty_detections
from moedal_gui.core.scan import Channel, ScanDescription
from moedal_gui.formats.description import write_description
from moedal_gui.formats.reading import Overrides, inspect
from moedal_gui.formats.source import ScanSource
from moedal_gui.imaging.flat_field import FlatField, estimate_flat_field
from moedal_gui.imaging.harmonics import first_harmonic
from moedal_gui.imaging.lamps import slope_ring
from moedal_gui.imaging.normalise import normalise
from moedal_gui.preselect.methods import detect
from moedal_gui.tasks.ingest import IngestParameters

ASKED = ("channels", "orientation", "mirrored", "polarity", "pixel_size_um")


@dataclass(frozen=True)
class Preview:
    """One field as it would be read now.

    Attributes
    ----------
    field
        Its name.
    channels
        One picture per channel.
    slope
        Direction of the slope as hue, None without ring light; flopped when the scan is said to be mirrored.
    pits
        Pits found there with the description as it stands; ``x_px`` as stored.
    problems
        What could not be read.
    done
        False while pits are still being looked for.
    """

    field: str
    channels: tuple[Rgb, ...]
    slope: Rgb | None
    pits: pd.DataFrame
    problems: tuple[str, ...]
    done: bool


class ImportDraft:
    """Owns what has been said of a scan so far; ``changed`` carries the old and the new description."""

    changed = Signal(object, object)

    def __init__(self, path: Path) -> None:
        self.source: ScanSource = inspect(path)
        self.description: ScanDescription = self.source.description
        self._said: dict[str, Any] = {}

    @property
    def fields(self) -> list[str]:
        """Names of the fields that have pictures."""
        return [f.name for f in self.source.fields if f.has_picture]

    def is_assumed(self, key: str) -> bool:
        """Whether nobody has said that key."""
        return key in self.description.assumed

    def say(self, **values: Any) -> None:
        """State keys of the description; they are no longer assumed."""
        old = self.description
        assumed = old.assumed - set(values)
        self.description = replace(old, **values, assumed=assumed)
        self._said |= values
        if old != self.description:
            self.changed.emit(old, self.description)

    def confirm(self, key: str) -> None:
        """What was assumed is right."""
        self.say(**{key: getattr(self.description, key)})

    def turn_ring(self, degrees: float) -> None:
        """Turn the lamps."""
        self._move_lamps(lambda azimuth: azimuth + degrees)

    def flip_ring(self) -> None:
        """Let the lamps go round the other way."""
        self._move_lamps(lambda azimuth: -azimuth)

    def add_datum(self, field: str, x_px: float, y_px: float) -> None:
        """Note a pin hole; a fourth one takes the place of the first."""
        self.say(datum=(*self.description.datum, clicked_point(field, x_px, y_px))[-MARKS:])

    def forget_datum(self) -> None:
        """Forget the pin holes."""
        self.say(datum=())

    def overrides(self) -> Overrides:
        """All that a person said."""
        names = set(Overrides.__dataclass_fields__)
        return Overrides(**{k: v for k, v in self._said.items() if k in names})

    def parameters(self) -> IngestParameters:
        """What to tell `ingest`; what the command line knows stands in its own words."""
        said = self.overrides()
        azimuths = None
        if said.channels is not None:
            azimuths = ",".join(f"{a:g}" for a in self.description.rim_azimuths_deg)
        return IngestParameters(
            scans=(self.source.path,), foil=said.foil, scan=said.scan, azimuths=azimuths or None,
            pixel_size_um=said.pixel_size_um, orientation=said.orientation, polarity=said.polarity,
            more=Overrides(mirrored=said.mirrored, datum=said.datum, channels=said.channels),
        )  # fmt: skip

    def save(self, path: Path) -> None:
        """Write the description as a scan.toml."""
        try:
            write_description(self.description, path, self.source.files, self.source.positions)
        except OSError as error:
            raise PictureError("The description cannot be written", path, "name another folder") from error

    def _move_lamps(self, move: Callable[[float], float]) -> None:
        channels = tuple(
            replace(c, azimuth_deg=move(c.azimuth_deg) % 360.0) if c.kind == "rim" and c.azimuth_deg is not None else c
            for c in self.description.channels
        )
        self.say(channels=channels)


def preview(source: ScanSource, description: ScanDescription, field: str) -> Iterator[Preview]:
    """Read one field and look at it as the description says: its pictures at once, then its pits."""
    pixels = source.read_field(field)
    stack, none = pixels.stack, empty_detections()
    if stack is None:
        yield Preview(field, (), None, none, pixels.problems or ("No picture could be read",), done=True)
        return
    shown = stack[..., ::-1] if description.mirrored else stack
    channels = tuple(grey(np.asarray(p, np.float32), limits_of(p)) for p in shown)
    try:
        flat = estimate_flat_field([stack])
        slope = _slope_picture(normalise(stack, flat), description, flat)
        yield Preview(field, channels, slope, none, pixels.problems, done=False)
        pits = detect(stack, description, flat, "auto")
    except MoedalError as error:
        yield Preview(field, channels, None, none, (*pixels.problems, str(error)), done=True)
        return
    yield Preview(field, channels, slope, pits, pixels.problems, done=True)


def _slope_picture(even: npt.NDArray[np.float32], description: ScanDescription, flat: FlatField) -> Rgb | None:
    ring = slope_ring(description, flat)
    if not ring:
        return None
    slope = first_harmonic(even[list(ring)], [description.channels[i].azimuth_deg or 0.0 for i in ring])
    planes = np.stack([slope.slope_x, slope.slope_y])
    if description.mirrored:
        planes = planes[..., ::-1] * np.array([-1.0, 1.0], np.float32)[:, None, None]
    mosaic = Mosaic(planes, Picture(SLOPE, "", ""), 1, 0, 0)
    return mosaic.coloured(mosaic.natural_limits())


def lamp_name(channel: Channel) -> str:
    """What a thumbnail is called."""
    if channel.kind == "rim" and channel.azimuth_deg is not None:
        return f"{channel.azimuth_deg:g}°"
    return channel.kind
