"""Pictures brought to a smaller size."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Float32 = npt.NDArray[np.float32]


def shrunk(planes: npt.NDArray[np.floating], factor: int) -> Float32:
    """Planes (P, H, W) as (P, ceil(H / factor), ceil(W / factor)), each pixel the mean of factor x factor; edges are repeated.

    A place x of the planes lies at (x + 0.5) / factor - 0.5 of the answer.
    """
    spare = [(0, 0), *((0, -length % factor) for length in planes.shape[1:])]
    whole = np.pad(np.asarray(planes, dtype=np.float32), spare, mode="edge")
    count, height, width = whole.shape
    blocks = whole.reshape(count, height // factor, factor, width // factor, factor)
    return np.asarray(blocks.mean(axis=(2, 4)), dtype=np.float32)
