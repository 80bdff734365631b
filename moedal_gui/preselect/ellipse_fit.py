"""Least-squares fit of mouth, tip and wall of etch pits to windows of a slope field, many at once."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from moedal_gui.preselect.pit_model import (
    AZIMUTH,
    BLUR,
    LENGTH,
    PARAMETERS,
    SIZE,
    STEEP,
    TIP,
    X,
    Y,
    half_axes,
    slope_fields,
)

Floats = npt.NDArray[np.float64]
Float32 = npt.NDArray[np.float32]

STEPS = np.array([0.05, 0.05, 0.02, 0.03, 0.05, 0.03, 0.1, 0.05])
PRIOR_CENTRE = np.array([0.0, 0.0, 0.0, 0.2, 0.0, 0.3, -0.3, 0.0])
PRIOR_WIDTH = np.array([np.inf, np.inf, np.inf, 0.6, np.inf, 0.5, 1.2, np.inf])
LOWEST = np.array([-np.inf, -np.inf, np.log(0.9), 0.0, -np.inf, 0.0, -3.0, np.log(0.25)])
HIGHEST = np.array([np.inf, np.inf, np.log(26.0), 1.5, np.inf, 2.5, 3.0, np.log(5.0)])
MODEL_ERROR = 0.06
FREE_BLUR = 0.3
CAUCHY = 12.0
SETTLED = 3e-3
LARGEST_MOVE = np.array([2.0, 2.0, 0.4, 0.4, 0.8, 0.3, 1.0, 0.3, np.inf])


@dataclass(frozen=True)
class Windows:
    """Cut-out slope fields of pits, all of one size.

    Attributes
    ----------
    slopes
        Shape (n, 2, W, W).
    weights
        Shape (n, W, W), 0 where a pixel belongs to another pit or lies outside the field, else 1.
    sigma_px
        Shape (n,), blur expected of each pit's surface.
    freedom
        How far, in the logarithm, a pit's blur may leave the expected one.
    noise
        Standard deviation of one pixel of one component.
    scale
        Samples per px of the model; below 1 for windows of every second pixel.
    """

    slopes: Float32
    weights: Float32
    sigma_px: Floats
    freedom: float
    noise: float
    scale: float

    def take(self, rows: npt.NDArray[np.integer]) -> Windows:
        """Some of the pits."""
        return Windows(self.slopes[rows], self.weights[rows], self.sigma_px[rows], self.freedom, self.noise, self.scale)

    def thinned(self) -> Windows:
        """Every second pixel, for a quick look at large pits."""
        return replace(self, slopes=self.slopes[..., ::2, ::2], weights=self.weights[..., ::2, ::2], scale=0.5)

    def model(self, parameters: Floats) -> Float32:
        """Unit slope fields of the pits."""
        return slope_fields(parameters, self.slopes.shape[-1], self.scale)


@dataclass(frozen=True)
class Fits:
    """Result of a fit.

    Attributes
    ----------
    parameters
        Shape (n, 8), see `pit_model`.
    amplitude
        Shape (n,), slope of the wall in units of the field; negative: the field diverges.
    misfit
        Shape (n,), weighted sum of squared residuals in units of the noise.
    """

    parameters: Floats
    amplitude: Floats
    misfit: Floats


def amplitudes(windows: Windows, model: Float32, weights: Float32) -> tuple[Floats, Floats, Floats]:
    """Best amplitude of a model, what it takes off the sum of squares, and that sum."""
    heavy = weights[:, None]
    overlap = np.einsum("ncij,ncij->n", windows.slopes * heavy, model, optimize=True).astype(float)
    strength = np.einsum("ncij,ncij->n", model * heavy, model, optimize=True).astype(float)
    total = np.einsum("ncij,ncij->n", windows.slopes * heavy, windows.slopes, optimize=True).astype(float)
    amplitude = overlap / np.maximum(strength, 1e-12)
    return amplitude, amplitude * overlap, total


def bounded(parameters: Floats) -> Floats:
    """Parameters within their ranges; a tip on the other side turns the azimuth round."""
    p = parameters.copy()
    turned = p[:, TIP] < 0.0
    p[turned, TIP] *= -1.0
    p[turned, AZIMUTH] += np.pi
    return np.clip(p, LOWEST, HIGHEST)


def _templates(radius: Floats, sigma_px: Floats) -> Floats:
    """Start values (k, n, 8) round a peak: sizes, elongations, tips in eight directions."""
    shapes = [(f, 0.05, 0.05, 0.0) for f in (0.7, 1.0, 1.4)]
    for turn in 2 * np.pi * np.arange(8) / 8:
        shapes += [(0.8, 0.2, 0.4, turn), (1.15, 0.2, 0.4, turn), (0.8, 0.4, 1.0, turn), (1.2, 0.4, 1.0, turn)]
    starts = np.zeros((len(shapes), radius.size, PARAMETERS))
    for row, (factor, length, tip, turn) in zip(starts, shapes, strict=True):
        row[:, SIZE], row[:, LENGTH], row[:, TIP] = np.log(radius * factor), length, tip
        row[:, AZIMUTH], row[:, STEEP], row[:, BLUR] = turn, -0.3, np.log(sigma_px)
        back = 0.25 * tip * half_axes(row)[0]
        row[:, X], row[:, Y] = -back * np.cos(turn), -back * np.sin(turn)
    return starts


def first_guesses(windows: Windows, radius: Floats) -> tuple[Fits, Fits]:
    """Best start for a converging and for a diverging pit, out of a set of templates.

    Parameters
    ----------
    windows
        Centred on the peaks.
    radius
        Shape (n,), radius the peak suggests, px.
    """
    starts = _templates(radius, windows.sigma_px)
    rough = replace(windows, scale=min(windows.scale, 1))
    gains, sizes, totals = [], [], np.zeros(radius.size)
    for start in starts:
        amplitude, gain, totals = amplitudes(rough, rough.model(start), windows.weights)
        gains.append(gain)
        sizes.append(amplitude)
    gain, amplitude = np.stack(gains), np.stack(sizes)
    rows = np.arange(radius.size)
    answers = []
    for sign in (1.0, -1.0):
        best = np.where(sign * amplitude > 0, gain, -1.0).argmax(axis=0)
        answers.append(Fits(starts[best, rows], amplitude[best, rows], (totals - gain[best, rows]) / windows.noise**2))
    return answers[0], answers[1]


def _robust_weights(windows: Windows, residual: Float32, amplitude: Floats) -> Float32:
    """Weights in 1/variance; pixels far off the model count less (Cauchy)."""
    variance = windows.noise**2 + (MODEL_ERROR * amplitude) ** 2
    square = (residual * residual).sum(axis=1) / variance[:, None, None]
    return np.asarray(windows.weights / variance[:, None, None] / (1.0 + square / CAUCHY), dtype=np.float32)


def _jacobian(windows: Windows, p: Floats, model: Float32, amplitude: Floats) -> Float32:
    """Derivatives (n, 9, 2 W W) by the parameters and the amplitude."""
    pitch = max(1.0, 1.0 / windows.scale)
    columns = [-np.gradient(model, pitch, axis=3), -np.gradient(model, pitch, axis=2)]
    for k in range(SIZE, PARAMETERS):
        if k == BLUR and windows.freedom < FREE_BLUR:
            columns.append(np.zeros_like(model))
            continue
        moved = p.copy()
        moved[:, k] += np.where(p[:, k] + STEPS[k] > HIGHEST[k], -STEPS[k], STEPS[k])
        columns.append((windows.model(moved) - model) / (moved[:, k] - p[:, k])[:, None, None, None].astype(np.float32))
    strength = amplitude[:, None, None, None].astype(np.float32)
    return np.stack([*(c * strength for c in columns), model], axis=1).reshape(len(p), PARAMETERS + 1, -1)


def _prior(windows: Windows) -> tuple[Floats, Floats]:
    """Centre (n, 8) and width (8,) of what is believed of a pit before it is seen."""
    centre = np.tile(PRIOR_CENTRE, (windows.sigma_px.size, 1))
    centre[:, BLUR] = np.log(windows.sigma_px)
    width = PRIOR_WIDTH.copy()
    width[BLUR] = windows.freedom
    return centre, width


@dataclass(frozen=True)
class _State:
    """Where a fit stands: parameters, amplitude, the model there and how badly it fits."""

    p: Floats
    amplitude: Floats
    model: Float32
    cost: Floats

    def take(self, rows: npt.NDArray[np.generic]) -> _State:
        return _State(self.p[rows], self.amplitude[rows], self.model[rows], self.cost[rows])

    def put(self, rows: npt.NDArray[np.generic], other: _State) -> None:
        self.p[rows], self.amplitude[rows] = other.p, other.amplitude
        self.model[rows], self.cost[rows] = other.model, other.cost


def _residual(windows: Windows, model: Float32, amplitude: Floats) -> Float32:
    return windows.slopes - amplitude[:, None, None, None].astype(np.float32) * model


def _state(windows: Windows, p: Floats, amplitude: Floats) -> _State:
    model = windows.model(p)
    residual = _residual(windows, model, amplitude)
    variance = windows.noise**2 + (MODEL_ERROR * amplitude) ** 2
    square = (residual * residual).sum(axis=1) / variance[:, None, None].astype(np.float32)
    robust = (windows.weights * CAUCHY * np.log1p(square / CAUCHY)).sum(axis=(1, 2))
    centre, width = _prior(windows)
    return _State(p, amplitude, model, robust.astype(float) + (((p - centre) / width) ** 2).sum(axis=1))


def fit(windows: Windows, start: Fits, iterations: int = 8) -> Fits:
    """Levenberg-Marquardt with robust weights; all pits of one window size together.

    Parameters
    ----------
    windows
        Slope fields.
    start
        Where to begin.
    iterations
        Steps for each pit; those that have settled drop out.
    """
    if not start.amplitude.size:
        return start
    state = _state(windows, bounded(start.parameters), start.amplitude.copy())
    damping = np.full(start.amplitude.size, 1e-2)
    active = np.arange(start.amplitude.size)
    for _ in range(iterations):
        if active.size == 0:
            break
        moved, better, change = _step(windows.take(active), state.take(active), damping[active])
        damping[active] *= np.where(better, 0.3, 8.0)
        state.put(active[better], moved.take(better))
        active = active[~(better & (change < SETTLED)) & (damping[active] < 1e5)]
    misfit = (_residual(windows, state.model, state.amplitude) ** 2).sum(axis=1) * windows.weights
    return Fits(state.p, state.amplitude, misfit.sum(axis=(1, 2)).astype(float) / windows.noise**2)


def _step(windows: Windows, state: _State, damping: Floats) -> tuple[_State, npt.NDArray[np.bool_], Floats]:
    p, count = state.p, len(state.p)
    residual = _residual(windows, state.model, state.amplitude)
    weights = _robust_weights(windows, residual, state.amplitude)
    derivative = _jacobian(windows, p, state.model, state.amplitude)
    heavy = np.broadcast_to(weights[:, None], residual.shape).reshape(count, 1, -1)
    weighted = derivative * heavy
    normal = (weighted @ derivative.transpose(0, 2, 1)).astype(float)
    slope = (weighted @ residual.reshape(count, -1, 1)).astype(float)[..., 0]
    centre, width = _prior(windows)
    normal += np.diag(np.append(1.0 / width**2, 0.0))
    slope[:, :-1] += (centre - p) / width**2
    diagonal = np.einsum("nii->ni", normal).copy()
    normal[:, range(PARAMETERS + 1), range(PARAMETERS + 1)] += damping[:, None] * diagonal + 1e-6
    move = np.clip(np.linalg.solve(normal, slope[..., None])[..., 0], -LARGEST_MOVE, LARGEST_MOVE)
    trial = _state(windows, bounded(p + move[:, :-1]), state.amplitude + move[:, -1])
    better = (trial.amplitude * state.amplitude > 0) & (trial.cost < state.cost)
    return trial, better, np.abs(move[:, [X, Y, SIZE, LENGTH]]).max(axis=1)
