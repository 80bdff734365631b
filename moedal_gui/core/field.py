"""One stage position of a scan."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

UNSEEN, LAMPS_OUT = "unseen", "lamps_out"
"""Among a run's measures of a field: set where there was no light to see anything by; how many channels of the scan were out."""


def seen_fields(names: Iterable[str], measures: Mapping[str, Mapping[str, float]]) -> list[str]:
    """Names of the fields that a run could look at; all of them where it kept no measures.

    ``measures``: what a run measured of each field it came to, by the field's name.
    """
    return [n for n in names if not measures or (n in measures and not measures[n].get(UNSEEN))]


@dataclass(frozen=True)
class Field:
    """One field (stage position) of a scan as the store knows it.

    Attributes
    ----------
    name
        Text; the number in the file name without padding.
    width, height
        In pixels.
    stage_x, stage_y
        Centre ((W-1)/2, (H-1)/2) in the scan's stage unit; None where no position is known.
    missing
        Steps whose picture was missing or broken (their pixels are zero).
    has_picture
        False for a position without any picture.
    extra
        Whatever else came with the field, kept as it was (the microscope's cfg keys).
    """

    name: str
    width: int
    height: int
    stage_x: float | None = None
    stage_y: float | None = None
    missing: tuple[int, ...] = ()
    has_picture: bool = True
    extra: Mapping[str, str] = field(default_factory=dict)
