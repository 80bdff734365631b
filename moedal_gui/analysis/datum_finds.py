"""Finds that are probably no pits but the pin holes of the foil, whose places somebody stated."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from moedal_gui.core.placement import ScanPlacement
from moedal_gui.core.scan import DatumPoint

_MIDDLE, _LEAST_PX = 0.3, 3.0


def finds_at_datum(pits: pd.DataFrame, placement: ScanPlacement, datum: Sequence[DatumPoint]) -> frozenset[int]:
    """Which finds have a datum point at the middle of their mouth, in whichever field they were seen.

    Parameters
    ----------
    pits
        pit_id, field, x_px, y_px, minor_px.
    placement
        The scan's.
    datum
        Its datum points; those of fields that it does not have count for nothing.

    Returns
    -------
    Their pit_id. A pit that lies beside a datum point, or is only cut by one, is none of them.
    """
    known = [point for point in datum if point.field in placement.centres]
    if not known or not len(pits):
        return frozenset()
    places = placement.to_frame(pits["field"], pits["x_px"], pits["y_px"]) / placement.scale
    frames = np.array([placement.frame_of(str(f)) for f in pits["field"]])
    reach = np.maximum(_LEAST_PX, _MIDDLE * np.nan_to_num(pits["minor_px"].to_numpy(dtype=float), nan=0.0))
    found = np.zeros(len(pits), dtype=bool)
    for point in known:
        at = placement.to_frame([point.field], [point.x_px], [point.y_px], flop=False)[0] / placement.scale
        here = frames == placement.frame_of(point.field)
        found |= here & (np.hypot(*(places - at).T) <= reach)
    return frozenset(int(k) for k in pits["pit_id"].to_numpy()[found])
