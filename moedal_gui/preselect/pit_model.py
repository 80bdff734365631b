"""What a conical etch pit looks like in the slope field of a lamp ring: many pits at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Float32 = npt.NDArray[np.float32]

X, Y, SIZE, LENGTH, AZIMUTH, TIP, STEEP, BLUR = range(8)
PARAMETERS = 8
"""Columns of a parameter array (n, 8): centre of the mouth x, y in px from the middle of the window; log of the
geometric mean of the half axes in px; log of major over minor axis; azimuth of the tip in radians, which is the
direction of the major axis; distance of the tip from the centre over the half major axis; log of the wall's
steepness over the steepness at which the lamps saturate; log of the blur's standard deviation in px."""

CLIFF_PX = 0.7


def half_axes(parameters: npt.NDArray[np.floating]) -> tuple[npt.NDArray[np.floating], npt.NDArray[np.floating]]:
    """Half major and half minor axis in px."""
    return (
        np.exp(parameters[..., SIZE] + 0.5 * parameters[..., LENGTH]),
        np.exp(parameters[..., SIZE] - 0.5 * parameters[..., LENGTH]),
    )


@dataclass(frozen=True)
class _Cones:
    """Geometry of pits at each sample; every field (n, W, W) unless said otherwise.

    `u`, `v` stand along the major and minor axis in units of the half axes, `s` is 0 at the tip and 1 at the rim,
    `root` the square root in the solution for s, `rho` the distance from the centre in units of the rim's.
    """

    major: Float32
    minor: Float32
    tip: Float32
    cosine: Float32
    sine: Float32
    u: Float32
    v: Float32
    s: Float32
    root: Float32
    rho: Float32


def _cones(parameters: Float32, place: Float32) -> _Cones:
    """Geometry of cones over elliptic mouths.

    The section at depth 1 - s is the circle of radius s about (tip (1 - s), 0), in units of the half axes; so
    ``|w + tip s| = s`` with w = (u - tip, v), whose smaller root is the floor seen from above.
    """
    half_major, half_minor = half_axes(parameters)
    major, minor = half_major.astype(np.float32)[:, None, None], half_minor.astype(np.float32)[:, None, None]
    angle, tip = parameters[:, AZIMUTH][:, None, None], parameters[:, TIP][:, None, None]
    cosine, sine = np.cos(angle), np.sin(angle)
    dx = place[None, None, :] - parameters[:, X, None, None]
    dy = place[None, :, None] - parameters[:, Y, None, None]
    u = np.asarray(dx * (cosine / major) + dy * (sine / major), dtype=np.float32)
    v = np.asarray(dy * (cosine / minor) - dx * (sine / minor), dtype=np.float32)
    w = u - tip
    square, lean = w * w + v * v, tip * w
    root = np.sqrt(np.maximum(lean * lean + (1.0 - tip * tip) * square, 1e-6))
    s = square / np.maximum(root - lean, 1e-6)
    return _Cones(major, minor, tip, cosine, sine, u, v, s, root, np.sqrt(u * u + v * v + 1e-9))


def depths(parameters: Float32, place: Float32) -> Float32:
    """Depth of pits whose wall across the minor axis has slope 1, in px, 0 outside the mouth.

    Parameters
    ----------
    parameters
        Shape (n, 8).
    place
        Shape (W,), px from the middle of the window, for both axes.

    Returns
    -------
    Shape (n, W, W).
    """
    cones = _cones(parameters, place)
    return np.where(cones.rho < 1.0, np.maximum(1.0 - cones.s, 0.0), 0.0) * cones.minor


def _blur_matrix(sigma: Float32, place: Float32, samples: Float32) -> Float32:
    """Weights (n, W, S) that blur samples by a Gaussian and give their values at some places."""
    spacing = float(samples[1] - samples[0])
    distance = (place[:, None] - samples[None, :])[None] / sigma[:, None, None]
    weights = np.exp(-0.5 * distance * distance)
    return np.asarray(weights * (spacing / (sigma * np.sqrt(2 * np.pi)))[:, None, None], dtype=np.float32)


def slope_fields(parameters: npt.NDArray[np.floating], size: int, scale: float) -> Float32:
    """Slope fields of pits on the surface near a camera of polarity "lit", for a unit wall.

    The slope of the wall is compressed as ``slope / sqrt(1 + slope^2)``, slope in units of the saturating one,
    which stands for a lamp lobe of any shape, then blurred.

    Parameters
    ----------
    parameters
        Shape (n, 8).
    size
        Side W of the windows in pixels, odd.
    scale
        Samples per px along each axis; below 1 the pixels of the window stand 1 / scale px apart.

    Returns
    -------
    Shape (n, 2, W, W): x and y component.
    """
    p: Float32 = parameters.astype(np.float32)
    fine = max(int(scale), 1)
    place: Float32 = ((np.arange(size) - 0.5 * (size - 1)) * max(1.0, 1.0 / scale)).astype(np.float32)
    samples: Float32 = ((np.arange(size * fine) - 0.5 * (size * fine - 1)) / scale).astype(np.float32)
    fields = _sharp_slopes(p, samples, 1.0 / scale)
    blur = _blur_matrix(np.exp(p[:, BLUR]), place, samples)[:, None]
    return np.asarray(blur @ fields @ blur.transpose(0, 1, 3, 2), dtype=np.float32)


def _sharp_slopes(p: Float32, place: Float32, step: float) -> Float32:
    """Compressed slopes (n, 2, W, W) before blur; samples at the rim count by how much of them lies inside."""
    cones = _cones(p, place)
    # Gradient of the depth along the two axes: minus that of s, from the implicit equation.
    along = -(cones.u - cones.tip + cones.tip * cones.s) / cones.root * (cones.minor / cones.major)
    across = -cones.v / cones.root
    steep = np.exp(2.0 * p[:, STEEP])[:, None, None]
    damped = np.sqrt((1.0 + steep) / (1.0 + steep * (along * along + across * across)))
    rim_u, rim_v = cones.u / (cones.rho * cones.major), cones.v / (cones.rho * cones.minor)
    # The centre itself has no direction to the rim.
    grade = np.maximum(np.sqrt(rim_u * rim_u + rim_v * rim_v), 1e-3)
    inward = (1.0 - cones.rho) / grade
    share = np.clip(0.5 + inward / step, 0.0, 1.0) * damped
    # A pit that runs under its own rim ends there in a cliff: a line that faces the other way.
    height = np.where(cones.u * cones.tip > 1.0, np.maximum(1.0 - cones.s, 0.0) * cones.minor, 0.0)
    drop = height / CLIFF_PX
    line = CLIFF_PX * drop * np.sqrt((1.0 + steep) / (1.0 + steep * drop * drop))
    line = line * np.maximum(1.0 - np.abs(inward) / step, 0.0) / (step * grade)
    along, across = along * share - rim_u * line, across * share - rim_v * line
    return np.stack([along * cones.cosine - across * cones.sine, along * cones.sine + across * cones.cosine], axis=1)
