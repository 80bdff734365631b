"""From the maps of a learned detector to a table of pits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import cv2
import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.spatial import cKDTree

from moedal_gui.core.detector_card import MAPS, STRIDE, DetectorCard
from moedal_gui.core.pit import DETECTION_COLUMNS, empty_detections
from moedal_gui.core.scan import Surface
from moedal_gui.preselect.all_sides import from_all_sides, from_both_ends
from moedal_gui.preselect.quality import slope_noise
from moedal_gui.preselect.second_look import corrected, views, with_mirror_image

Float32 = npt.NDArray[np.float32]
Floats = npt.NDArray[np.float64]

SAME_PIT = 0.3
"""Two centres of one surface nearer than this share of the smaller half axis are one pit."""
_SAME_PIT_PX = 2.0
_FAINT = 0.3
_MIDDLE, _DIRT = 0.8, 12.0
_SURE, _AROUND_MOUTH, _WINDOWS_PX, _GROUND_STEP = 0.9, 1.3, (3.0, 4.5, 7.0, 10.0, 15.0), 4
_OVER_GROUND, _LEAST_GROUND = 7.0, 0.005
_RATHER_SURE, _OVER_FLOODED = 0.98, 3.0  # bumps are rarely steeper than three times their ground
_FLOOD, _FEWEST_OF_FLOOD = 0.15, 20  # share and number of rather sure pits that ground without bumps does not show
_SMALLEST_PX = 1.0
_LEAST_LOGIT = -1.5
"""Centres fainter than this are not looked at again: the second look believes in one of a thousand of them, sparse field or dense."""
_SAME_PLACE_PX = 3.0
_AROUND_PX, _LEAST_VARIATION = 9, 1e-3


@dataclass(frozen=True)
class LearnedDetector:
    """A detector's card, the way from its planes (P, H, W) to its maps, and, where it has a second look, that from views.

    `second` takes the pictures and facts of `moedal_gui.preselect.second_look.Views` to answers (n, 13).
    """

    card: DetectorCard
    maps: Callable[[Float32], Float32]
    second: Callable[[Float32, Float32], Float32] | None = None
    everything: bool = False
    """Whether doubtful pits are kept that may be bumps of the ground."""


def looking(
    card: DetectorCard,
    maps: Callable[[Float32], Float32],
    second: Callable[[Float32, Float32], Float32] | None = None,
) -> LearnedDetector:
    """A detector that looks as often, and from as many sides, as its card says."""
    if card.twice:
        return LearnedDetector(
            card, partial(from_both_ends, maps), partial(with_mirror_image, second) if second else None
        )
    return LearnedDetector(card, partial(from_all_sides, maps) if card.all_sides else maps, second)


def probability(card: DetectorCard, logits: npt.ArrayLike) -> Floats:
    """Calibrated probability of logits."""
    knots = np.asarray(card.probability, dtype=np.float64)
    return np.asarray(np.interp(np.asarray(logits, dtype=np.float64), knots[:, 0], knots[:, 1]), dtype=np.float64)


def detect_by_heatmap(
    planes: Float32, learned: LearnedDetector, surfaces: tuple[Surface | None, ...], least: float | None = None
) -> pd.DataFrame:
    """Pits of one field.

    Parameters
    ----------
    planes
        Shape (P, H, W), as the detector's view has them.
    surfaces
        What the detector's surfaces are called, the one near the camera first; None where it cannot be told.
    least
        Least probability; the card's working point by default.

    Returns
    -------
    Columns of `moedal_gui.core.pit.DETECTION_COLUMNS`, most probable first.
    """
    if not planes.any():
        return empty_detections()
    table = proposals(learned.maps(planes), len(surfaces), planes.shape[1:])
    if learned.second is not None and len(table):
        table = _settled(_looked_at_again(planes, table, learned.second), planes.shape[1:])
    table["probability"] = probability(learned.card, table["logit"])
    table["surface_score"] = _surface_scores(table, learned.card.working_point) if len(surfaces) > 1 else 0.5
    bound = learned.card.working_point if least is None else least
    table = table[table["probability"] >= bound].reset_index(drop=True)
    table["surface"] = pd.Series([surfaces[int(far)] for far in table["far"]], index=table.index, dtype="str")
    table["snr"] = _snr(planes, table)
    table = table.sort_values("probability", ascending=False, kind="stable")
    return table.reindex(columns=list(DETECTION_COLUMNS)).astype(DETECTION_COLUMNS).reset_index(drop=True)


def proposals(maps: Float32, surfaces: int, size: tuple[int, ...]) -> pd.DataFrame:
    """Every centre that a detector's maps show, unless it is too faint to be a pit: ``x_px``, ``y_px``, axes, azimuth, ``far``, ``logit``, ``rival``.

    ``rival`` is the highest logit of the other surface next to the centre, the logit's negative where there is no other.
    """
    count = len(MAPS)
    highest = [cv2.dilate(maps[k * count], np.ones((3, 3), np.uint8)) for k in range(surfaces)]
    found = []
    for k in range(surfaces):
        part = _peaks(maps[k * count : (k + 1) * count], highest[k])
        row, column = part.pop("row").to_numpy(), part.pop("column").to_numpy()
        part["far"] = k > 0
        part["rival"] = highest[1 - k][row, column].astype(float) if surfaces > 1 else -part["logit"]
        found.append(_settled(part, size))
    return pd.concat(found, ignore_index=True)


def without_faint(table: pd.DataFrame) -> pd.DataFrame:
    """Pits of one picture (most probable first) but those far fainter than the surer half of them: grain, not pits.

    Pits of one picture were etched and lit alike; on slopes, where near and far differ, this would not hold.
    """
    if not len(table):
        return table
    size = np.sqrt(table["major_px"].to_numpy(float) * table["minor_px"].to_numpy(float))
    strength = table["snr"].to_numpy(float) / size
    usual = float(np.median(strength[: (len(table) + 1) // 2]))
    return table[strength >= _FAINT * usual].reset_index(drop=True)


def without_dirt(planes: Float32, table: pd.DataFrame) -> pd.DataFrame:
    """Pits but those that take much light under all lamps alike and slope nowhere: grains of dust.

    Of 32,000 true pits found on simulated fields of any optics this takes five.

    Parameters
    ----------
    planes
        Planes (5, H, W) of the view ``slope``.
    """
    dull, _ = _inside(planes[0] ** 2, table, _MIDDLE)
    sloping, _ = _inside(planes[1] ** 2 + planes[2] ** 2, table, _MIDDLE)
    return table[dull <= _DIRT**2 * sloping].reset_index(drop=True)


def without_ground(planes: Float32, table: pd.DataFrame) -> pd.DataFrame:
    """Pits but those doubtful ones whose slopes are hardly steeper than the ground's own: bumps of a rough surface.

    What the ground does is the median, over places that no sure pit covers, of the mean square of the slopes in windows as
    large as the mouth, less the noise. A bump that looks like a pit is two to four times that, a pit some hundred times.
    Where the ground is smooth there is nothing to compare with, and nothing is left out. Very rough ground makes the detector surer of
    its bumps than it should be: a field with many rather sure pits has those left out too that lie within the bumps' own range.

    Parameters
    ----------
    planes
        Planes (5, H, W) of the view ``slope``.
    """
    if not len(table):
        return table
    power = np.asarray((planes[1:3] ** 2).sum(axis=0), dtype=np.float32)
    noise = 2.0 * slope_noise(planes[1:3]) ** 2
    sums, pixels = _inside(power, table, 1.0)
    half = 0.25 * (table["major_px"] + table["minor_px"]).to_numpy(float)
    sure = table["probability"].to_numpy(float) >= _SURE
    covered = np.pi * float(((_AROUND_MOUTH * half[sure]) ** 2).sum()) / power.size
    # A share exp(-covered) of the ground lies free, and pits stand above it.
    quantile = 0.5 * float(np.exp(-covered))
    grounds = []
    for size in _WINDOWS_PX:
        side = 2 * round(size) + 1
        means = cv2.blur(power, (side, side))[::_GROUND_STEP, ::_GROUND_STEP] - noise
        grounds.append(float(np.quantile(means, quantile)))
    ground = np.interp(np.log(half), np.log(_WINDOWS_PX), grounds)
    over = (sums / np.maximum(pixels, 1.0) - noise) / np.maximum(ground, _LEAST_GROUND * noise)
    kept = sure | (over >= _OVER_GROUND)
    rather = sure & (table["probability"].to_numpy(float) < _RATHER_SURE)
    if rather.sum() >= max(_FEWEST_OF_FLOOD, _FLOOD * sure.sum()):
        kept &= ~rather | (over >= _OVER_FLOODED)
    return table[kept].reset_index(drop=True)


def _peaks(maps: Float32, highest: Float32) -> pd.DataFrame:
    """Local maxima of one surface and their cells."""
    named = dict(zip(MAPS, maps, strict=True))
    centre = named["centre"]
    y, x = np.nonzero((centre >= highest) & (centre >= _LEAST_LOGIT))
    values = {name: picture[y, x].astype(np.float64) for name, picture in named.items()}
    away = 0.5 * (STRIDE - 1)
    stretch = np.hypot(values["stretch_x"], values["stretch_y"])
    half = np.exp(values["size"])
    return pd.DataFrame(
        {
            "x_px": STRIDE * (x + values["offset_x"]) + away,
            "y_px": STRIDE * (y + values["offset_y"]) + away,
            "major_px": np.maximum(2.0 * half * np.exp(0.5 * stretch), _SMALLEST_PX),
            "minor_px": np.maximum(2.0 * half * np.exp(-0.5 * stretch), _SMALLEST_PX),
            "azimuth_deg": _azimuth(values),
            "logit": values["centre"],
            "column": x,
            "row": y,
        }
    )


def _settled(table: pd.DataFrame, size: tuple[int, ...]) -> pd.DataFrame:
    """Pits, likeliest first, but those told twice; a centre outside the picture is not this field's."""
    inside = table["x_px"].between(-0.5, size[1] - 0.5) & table["y_px"].between(-0.5, size[0] - 0.5)
    table = table[inside].sort_values("logit", ascending=False, kind="stable").reset_index(drop=True)
    return table[~_twice_told(table)].reset_index(drop=True)


def _looked_at_again(
    planes: Float32, table: pd.DataFrame, second: Callable[[Float32, Float32], Float32]
) -> pd.DataFrame:
    """Pits as the second look has them; where nothing varies (black, saturated) there is none."""
    table = table[_varies(planes, table)].reset_index(drop=True)
    if not len(table):
        return table
    seen = views(planes, table)
    return corrected(table, second(seen.pictures, seen.facts))


def _varies(planes: Float32, table: pd.DataFrame) -> npt.NDArray[np.bool_]:
    """Whether the slopes differ at all close by each centre: every camera's ground has noise."""
    around = (_AROUND_PX, _AROUND_PX)
    square = sum(cv2.blur(p * p, around) - cv2.blur(p, around) ** 2 for p in planes[1:3])
    y, x = (
        np.clip(np.rint(table[name].to_numpy(float)), 0, n - 1)
        for name, n in zip(("y_px", "x_px"), planes.shape[1:], strict=True)
    )
    return np.asarray(square[y.astype(int), x.astype(int)] > _LEAST_VARIATION**2)


def _azimuth(values: dict[str, Floats]) -> Floats:
    """Direction of the tip in degrees: the major axis, at the end that the sense points to."""
    axis = 0.5 * np.arctan2(values["stretch_y"], values["stretch_x"])
    along = values["sense_x"] * np.cos(axis) + values["sense_y"] * np.sin(axis)
    return np.asarray(np.degrees(np.where(along < 0, axis + np.pi, axis)) % 360.0)


def _twice_told(table: pd.DataFrame) -> npt.NDArray[np.bool_]:
    """Rows (likeliest first) whose centre lies as good as on that of a likelier one of the same surface."""
    drop = np.zeros(len(table), dtype=bool)
    if len(table) < 2:
        return drop
    minor = 0.5 * table["minor_px"].to_numpy()
    places, far = table[["x_px", "y_px"]].to_numpy(), table["far"].to_numpy(bool)
    pairs = cKDTree(places).query_pairs(max(_SAME_PIT_PX, SAME_PIT * float(minor.max())), output_type="ndarray")
    pairs = pairs[far[pairs[:, 0]] == far[pairs[:, 1]]]
    pairs = pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))]
    distance = np.hypot(*(places[pairs[:, 0]] - places[pairs[:, 1]]).T)
    near = distance < np.maximum(_SAME_PIT_PX, SAME_PIT * np.minimum(minor[pairs[:, 0]], minor[pairs[:, 1]]))
    for first, second in pairs[near]:
        drop[second] |= not drop[first]
    return drop


def _surface_scores(table: pd.DataFrame, sure: float) -> Floats:
    """Probability that the surface is right: this surface's against the other's at the same place.

    Where both are probable both are there, one above the other: neither takes from the other.
    """
    mine, far = table["probability"].to_numpy(float), table["far"].to_numpy(bool)
    rival = np.zeros(len(table))
    if len(table) > 1:
        pairs = cKDTree(table[["x_px", "y_px"]].to_numpy()).query_pairs(_SAME_PLACE_PX, output_type="ndarray")
        pairs = pairs[far[pairs[:, 0]] != far[pairs[:, 1]]]
        for own, other in (pairs.T, pairs.T[::-1]):
            np.maximum.at(rival, own, np.where(mine[other] >= sure, 0.0, mine[other]))
    return np.asarray(np.clip(mine / np.maximum(mine + rival, 1e-9), 0.5, 1.0))


def _snr(planes: Float32, table: pd.DataFrame) -> Floats:
    """Root of the power inside each mouth beyond that of the noise."""
    signal = planes[1:3] if len(planes) > 2 else planes[:1]
    power, pixels = _inside((signal**2).sum(axis=0), table, 1.0)
    noise = slope_noise(signal)
    return np.asarray(np.sqrt(np.maximum(power / noise**2 - pixels * len(signal), 0.0)))


def _inside(picture: Float32, table: pd.DataFrame, share: float) -> tuple[Floats, Floats]:
    """Sum of a picture over the square of each mouth's mean half axis times ``share``, and that square's pixels."""
    sums = cv2.integral(picture.astype(np.float64))
    half = share * 0.25 * (table["major_px"] + table["minor_px"]).to_numpy(float)
    height, width = picture.shape
    x, y = table["x_px"].to_numpy(float), table["y_px"].to_numpy(float)
    xa, xb = (np.clip(np.rint(x + s * half).astype(int) + (s > 0), 0, width) for s in (-1, 1))
    ya, yb = (np.clip(np.rint(y + s * half).astype(int) + (s > 0), 0, height) for s in (-1, 1))
    total = sums[yb, xb] - sums[ya, xb] - sums[yb, xa] + sums[ya, xa]
    return np.asarray(total, dtype=np.float64), np.asarray((xb - xa) * (yb - ya), dtype=np.float64)
