"""The card of a learned detector, and the layout of the maps its network gives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from moedal_gui.core.errors import ExpertError

FORMAT = 1
_KEEPS = "keeps_"
STRIDE = 2
"""Pixels of the picture per cell of a map, along each axis."""

MAPS = ("centre", "offset_x", "offset_y", "size", "stretch_x", "stretch_y", "sense_x", "sense_y")
"""Maps of one surface, in order. ``centre``: logit that a mouth's centre lies in this cell; ``offset_*``: from the
middle of the cell to that centre, in cells; ``size``: log of the geometric mean of the half axes in px;
``stretch_*``: log(major/minor) times cos and sin of twice the azimuth of the major axis; ``sense_*``:
tanh(3 log(major/minor)) times cos and sin of the azimuth of the tip. After those of all surfaces comes one map of dirt
(logit)."""


@dataclass(frozen=True)
class DetectorCard:
    """Everything that is known of a detector.

    Attributes
    ----------
    view
        Which planes it looks at, a key of `moedal_gui.imaging.detector_planes.PLANES`.
    surfaces
        2: pits of the near and of the far surface apart; 1: all alike.
    file, sha256
        Its ONNX file beside the card, and that file's hash.
    probability
        Points (logit, probability) of the calibration, logit ascending, on fields held back; straight lines between.
    working_point
        Least probability of a pit that is told.
    shrink
        How many px of a picture, along each axis, become one before the detector looks at it; None: it was taught on pictures of
        any kind, and what suits one is found out. Slopes are never shrunk.
    reach_px
        How far its maps may depend on pixels, a multiple of 32: tiles overlap by so much on each side, so that tiling changes nothing.
    all_sides
        Whether it looks at a picture turned and mirrored as well and takes the mean of what it sees; never at slopes.
    twice
        Whether it looks at slopes turned by half as well, and at the mirror image of each mouth, and takes the mean.
    second, second_sha256
        The ONNX file of its second look, laid out as in `moedal_gui.core.second_look`, and that file's hash; empty: it looks once.
    thresholds
        Least probabilities that keep a share of the pits held back where a list of pits can be had: ``keeps_0.95`` and so on, for
        as large shares as it reaches, and ``best_f1`` over all.
    metrics
        Fractions on the fields held back, by band of density.
    training
        Plain values: how many fields and pits, settings, curve.
    """

    name: str
    version: str
    view: Literal["slope", "picture"]
    surfaces: int
    file: str
    sha256: str
    probability: tuple[tuple[float, float], ...]
    working_point: float
    shrink: int | None = None
    reach_px: int = 192
    all_sides: bool = False
    twice: bool = False
    thresholds: Mapping[str, float] = field(default_factory=dict)
    metrics: Mapping[str, Any] = field(default_factory=dict)
    training: Mapping[str, Any] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    onnx_difference: float = 0.0
    weights: str = ""
    second: str = ""
    second_sha256: str = ""
    seconds: float = 0.0
    made: str = ""
    provenance: str = ""

    @property
    def outdone_by(self) -> str:
        """The detector that plainly found the held back pits better when this one was made; empty where none did."""
        return str(self.metrics.get("outdone_by", ""))

    def keeping(self, share: float) -> float:
        """Least probability that keeps at least a share of the pits.

        Raises
        ------
        ExpertError
            It finds fewer, whatever its threshold.
        """
        known = {float(name.removeprefix(_KEEPS)): p for name, p in self.thresholds.items() if name.startswith(_KEEPS)}
        enough = [kept for kept in known if kept >= share]
        if not known:
            raise ExpertError(
                f"It is not known how many pits {self.name} keeps", "", "leave --keep out, or take another detector"
            )
        if not enough:
            most = f"at most {max(known):.2f} of them are known to be kept"
            raise ExpertError(
                f"{self.name} keeps fewer pits than {share:g}", most, "ask for fewer, or leave --keep out"
            )
        return known[min(enough)]


def to_plain(card: DetectorCard) -> dict[str, Any]:
    """Plain values (for JSON) that `from_plain` turns back into the same card."""
    return {"format": FORMAT, "what": "detector", **asdict(card)}


def from_plain(plain: Any, where: object) -> DetectorCard:
    """The card that `to_plain` gave these values for.

    Raises
    ------
    ExpertError
        They are no detector's card.
    """
    try:
        values = dict(plain)
        if values.pop("format") != FORMAT or values.pop("what") != "detector":
            raise ValueError("it is of another format")
        values["probability"] = tuple((float(a), float(b)) for a, b in values["probability"])
        card = DetectorCard(**values)
        if card.view not in ("slope", "picture"):
            raise ValueError("it looks at nothing known")
        if card.shrink is not None and card.shrink < 1:
            raise ValueError("it shrinks to nothing")
        if card.all_sides and card.view == "slope":
            raise ValueError("slopes cannot be turned without their lamps")
        if card.twice and card.view != "slope":
            raise ValueError("a picture is looked at once or from all sides")
        if card.surfaces not in (1, 2) or not card.probability or "/" in card.file + card.weights + card.second:
            raise ValueError("its figures make no sense")
    except (TypeError, ValueError, KeyError) as error:
        raise ExpertError(
            "The card of the detector is damaged", where, "take the detector from an undamaged copy"
        ) from error
    return card
