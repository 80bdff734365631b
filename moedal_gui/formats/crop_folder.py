"""A folder of crops: one sub-folder a class, ordinary pictures in it; damaged ones are counted and left out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from moedal_gui.core.errors import PictureError
from moedal_gui.core.examples import Examples
from moedal_gui.core.recipe import Fit, Recipe
from moedal_gui.formats.pictures import PICTURE_SUFFIXES, read_picture
from moedal_gui.imaging.planes import picture_crop

_LARGEST = 64  # px: larger pictures are halved until they fit
_SIXTEEN_BIT = 257.0  # 16-bit pictures are brought to the scale of 8-bit ones


@dataclass(frozen=True)
class Crops:
    """The pictures of a folder.

    Attributes
    ----------
    paths
        Below the folder, with forward slashes, in order.
    classes
        Name of each picture's sub-folder; empty for one that lies in the folder itself.
    pictures
        Grey, (H, W) float32 each, on the scale of 8 bit.
    damaged
        Below the folder, the files that are no pictures though their names say so.
    """

    folder: Path
    paths: tuple[str, ...]
    classes: tuple[str, ...]
    pictures: tuple[npt.NDArray[np.float32], ...]
    damaged: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.paths)

    @property
    def complaint(self) -> str:
        """One sentence about damaged files; empty when there are none."""
        if not self.damaged:
            return ""
        word = "picture is" if len(self.damaged) == 1 else "pictures are"
        return f"{len(self.damaged)} {word} damaged and left out (the first: {self.damaged[0]})"


def read_crops(folder: Path) -> Crops:
    """Every ordinary picture in a folder and below; the first level of sub-folders names the classes.

    Raises
    ------
    PictureError
        There is no such folder, or no picture in it that can be read.
    """
    if not folder.is_dir():
        raise PictureError("There is no such folder of crops", folder, "check the path")
    files = [
        path
        for path in sorted(folder.rglob("*"))
        if path.suffix.lower() in PICTURE_SUFFIXES and path.is_file() and not _hidden(path.relative_to(folder))
    ]
    paths, classes, pictures, damaged = [], [], [], []
    for path in files:
        below = path.relative_to(folder)
        try:
            pictures.append(_grey(path))
        except PictureError:
            damaged.append(below.as_posix())
            continue
        paths.append(below.as_posix())
        classes.append(below.parts[0] if len(below.parts) > 1 else "")
    if not paths:
        what = "None of the pictures can be read" if damaged else "There are no pictures in the folder of crops"
        raise PictureError(what, folder, "put PNG, JPEG, BMP, TGA or TIFF files into one sub-folder a class")
    return Crops(folder, tuple(paths), tuple(classes), tuple(pictures), tuple(damaged))


def recipe_of(pictures: Sequence[npt.NDArray[np.float32]], size: int | None = None, fit: Fit | None = None) -> Recipe:
    """The recipe that suits pictures: their own size where it is small, else halved until it fits.

    ``level`` is what most of most pictures looks like, ``spread`` twice the usual contrast of one picture.
    """
    sides = np.array([max(p.shape) for p in pictures])
    usual = int(np.percentile(sides, 95))
    while usual > _LARGEST:
        usual = (usual + 1) // 2
    chosen = size or int(np.clip((usual + 3) // 4 * 4, 8, 256))
    level = float(np.median([np.median(p) for p in pictures]))
    spread = 2.0 * float(np.median([p.std() for p in pictures]))
    how: Fit = fit or ("pad" if int(sides.max()) <= chosen else "halve")
    return Recipe(
        planes=("single",), size=chosen, fit=how, normalisation="picture", level=level, spread=max(spread, 1.0)
    )


def examples_of(pictures: Sequence[npt.NDArray[np.float32]], recipe: Recipe) -> Examples:
    """Crops as a network sees them, (N, 1, 1, S, S)."""
    crops = [picture_crop(picture, recipe) for picture in pictures]
    stack = np.stack(crops) if crops else np.zeros((0, 1, recipe.size, recipe.size), np.float32)
    return Examples(stack[:, None], np.zeros((len(stack), 0), np.float32))


def _grey(path: Path) -> npt.NDArray[np.float32]:
    found: npt.NDArray[Any] = read_picture(path)
    grey = found.astype(np.float32)
    return grey / np.float32(_SIXTEEN_BIT) if found.dtype == np.uint16 else grey


def _hidden(below: Path) -> bool:
    return any(part.startswith(".") for part in below.parts)
