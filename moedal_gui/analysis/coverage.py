"""Which places a scan has looked at."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from moedal_gui.core.placement import ScanPlacement

Floats = npt.NDArray[np.float64]


def field_at(placement: ScanPlacement, fields: Iterable[str], places: Floats) -> npt.NDArray[np.object_]:
    """The field that shows each place (N, 2) of the scan's frame deepest inside; empty where none does.

    Fields without a position have frames of their own and show nothing here.
    """
    best = np.full(len(places), -np.inf)
    name_of = np.full(len(places), "", dtype=object)
    if not len(places):
        return name_of
    for name in fields:
        if name in placement.loose or name not in placement.centres:
            continue
        width, height = placement.size_px[name]
        centre = placement.to_frame([name], [(width - 1) / 2], [(height - 1) / 2])
        near = np.flatnonzero(np.hypot(*(places - centre).T) <= np.hypot(width, height) * placement.scale)
        if not len(near):
            continue
        x, y = placement.to_pixel(name, places[near]).T
        # To the edges of the outer pixels.
        depth = np.minimum.reduce([x + 0.5, y + 0.5, width - 0.5 - x, height - 0.5 - y])
        better = (depth >= 0) & (depth > best[near])
        best[near[better]] = depth[better]
        name_of[near[better]] = name
    return name_of
