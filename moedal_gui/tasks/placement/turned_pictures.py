"""Whether two scans would fit far better if the pictures of one lay otherwise within their fields."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np

from moedal_gui.analysis.registration import agreement, refine
from moedal_gui.store.catalogue import ScanRecord
from moedal_gui.tasks.placement.tie_scans import TiedScans

_TURNS = {(-1, -1): "turned by 180 degrees", (-1, 1): "mirrored in x", (1, -1): "mirrored in y"}
_FEWEST = 30
_GOOD, _BETTER, _BETTER_TIMES = 0.6, 0.15, 1.5  # shares of the pits


def turned_pictures(a: ScanRecord, b: ScanRecord, told: TiedScans) -> str:
    """What to say of two scans whose pits agree only where a turn of each picture hardly moves them, near the middle of a field.

    Each picture of b is turned or mirrored within its field and the pits are brought together anew; empty where that is no better.
    """
    first, second = told.placed[a.scan_id], told.placed[b.scan_id]
    ours, size = told.places(a.scan_id, first), b.description.field_size_px
    pits = told.pits[b.scan_id]
    if size is None or min(len(ours), len(pits)) < _FEWEST:
        return ""
    pixel = first.scale
    now = agreement(ours, told.places(b.scan_id, second), pixel).within[0]
    if now >= _GOOD:
        return ""
    firm = pits[~pits["field"].isin(list(second.loose))]
    middle = 0.5 * (np.asarray(size, dtype=float) - 1.0)
    away = firm[["x_px", "y_px"]].to_numpy(float) - middle
    best, words = now, ""
    # Pits that cannot agree may have been brought together against right datum points.
    places = [replace(p, correction=None) for p in (second, told.plain[b.scan_id]) if p.frame == first.frame]
    for (turn, said), place in product(_TURNS.items(), places):
        x, y = (away * turn + middle).T
        theirs = place.to_frame(firm["field"], x, y)
        correction = refine(ours, theirs, pixel)
        if correction is None:
            continue
        share = agreement(ours, theirs + correction(theirs), pixel).within[0]
        if share > max(best, now + _BETTER, now * _BETTER_TIMES):
            best, words = share, said
    if not words:
        return ""
    return (
        f"{a.scan} and {b.scan} of {a.foil} fit far better ({best:.1%} of the pits within 2 px, not {now:.1%}) with each picture of one "
        f"of them {words}: check y_axis, orientation and mirrored of both"
    )
