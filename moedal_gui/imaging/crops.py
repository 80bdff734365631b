"""The one cropper: square windows of a field round given centres."""

from __future__ import annotations

from typing import Any, Literal, Protocol

import numpy as np
import numpy.typing as npt

from moedal_gui.core.errors import DetectionError

Fill = Literal["edge", "zero"]


class Sliceable(Protocol):
    """A stack (C, H, W) that gives a window when sliced: an array, or a dataset on disk."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Channels, height, width."""
        ...

    def __getitem__(self, key: Any, /) -> Any:
        """A window of the stack."""
        ...


def _corner(centre: float, size_px: int) -> int:
    """First pixel of a window; a centre between two pixels goes to the later one."""
    return int(np.floor(centre + 0.5)) - size_px // 2


def cut_crop(stack: Sliceable, x_px: float, y_px: float, size_px: int, fill: Fill = "edge") -> npt.NDArray[Any]:
    """One crop (C, size, size); see `cut_crops`."""
    channels, height, width = stack.shape
    x0, y0 = _corner(x_px, size_px), _corner(y_px, size_px)
    xa, xb = max(x0, 0), min(x0 + size_px, width)
    ya, yb = max(y0, 0), min(y0 + size_px, height)
    if xa >= xb or ya >= yb:
        return np.zeros((channels, size_px, size_px), dtype=np.asarray(stack[:1, :1, :1]).dtype)
    window = np.asarray(stack[:, ya:yb, xa:xb])
    border = ((0, 0), (ya - y0, y0 + size_px - yb), (xa - x0, x0 + size_px - xb))
    if not any(before or after for before, after in border):
        return window
    return np.pad(window, border, mode="edge") if fill == "edge" else np.pad(window, border)


def cut_crops(stack: Sliceable, centres: npt.ArrayLike, size_px: int, fill: Fill = "edge") -> npt.NDArray[Any]:
    """Cut square crops on whole pixels; values are copied, never resampled.

    The centre is rounded to the nearest pixel (halves up), which becomes pixel ``size // 2`` of the crop.

    Parameters
    ----------
    stack
        Shape (C, H, W).
    centres
        Shape (N, 2): x_px, y_px.
    size_px
        Side of the crops.
    fill
        What stands where a crop reaches over the edge of the field: its last pixel, or zero. A crop wholly outside
        is zero.

    Returns
    -------
    Shape (N, C, size, size), the type of the stack.

    Raises
    ------
    DetectionError
        The size is not positive or a centre is not finite.
    """
    points = np.asarray(centres, dtype=float).reshape(-1, 2)
    if size_px < 1 or not np.isfinite(points).all():
        raise DetectionError("Crops need finite centres and a size of at least one pixel", size_px, "check the pits")
    if len(points) == 0:
        return np.zeros((0, stack.shape[0], size_px, size_px), dtype=np.asarray(stack[:1, :1, :1]).dtype)
    return np.stack([cut_crop(stack, x, y, size_px, fill) for x, y in points])
