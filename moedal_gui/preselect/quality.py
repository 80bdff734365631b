"""How well fitted pits explain the slope field they were fitted to, and how quiet the field is round about."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from moedal_gui.preselect.pit_field import Frame, Pits, Search, belongs, cut, draw, groups, owners
from moedal_gui.preselect.pit_model import X, Y, slope_fields

Floats = npt.NDArray[np.float64]
Float32 = npt.NDArray[np.float32]

FAINT_SNR = 30.0
TEXTURE_PX = 18.0
_ROWS = 256


def slope_noise(slopes: Float32) -> float:
    """Standard deviation of the noise of one pixel of one component, from differences of neighbours."""
    rows = slopes[:, :: max(1, slopes.shape[1] // _ROWS)]  # some hundred rows tell it as well as all
    steps = np.abs(rows[:, :, 1:] - rows[:, :, :-1])
    return max(float(np.median(steps)) / 0.9539, 1e-6)


@dataclass(frozen=True)
class Quality:
    """How well each pit explains its place; each of shape (n,).

    Attributes
    ----------
    snr
        Amplitude over its standard deviation under white noise.
    explained
        Share of the slope field's square, inside the mouth and just outside, that the pit accounts for.
    absorption
        Root mean square of the mean picture inside the mouth over the amplitude: large for dirt.
    """

    snr: Floats
    explained: Floats
    absorption: Floats


def quality(search: Search, pits: Pits, mean: Float32) -> Quality:
    """Judge fitted pits against the slope field."""
    owner = owners(pits, search.shape)
    rest = search.slopes - draw(pits, search.shape, owner)
    snr, explained, absorption = (np.zeros(len(pits)) for _ in range(3))
    for rows, size, scale in groups(pits.parameters):
        p, a = pits.parameters[rows], pits.amplitude[rows]
        frame = Frame.around(p[:, X], p[:, Y], size, search.shape)
        left, _ = cut(rest, frame)
        mine = belongs(owner, pits, rows, frame)
        own = slope_fields(frame.local(p), size, scale) * a[:, None, None, None].astype(np.float32)
        own *= mine[:, None]
        strength = (own**2).sum(axis=1)
        # The footprint: where the pit itself says that something is to be seen.
        foot = mine & (strength > 0.02 * strength.max(axis=(1, 2), keepdims=True))
        power = ((left + own) ** 2).sum(axis=1)
        misfit = (left**2).sum(axis=1)
        pixels = np.maximum(foot.sum(axis=(1, 2)), 1)
        floor = 2.0 * search.noise**2 * pixels
        unexplained = np.maximum((misfit * foot).sum(axis=(1, 2)) - floor, 0.0)
        explained[rows] = 1.0 - unexplained / np.maximum((power * foot).sum(axis=(1, 2)) - floor, 1e-9)
        snr[rows] = np.sqrt(strength.sum(axis=(1, 2))) / search.noise
        y, x, _ = frame.index
        absorption[rows] = np.sqrt((mean[y, x] ** 2 * foot).sum(axis=(1, 2)) / pixels) / np.abs(a)
    return Quality(snr, explained, absorption)


def texture(search: Search, pits: Pits, snr: Floats) -> Floats:
    """Local deviation of what the strong pits leave over, in units of the noise, at each pit; shape (n,), 1 or more.

    Fingerprints and rough foil raise it, a lone faint pit hardly does.
    """
    strong = pits.take(np.nonzero(snr > FAINT_SNR)[0])
    rest = search.slopes - draw(strong, search.shape, owners(strong, search.shape))
    power = 0.5 * (rest[0] ** 2 + rest[1] ** 2) / search.noise**2
    # Capped, so that the misfit of one strong pit does not silence its neighbours.
    local = cv2.GaussianBlur(np.minimum(power, 8.0), (0, 0), TEXTURE_PX)
    x = np.clip(np.rint(pits.parameters[:, X]).astype(int), 0, search.shape[1] - 1)
    y = np.clip(np.rint(pits.parameters[:, Y]).astype(int), 0, search.shape[0] - 1)
    return np.asarray(np.sqrt(np.maximum(local[y, x], 1.0)), dtype=np.float64)
