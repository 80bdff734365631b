"""The recipe: all that turns a pit into a network's input."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

from moedal_gui.core.errors import RecipeError

Plane = Literal["rim", "slope", "backlit", "halo", "single"]
View = Literal["pit", "pair"]
Fit = Literal["cut", "pad", "halve"]

PLANES: tuple[Plane, ...] = get_args(Plane)
PAIR_NUMBERS: tuple[str, ...] = (
    "rest_sin", "rest_cos", "found", "evidence", "margin", "rivalry", "linked", "link_score", "residual", "distance",
    "own_misfit", "other_misfit", "minor_ratio", "major_ratio", "own_minor", "own_major", "other_minor", "other_major",
    "own_sure", "other_sure", "probability", "other_probability", "crowding",
)  # fmt: skip
"""What is measured on a pit and the partner it has or would have, in the order of a pair recipe's numbers."""

SLOPE_PLANES = 3


@dataclass(frozen=True)
class Recipe:
    """How crops become a network's input.

    Attributes
    ----------
    planes
        What is stacked, in this order: ``rim`` (every rim lamp in order of azimuth), ``slope`` (mean, slope x and
        slope y of the first harmonic: any ring of three lamps or more), ``backlit``, ``halo``, ``single`` (an ordinary
        picture).
    size
        Side of the crops the network sees, px.
    view
        ``pit``: one crop. ``pair``: the pit and the place of its partner, turned towards it, and `PAIR_NUMBERS`.
    azimuths_deg
        Directions of the lamps a ``rim`` recipe was made for, ascending; empty without rim planes.
    size_um
        Side on the foil that is brought to ``size`` px; None: pixels as they are.
    fit
        How a picture of another size gets to ``size``: ``cut`` from its middle, ``pad``, or ``halve`` by 2 x 2 means
        until it fits, then pad.
    normalisation
        ``field``: by the scan's flat field. ``picture``: by ``level`` and ``spread`` alone.
    level, spread
        Subtracted and divided by, for ``picture``.
    """

    planes: tuple[Plane, ...] = ("slope",)
    size: int = 28
    view: View = "pit"
    azimuths_deg: tuple[float, ...] = ()
    size_um: float | None = None
    fit: Fit = "cut"
    normalisation: Literal["field", "picture"] = "field"
    level: float = 0.0
    spread: float = 1.0

    def __post_init__(self) -> None:
        if not self.planes or any(p not in PLANES for p in self.planes) or len(set(self.planes)) != len(self.planes):
            raise RecipeError(
                f"A recipe cannot be made of {', '.join(self.planes) or 'nothing'}", "", f"use {', '.join(PLANES)}"
            )
        if not 8 <= self.size <= 256:
            raise RecipeError("Crops of a recipe are 8 to 256 px wide", self.size, "choose a size between")

    @property
    def channels(self) -> int:
        """Number of planes a crop has."""
        wide = {"rim": len(self.azimuths_deg), "slope": SLOPE_PLANES}
        return sum(wide.get(p, 1) for p in self.planes)

    @property
    def views(self) -> int:
        """Crops per example."""
        return 2 if self.view == "pair" else 1

    @property
    def numbers(self) -> tuple[str, ...]:
        """Names of what is given beside the crops."""
        return PAIR_NUMBERS if self.view == "pair" else ()

    @property
    def hash(self) -> str:
        """Sixteen hex digits that stand for every word of the recipe."""
        return hashlib.sha256(json.dumps(to_plain(self), sort_keys=True).encode()).hexdigest()[:16]


def to_plain(recipe: Recipe) -> dict[str, Any]:
    """Plain values (for JSON) that `from_plain` turns back into the same recipe."""
    plain = asdict(recipe)
    plain["planes"], plain["azimuths_deg"] = list(recipe.planes), list(recipe.azimuths_deg)
    return plain


def from_plain(plain: Mapping[str, Any]) -> Recipe:
    """The recipe that `to_plain` gave these values for.

    Raises
    ------
    RecipeError
        Words are missing, unknown or out of range.
    """
    try:
        values = dict(plain)
        values["planes"] = tuple(str(p) for p in values["planes"])
        values["azimuths_deg"] = tuple(float(a) for a in values["azimuths_deg"])
        return Recipe(**values)
    except (KeyError, TypeError, ValueError) as error:
        raise RecipeError("The recipe cannot be read", error, "take the expert from an undamaged copy") from error
