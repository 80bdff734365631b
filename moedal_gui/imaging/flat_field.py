"""The flat field of a scan: background and contrast of every channel, estimated from the scan's own pictures."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

import cv2
import numpy as np
import numpy.typing as npt

from moedal_gui.core.errors import DetectionError
from moedal_gui.imaging.background import Floats, cell_backgrounds, cell_counts, contrast_peaks, pixel_noise

NODES = (13, 17)
DARK_BELOW = 0.25
FEWEST_PEAKS = 12
MOST_PEAKS_PER_FIELD = 300
SATURATED_SHARE = 0.5
SILENT_SHARE = 0.05
"""A channel that shows less than this share of what the others show carries no picture."""
_ENOUGH_PEAKS = 4 * FEWEST_PEAKS
_SOME, _DIM_BESIDE = 0.9, 0.2
OUT_BELOW = 0.2
"""A channel that gives less than this share of its usual light is out; no gain drifts so far (`imaging.normalise`)."""
_GREY = 4.0


@dataclass(frozen=True)
class ChannelFlat:
    """Flat field of one channel.

    Attributes
    ----------
    background
        Rows of a coarse grid of raw grey values whose corner nodes lie on the corners of the picture.
    contrast
        Typical raw deviation of a pit from the background in the middle of the picture.
    noise
        Standard deviation of one raw pixel.
    divides
        True: vignetting and gain multiply background and pits alike, so both are divided by; False: the ground is
        nearly black (dark field), nothing can be divided by, an offset is subtracted.
    usable
        False for a channel that carries no picture (black, saturated, or nothing but noise), which normalises to zero.
    """

    background: tuple[tuple[float, ...], ...]
    contrast: float
    noise: float
    divides: bool
    usable: bool


@dataclass(frozen=True)
class FlatField:
    """Flat field of a scan, one `ChannelFlat` for each channel in the order of the stack."""

    channels: tuple[ChannelFlat, ...]

    def to_json(self) -> str:
        """The numbers as JSON text; `from_json` gives back an equal value."""
        return json.dumps({"version": 1, "channels": [vars(channel) for channel in self.channels]})

    @staticmethod
    def from_json(text: str) -> FlatField:
        """Read what `to_json` wrote."""
        channels = []
        for row in json.loads(text)["channels"]:
            grid = tuple(tuple(float(v) for v in line) for line in row["background"])
            channels.append(ChannelFlat(**{**row, "background": grid}))
        return FlatField(tuple(channels))


@dataclass
class _Sums:
    """What is kept of each field while the scan streams by; small whatever the number of fields."""

    values: list[Floats] = field(default_factory=list)
    widths: list[Floats] = field(default_factory=list)
    peaks: list[Floats] = field(default_factory=list)
    noise: list[float] = field(default_factory=list)
    stuck: list[float] = field(default_factory=list)
    y: Floats = field(default_factory=lambda: np.empty(0))
    x: Floats = field(default_factory=lambda: np.empty(0))

    def fits(self, picture: npt.NDArray[np.generic]) -> bool:
        """Whether a picture has as many cells as those before; an odd field is left out of the flat field."""
        return not self.values or self.values[0].shape == cell_counts(picture)


def stuck_share(picture: npt.NDArray[np.generic]) -> float:
    """Share of pixels at the picture's largest value: near 1 for a black or saturated picture."""
    values = np.asarray(picture)
    return float(np.mean(values == values.max()))


def _add_field(sums: _Sums, picture: npt.NDArray[np.generic]) -> None:
    value, width, sums.y, sums.x = cell_backgrounds(picture)
    noise = pixel_noise(picture)
    level = grid_to_picture(_smooth_grid(value, width, sums.y, sums.x), picture.shape)
    smoothed = cv2.blur(np.asarray(picture, dtype=np.float32), (3, 3)) - level
    peaks = contrast_peaks(smoothed.astype(np.float64), noise)
    sums.values.append(value)
    sums.widths.append(width)
    sums.peaks.append(peaks[:: max(1, peaks.size // MOST_PEAKS_PER_FIELD)])
    sums.noise.append(noise)
    sums.stuck.append(stuck_share(picture))


def _polynomial(y: Floats, x: Floats, order: int) -> Floats:
    terms = [(2 * x - 1) ** i * (2 * y - 1) ** j for i in range(order + 1) for j in range(order + 1 - i)]
    return np.stack([np.broadcast_to(t, np.broadcast_shapes(x.shape, y.shape)).ravel() for t in terms], axis=1)


def _smooth_grid(value: Floats, width: Floats, y: Floats, x: Floats) -> Floats:
    """Low-order surface through the cells, robust against cells full of pits; evaluated on the nodes."""
    order = min(4, min(value.shape) - 1)
    design = _polynomial(y[:, None], x[None, :], order)
    target = value.ravel()
    floor = max(float(np.median(width)), 1e-3)
    trust = 1.0 / (width.ravel() + 0.3 * floor)
    weight = trust.copy()
    for _ in range(6):
        scaled = design * weight[:, None]
        solution = np.linalg.lstsq(scaled, target * weight, rcond=1e-8)[0]
        miss = np.abs(target - design @ solution)
        spread = 1.4826 * float(np.median(miss)) + 1e-9
        weight = trust / np.sqrt(1.0 + (miss / (2.0 * spread)) ** 2)
    nodes_y, nodes_x = (np.linspace(0.0, 1.0, n) for n in NODES)
    return (_polynomial(nodes_y[:, None], nodes_x[None, :], order) @ solution).reshape(NODES)


def grid_to_picture(grid: npt.ArrayLike, shape: tuple[int, ...]) -> npt.NDArray[np.float32]:
    """Linear interpolation of a coarse grid whose corner nodes lie on the corners of a picture of (H, W)."""
    nodes = np.asarray(grid, dtype=np.float64)
    parts = []
    for count, size in zip(nodes.shape, shape[-2:], strict=True):
        place = np.linspace(0.0, count - 1.0, size)
        parts.append(np.clip(1.0 - np.abs(place[:, None] - np.arange(count)[None, :]), 0.0, 1.0))
    return np.asarray(parts[0] @ nodes @ parts[1].T, dtype=np.float32)


def _across_fields(values: Floats, widths: Floats, divides: bool) -> tuple[Floats, Floats, Floats]:
    """Median over fields of each cell, taken where the field is quiet, after each field's gain is taken out."""
    level = np.median(values, axis=(1, 2))
    middle = float(np.median(level))
    if divides:
        gain = np.where(level > 0.05 * middle, level / max(middle, 1e-9), 1.0)
        levelled = values / gain[:, None, None]
    else:
        gain = np.ones_like(level)
        levelled = values - (level - middle)[:, None, None]
    quiet = widths <= np.median(widths, axis=0, keepdims=True) + 1e-9
    return np.nanmedian(np.where(quiet, levelled, np.nan), axis=0), np.median(widths, axis=0), gain


def _lit(sums: _Sums) -> _Sums:
    """Without the fields in which the lamp was out: darker beside the brighter ones than any gain drifts."""
    level = np.array([float(np.median(v)) for v in sums.values])
    usual = float(np.quantile(level, 0.75))
    rows = np.flatnonzero(level >= OUT_BELOW * usual)
    if usual < _GREY * float(np.median(sums.noise)) or len(rows) == len(level):
        return sums
    return replace(
        sums,
        values=[sums.values[r] for r in rows], widths=[sums.widths[r] for r in rows], peaks=[sums.peaks[r] for r in rows],
        noise=[sums.noise[r] for r in rows], stuck=[sums.stuck[r] for r in rows],
    )  # fmt: skip


def _channel_flat(every: _Sums) -> ChannelFlat:
    sums = _lit(every)
    values, widths = np.stack(sums.values), np.stack(sums.widths)
    noise = float(np.median(sums.noise))
    peaks = np.concatenate(sums.peaks)
    contrast = float(np.median(peaks)) if peaks.size >= FEWEST_PEAKS else 10.0 * noise
    divides = float(np.median(values)) > DARK_BELOW * contrast
    value, width, gain = _across_fields(values, widths, divides)
    if divides and peaks.size >= FEWEST_PEAKS:
        contrast = float(np.median(np.concatenate([p / g for p, g in zip(sums.peaks, gain, strict=True)])))
    stuck = float(np.median(sums.stuck)) > SATURATED_SHARE
    flat_line = float(np.max(values) - np.min(values)) == 0.0 and peaks.size == 0
    grid = _smooth_grid(value, width, sums.y, sums.x)
    if divides:
        grid = np.maximum(grid, 0.05 * max(float(np.median(grid)), 1.0))
    rows = tuple(tuple(round(float(v), 4) for v in line) for line in grid)
    silent = stuck and peaks.size < FEWEST_PEAKS
    saturated = stuck and float(np.median(values)) > DARK_BELOW * contrast
    return ChannelFlat(rows, contrast, noise, divides, not (silent or flat_line or saturated))


def estimate_flat_field(stacks: Iterable[npt.NDArray[np.generic]]) -> FlatField:
    """Estimate background and contrast of every channel from the pictures of a scan.

    Vignetting is smooth and the same in all fields, pits and dirt are neither: each cell's background is the
    shortest half of its pixels, the median over the quieter fields after each field's gain is divided out, and
    a fourth-order surface through the cells. The contrast is the median height of what stands out of the noise,
    so it does not depend on how many pits there are.

    Parameters
    ----------
    stacks
        Raw fields, each (C, H, W); one is enough, some tens are good, all may be given. Read once, one at a time.

    Returns
    -------
    One `ChannelFlat` for each channel.

    Raises
    ------
    DetectionError
        No field was given, or fields have different numbers of channels.
    """
    sums: list[_Sums] = []
    for stack in stacks:
        sums = sums or [_Sums() for _ in range(stack.shape[0])]
        if len(sums) != stack.shape[0]:
            raise DetectionError("Fields have different numbers of channels", stack.shape, "check the scan's files")
        for one, picture in zip(sums, stack, strict=True):
            if min(picture.shape) > 1 and one.fits(picture):
                _add_field(one, picture)
    if not sums or not sums[0].values:
        raise DetectionError("A flat field needs at least one field", "", "ingest some pictures first")
    silent = _silent_channels(sums)
    channels = [_channel_flat(one) for one in sums]
    return FlatField(tuple(replace(c, usable=c.usable and not gone) for c, gone in zip(channels, silent, strict=True)))


def _silent_channels(sums: list[_Sums]) -> list[bool]:
    """Which channels show next to nothing of what the others show: their lamp is out.

    Whatever their ground where most others show it; where only few do, those that are dark beside them.
    """
    counts = np.array([sum(peaks.size for peaks in one.peaks) for one in sums])
    levels = np.array([float(np.median(np.stack(one.values))) for one in sums])
    most, few = float(np.median(counts)), float(np.quantile(counts, _SOME))
    silent = (counts < SILENT_SHARE * most) & (most >= _ENOUGH_PEAKS)
    if few >= _ENOUGH_PEAKS:
        speaking = counts >= SILENT_SHARE * few
        silent |= ~speaking & (levels < _DIM_BESIDE * float(np.median(levels[speaking])))
    return [bool(one) for one in silent]
