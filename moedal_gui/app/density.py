"""The maps of pits per area that a person sees, and what they say."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from moedal_gui.analysis.count_statistics import Spread, poisson_bounds, spread_of, unrelated_in_reach
from moedal_gui.analysis.density import (
    REGIME_BORDERS,
    DensityMap,
    density_map,
    field_map,
    isolated_fraction,
    outside_trained,
)
from moedal_gui.app.pits import BOTTOM, TOP, PitSheet
from moedal_gui.app.sheet import Sheet
from moedal_gui.core.field import seen_fields

Floats = npt.NDArray[np.float64]

REACH_PX = 90.0
"""How far a partner may lie: about T'/tan(38 degrees) for etched surfaces 70 px apart."""
_TOLD = 0.005  # a share of the area below this is not worth a word
_USUAL_PX = 14.0  # diameter of a pit where none tells
_SMOOTHED_CELLS = 4.0 * np.pi * 1.5**2  # cells that a Gaussian of 1.5 cells averages over


@dataclass(frozen=True)
class FoilMaps:
    """Density of all pits and of either surface on one grid.

    Attributes
    ----------
    every, top, bottom
        Grids that share their cells.
    diameter_px
        Usual diameter of a mouth.
    spread
        Counts per field against Poisson; None where that says nothing.
    fields
        Grids of what was measured of whole fields (`imaging.field_measures`), by the measure's name.
    """

    every: DensityMap
    top: DensityMap
    bottom: DensityMap
    diameter_px: float
    spread: Spread | None
    fields: Mapping[str, Floats]

    @property
    def isolated(self) -> Floats:
        """Share of pits with no other within a diameter, NaN where nothing was scanned."""
        return isolated_fraction(self.every.density, self.diameter_px)


@dataclass(frozen=True)
class MapKind:
    """A map a person can choose.

    ``values`` gives (rows, columns), ``most`` a fixed upper end of its scale, ``measure`` what must have been measured,
    ``counted`` what its numbers are, where they are no pits per area.
    """

    key: str
    title: str
    explain: str
    values: Callable[[FoilMaps], Floats]
    most: float | None = None
    measure: str = ""
    counted: str = ""

    def unit(self, maps: FoilMaps) -> str:
        """What its numbers count; empty for a share."""
        if self.key not in ("density", "top", "bottom"):
            return ""
        return "/mm²" if maps.every.per_mm2 is not None else "/megapixel"

    def scale(self, maps: FoilMaps) -> str:
        """What stands beside its colours."""
        return f"pits{unit}" if (unit := self.unit(maps)) else self.counted


def _per_area(found: DensityMap) -> Floats:
    return np.asarray(found.per_mm2 if found.per_mm2 is not None else found.density * 1e6, dtype=float)


def _doubt(maps: FoilMaps) -> Floats:
    """Half the width of the 95 % interval over the value."""
    pits = maps.every.density * maps.every.cell_px**2 * _SMOOTHED_CELLS
    low, high = poisson_bounds(np.nan_to_num(pits))
    with np.errstate(invalid="ignore", divide="ignore"):
        share = 0.5 * (high - low) / pits
    return np.where(np.isfinite(maps.every.density), np.minimum(np.nan_to_num(share, nan=2.0, posinf=2.0), 2.0), np.nan)


def _measured(name: str, title: str, explain: str, counted: str) -> MapKind:
    return MapKind(
        name, title, f"{explain}; one value a field", lambda m: m.fields[name], measure=name, counted=counted
    )


MAP_KINDS: tuple[MapKind, ...] = (
    MapKind("density", "Pits per area", "Both surfaces counted, smoothed over a few cells", lambda m: _per_area(m.every)),
    MapKind("top", "Top pits per area", "Pits of the top surface alone", lambda m: _per_area(m.top)),
    MapKind("bottom", "Bottom pits per area", "Pits of the bottom surface alone", lambda m: _per_area(m.bottom)),
    MapKind("doubt", "Doubt of the density", "Half the 95% interval over the value, from the counts", _doubt, 1.0, counted="of the value"),
    MapKind("alone", "Share that stands alone", "Pits with no other within a diameter", lambda m: m.isolated, 1.0, counted="share"),
    MapKind(
        "unrelated", "Unrelated partners in reach", "Top pits that chance puts within a bottom pit's reach of 90 px",
        lambda m: unrelated_in_reach(m.top.density, REACH_PX), counted="pits",
    ),
    _measured("slope_energy", "Slope energy", "Mean square slope beyond noise: pits and all else, where no list holds", "slope²"),
    _measured("dirt", "Dirt", "Share of pixels that every lamp shows alike and no slope explains", "share"),
    _measured("sharpness", "Sharpness", "Detail finer than 1 px over that of 1 to 3 px; low where out of focus", "ratio"),
)  # fmt: skip


def kind_of(key: str) -> MapKind:
    """A map by its key; the first for a key nobody knows."""
    return next((kind for kind in MAP_KINDS if kind.key == key), MAP_KINDS[0])


@dataclass(frozen=True)
class ShownMap:
    """A map as the plot and the canvas draw it.

    Attributes
    ----------
    maps, kind
        Where it comes from.
    values
        (rows, columns), NaN where nothing was measured.
    most
        Upper end of the scale of colours; the lower end is 0.
    too_dense, untrained
        Cells (rows, columns) where a list of pits is not valid, and where pits lie at a density that the ensemble which
        scored them has seen no example of.
    """

    maps: FoilMaps
    kind: MapKind
    values: Floats
    most: float
    too_dense: npt.NDArray[np.bool_]
    untrained: npt.NDArray[np.bool_]


def shown_map(
    maps: FoilMaps, key: str, borders: tuple[float, float], trained: tuple[float, float] | None = None
) -> ShownMap:
    """A map by its key, with what is hatched; ``trained``: the densities per mm2 among an ensemble's examples."""
    kind = kind_of(key) if kind_of(key) in kinds_of(maps) else MAP_KINDS[0]
    values = np.asarray(kind.values(maps), dtype=float)
    finite = values[np.isfinite(values)]
    most = kind.most or max(float(finite.max()) if finite.size else 1.0, 1e-6)
    return ShownMap(maps, kind, values, most, too_dense(maps, borders[1]), untrained(maps, trained))


def untrained(maps: FoilMaps, trained: tuple[float, float] | None) -> npt.NDArray[np.bool_]:
    """Cells (rows, columns) that hold pits at a density outside ``trained`` (per mm2); none where that is not known."""
    per_mm2 = maps.every.per_mm2
    if per_mm2 is None or trained is None:
        return np.zeros(maps.every.density.shape, dtype=bool)
    return np.asarray((maps.every.counts > 0) & outside_trained(per_mm2, trained))


def cells_to_plane(sheet: Sheet, found: DensityMap) -> Floats:
    """(2, 3): from (column, row) of a map's cells, corners at whole numbers, to the screen's plane."""
    back = np.linalg.inv(np.asarray(sheet.placement.matrix))
    corner = back @ np.asarray(found.origin) - np.asarray(sheet.origin)
    return np.column_stack([back * found.cell, corner])


def kinds_of(maps: FoilMaps) -> tuple[MapKind, ...]:
    """The maps there is something to show of."""
    return tuple(kind for kind in MAP_KINDS if not kind.measure or kind.measure in maps.fields)


def maps_of(sheet: Sheet, pits: PitSheet) -> FoilMaps:
    """Pits of a scan counted over all fields that could be looked at, those without a position where they are drawn."""
    table, seen = pits.table, seen_fields(sheet.names, pits.measures)
    places = sheet.drawing.to_frame(table["field"], table["x_px"], table["y_px"])
    size = float(np.nanmedian(np.sqrt(pits.major * pits.minor))) if len(pits) else np.nan

    def one(rows: npt.NDArray[np.bool_] | slice) -> DensityMap:
        return density_map(places[rows], sheet.drawing, seen)

    counts = table["field"].astype(str).value_counts().reindex(seen, fill_value=0)
    every = one(slice(None))
    return FoilMaps(
        every, one(pits.surface == TOP), one(pits.surface == BOTTOM), size if np.isfinite(size) else _USUAL_PX,
        spread_of(counts.to_numpy()), _field_maps(every, sheet, pits.measures),
    )  # fmt: skip


def _field_maps(
    every: DensityMap, sheet: Sheet, measures: Mapping[str, Mapping[str, float]]
) -> dict[str, npt.NDArray[np.float64]]:
    known = set(sheet.names)
    names = {name for row in measures.values() for name in row}
    return {
        name: field_map(
            every, sheet.drawing, {f: row[name] for f, row in measures.items() if name in row and f in known}
        )
        for name in sorted(names)
    }


def too_dense(maps: FoilMaps, border: float = REGIME_BORDERS[1]) -> npt.NDArray[np.bool_]:
    """Cells (rows, columns) where a list of pits says nothing about tracks: fewer stand alone than ``border``."""
    with np.errstate(invalid="ignore"):
        return np.asarray(maps.isolated < border)


def summary_of(maps: FoilMaps, borders: tuple[float, float] = REGIME_BORDERS) -> tuple[str, ...]:
    """A short line on how dense the foil is, then sentences on how much of it the method carries."""
    found = maps.every
    known = np.isfinite(found.density)
    if not known.any():
        return ("Nothing was scanned here.",)
    alone = maps.isolated[known]
    easy, hard = float((alone >= borders[0]).mean()), float((alone < borders[1]).mean())
    values = _per_area(found)
    unit = "/mm²" if found.per_mm2 is not None else " per megapixel"
    lines = [
        f"Median {float(np.nanmedian(values)):.3g}{unit}, most {float(np.nanmax(values)):.3g}{unit}; {easy:.0%} thin"
        + (f", {hard:.0%} too dense" if hard > _TOLD else ""),
        f"{easy:.0%} of the area is thin enough for pit lists.",
    ]
    if hard > _TOLD:
        lines.append(
            f"{hard:.0%} is so dense that every pit has unrelated neighbours: read the map there, not the list."
        )
    if maps.spread is not None:
        lines.append(_spread_words(maps.spread))
    return tuple(lines)


def _spread_words(spread: Spread) -> str:
    figures = f"chi2 {spread.chi2:.0f} for {spread.degrees} fields"
    if spread.probability < 0.001:
        return f"Fields differ more than chance allows ({figures}): a gradient, or fields that were scanned badly."
    return f"Counts per field are as chance spreads them ({figures}, probability {spread.probability:.2g})."
