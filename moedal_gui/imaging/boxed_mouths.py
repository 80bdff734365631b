"""Mouths from upright boxes: which way a boxed pit lies, by what differs from the ground within its box."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Float32 = npt.NDArray[np.float32]
Floats = npt.NDArray[np.float64]

_ABOVE, _DEEP = 0.3, 0.9
_LONG = 1.8
_SQUARE_PX = 3
_LEAST_HALF_PX = 2.0
_ROUNDS = 20


def mouths_in_boxes(picture: Float32, boxes: Floats) -> Floats:
    """Ellipses that fill their boxes and lie as what is in them does.

    What differs from the ground has second moments; where they are plainly longer one way, the ellipse leans to that side,
    is as thick as they say, and touches all four sides of its box. Otherwise it is upright.

    Parameters
    ----------
    picture
        Shape (H, W), ground 0; pits of one picture are all darker or all brighter.
    boxes
        Shape (n, 4): x, y of the middle, width, height, px.

    Returns
    -------
    Shape (n, 3): half axes in px, the longer first, and the direction of the longer from +x towards +y in radians.
    """
    parts = [_inside(picture, box) for box in boxes]
    sign = 1.0 if sum(float(part.sum()) for part in parts) > 0.0 else -1.0
    return np.array([_mouth(sign * part, box) for part, box in zip(parts, boxes, strict=True)]).reshape(-1, 3)


def _inside(picture: Float32, box: Floats) -> Float32:
    x, y, width, height = box
    rows, columns = (
        slice(max(round(middle - 0.5 * side), 0), max(round(middle + 0.5 * side) + 1, 0))
        for middle, side in ((y, height), (x, width))
    )
    return picture[rows, columns]


def _mouth(part: Float32, box: Floats) -> tuple[float, float, float]:
    half_width, half_height = 0.5 * float(box[2]), 0.5 * float(box[3])
    upright = (
        max(half_width, half_height),
        min(half_width, half_height),
        0.0 if half_width >= half_height else 0.5 * np.pi,
    )
    if min(part.shape, default=0) < _SQUARE_PX:
        return upright
    # Not the deepest point: a neighbour's corner may be deeper than the pit itself.
    weight = np.clip(part - _ABOVE * np.quantile(part, _DEEP), 0.0, None).astype(float)
    moments = _moments(weight)
    if moments is None:
        return upright
    value, vector = np.linalg.eigh(moments)
    if value[0] <= 0.0 or value[1] < _LONG**2 * value[0]:
        return upright
    # The half axis of an even ellipse is twice its deviation.
    least = min(half_width, half_height)
    minor = float(np.clip(2.0 * np.sqrt(value[0]), min(_LEAST_HALF_PX, 0.9 * least), 0.999 * least))
    leans_down = vector[0, 1] * vector[1, 1] >= 0.0
    angle = float(np.arctan2(abs(vector[1, 1]), abs(vector[0, 1])))
    for _ in range(_ROUNDS):
        # An ellipse of half axes a, b at angle t is half as wide as the root of (a cos t)^2 + (b sin t)^2.
        along_x = np.sqrt(max(half_width**2 - (minor * np.sin(angle)) ** 2, 1e-6))
        along_y = np.sqrt(max(half_height**2 - (minor * np.cos(angle)) ** 2, 1e-6))
        angle = float(np.arctan2(along_y, along_x))
    major = float(np.hypot(along_x, along_y))
    return (major, minor, angle if leans_down else -angle) if major > minor else upright


def _moments(weight: Floats) -> Floats | None:
    """Second central moments (2, 2) of weights (h, w) in x and y; None where nothing weighs."""
    total = weight.sum()
    if total <= 0.0:
        return None
    y, x = np.mgrid[: weight.shape[0], : weight.shape[1]]
    dx, dy = x - (weight * x).sum() / total, y - (weight * y).sum() / total
    xx, xy, yy = ((weight * a * b).sum() / total for a, b in ((dx, dx), (dx, dy), (dy, dy)))
    return np.array([[xx, xy], [xy, yy]])
