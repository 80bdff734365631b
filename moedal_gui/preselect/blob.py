"""Detector for one picture: dark or bright pits in several sizes, touching ones parted, measured by their regions."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt
import pandas as pd

from moedal_gui.core.pit import DETECTION_COLUMNS, empty_detections

Float32 = npt.NDArray[np.float32]
Flags = npt.NDArray[np.bool_]

SMALLEST_AREA_PX = 12
LEAST_SNR = 6.0
LEAST_PROBABILITY = 0.5
OWN_SHARE = 0.4


def noise_of(picture: Float32) -> float:
    """Standard deviation of what is neither pit nor dirt, from the lower half of the absolute values."""
    return max(1.4826 * float(np.median(np.abs(picture - np.median(picture)))), 1e-6)


def pit_sign(picture: Float32) -> int:
    """-1 if what stands out of the ground is dark, +1 if it is bright.

    The skewness of differences of Gaussians, over sizes of pits: large dark corners have none.
    """
    lean = 0.0
    for sigma in (1.5, 3.0, 6.0, 12.0):
        band = cv2.GaussianBlur(picture, (0, 0), sigma) - cv2.GaussianBlur(picture, (0, 0), 2.0 * sigma)
        lean += float(np.mean(band**3)) / max(float(np.mean(band**2)) ** 1.5, 1e-12)
    return 1 if lean > 0 else -1


def levelled(picture: Float32, size_px: float) -> Float32:
    """Picture without what varies more slowly than pits."""
    small = cv2.resize(picture, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA)
    side = int(size_px / 4) * 2 + 1
    median = cv2.blur(_coarse_median(small, side), (side, side))
    slow = cv2.resize(median, (picture.shape[1], picture.shape[0]), interpolation=cv2.INTER_LINEAR)
    return np.asarray(picture - slow, dtype=np.float32)


def _coarse_median(picture: Float32, side: int) -> Float32:
    low, high = float(picture.min()), float(picture.max())
    if high <= low:
        return picture
    grey = np.rint((picture - low) / (high - low) * 255.0).astype(np.uint8)
    return np.asarray(cv2.medianBlur(grey, side) / 255.0 * (high - low) + low, dtype=np.float32)


def regions(strength: Float32, noise: float) -> npt.NDArray[np.int32]:
    """Label picture of what stands out, touching pits parted along the necks between them.

    Parameters
    ----------
    strength
        Shape (H, W), pits positive.
    noise
        Its standard deviation on the ground.
    """
    from skimage.filters import threshold_otsu

    out = strength > 3.0 * noise
    if not out.any():
        return np.zeros(strength.shape, dtype=np.int32)
    # Large dark corners shall not lift the level above the pits: each pit is cut at its own half height below.
    level = max(3.0 * noise, min(0.6 * float(threshold_otsu(strength[out])), 8.0 * noise))
    mask = cv2.morphologyEx((strength > level).astype(np.uint8), cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    labels = _parted(_filled(mask))
    return _parted(_filled(_above_own_half(strength, labels)))


def _above_own_half(strength: Float32, labels: npt.NDArray[np.int32]) -> npt.NDArray[np.uint8]:
    """Pixels above a share of the strength of their own region."""
    from scipy.ndimage import maximum

    count = int(labels.max())
    if count == 0:
        return np.zeros(labels.shape, dtype=np.uint8)
    highest = np.concatenate([[np.inf], np.asarray(maximum(strength, labels, np.arange(1, count + 1)))])
    return np.asarray(strength > OWN_SHARE * highest[labels], dtype=np.uint8)


def _parted(mask: npt.NDArray[np.uint8]) -> npt.NDArray[np.int32]:
    """Connected regions, cut at their necks (watershed on the distance from the edge)."""
    from skimage.morphology import reconstruction
    from skimage.segmentation import watershed

    distance = cv2.distanceTransform(mask, cv2.DIST_L2, 5)
    # A neck shallower than a fifth of the radius is no neck.
    depth = np.minimum(0.2 * distance, distance) + 0.3
    hills = reconstruction(np.maximum(distance - depth, 0.0), distance, method="dilation")
    tops = (distance - hills > 1e-6) & (mask > 0)
    _, markers = cv2.connectedComponents(tops.astype(np.uint8), connectivity=8)
    return np.asarray(watershed(-distance, markers, mask=mask > 0), dtype=np.int32)


def _filled(mask: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Mask without holes: the bright middle of a dark pit belongs to it."""
    outlines, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    return np.asarray(cv2.drawContours(np.zeros_like(mask), outlines, -1, 1, cv2.FILLED), dtype=np.uint8)


def _measures(labels: npt.NDArray[np.int32], strength: Float32, noise: float) -> pd.DataFrame:
    from skimage.measure import regionprops

    rows = []
    for region in regionprops(labels, intensity_image=strength):
        if region.area < SMALLEST_AREA_PX:
            continue
        y, x = region.centroid
        heavy_y, heavy_x = region.centroid_weighted
        axis = np.pi / 2 - region.orientation
        lean_x, lean_y = heavy_x - x, heavy_y - y
        # The tip is the deepest place; where it leans to says which end of the long axis it lies at.
        if np.cos(axis) * lean_x + np.sin(axis) * lean_y < 0:
            axis += np.pi
        rows.append(
            {
                "x_px": x,
                "y_px": y,
                "major_px": region.axis_major_length,
                "minor_px": max(region.axis_minor_length, 1.0),
                "azimuth_deg": float(np.degrees(axis)) % 360.0,
                "snr": float(region.intensity_mean) * float(np.sqrt(region.area)) / noise,
                "solidity": region.solidity,
                "contrast": float(region.intensity_mean) / noise,
            }
        )
    return pd.DataFrame(rows)


def blob_probability(measures: pd.DataFrame) -> npt.NDArray[np.float64]:
    """Compact outlines that stand clearly out of the ground are pits; ragged, thin or faint ones are dirt."""
    slim = measures["major_px"] / measures["minor_px"]
    evidence = 18.0 * (measures["solidity"] - 0.80) - 2.5 * np.maximum(slim - 3.0, 0.0)
    evidence += 1.5 * np.log(np.maximum(measures["snr"], 1.0) / LEAST_SNR / 2.0)
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(evidence, -30, 30))), dtype=np.float64)


def detect_blobs(picture: Float32) -> pd.DataFrame:
    """Pits of one normalised picture; their surface cannot be told.

    Parameters
    ----------
    picture
        Shape (H, W), background 0.

    Returns
    -------
    Columns of `moedal_gui.core.pit.DETECTION_COLUMNS`; surface missing, surface_score 0.5; the sense of the azimuth
    from which end of the long axis is darker (or brighter).
    """
    flattened = levelled(picture, max(min(picture.shape) / 5.0, 24.0))
    strength = np.asarray(pit_sign(flattened) * cv2.GaussianBlur(flattened, (0, 0), 1.0), dtype=np.float32)
    noise = noise_of(strength)
    found = _measures(regions(strength, noise), strength, noise)
    if found.empty:
        return empty_detections()
    found["probability"] = blob_probability(found)
    found = found[(found["probability"] >= LEAST_PROBABILITY) & (found["snr"] >= LEAST_SNR)]
    found = found.assign(surface=pd.Series(pd.NA, index=found.index, dtype="str"), surface_score=0.5)
    found = found.sort_values("probability", ascending=False, kind="stable")
    return found.reindex(columns=list(DETECTION_COLUMNS)).astype(DETECTION_COLUMNS).reset_index(drop=True)
