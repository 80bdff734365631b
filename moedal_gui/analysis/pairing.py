"""How much better two pits on opposite surfaces fit one track than an accident.

One track of constant etch-rate ratio leaves two mouths of like axes, their tips turned towards each other, displaced
along the major axis by T' / tan d. The displacement of a pair fixes the dip, so the four axes must agree with one
etch-rate ratio, and both azimuths with the displacement's direction.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.intp]

SHALLOWEST_DEG = 28.0
_NEWTON_ROUNDS = 3
_OUTLIERS = 0.06  # share of pits whose ellipse was spoilt by a neighbour
_OUTLIER_SPREAD = 5.0
_FLIPPED = 0.05  # share of pits whose tip was put at the wrong end
_STEP = 1e-4
_WORST_ERROR = 0.6


@dataclass(frozen=True)
class Mouths:
    """Pits of one surface, all lengths in px.

    Attributes
    ----------
    places
        (N, 2).
    log_axes
        (N, 2): natural logarithms of major and minor full axes.
    azimuth
        (N,): radians in the frame, from the mouth's centre to the tip.
    density
        (N,): pits of the same surface per px^2 there.
    frame
        (N,): number of the frame a pit lies in; pits of different frames are never compared.
    chance
        (N,): probability of each pit to be one; None: all are sure.
    error_growth
        (N,): factor on the errors of each pit's axes; None: all are known equally well.
    stated_errors
        (N, 2): standard deviations of the logarithms of major and minor axis as the detector states them; missing where it
        states none.
    """

    places: Floats
    log_axes: Floats
    azimuth: Floats
    density: Floats
    frame: Integers
    chance: Floats | None = None
    error_growth: Floats | None = None
    stated_errors: Floats | None = None

    def taken(self, rows: npt.NDArray[np.bool_] | Integers) -> Mouths:
        """Some of the pits."""
        return Mouths(
            self.places[rows],
            self.log_axes[rows],
            self.azimuth[rows],
            self.density[rows],
            self.frame[rows],
            None if self.chance is None else self.chance[rows],
            None if self.error_growth is None else self.error_growth[rows],
            None if self.stated_errors is None else self.stated_errors[rows],
        )

    def of_frame(self, number: int) -> npt.NDArray[np.bool_]:
        """Mask of one frame's pits."""
        return self.frame == number

    def __len__(self) -> int:
        return len(self.places)


@dataclass(frozen=True)
class Geometry:
    """What the etching of a sheet fixes, in px.

    Attributes
    ----------
    bulk_etch
        h, the layer removed per side.
    surfaces_apart
        T', distance of the two etched surfaces.
    mouth_share
        How much of h (1 - B^2) the centres of the mouths are farther apart than the track's crossings of the etched
        surfaces. 1 for sharp cones about the track: the centre of a mouth lies h / (tan d (V sin d + 1)) behind the
        crossing on either side. 0 where places mean the crossings themselves.
    spread
        (2, 2): standard deviation of the logarithms of (major, minor) of large pits on (top, bottom).
    edge_error
        (2,): how well a rim is placed on (top, bottom), px; adds to `spread` in proportion to 1 / axis.
    scale
        (2, 2): factor on both of the above, measured on the links themselves; same order as `spread`.
    bias
        (2, 2): mean of measured minus true logarithms, same order.
    place_error
        Standard deviation of a centre along one axis.
    least_reach
        How far partners are looked for at least, where the two lengths are effective values and say too little of it.
    """

    bulk_etch: float
    surfaces_apart: float
    mouth_share: float = 1.0
    spread: tuple[tuple[float, float], tuple[float, float]] = ((0.027, 0.027), (0.027, 0.027))
    edge_error: tuple[float, float] = (0.17, 0.4)
    scale: tuple[tuple[float, float], tuple[float, float]] = ((1.0, 1.0), (1.0, 1.0))
    bias: tuple[tuple[float, float], tuple[float, float]] = ((0.0, 0.0), (0.0, 0.0))
    place_error: float = 0.7
    least_reach: float = 0.0

    @property
    def reach(self) -> float:
        """Largest displacement looked at."""
        usual = (self.surfaces_apart + self.bulk_etch) / np.tan(np.deg2rad(SHALLOWEST_DEG))
        return float(max(usual, self.least_reach))


@dataclass(frozen=True)
class Pairs:
    """Possible pairs and what was measured on them.

    ``evidence`` is the logarithm of the likelihood ratio of one track against an accident; ``residual`` the distance
    (px) of the partner from the place predicted from both mouths; ``dip`` in radians. ``log_axes_misfit`` and
    ``width`` (n, 4): measured minus fitted logarithms of top major, top minor, bottom major, bottom minor, and the
    standard deviations expected of them.
    """

    top: Integers
    bottom: Integers
    evidence: Floats
    dip: Floats
    residual: Floats
    log_axes_misfit: Floats
    width: Floats

    def __len__(self) -> int:
        return len(self.top)


def near_pairs(top: Mouths, bottom: Mouths, reach: float) -> tuple[Integers, Integers]:
    """Indices of all pairs of opposite pits no farther apart than ``reach``."""
    if len(top) == 0 or len(bottom) == 0:
        return np.empty(0, np.intp), np.empty(0, np.intp)
    lists = _tree(top, reach).query_ball_tree(_tree(bottom, reach), reach)
    counts = np.fromiter((len(x) for x in lists), np.intp, len(lists))
    columns = np.fromiter((j for x in lists for j in x), np.intp, int(counts.sum()))
    return np.repeat(np.arange(len(top), dtype=np.intp), counts), columns


def _tree(mouths: Mouths, reach: float) -> cKDTree:
    """Frames stand apart along a third axis, farther than anything reaches."""
    return cKDTree(np.column_stack([mouths.places, mouths.frame * (10.0 * reach)]))


def weigh(top: Mouths, bottom: Mouths, i: Integers, j: Integers, geometry: Geometry, population: Population) -> Pairs:
    """Evidence for each pair (i of top, j of bottom)."""
    displacement = bottom.places[j] - top.places[i]
    distance = np.hypot(displacement[:, 0], displacement[:, 1])
    bias = np.asarray(geometry.bias)
    measured = np.stack([top.log_axes[i] - bias[0], bottom.log_axes[j] - bias[1]], axis=1)  # (n, end, axis)
    own = np.minimum(_own_errors(measured, geometry, top, bottom, i, j), _WORST_ERROR)
    log_minor, misfit, dip = _one_track(measured, distance, geometry, own)
    dip_error = 1.4 * geometry.place_error * np.sin(dip) ** 2 / geometry.surfaces_apart
    per_radian = (_log_major(log_minor, dip + _STEP, geometry) - _log_major(log_minor, dip - _STEP, geometry)) / (
        2 * _STEP
    )
    width = np.sqrt(own**2 + np.stack([per_radian * dip_error, np.zeros_like(dip)], axis=1)[:, None, :] ** 2)
    log_pair = _robust_log_normal(misfit, width).sum(axis=(1, 2)) - np.log(population.prior_width)
    elongation = _log_major(log_minor, dip, geometry) - log_minor
    direction = np.arctan2(displacement[:, 1], displacement[:, 0])
    for end, azimuth, wanted in ((0, top.azimuth[i], direction), (1, bottom.azimuth[j], direction + np.pi)):
        wobble = _azimuth_error(elongation, own[:, end].mean(axis=1), distance, geometry.place_error)
        log_pair += _log_azimuth(azimuth - wanted, wobble)
    log_pair += _log_chance(top, i) + _log_chance(bottom, j)
    log_pair += 4 * np.log(np.sin(dip)) - np.log(np.pi * geometry.surfaces_apart**2)
    log_accident = population.log_density(top.log_axes[i]) + population.log_density(bottom.log_axes[j])
    log_accident += np.log(np.maximum(bottom.density[j], 1e-12)) - 2 * np.log(2 * np.pi)
    residual = _residual(top, bottom, i, j, displacement, geometry)
    flat = (len(misfit), 4)
    return Pairs(i, j, log_pair - log_accident, dip, residual, misfit.reshape(flat), own.reshape(flat))


def _own_errors(measured: Floats, geometry: Geometry, top: Mouths, bottom: Mouths, i: Integers, j: Integers) -> Floats:
    """Standard deviations of the logarithms of the axes (n, end, axis) of pairs; a small mouth is known less well.

    Where the detector states its own, the geometric mean of both: what it sees of one pit and what lies on the mouth tell
    different things, and together they pair better than either.
    """
    edge = np.asarray(geometry.edge_error)[:, None]
    usual = np.sqrt(np.asarray(geometry.spread) ** 2 + (edge / np.exp(measured)) ** 2)
    for end, (mouths, rows) in enumerate(((top, i), (bottom, j))):
        if mouths.error_growth is not None:
            usual[:, end] *= mouths.error_growth[rows][:, None]
        if mouths.stated_errors is not None:
            stated = mouths.stated_errors[rows]
            usual[:, end] = np.sqrt(usual[:, end] * np.where(stated > 0.0, stated, usual[:, end]))
    return np.minimum(usual * np.asarray(geometry.scale), 0.5)


def _log_chance(mouths: Mouths, rows: Integers) -> Floats:
    return np.log(mouths.chance[rows]) if mouths.chance is not None else np.zeros(len(rows))


def _one_track(measured: Floats, distance: Floats, geometry: Geometry, errors: Floats) -> tuple[Floats, Floats, Floats]:
    """The minor axis (logarithm) that fits four axes best, what is left over (n, end, axis), and the dip."""
    weight = 1.0 / errors**2
    log_minor = (measured[:, :, 1] * weight[:, :, 1]).sum(axis=1) / weight[:, :, 1].sum(axis=1)
    ceiling = np.log(2 * geometry.bulk_etch) - 0.01
    for _ in range(_NEWTON_ROUNDS):
        log_minor = np.minimum(log_minor, ceiling)
        dip = _dip(log_minor, distance, geometry)
        at = _log_major(log_minor, dip, geometry)
        slope = (_log_major(log_minor + _STEP, _dip(log_minor + _STEP, distance, geometry), geometry) - at) / _STEP
        gradient = ((measured[:, :, 1] - log_minor[:, None]) * weight[:, :, 1]).sum(axis=1)
        gradient += slope * ((measured[:, :, 0] - at[:, None]) * weight[:, :, 0]).sum(axis=1)
        curvature = weight[:, :, 1].sum(axis=1) + slope**2 * weight[:, :, 0].sum(axis=1)
        log_minor = log_minor + np.clip(gradient / curvature, -0.3, 0.3)
    log_minor = np.minimum(log_minor, ceiling)
    dip = _dip(log_minor, distance, geometry)
    fitted = np.stack([_log_major(log_minor, dip, geometry), log_minor], axis=1)
    return log_minor, measured - fitted[:, None, :], dip


def _dip(log_minor: Floats, distance: Floats, geometry: Geometry) -> Floats:
    b = np.minimum(np.exp(log_minor) / (2 * geometry.bulk_etch), 0.995)
    apart = geometry.surfaces_apart + geometry.mouth_share * geometry.bulk_etch * (1 - b**2)
    return np.arctan2(apart, distance)


def _log_major(log_minor: Floats, dip: Floats, geometry: Geometry) -> Floats:
    """Logarithm of the major axis of a track of given minor axis and dip; from V sin d = (1 + B^2) / (1 - B^2)."""
    b = np.minimum(np.exp(log_minor) / (2 * geometry.bulk_etch), 0.995)
    etched = (1 + b**2) / (1 - b**2)
    sine = np.sin(dip)
    ratio = np.maximum(etched / sine, 1 + 1e-9)
    return np.asarray(np.log(2 * geometry.bulk_etch * np.sqrt(ratio**2 - 1) / (etched + 1)), float)


def predicted_displacement(mouths: Mouths, geometry: Geometry, surface: int) -> Floats:
    """Where each pit's partner should be, relative to it (N, 2), from its own mouth alone."""
    bias = np.asarray(geometry.bias)[surface]
    a = np.exp(mouths.log_axes[:, 0] - bias[0]) / (2 * geometry.bulk_etch)
    b = np.minimum(np.exp(mouths.log_axes[:, 1] - bias[1]) / (2 * geometry.bulk_etch), 0.995)
    ratio = np.sqrt(1 + 4 * a**2 / (1 - b**2) ** 2)
    sine = np.clip((1 + b**2) / (ratio * (1 - b**2)), 0.05, 1.0)
    apart = geometry.surfaces_apart + geometry.mouth_share * geometry.bulk_etch * (1 - b**2)
    distance = apart * np.sqrt(1 - sine**2) / sine
    return distance[:, None] * np.stack([np.cos(mouths.azimuth), np.sin(mouths.azimuth)], axis=1)


def _residual(
    top: Mouths, bottom: Mouths, i: Integers, j: Integers, displacement: Floats, geometry: Geometry
) -> Floats:
    forth = predicted_displacement(top, geometry, 0)[i]
    back = -predicted_displacement(bottom, geometry, 1)[j]
    left = displacement - (forth + back) / 2
    return np.hypot(left[:, 0], left[:, 1])


def _robust_log_normal(misfit: Floats, width: Floats) -> Floats:
    good = np.log1p(-_OUTLIERS) - 0.5 * (misfit / width) ** 2 - np.log(width)
    wide = width * _OUTLIER_SPREAD
    bad = np.log(_OUTLIERS) - 0.5 * (misfit / wide) ** 2 - np.log(wide)
    return np.logaddexp(good, bad) - 0.5 * np.log(2 * np.pi)


def _azimuth_error(elongation: Floats, spread: Floats, distance: Floats, place_error: float) -> Floats:
    """Radians; a nearly round mouth has no direction, a near partner none either."""
    shape = spread / np.maximum(2 * elongation, 0.02)
    return np.sqrt(0.04**2 + shape**2 + (1.4 * place_error / np.maximum(distance, 0.3)) ** 2)


def _log_azimuth(difference: Floats, width: Floats) -> Floats:
    """Wrapped normal with a share of flipped tips and of directions that mean nothing."""
    wrapped = np.angle(np.exp(1j * difference))
    flipped = np.angle(np.exp(1j * (difference + np.pi)))
    narrow = np.minimum(width, 1.8)
    # A wide wrapped normal tends to the uniform one; mixing by width keeps the density's integral at one.
    share = np.exp(-0.5 * width**2)
    normal = np.exp(-0.5 * (wrapped / narrow) ** 2) / (narrow * np.sqrt(2 * np.pi))
    mirror = np.exp(-0.5 * (flipped / narrow) ** 2) / (narrow * np.sqrt(2 * np.pi))
    uniform = 1 / (2 * np.pi)
    density = share * ((1 - _FLIPPED) * normal + _FLIPPED * mirror) + (1 - share) * uniform
    return np.log(0.97 * density + 0.03 * uniform)


@dataclass(frozen=True)
class Population:
    """How the axes of all pits are distributed: the accident's side of the evidence.

    A histogram over (log major, log elongation), smoothed.
    """

    edges: tuple[Floats, Floats]
    log_table: Floats
    prior_width: float

    def log_density(self, log_axes: Floats) -> Floats:
        """Logarithm of the density per unit of (log major, log minor) at (N, 2)."""
        first, second = self._coordinates(log_axes)
        rows = np.clip(np.searchsorted(self.edges[0], first) - 1, 0, self.log_table.shape[0] - 1)
        columns = np.clip(np.searchsorted(self.edges[1], second) - 1, 0, self.log_table.shape[1] - 1)
        return self.log_table[rows, columns]

    @staticmethod
    def _coordinates(log_axes: Floats) -> tuple[Floats, Floats]:
        return log_axes[:, 1], np.maximum(log_axes[:, 0] - log_axes[:, 1], 0.0)


def population_of(log_axes: Floats) -> Population:
    """Estimate the distribution of axes from all pits (N, 2) of a scan."""
    from scipy.ndimage import gaussian_filter

    minor, elongation = Population._coordinates(log_axes)
    low, high = (float(minor.min()), float(minor.max())) if len(minor) else (0.0, 1.0)
    first = np.linspace(low - 0.2, high + 0.2, 41)
    second = np.linspace(0.0, max(0.6, float(elongation.max()) + 0.1 if len(elongation) else 0.6), 31)
    counts, *_ = np.histogram2d(minor, elongation, bins=[first, second])
    # Elongation ends at zero: reflecting there keeps round pits from leaking out of the histogram.
    smooth = gaussian_filter(counts, (1.5, 1.5), mode=["nearest", "reflect"]) + 0.02
    area = (first[1] - first[0]) * (second[1] - second[0])
    return Population((first, second), np.log(smooth / smooth.sum() / area), max(high - low, 0.5))
