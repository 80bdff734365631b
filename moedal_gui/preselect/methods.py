"""From a raw field to a table of pits, by whichever method the scan allows."""

from __future__ import annotations

from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt
import pandas as pd

from moedal_gui.core.errors import DetectionError
from moedal_gui.core.pit import empty_detections
from moedal_gui.core.scan import ScanDescription
from moedal_gui.imaging.cleaning import Cleaned, clean
from moedal_gui.imaging.detector_planes import View, picture_planes, slope_planes
from moedal_gui.imaging.field_measures import field_measures
from moedal_gui.imaging.harmonics import first_harmonic, harmonic_matrix
from moedal_gui.imaging.lamps import slope_ring, usable_rim
from moedal_gui.imaging.normalise import FlatField, normalise, usable_channels
from moedal_gui.imaging.tile_measures import tile_measures
from moedal_gui.preselect.blob import detect_blobs
from moedal_gui.preselect.divergence import detect_by_divergence
from moedal_gui.preselect.heatmap import LearnedDetector, detect_by_heatmap, without_dirt, without_ground
from moedal_gui.preselect.scales import detect_in_picture

Float32 = npt.NDArray[np.float32]
_MOST_FILLED = 0.6
Method = Literal["auto", "divergence", "blob", "heatmap"]


def chosen_method(method: Method, description: ScanDescription, flat: FlatField) -> Method:
    """The method that ``auto`` stands for without a learned detector: divergence where slopes can be had, else blob."""
    if method not in get_args(Method):
        raise DetectionError(f"No detector is called {method}", "", f"use one of {', '.join(get_args(Method))}")
    if method != "auto":
        return method
    return "divergence" if slope_ring(description, flat) else "blob"


def natural_view(description: ScanDescription, flat: FlatField) -> View:
    """What a learned detector looks at on this scan: slopes where they can be had, else the one best picture."""
    return "slope" if slope_ring(description, flat) else "picture"


def detector_planes(stack_raw: npt.NDArray[Any], description: ScanDescription, flat: FlatField, view: View) -> Float32:
    """The planes (P, H, W) a learned detector of this view sees of a raw field; zero where it has no picture.

    Raises
    ------
    DetectionError
        The view is ``slope`` and the lamps do not surround the foil.
    """
    return planes_of(normalise(stack_raw, flat), description, flat, view)


def planes_of(field: Float32, description: ScanDescription, flat: FlatField, view: View) -> Float32:
    """`detector_planes` of a field that is normalised already."""
    if view == "slope":
        return slope_planes(field, description, usable_rim(description, flat), usable_channels(flat))
    channel = blob_channel(description, flat)
    return picture_planes(field[channel] if channel is not None else np.zeros_like(field[0]))


def clean_field(stack_raw: npt.NDArray[Any], description: ScanDescription, flat: FlatField) -> Cleaned:
    """A raw field normalised, without dirt and scratches as far as they can be told (see `imaging.cleaning`)."""
    ring = slope_ring(description, flat)
    return clean(normalise(stack_raw, flat), ring, [description.channels[i].azimuth_deg or 0.0 for i in ring])


def measures_of(stack_raw: npt.NDArray[Any], description: ScanDescription, flat: FlatField) -> dict[str, float]:
    """Dirt, sharpness and slope energy of a raw field; nothing where slopes cannot be had."""
    rim = slope_ring(description, flat)
    if not rim:
        return {}
    lamps = normalise(stack_raw[list(rim)], FlatField(tuple(flat.channels[i] for i in rim)))
    return field_measures(first_harmonic(lamps, [description.channels[i].azimuth_deg or 0.0 for i in rim]))


def tiles_of(
    stack_raw: npt.NDArray[Any], description: ScanDescription, flat: FlatField, tile_px: int
) -> dict[str, npt.NDArray[np.float64]]:
    """What the tiles of a raw field tell (see `imaging.tile_measures`); nothing where no channel lives."""
    rim = slope_ring(description, flat)
    if rim:
        lamps = normalise(stack_raw[list(rim)], FlatField(tuple(flat.channels[i] for i in rim)))
        slopes = first_harmonic(lamps, [description.channels[i].azimuth_deg or 0.0 for i in rim])
        return tile_measures(slopes.mean, slopes, tile_px)
    channel = blob_channel(description, flat)
    return {} if channel is None else tile_measures(normalise(stack_raw, flat)[channel], None, tile_px)


def blob_channel(description: ScanDescription, flat: FlatField) -> int | None:
    """The channel that shows pits best without slopes: backlit, a lone picture, halo, then any that lives."""
    usable = usable_channels(flat)
    for kind in ("backlit", "single", "halo", "rim"):
        for i, channel in enumerate(description.channels):
            if channel.kind == kind and usable[i]:
                return i
    return None


def detect(
    stack_raw: npt.NDArray[Any],
    description: ScanDescription,
    flat: FlatField,
    method: Method = "auto",
    learned: LearnedDetector | None = None,
    cleaned: Cleaned | None = None,
) -> pd.DataFrame:
    """Find the pits of one field.

    Parameters
    ----------
    stack_raw
        Raw pixels (C, H, W), channels as in the description.
    description
        Channels with lamp azimuths, polarity, and which surface faces the camera.
    flat
        Flat field of the scan.
    method
        ``divergence`` needs three rim lamps round the foil; ``blob`` takes one channel; ``heatmap`` is the learned
        detector; ``auto`` picks.
    learned
        The learned detector, for ``heatmap``.
    cleaned
        What `clean_field` made of this field, to look at in its place.

    Returns
    -------
    Columns of `moedal_gui.core.pit.DETECTION_COLUMNS`, most probable first; empty for an empty field.

    Raises
    ------
    DetectionError
        The method is unknown, or slopes are asked for without three good lamps.
    """
    if stack_raw.shape[0] != len(description.channels):
        what = f"The field has {stack_raw.shape[0]} channels, the scan {len(description.channels)}"
        raise DetectionError(what, description.scan, "check the channels in scan.toml")
    field = normalise(stack_raw, flat) if cleaned is None else cleaned.field
    found = _detect(field, description, flat, chosen_method(method, description, flat), learned)
    # What lies on filled ground was not measured.
    return found if cleaned is None else found[cleaned.share_filled(found) < _MOST_FILLED].reset_index(drop=True)


def _detect(
    field: Float32, description: ScanDescription, flat: FlatField, name: Method, learned: LearnedDetector | None
) -> pd.DataFrame:
    if name == "heatmap":
        if learned is None:
            raise DetectionError("The method heatmap needs a learned detector", description.scan, "name one")
        planes = planes_of(field, description, flat, learned.card.view)
        if learned.card.view == "picture":
            return detect_in_picture(planes, learned)
        found = detect_by_heatmap(planes, learned, (description.near_surface, description.far_surface))
        found = without_dirt(planes, found)
        return found if learned.everything else without_ground(planes, found)
    if name == "divergence":
        rim = usable_rim(description, flat)
        azimuths = [description.channels[i].azimuth_deg or 0.0 for i in rim]
        inward = description.near_surface if description.polarity == "lit" else description.far_surface
        outward = description.far_surface if description.polarity == "lit" else description.near_surface
        harmonic_matrix(azimuths)
        noise = 0.5 * float(np.median([flat.channels[i].noise / flat.channels[i].contrast for i in rim]))
        return detect_by_divergence(field[list(rim)], azimuths, (inward, outward), noise)
    channel = blob_channel(description, flat)
    if channel is None or not np.any(field[channel]):
        return empty_detections()
    return detect_blobs(field[channel])
