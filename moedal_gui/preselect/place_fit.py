"""The mouth of a pit at a place a person points to, and the surface that the slopes there speak for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from moedal_gui.core.scan import ScanDescription, Surface
from moedal_gui.imaging.flat_field import FlatField
from moedal_gui.imaging.harmonics import first_harmonic
from moedal_gui.imaging.lamps import slope_ring
from moedal_gui.imaging.normalise import normalise
from moedal_gui.preselect.ellipse_fit import Fits, Windows, first_guesses, fit
from moedal_gui.preselect.pit_field import WINDOW_SIZES, Frame, Pits, Search, cut, draw, owners, window_sizes
from moedal_gui.preselect.pit_model import AZIMUTH, BLUR, X, Y, half_axes
from moedal_gui.preselect.pit_search import LEAST_EXPLAINED, LEAST_SNR
from moedal_gui.preselect.quality import slope_noise

Floats = npt.NDArray[np.float64]
Float32 = npt.NDArray[np.float32]
Why = Literal["slopes", "no slopes", "nothing explains them"]

TYPICAL_PX = 14.0
"""Minor axis of a mouth where no pit has been found yet; pits are 9 to 30 px across."""
_BLUR_PX = 1.1
_FREEDOM = 0.5
_TURNS = 6
_SIZES = (0.65, 1.0, 1.55)
_ASIDE = ((0.0, 0.0), (3.0, 0.0), (-3.0, 0.0), (0.0, 3.0), (0.0, -3.0))
_TRIED = 3
_ROUND_ABOUT = 2.5
_SHOWS = 0.02
_NEAREST_PX, _OF_RADIUS = 5.0, 0.6
_LARGEST = 2.5  # a mouth so many times as wide as the others is a slope of the picture
_CUT_PX = 72


@dataclass(frozen=True)
class PlaceFit:
    """What was made out at a place.

    Attributes
    ----------
    x_px, y_px
        Centre of the mouth; the place itself where nothing was made out.
    surface
        Empty where the slopes do not say.
    surface_score
        Probability that the surface is right (0.5 to 1); None where the person said it or nobody knows it.
    major_px, minor_px, azimuth_deg
        Full axes, and the tip's direction, as pre-selection tells them: any direction where the mouth is round; a round
        mouth of typical size (azimuth None) where nothing was made out.
    snr
        Signal to noise of the fit; None without one.
    explained
        Share of the slopes' square there that the fit accounts for, 0 without one.
    why
        ``slopes`` where a fit was made; else why none could be.
    """

    x_px: float
    y_px: float
    surface: str
    surface_score: float | None
    major_px: float
    minor_px: float
    azimuth_deg: float | None
    snr: float | None
    explained: float
    why: Why

    @property
    def words(self) -> str:
        """What was made out, in a few words."""
        size = f"{self.major_px:.0f} × {self.minor_px:.0f} px"
        if self.why == "slopes":
            return f"{self.surface}, {size}"
        reason = "this scan has no slopes" if self.why == "no slopes" else "no pit explains the slopes there"
        return f"{reason}: a round mouth of {self.minor_px:.0f} px, surface {self.surface or 'unknown'}"


def fit_place(
    stack_raw: npt.NDArray[Any],
    description: ScanDescription,
    flat: FlatField,
    place: tuple[float, float],
    typical_px: float = TYPICAL_PX,
    surface: str = "",
    others: pd.DataFrame | None = None,
) -> PlaceFit:
    """Fit the mouth of a pit near a place, as a pit of either surface, and keep what explains the slopes better.

    Parameters
    ----------
    stack_raw
        Raw pixels (C, H, W) of the field.
    description, flat
        Of the scan; channels that are dead in this field marked as such.
    place
        (x_px, y_px).
    typical_px
        Minor axis to begin with.
    surface
        ``top`` or ``bottom`` where the person says it; only that one is fitted then.
    others
        Pits known in this field (x_px, y_px, major_px, minor_px, azimuth_deg): their mouths are left out of the fit.
    """
    rim = slope_ring(description, flat)
    plain = PlaceFit(*place, surface, None, typical_px, typical_px, None, None, 0.0, "no slopes")
    if not rim:
        return plain
    part = _Part.round(place, stack_raw.shape[1:])
    azimuths = [description.channels[i].azimuth_deg or 0.0 for i in rim]
    lamps = normalise(stack_raw[list(rim)], FlatField(tuple(flat.channels[i] for i in rim)))
    field = first_harmonic(lamps[:, part.rows, part.columns], azimuths)
    slopes = np.stack([field.slope_x, field.slope_y])
    floor = float(np.median([flat.channels[i].noise / flat.channels[i].contrast for i in rim])) / len(rim) ** 0.5
    search = Search(slopes, max(slope_noise(slopes), 0.7 * floor), (_BLUR_PX, _BLUR_PX))
    here = (place[0] - part.x0, place[1] - part.y0)
    inward = description.near_surface if description.polarity == "lit" else description.far_surface
    signs = [s for s in (1.0, -1.0) if not surface or (s > 0) == (surface == inward)]
    free = _free(slopes.shape[1:], here, others, part)
    found = _best(search, here, 0.5 * typical_px, signs, free)
    if found is None:
        return replace(plain, why="nothing explains them")
    return _told(found, part, inward, description, surface)


@dataclass(frozen=True)
class _Part:
    """The part of a field that is looked at: its corner, rows and columns."""

    x0: int
    y0: int
    rows: slice
    columns: slice

    @staticmethod
    def round(place: tuple[float, float], shape: Sequence[int]) -> _Part:
        x, y = round(place[0]), round(place[1])
        x0, y0 = max(x - _CUT_PX, 0), max(y - _CUT_PX, 0)
        return _Part(x0, y0, slice(y0, min(y + _CUT_PX + 1, shape[0])), slice(x0, min(x + _CUT_PX + 1, shape[1])))


@dataclass(frozen=True)
class _Found:
    pits: Pits
    explained: float
    snr: float
    ahead: float = 0.0


def _best(
    search: Search, here: tuple[float, float], radius: float, signs: Sequence[float], free: Float32
) -> _Found | None:
    """The fit of each sign that leaves least over; of those the better one, where it says enough."""
    starts = [(here[0] + dx, here[1] + dy, radius * f) for f in _SIZES for dx, dy in _ASIDE]
    x, y, radii = (np.array(column) for column in zip(*starts, strict=True))
    size = WINDOW_SIZES[int(window_sizes(np.array([1.7 * radius * max(_SIZES) + 3.5]))[0])]
    frame = Frame.around(x, y, size, search.shape)
    data, inside = cut(search.slopes, frame)
    rows, columns, _ = frame.index
    weights = np.asarray(inside * free[rows, columns], dtype=np.float32)
    blur = np.full(len(starts), _BLUR_PX)
    windows = Windows(data, weights, blur, _FREEDOM, search.noise, 1)
    guesses = dict(zip((1.0, -1.0), first_guesses(windows, radii), strict=True))
    told = [f for s in signs if (f := _fitted(windows, guesses[s], s, search, frame, here, radius, free)) is not None]
    good = [f for f in told if f.explained >= LEAST_EXPLAINED and f.snr >= LEAST_SNR]
    if not good:
        return None
    y, x = np.mgrid[: search.shape[0], : search.shape[1]]
    round_about = free * (np.hypot(x - here[0], y - here[1]) <= _ROUND_ABOUT * radius)
    shares = {id(f): _share(search, f.pits, round_about) for f in told}
    best = max(good, key=lambda f: shares[id(f)])
    other = max([shares[id(f)] for f in told if f is not best], default=0.0)
    return replace(best, ahead=shares[id(best)] - max(other, 0.0))


def _share(search: Search, pits: Pits, weights: Float32) -> float:
    """Share of the slopes' square that a pit takes away, on the same pixels for every pit."""
    rest = search.slopes - draw(pits, search.shape, owners(pits, search.shape))
    return 1.0 - float((rest**2 * weights).sum()) / max(float((search.slopes**2 * weights).sum()), 1e-9)


def _fitted(
    windows: Windows,
    guess: Fits,
    sign: float,
    search: Search,
    frame: Frame,
    here: tuple[float, float],
    radius: float,
    free: Float32,
) -> _Found | None:
    """The best of the fits of one sign that stay near the place."""
    best = np.argsort(guess.misfit / np.maximum(_power(windows), 1e-9))[:_TRIED]
    guess.parameters[:, BLUR] = np.log(_BLUR_PX)
    begun = Fits(guess.parameters[best], guess.amplitude[best], guess.misfit[best])
    answer = fit(windows.take(best), begun, _TURNS)
    frame = Frame(frame.x[best], frame.y[best], frame.size, frame.shape)
    pits = Pits(frame.whole(answer.parameters), answer.amplitude)
    apart = np.hypot(pits.parameters[:, X] - here[0], pits.parameters[:, Y] - here[1])
    allowed = np.maximum(_NEAREST_PX, _OF_RADIUS * np.maximum(half_axes(pits.parameters)[1], radius))
    half_major, half_minor = half_axes(pits.parameters)
    likely = (
        (half_minor <= _LARGEST * radius) & (half_minor >= radius / _LARGEST) & (half_major <= 2 * _LARGEST * radius)
    )
    rows = np.flatnonzero((apart <= allowed) & likely & (pits.amplitude * sign > 0))
    if not rows.size:
        return None
    judged = [_judged(search, pits.take(rows[k : k + 1]), free) for k in range(rows.size)]
    return max(judged, key=lambda f: f.explained * min(f.snr, 30.0))


def _judged(search: Search, pits: Pits, free: Float32) -> _Found:
    """How much of the slopes a pit accounts for where it shows and no other is known, and how far it stands out of the noise."""
    own = draw(pits, search.shape, owners(pits, search.shape))
    strength = (own**2).sum(axis=0)
    foot = free * (strength > _SHOWS * strength.max())
    floor = 2.0 * search.noise**2 * float(foot.sum())
    left = max(float((((search.slopes - own) ** 2).sum(axis=0) * foot).sum()) - floor, 0.0)
    power = float(((search.slopes**2).sum(axis=0) * foot).sum()) - floor
    return _Found(pits, 1.0 - left / max(power, 1e-9), float(np.sqrt((strength * free).sum())) / search.noise)


def _power(windows: Windows) -> Floats:
    """What a fit has to explain in each window, in units of the noise."""
    square = (windows.slopes**2).sum(axis=1) * windows.weights
    return np.asarray(square.sum(axis=(1, 2)) / windows.noise**2, dtype=np.float64)


def _free(shape: Sequence[int], here: tuple[float, float], others: pd.DataFrame | None, part: _Part) -> Float32:
    """Pixels (H, W) that no other known mouth covers: 1, else 0; the place itself always counts."""
    free = np.ones((shape[0], shape[1]), dtype=np.float32)
    if others is None or not len(others):
        return free
    y, x = np.mgrid[: shape[0], : shape[1]]
    for pit in others[["x_px", "y_px", "major_px", "minor_px", "azimuth_deg"]].to_numpy(dtype=float):
        cx, cy, major, minor = pit[0] - part.x0, pit[1] - part.y0, np.nan_to_num(pit[2]), np.nan_to_num(pit[3])
        if max(abs(cx - here[0]), abs(cy - here[1])) > _CUT_PX or minor <= 0:
            continue
        turn = np.radians(np.nan_to_num(pit[4]))
        u = (x - cx) * np.cos(turn) + (y - cy) * np.sin(turn)
        v = (y - cy) * np.cos(turn) - (x - cx) * np.sin(turn)
        free[(u / (0.5 * major)) ** 2 + (v / (0.5 * minor)) ** 2 <= 1.0] = 0.0
    free[np.hypot(x - here[0], y - here[1]) <= _NEAREST_PX] = 1.0
    return free


def _told(found: _Found, part: _Part, inward: Surface, description: ScanDescription, said: str) -> PlaceFit:
    p = found.pits.parameters[0]
    major, minor = half_axes(p)
    outward = description.far_surface if inward == description.near_surface else description.near_surface
    side = inward if found.pits.amplitude[0] > 0 else outward
    score = None
    if not said:
        # The more of the slopes this surface explains and the less the other one does, the surer.
        score = 1.0 - 0.5 * float(np.exp(-0.12 * found.snr * max(found.ahead, 0.0)))
    return PlaceFit(
        float(p[X]) + part.x0, float(p[Y]) + part.y0, side, score, 2.0 * float(major), 2.0 * float(minor),
        float(np.degrees(p[AZIMUTH]) % 360.0), found.snr, found.explained, "slopes",
    )  # fmt: skip
