"""Boxed pictures: ordinary pictures with YOLO text files of the same stem beside them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from moedal_gui.core.errors import PictureError
from moedal_gui.formats.pictures import PICTURE_SUFFIXES, read_picture

_NUMBERS = 5


@dataclass(frozen=True)
class BoxedPicture:
    """One picture and its boxes.

    Attributes
    ----------
    picture
        Grey, (H, W).
    boxes
        Shape (n, 4): x, y of the middle, width, height, px.
    """

    path: Path
    picture: npt.NDArray[Any]
    boxes: npt.NDArray[np.float64]


def read_boxes(folder: Path) -> tuple[tuple[BoxedPicture, ...], tuple[str, ...]]:
    """Pictures of a folder with a text file of the same stem, and the names of those that are damaged.

    A line of a text file is ``class x y width height``, in shares of the picture's sides, (x, y) the middle of the
    box. Text files without a picture are skipped, and pictures without a text file; an empty text file says that its
    picture shows nothing.

    Raises
    ------
    PictureError
        There is not one such picture.
    """
    found, damaged = [], []
    for path in sorted(p for p in folder.rglob("*") if p.suffix.lower() in PICTURE_SUFFIXES):
        words = path.with_suffix(".txt")
        if not words.is_file():
            continue
        try:
            picture = read_picture(path)
            found.append(BoxedPicture(path, picture, _boxes(words, picture.shape)))
        except (PictureError, ValueError, OSError):
            damaged.append(str(path.relative_to(folder)))
    if not found:
        what = "No picture with boxes can be read" if damaged else "There is no picture with a text file of boxes"
        raise PictureError(what, folder, "put YOLO text files of the same stem beside the pictures")
    return tuple(found), tuple(damaged)


def _boxes(path: Path, shape: tuple[int, ...]) -> npt.NDArray[np.float64]:
    rows = [line.split() for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    values = np.array([[float(v) for v in row[1:_NUMBERS]] for row in rows], dtype=np.float64).reshape(-1, 4)
    height, width = shape[-2:]
    if not np.isfinite(values).all() or (values[:, 2:] <= 0).any() or (np.abs(values) > 2).any():
        raise ValueError("a box makes no sense")
    scaled = values * (width, height, width, height)
    # Pixel centres are whole numbers: the left edge of the picture lies at -0.5.
    scaled[:, :2] -= 0.5
    return np.asarray(scaled)
