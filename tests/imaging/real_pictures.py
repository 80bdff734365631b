"""Real pictures that some tests check against, where they are at hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

FOLDER = Path(__file__).parents[3] / "shared" / "data"
Floats = npt.NDArray[np.float64]


def folder(name: str) -> Path:
    """A folder of real pictures, or skip the test."""
    path = FOLDER / name
    if not path.exists():
        pytest.skip(f"real pictures are not at hand: {name}")
    return path


def grey(path: Path) -> Floats:
    """A picture as luminance."""
    return np.asarray(Image.open(path).convert("L"), dtype=float)


def height_map(path: Path) -> tuple[Floats, float]:
    """Heights and length of a pixel of a GelSight TMD file: text line, comment, sizes, lengths, heights."""
    raw = path.read_bytes()
    start = raw.index(b"\0", raw.index(b"\0") + 1) + 1
    columns, rows = np.frombuffer(raw, "<i4", 2, start)
    length_x = float(np.frombuffer(raw, "<f4", 1, start + 8)[0])
    heights = np.frombuffer(raw, "<f4", rows * columns, start + 24).reshape(rows, columns)
    return heights.astype(float), length_x / float(columns)


def correlation(a: npt.NDArray[np.generic], b: npt.NDArray[np.generic]) -> float:
    """Pearson's correlation of all pixels."""
    return float(np.corrcoef(np.ravel(a).astype(float), np.ravel(b).astype(float))[0, 1])
