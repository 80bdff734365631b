"""Lists of places for other programs: stage CSV, Micro-Manager 2, GeoJSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd


@dataclass(frozen=True)
class StagePlace:
    """One stop of a rescan."""

    name: str
    x: float
    y: float


def stage_table(places: Sequence[StagePlace]) -> pd.DataFrame:
    """Columns name, x, y in travel order."""
    return pd.DataFrame([(p.name, p.x, p.y) for p in places], columns=["name", "x", "y"])


def position_list(places_um: Sequence[StagePlace], xy_stage: str = "XYStage") -> dict[str, Any]:
    """A PositionList that Micro-Manager 2 opens (its property map, version 2.0), places in um."""
    return {
        "encoding": "UTF-8",
        "format": "Micro-Manager Property Map",
        "major_version": 2,
        "minor_version": 0,
        "map": {"StagePositions": {"type": "PROPERTY_MAP", "array": [_position(p, xy_stage) for p in places_um]}},
    }


def _position(place: StagePlace, xy_stage: str) -> dict[str, Any]:
    device = {
        "Device": {"type": "STRING", "scalar": xy_stage},
        "Position_um": {"type": "DOUBLE", "array": [place.x, place.y]},
    }
    return {
        "DefaultXYStage": {"type": "STRING", "scalar": xy_stage},
        "DefaultZStage": {"type": "STRING", "scalar": ""},
        "DevicePositions": {"type": "PROPERTY_MAP", "array": [device]},
        "GridCol": {"type": "INTEGER", "scalar": 0},
        "GridRow": {"type": "INTEGER", "scalar": 0},
        "Label": {"type": "STRING", "scalar": place.name},
        "Properties": {"type": "PROPERTY_MAP", "scalar": {}},
    }


def feature_collection(features: Sequence[dict[str, Any]], unit: str) -> dict[str, Any]:
    """GeoJSON; coordinates are um on the foil (y down), not longitudes: said in a foreign member."""
    return {"type": "FeatureCollection", "unit": unit, "frame": "foil, y down", "features": list(features)}


def point(x: float | None, y: float | None, properties: dict[str, Any]) -> dict[str, Any]:
    """A point feature; no geometry where the place is not known."""
    known = x is not None and y is not None
    return {
        "type": "Feature",
        "geometry": {"type": "Point", "coordinates": [x, y]} if known else None,
        "properties": properties,
    }


def polygon(corners: Sequence[Sequence[float | None]], properties: dict[str, Any]) -> dict[str, Any]:
    """A polygon feature, its ring closed; no geometry where a corner is not known."""
    known = all(c is not None for corner in corners for c in corner)
    ring = [list(c) for c in (*corners, corners[0])]
    geometry = {"type": "Polygon", "coordinates": [ring]} if known else None
    return {"type": "Feature", "geometry": geometry, "properties": properties}


def line(ends: Sequence[Sequence[float | None]], properties: dict[str, Any]) -> dict[str, Any]:
    """A line feature from entry to exit; no geometry where an end is not known."""
    known = all(c is not None for end in ends for c in end)
    geometry = {"type": "LineString", "coordinates": [list(e) for e in ends]} if known else None
    return {"type": "Feature", "geometry": geometry, "properties": properties}
