"""Training-free detector on the slope field of a ring of lamps."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from moedal_gui.core.pit import DETECTION_COLUMNS, empty_detections
from moedal_gui.core.scan import Surface
from moedal_gui.imaging.harmonics import first_harmonic
from moedal_gui.preselect.dirt_rejection import chained, probabilities
from moedal_gui.preselect.pit_field import Pits, Search
from moedal_gui.preselect.pit_model import AZIMUTH, LENGTH, X, Y, half_axes
from moedal_gui.preselect.pit_search import search_pits
from moedal_gui.preselect.quality import slope_noise, texture

Floats = npt.NDArray[np.float64]
Float32 = npt.NDArray[np.float32]

START_BLUR_PX = (1.1, 1.1)
LEAST_PROBABILITY = 0.5
SMALLEST_FIELD_PX = 16


def detect_by_divergence(
    rim: Float32, azimuths_deg: Sequence[float], surfaces: tuple[Surface, Surface], least_noise: float = 1e-6
) -> pd.DataFrame:
    """Pits of one field from its normalised rim channels.

    Parameters
    ----------
    rim
        Shape (N, H, W), normalised, three lamps or more.
    azimuths_deg
        Directions towards the lamps.
    surfaces
        Names of the surface whose pits make the slope field converge, and of the other.
    least_noise
        Smallest deviation of a pixel of the rim channels to believe in: a clipped field seems to have none.

    Returns
    -------
    Columns of `moedal_gui.core.pit.DETECTION_COLUMNS`, most probable first.
    """
    field = first_harmonic(rim, azimuths_deg)
    slopes = np.stack([field.slope_x, field.slope_y])
    if min(slopes.shape[1:]) < SMALLEST_FIELD_PX or not slopes.any():
        return empty_detections()
    floor = least_noise * float(np.sqrt(2.0 / len(azimuths_deg)))
    start = Search(slopes, max(slope_noise(slopes), floor), START_BLUR_PX)
    pits, seen, search = search_pits(start, field.mean)
    clear = seen.snr / texture(search, pits, seen.snr) ** 3
    chance = probabilities(clear, seen.explained, seen.absorption, pits.parameters[:, LENGTH])
    chance[chained(pits)] = 0.0
    height, width = slopes.shape[1:]
    x, y = pits.parameters[:, X], pits.parameters[:, Y]
    chance[(x < -0.5) | (x > width - 0.5) | (y < -0.5) | (y > height - 0.5)] = 0.0
    order = np.argsort(-chance, kind="stable")
    kept = order[chance[order] >= LEAST_PROBABILITY]
    return _table(pits.take(kept), seen.snr[kept], seen.explained[kept], chance[kept], surfaces)


def _table(
    pits: Pits, snr: Floats, explained: Floats, chance: Floats, surfaces: tuple[Surface, Surface]
) -> pd.DataFrame:
    major, minor = half_axes(pits.parameters)
    inward = pits.amplitude > 0
    columns = {
        "x_px": pits.parameters[:, X],
        "y_px": pits.parameters[:, Y],
        "surface": np.where(inward, surfaces[0], surfaces[1]),
        "surface_score": 1.0 - 0.5 * np.exp(-0.12 * snr * np.clip(explained, 0.0, 1.0)),
        "probability": chance,
        "major_px": 2.0 * major,
        "minor_px": 2.0 * minor,
        "azimuth_deg": np.degrees(pits.parameters[:, AZIMUTH]) % 360.0,
        "snr": snr,
    }
    return pd.DataFrame(columns).reindex(columns=list(DETECTION_COLUMNS)).astype(DETECTION_COLUMNS)
