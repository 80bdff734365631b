"""What a person put right by hand: a pit that was missed, one that is none, one in the wrong place, a pair."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

CorrectionKind = Literal["add", "remove", "move", "link"]
KINDS: tuple[CorrectionKind, ...] = get_args(CorrectionKind)

FOUND, PUT, TAKEN_OUT = 0, 1, 2
"""What a row of pits says of hands: the program found it; a person put it there; a person took it out."""

SAME_PLACE_PX = 4.0
_OF_HALF_MINOR = 0.8


@dataclass(frozen=True)
class Spot:
    """A pixel of a field of a scan; ``surface`` is ``top``, ``bottom`` or empty where nobody knows it."""

    scan: str
    field: str
    x_px: float
    y_px: float
    surface: str = ""


@dataclass(frozen=True)
class Mouth:
    """The mouth of a pit: full axes in px and azimuth of the tip; None where it was not measured.

    ``surface_score`` and ``snr`` as in `core.pit.DETECTION_COLUMNS`.
    """

    major_px: float | None = None
    minor_px: float | None = None
    azimuth_deg: float | None = None
    surface_score: float | None = None
    snr: float | None = None


@dataclass(frozen=True)
class PitCorrection:
    """One thing put right; written once, never changed.

    Attributes
    ----------
    kind
        ``add`` a pit, ``remove`` one that is none, ``move`` one, ``link`` two.
    at
        The pit concerned: where it is put, where it was, or the entry.
    to
        Where a moved pit is put, or the exit; the same as ``at`` otherwise.
    mouth
        Of the pit put there, or of the one taken out.
    correction_id
        Its number in the journal; 0 before it is there.
    """

    kind: CorrectionKind
    foil: str
    at: Spot
    to: Spot
    mouth: Mouth = Mouth()
    annotator: str = ""
    when: str = ""
    correction_id: int = 0
    stroke: int = 0


def reach_px(minor_px: float | None) -> float:
    """How far apart two finds of one pit may lie: max(4 px, 0.8 of half the minor axis)."""
    return max(SAME_PLACE_PX, _OF_HALF_MINOR * 0.5 * (minor_px or 0.0))


def alike(one: str, other: str) -> bool:
    """Whether two surfaces may be the same one; an unknown one goes with either."""
    return one == other or not one or not other
