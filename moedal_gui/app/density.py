"""The map of pits per area that a person sees."""

from __future__ import annotations

import numpy as np

from moedal_gui.analysis.density import REGIME_BORDERS, DensityMap, density_map, isolated_fraction
from moedal_gui.app.pits import PitSheet
from moedal_gui.app.sheet import Sheet


def map_of(sheet: Sheet, pits: PitSheet) -> DensityMap:
    """Pits of a scan counted over all its fields, those without a position where they are drawn."""
    table = pits.table
    places = sheet.drawing.to_frame(table["field"], table["x_px"], table["y_px"])
    return density_map(places, sheet.drawing, sheet.names)


def summary_of(found: DensityMap, pits: PitSheet) -> tuple[str, ...]:
    """A short line on how dense the foil is, then sentences on how much of it the method carries."""
    known = np.isfinite(found.density)
    if not known.any():
        return ("Nothing was scanned here.",)
    size = float(np.nanmedian(np.sqrt(pits.major * pits.minor))) if len(pits) else np.nan
    alone = isolated_fraction(found.density[known], size if np.isfinite(size) else 14.0)
    easy = float((alone >= REGIME_BORDERS[0]).mean())
    hard = float((alone < REGIME_BORDERS[1]).mean())
    values = found.per_mm2 if found.per_mm2 is not None else found.density * 1e6
    unit = "/mm²" if found.per_mm2 is not None else " per megapixel"
    short = (
        f"Median {float(np.nanmedian(values)):.3g}{unit}, most {float(np.nanmax(values)):.3g}{unit}; {easy:.0%} thin"
    )
    more = f"{easy:.0%} of the area is thin enough for pit lists."
    worse = f"{hard:.0%} is so dense that every pit has unrelated neighbours: read the map there, not the list."
    return (short, more, worse) if hard > 0.005 else (short, more)
