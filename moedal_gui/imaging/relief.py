"""Relief picture from a slope field, by integration in the least-squares sense."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.fft import dctn, idctn

Float32 = npt.NDArray[np.float32]


def _divergence(slope_x: Float32, slope_y: Float32) -> npt.NDArray[np.float64]:
    """Divergence on the pixel grid with zero flux through the picture's edge, as the normal equations have it."""
    flow_x = 0.5 * (slope_x[:, 1:] + slope_x[:, :-1]).astype(np.float64)
    flow_y = 0.5 * (slope_y[1:] + slope_y[:-1]).astype(np.float64)
    total = np.zeros(slope_x.shape)
    total[:, :-1] += flow_x
    total[:, 1:] -= flow_x
    total[:-1] += flow_y
    total[1:] -= flow_y
    return total


def integrate(slope_x: Float32, slope_y: Float32, longest_px: float | None = None) -> Float32:
    """The surface whose gradient comes nearest to a slope field.

    Solves Poisson's equation with natural boundaries by a cosine transform (Frankot and Chellappa, IEEE PAMI 10
    (1988) 439; Simchony et al., PAMI 12 (1990) 435).

    Parameters
    ----------
    slope_x, slope_y
        Shape (H, W), slope per pixel along +x and +y (down).
    longest_px
        Waves longer than about this are damped: integration turns faint noise into broad hills.

    Returns
    -------
    Shape (H, W), mean 0. With g of a scan of polarity "lit" it is depth on the near surface: pits are hills.
    """
    height, width = slope_x.shape
    flow = dctn(_divergence(np.nan_to_num(slope_x), np.nan_to_num(slope_y)), type=2)
    wave_y = 2.0 * np.cos(np.pi * np.arange(height) / height)[:, None] - 2.0
    wave_x = 2.0 * np.cos(np.pi * np.arange(width) / width)[None, :] - 2.0
    laplacian = wave_y + wave_x
    laplacian[0, 0] = 1.0
    spectrum = flow / laplacian
    spectrum[0, 0] = 0.0
    if longest_px is not None:
        cut = (2.0 * np.pi / longest_px) ** 2
        spectrum *= laplacian**2 / (laplacian**2 + cut**2)
    return np.asarray(idctn(spectrum, type=2), dtype=np.float32)
