"""Short hashes of what a step was made from, so that what is out of date is known to be."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import numpy as np
import pandas as pd

from moedal_gui.core.scan import to_plain
from moedal_gui.store.catalogue import ScanRecord

_GEOMETRY = ("orientation", "mirrored", "pixel_size_um", "datum", "stage_unit", "stage_y_up", "foil", "scan")
_LIGHT = ("channels", "orientation", "polarity")


def digest(value: Any) -> str:
    """Sixteen hex digits of plain values."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=str).encode()).hexdigest()[:16]


def geometry_hash(scan: ScanRecord, fields: pd.DataFrame) -> str:
    """Of all that decides where a scan's fields lie."""
    plain = to_plain(scan.description)
    places = [[str(f), int(w), int(h), _number(x), _number(y)] for f, w, h, x, y in zip(
        fields["field"], fields["width"], fields["height"], fields["stage_x"], fields["stage_y"], strict=True)]  # fmt: skip
    return digest([{k: plain[k] for k in _GEOMETRY}, places])


def pixels_hash(scan: ScanRecord, fields: pd.DataFrame) -> str:
    """Of all that decides which pits a detector finds."""
    plain = to_plain(scan.description)
    return digest(
        [{k: plain[k] for k in _LIGHT}, scan.flat, [str(f) for f in fields["field"]], [str(b) for b in fields["batch"]]]
    )


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
