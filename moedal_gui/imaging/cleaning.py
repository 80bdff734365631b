"""A field as pits alone would leave it, as far as that can be told: dirt and scratches filled from round about.

It serves to find pits. Nothing is measured on it that a person is shown as a picture, and raw pixels stay as they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt
import pandas as pd

from moedal_gui.imaging.harmonics import SlopeField, first_harmonic

Float32 = npt.NDArray[np.float32]
Flags = npt.NDArray[np.bool_]

_CLEAR = 6.0  # deviations of the noise that dirt stands out by
_LEAST_DIRT = 0.25  # of a typical pit's contrast
_MORE_THAN_SLOPE = 2.0
_WALLS_PX = 15
_SCRATCH_CLEAR = 3.2  # deviations, in every one of the pieces
_THICK_CLEAR, _THICK_SHARE = 3.0, 0.5  # deviations of the ground; of the height of what it belongs to
_LEAST_SPREAD = 0.01  # of a typical pit's contrast: what lies below it is nobody's trouble
_PIECE_PX, _PIECES = 13.0, 5
_FLANK_PX = 6.0
_ANGLES = 48
_FILL_PX = 4.0
_MOST_FILLED = 0.5


@dataclass(frozen=True)
class Cleaned:
    """A field before and after.

    Attributes
    ----------
    field
        (C, H, W), normalised as it came in, cleaned.
    dirt, scratches
        (H, W): pixels that were filled, and why.
    separated
        Whether the rim channels were brought back to mean and slope.
    """

    field: Float32
    dirt: Flags
    scratches: Flags
    separated: bool

    @property
    def shares(self) -> dict[str, float]:
        """Shares of the field's area: ``dirt``, ``scratches`` and ``filled`` (either)."""
        return {
            "dirt": float(self.dirt.mean()), "scratches": float(self.scratches.mean()),
            "filled": float((self.dirt | self.scratches).mean()),
        }  # fmt: skip

    def share_filled(self, pits: pd.DataFrame) -> npt.NDArray[np.float64]:
        """Share of filled pixels in a square about as large as each mouth (x_px, y_px, minor_px)."""
        sums = cv2.integral((self.dirt | self.scratches).astype(np.uint8))
        height, width = self.dirt.shape
        half = np.maximum(0.4 * np.nan_to_num(pits["minor_px"].to_numpy(float), nan=8.0), 1.0)
        x, y = pits["x_px"].to_numpy(float), pits["y_px"].to_numpy(float)
        xa, xb = (np.clip(np.rint(x + s * half).astype(int) + (s > 0), 0, width) for s in (-1, 1))
        ya, yb = (np.clip(np.rint(y + s * half).astype(int) + (s > 0), 0, height) for s in (-1, 1))
        inside = sums[yb, xb] - sums[ya, xb] - sums[yb, xa] + sums[ya, xa]
        return np.asarray(inside / np.maximum((xb - xa) * (yb - ya), 1), dtype=float)


def clean(field: Float32, rim: Sequence[int], azimuths_deg: Sequence[float]) -> Cleaned:
    """Take dirt and scratches out of a normalised field.

    With a ring of lamps each pixel is split into its mean, its first harmonic (slope) and what is left: only slopes and mean
    are kept. A mean that the slopes do not explain is dirt. A scratch is long, straight and thin in the slopes (or in the one
    picture there is). Both are filled by a weighted mean of what lies round about, in every channel.

    Parameters
    ----------
    field
        (C, H, W), normalised.
    rim, azimuths_deg
        Rim channels to use and their lamps; empty where slopes cannot be had: dirt then cannot be told from pits, and
        stays.
    """
    out = field.copy()
    if rim:
        slopes = first_harmonic(field[list(rim)], azimuths_deg)
        dirt, scratches = dirt_mask(slopes), scratch_mask(np.hypot(slopes.slope_x, slopes.slope_y), slopes)
        for index, azimuth in zip(rim, np.radians(np.asarray(azimuths_deg, dtype=float)), strict=True):
            out[index] = (
                slopes.mean
                + slopes.slope_x * np.float32(np.cos(azimuth))
                + slopes.slope_y * np.float32(np.sin(azimuth))
            )
    else:
        chosen = field[int(np.argmax([float(np.abs(p).max()) for p in field]))]
        dirt, scratches = np.zeros(field.shape[1:], dtype=bool), scratch_mask(np.abs(chosen))
    filled = dirt | scratches
    if filled.any() and filled.mean() < _MOST_FILLED:
        out = _filled(out, filled)
    elif filled.any():
        # So much dirt leaves no ground to fill from: what cannot be helped is left as it is, and said to be so.
        dirt, scratches = np.zeros_like(dirt), np.zeros_like(scratches)
    return Cleaned(out, dirt, scratches, bool(rim))


def dirt_mask(field: SlopeField) -> Flags:
    """Pixels (H, W) that every lamp shows alike and no slope explains, and their rims.

    The steepest of the slopes round about counts, for a pit has a dark middle too, and walls beside it: dirt beside a pit
    stays, and no pit goes with it.
    """
    strength = np.abs(cv2.GaussianBlur(field.mean, (0, 0), 1.0))
    sloping = np.sqrt(cv2.GaussianBlur(field.slope_x**2 + field.slope_y**2, (0, 0), 2.5))
    sloping = cv2.dilate(sloping, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (_WALLS_PX, _WALLS_PX)))
    core = (strength > max(_CLEAR * _noise(field.mean) / 3.0, _LEAST_DIRT)) & (strength > _MORE_THAN_SLOPE * sloping)
    core_area = cv2.morphologyEx(core.astype(np.uint8), cv2.MORPH_OPEN, np.ones((2, 2), np.uint8))
    return np.asarray(cv2.dilate(core_area, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (5, 5))) > 0)


def scratch_mask(strength: Float32, slopes: SlopeField | None = None) -> Flags:
    """Pixels (H, W) of long straight thin lines in a picture of how strong the slopes are.

    A line is asked for at every place and angle, in pieces one behind another (a Radon transform of short reach): each of
    them but one must be brighter than the stretches beside it, on either side. What is as thick as a pit is left out
    before, and never filled. The walls of a groove slope across it, those of a pit every way: where ``slopes`` are known, what
    slopes along the line counts against it, so that pits in a row are no scratch.
    """
    smooth = np.asarray(cv2.GaussianBlur(strength, (0, 0), 1.0), dtype=np.float32)
    thick = _thick(smooth)
    plain = np.where(thick, np.float32(np.median(smooth)), smooth)
    mask = np.zeros(strength.shape, np.uint8)
    if thick.all():
        return mask > 0
    for angle in np.arange(_ANGLES) * (np.pi / _ANGLES):
        along = np.array([np.cos(angle), np.sin(angle)])
        normal = np.array([-along[1], along[0]])
        across = normal * _FLANK_PX
        lines = plain if slopes is None else np.where(thick, 0.0, _across_less_along(slopes, along, normal))
        piece = cv2.filter2D(lines, -1, _stroke(along, _PIECE_PX), borderType=cv2.BORDER_REFLECT)
        beside = np.maximum(_moved(piece, across), _moved(piece, -across))
        stands = piece - beside
        steps = (np.arange(_PIECES) - (_PIECES - 1) / 2) * _PIECE_PX
        whole = _second_least([_moved(stands, along * step) for step in steps])
        ground = stands[~thick]  # what was left out is level, and would pass for ground without noise
        spread = 1.4826 * float(np.median(np.abs(ground - np.median(ground))))
        found = (whole > _SCRATCH_CLEAR * max(spread, _LEAST_SPREAD)).astype(np.uint8)
        if found.any():
            kernel = (_stroke(along, _PIECE_PX * _PIECES) > 0).astype(np.uint8)
            mask |= cv2.dilate(found, kernel)
    wide = cv2.dilate(mask, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (5, 5))) > 0
    return np.asarray(wide & ~thick)


def _across_less_along(slopes: SlopeField, along: npt.NDArray[np.float64], normal: npt.NDArray[np.float64]) -> Float32:
    """How much steeper each pixel is across a line than along it."""
    ways = [np.abs(slopes.slope_x * np.float32(x) + slopes.slope_y * np.float32(y)) for x, y in (normal, along)]
    return np.asarray(cv2.GaussianBlur(ways[0] - ways[1], (0, 0), 1.0), dtype=np.float32)


def _second_least(pictures: Sequence[Float32]) -> Float32:
    """The second smallest value at each pixel."""
    least, second = np.minimum(pictures[0], pictures[1]), np.maximum(pictures[0], pictures[1])
    for picture in pictures[2:]:
        second = np.minimum(second, np.maximum(least, picture))
        least = np.minimum(least, picture)
    return second


def _thick(smooth: Float32) -> Flags:
    """Pixels (H, W) of what is wider than a scratch, and their rims."""
    ground = float(np.median(smooth))
    spread = 1.4826 * float(np.median(np.abs(smooth - ground)))
    # A pit is hollow in its middle and a scratch has two walls: both are closed before it is asked how wide they are.
    closed = cv2.morphologyEx(smooth, cv2.MORPH_CLOSE, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (7, 7)))
    opened = cv2.morphologyEx(closed, cv2.MORPH_OPEN, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (9, 9)))
    highest = cv2.dilate(closed, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (9, 9)))
    core = opened > np.maximum(
        ground + _THICK_CLEAR * max(spread, _LEAST_SPREAD), ground + _THICK_SHARE * (highest - ground)
    )
    return np.asarray(cv2.dilate(core.astype(np.uint8), cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (9, 9))) > 0)


def _stroke(along: npt.NDArray[np.float64], length: float) -> Float32:
    """A line of weight 1 through the middle of a square."""
    half = int(np.ceil(length / 2)) + 1
    kernel = np.zeros((2 * half + 1, 2 * half + 1), np.float32)
    ends = np.rint(np.array([half - along * length / 2, half + along * length / 2]) * 16).astype(int)
    cv2.line(kernel, ends[0].tolist(), ends[1].tolist(), 1.0, 1, cv2.LINE_8, 4)
    return kernel / max(float(kernel.sum()), 1.0)


def _moved(picture: Float32, by: npt.NDArray[np.float64]) -> Float32:
    """What lies ``by`` (x, y) px away from each pixel."""
    x, y = (int(v) for v in np.rint(by))
    reach = max(abs(x), abs(y), 1)
    wide = cv2.copyMakeBorder(picture, reach, reach, reach, reach, cv2.BORDER_REFLECT)
    height, width = picture.shape
    return np.asarray(wide[reach + y : reach + y + height, reach + x : reach + x + width])


def _filled(field: Float32, mask: Flags) -> Float32:
    """The mean of what lies round about in place of masked pixels, near ones weighing most (normalised convolution)."""
    weight = (~mask).astype(np.float32)
    share = cv2.GaussianBlur(weight, (0, 0), _FILL_PX) + 1e-3 * cv2.GaussianBlur(weight, (0, 0), 5 * _FILL_PX)
    out = field.copy()
    for channel in out:
        known = np.where(mask, 0.0, channel).astype(np.float32)
        mean = cv2.GaussianBlur(known, (0, 0), _FILL_PX) + 1e-3 * cv2.GaussianBlur(known, (0, 0), 5 * _FILL_PX)
        channel[mask] = (mean / np.maximum(share, 1e-9))[mask]
    return out


def _noise(picture: Float32) -> float:
    """Standard deviation of one pixel, from differences of neighbours."""
    return max(float(np.median(np.abs(picture[:, 1:] - picture[:, :-1]))) / 0.9539, 1e-6)
