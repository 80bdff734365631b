"""What was fitted as a pit and is none: pieces of scratches and rims, leftovers inside pits, dirt."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from moedal_gui.preselect.pit_field import Pits
from moedal_gui.preselect.pit_model import AZIMUTH, X, Y, half_axes

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

ELONGATED = 1.7
THIN_PX = 3.2
LEFTOVER_SIZE = 0.6


def _distances(pits: Pits) -> tuple[Floats, Floats]:
    x, y = pits.parameters[:, X], pits.parameters[:, Y]
    return x[:, None] - x[None, :], y[:, None] - y[None, :]


def inside_of(pits: Pits) -> Floats:
    """How far the centre of row pit i lies out in column pit j, 1 at j's rim; (n, n)."""
    dx, dy = _distances(pits)
    major, minor = half_axes(pits.parameters)
    cosine, sine = np.cos(pits.parameters[:, AZIMUTH]), np.sin(pits.parameters[:, AZIMUTH])
    along = (dx * cosine + dy * sine) / major
    across = (dy * cosine - dx * sine) / minor
    return np.asarray(np.hypot(along, across))


def leftovers(pits: Pits, snr: Floats) -> Flags:
    """Small pits inside the mouth of a stronger, larger one: what its model did not explain.

    Where pits of one surface merge the deeper is seen, so a small one inside a large one does not show; one of the
    other surface does, and is kept unless it is much weaker as well.
    """
    if not len(pits):
        return np.zeros(0, dtype=bool)
    major, minor = half_axes(pits.parameters)
    size = np.sqrt(major * minor)
    smaller = size[:, None] < LEFTOVER_SIZE * size[None, :]
    weaker = snr[:, None] < snr[None, :]
    same = pits.amplitude[:, None] * pits.amplitude[None, :] > 0
    much_weaker = snr[:, None] < 0.5 * snr[None, :]
    lost = smaller & weaker & (same | much_weaker) & (inside_of(pits) < 1.1)
    return np.asarray(lost.any(axis=1))


def chained(pits: Pits) -> Flags:
    """Thin long ones that meet end to end: pieces of a scratch, a fibre or the rim of a bubble."""
    major, minor = (np.asarray(axis, dtype=np.float64) for axis in half_axes(pits.parameters))
    thin = (major > ELONGATED * minor) & (minor < THIN_PX)
    ends = _ends(pits, major)
    near = np.zeros((len(pits), len(pits)), dtype=bool)
    for mine in ends:
        for theirs in ends:
            gap = np.hypot(mine[:, None, 0] - theirs[None, :, 0], mine[:, None, 1] - theirs[None, :, 1])
            near |= gap < 2.0 * THIN_PX
    near &= thin[:, None] & thin[None, :] & ~np.eye(len(pits), dtype=bool)
    return np.asarray(near.any(axis=1))


def _ends(pits: Pits, major: Floats) -> tuple[Floats, Floats]:
    centre = pits.parameters[:, [X, Y]]
    azimuth = pits.parameters[:, AZIMUTH]
    way = major[:, None] * np.stack([np.cos(azimuth), np.sin(azimuth)], axis=1)
    return centre + way, centre - way


def probabilities(snr: Floats, explained: Floats, absorption: Floats, length: Floats) -> Floats:
    """Probability that what was fitted is a pit.

    A pit explains the slopes of its place and dirt does not; dirt takes light under all lamps alike, so that its mean
    picture is large beside its slopes; near the noise, or the texture round about, nothing is sure.

    Parameters
    ----------
    snr
        Signal over noise and texture, shape (n,).
    explained, absorption
        As in `moedal_gui.preselect.divergence.Quality`, shape (n,).
    length
        Logarithm of major over minor axis, shape (n,): a pit longer than e times its width is barely etched at all,
        a piece of a scratch always is.
    """
    evidence = 14.0 * (np.clip(explained, 0.0, 1.0) - 0.62)
    evidence += 2.5 * np.log(np.maximum(snr, 1.0) / 15.0)
    evidence -= 5.0 * np.maximum(length - 1.0, 0.0)
    evidence -= 3.0 * np.maximum(np.log(np.maximum(absorption, 1e-3) / 1.2), 0.0)
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(evidence, -30.0, 30.0))))
