"""How one scan is tied to another: by its datum points where they hold, else by the pits."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt

from moedal_gui.analysis.accident import gate_for, judged
from moedal_gui.analysis.datum import STILL, DatumFit, datum_fits
from moedal_gui.analysis.registration import refine
from moedal_gui.analysis.registration_search import Motion, search
from moedal_gui.core.placement import Correction

Floats = npt.NDArray[np.float64]
TiedBy = Literal["datum", "pits"]

_REFINE_REACH_PX = 60.0
ANY_TURN_RAD = 0.5 * np.pi  # about 0 and about 180 degrees: all there are
_SURFACES = 100.0  # how many surfaces a refinement may be said to try beside its shifts


@dataclass(frozen=True)
class Side:
    """A scan as far as tying goes.

    Attributes
    ----------
    places
        (N, 2): its pits, px of its frame.
    datum
        (K, 2): its datum points in the same frame; None where no datum ties it to the foil.
    """

    places: Floats
    datum: Floats | None


@dataclass(frozen=True)
class Tie:
    """How scan b comes onto scan a.

    Attributes
    ----------
    by
        What tied them; None where nothing does.
    motion
        Of b's places, px, before the correction.
    correction
        What the pits add to that; None where they add nothing. Its unit is px.
    datum
        What the datum points alone say; None where they tie nothing.
    misfit
        Whether the datum points of the two scans are not the same pin holes.
    agrees
        Whether the pits agree more than by accident.
    reflected
        Whether they do not as they are, and would if one scan were mirrored.
    """

    by: TiedBy | None
    motion: Motion
    correction: Correction | None
    datum: DatumFit | None
    misfit: bool = False
    agrees: bool = False
    reflected: bool = False

    def __call__(self, places: Floats) -> Floats:
        """Places (N, 2) of b, px, on those of a."""
        moved = self.motion(places)
        return moved if self.correction is None else moved + self.correction(moved)


def tie(a: Side, b: Side) -> Tie:
    """Tie b to a.

    The datum points are taken, without one that does not fit where only one does not, and refined by the pits. Where the pits
    then agree no more than by accident, the motion is searched from the pits alone, near the frames the two have and then, as
    wrong datum points turn a frame by anything, over all turns; what the search finds wins.
    """
    fits: list[DatumFit] = []
    misfit = False
    if a.datum is not None and b.datum is not None:
        fits = datum_fits(a.datum, b.datum)
        misfit = not fits or fits[0].left_out is not None
        if not fits:
            fits = [DatumFit(STILL, None)]
    seen = bool(len(a.places) and len(b.places))
    ties = [_refined(a, b, fit, misfit) for fit in fits]
    if not seen:
        return ties[0] if len(ties) == 1 else Tie("datum", STILL, None, DatumFit(STILL, None), True) if ties else _NONE
    matched = [_matched(a, b, t) for t in ties]
    if any(matched):
        return replace(ties[int(np.argmax(matched))], agrees=True)
    found = search(a.places, b.places) or search(a.places, b.places, ANY_TURN_RAD)
    if found is not None:
        correction = refine(a.places, found.motion(b.places), 1.0)
        return Tie("pits", found.motion, correction, fits[0] if len(fits) == 1 else None, misfit, True)
    flipped = search(a.places, b.places * (-1.0, 1.0), ANY_TURN_RAD) is not None
    return replace(ties[0] if ties else _NONE, reflected=flipped)


_NONE = Tie(None, STILL, None, None)


def _refined(a: Side, b: Side, fit: DatumFit, misfit: bool) -> Tie:
    seen = len(a.places) and len(b.places)
    correction = refine(a.places, fit.motion(b.places), 1.0) if seen else None
    return Tie("datum", fit.motion, correction, fit, misfit)


def _matched(a: Side, b: Side, candidate: Tie) -> int:
    """How many pits are brought together; 0 where accident might do the same."""
    trials = (2 * _REFINE_REACH_PX / gate_for(a.places, b.places)) ** 2 * _SURFACES
    beyond = judged(a.places, candidate(b.places), trials)
    return beyond.matched if beyond.real else 0
