"""Whether the datum points of two scans are the same pin holes, and which of them is not."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from moedal_gui.analysis.registration_search import Motion, rigid

Floats = npt.NDArray[np.float64]

LIMIT_PX = 15.0
STILL = Motion(0.0, (0.0, 0.0))
_FAR_PX = 1e9


@dataclass(frozen=True)
class DatumFit:
    """One way to lay the datum points of scan b on those of scan a.

    ``motion``: of b's places, px; ``left_out``: which point (from 0) is not believed, None for none.
    """

    motion: Motion
    left_out: int | None


def datum_fits(a: Floats, b: Floats, limit_px: float = LIMIT_PX) -> list[DatumFit]:
    """The ways in which datum points (N, 2) of two scans can be believed.

    Distances between points are compared, which no turn or shift changes. Points that all fit give one way, with no
    motion; otherwise each point without which the rest fits gives one. Empty where no single point explains the misfit,
    or where only two points misfit.
    """
    if len(a) != len(b) or len(a) < 2:
        return [DatumFit(STILL, None)]
    misfit = np.abs(_distances(a) - _distances(b))
    if misfit.max() <= limit_px:
        return [DatumFit(STILL, None)]
    fits = []
    for k in range(len(a) if len(a) > 2 else 0):
        rest = np.delete(np.arange(len(a)), k)
        if misfit[np.ix_(rest, rest)].max() <= limit_px:
            # A gate without end weighs all points alike.
            fits.append(DatumFit(rigid(a[rest], b[rest], STILL, _FAR_PX), k))
    return fits


def _distances(points: Floats) -> Floats:
    return np.asarray(np.hypot(*(points[:, None] - points[None]).transpose(2, 0, 1)))
