"""What is known about one scan of a foil: channels, orientation, polarity, scale, datum points."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

ChannelKind = Literal["rim", "backlit", "halo", "single"]
Orientation = Literal["normal", "reverse"]
Polarity = Literal["lit", "inverted"]
Surface = Literal["top", "bottom"]
LengthUnit = Literal["inch", "mm", "um", "px"]

UM_PER_UNIT: dict[str, float] = {"inch": 25400.0, "mm": 1000.0, "um": 1.0}


@dataclass(frozen=True)
class Channel:
    """One picture of a field under one kind of light.

    Attributes
    ----------
    step
        The number in the file name (or the position in the stack, from 1).
    kind
        ``rim``, ``backlit``, ``halo``; ``single`` for an ordinary picture whose light is not known.
    azimuth_deg
        Direction towards the lamp in the stored picture, from +x towards +y (down); None unless rim.
    """

    step: int
    kind: ChannelKind
    azimuth_deg: float | None = None

    @property
    def name(self) -> str:
        """``az045`` for a rim lamp, else the kind."""
        if self.kind == "rim" and self.azimuth_deg is not None:
            whole = f"{self.azimuth_deg % 360.0:07.3f}".rstrip("0").rstrip(".")
            return f"az{whole}"
        return self.kind


@dataclass(frozen=True)
class DatumPoint:
    """A pin hole of the foil, seen in one field at a pixel (never mirrored)."""

    field: str
    x_px: float
    y_px: float


@dataclass(frozen=True)
class ScanDescription:
    """All that is known or assumed about a scan; the keys of scan.toml.

    ``stack`` names the stack of sheets that the foil lay in, ``sheet`` its place there, 1 where tracks enter first; sheets of
    one stack share their pin holes, and so their frame. ``assumed`` names the keys that nobody stated. ``key in assumed`` is shown to the person.
    """

    foil: str
    scan: str
    channels: tuple[Channel, ...]
    orientation: Orientation = "normal"
    mirrored: bool = False
    polarity: Polarity = "lit"
    pixel_size_um: float | None = None
    foil_thickness_um: float | None = None
    bulk_etch_um: float | None = None
    field_size_px: tuple[int, int] | None = None
    datum: tuple[DatumPoint, ...] = ()
    stage_unit: LengthUnit = "um"
    stage_y_up: bool = True
    assumed: frozenset[str] = frozenset()
    stack: str | None = None
    sheet: int | None = None

    @property
    def rim(self) -> tuple[int, ...]:
        """Indices of the rim channels in the stack, in the order they are stored."""
        return tuple(i for i, channel in enumerate(self.channels) if channel.kind == "rim")

    @property
    def rim_azimuths_deg(self) -> tuple[float, ...]:
        """Azimuths of the rim channels, same order as `rim`."""
        return tuple(c.azimuth_deg for c in self.channels if c.kind == "rim" and c.azimuth_deg is not None)

    def index_of(self, kind: ChannelKind) -> int | None:
        """Index of the first channel of a kind, or None."""
        return next((i for i, channel in enumerate(self.channels) if channel.kind == kind), None)

    @property
    def near_surface(self) -> Surface:
        """The surface that faces the camera: ``top`` in a normal scan, ``bottom`` in a reverse one."""
        return "top" if self.orientation == "normal" else "bottom"

    @property
    def far_surface(self) -> Surface:
        """The surface away from the camera."""
        return "bottom" if self.orientation == "normal" else "top"


def lab_channels() -> tuple[Channel, ...]:
    """The ten steps of the microscope: eight rim lamps 45 degrees apart, backlit, halo."""
    rim = tuple(Channel(step, "rim", 45.0 * (step - 1)) for step in range(1, 9))
    return (*rim, Channel(9, "backlit"), Channel(10, "halo"))


def to_plain(description: ScanDescription) -> dict[str, Any]:
    """Plain values (for JSON) that `from_plain` turns back into the same description."""
    plain = asdict(description)
    plain["assumed"] = sorted(description.assumed)
    return plain


def from_plain(plain: Mapping[str, Any]) -> ScanDescription:
    """The description that `to_plain` gave these values for."""
    values = dict(plain)
    values["channels"] = tuple(Channel(**channel) for channel in values["channels"])
    values["datum"] = tuple(DatumPoint(**point) for point in values["datum"])
    values["assumed"] = frozenset(values["assumed"])
    if values["field_size_px"] is not None:
        values["field_size_px"] = tuple(values["field_size_px"])
    return ScanDescription(**values)
