"""The symmetries of a recipe's input as plain arrays: what a network or its statistics need of them.

Everything is read off `imaging.planes.plane_group` by showing it test pictures, so no turn is written down twice.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from moedal_gui.core.examples import Examples
from moedal_gui.core.recipe import Recipe
from moedal_gui.imaging.planes import PlaneElement, plane_group

Float32 = npt.NDArray[np.float32]


@dataclass(frozen=True)
class LinearMoves:
    """Every exact symmetry as a mixing of planes, an order of pixels, and signs of numbers.

    Attributes
    ----------
    mixing
        Shape (G, C, C): plane c of the result is ``sum_d mixing[g, c, d] * plane d``.
    pixels
        Shape (G, S * S): pixel p of the result is pixel ``pixels[g, p]``.
    signs
        Shape (G, K).
    """

    mixing: Float32
    pixels: npt.NDArray[np.int64]
    signs: Float32


def exact_moves(recipe: Recipe) -> LinearMoves:
    """The symmetries that only move pixels (multiples of 90 degrees, mirrored or not), the identity first."""
    elements = plane_group(recipe, resampling=False)
    places = np.broadcast_to(
        np.arange(recipe.size**2, dtype=np.float32).reshape(recipe.size, recipe.size),
        (recipe.channels, recipe.size, recipe.size),
    )
    pixels = [PlaneElement(e.move, None).moved(places)[0].reshape(-1).round().astype(np.int64) for e in elements]
    signs = [e.applied(_ones(recipe)).numbers[0] for e in elements]
    return LinearMoves(np.stack([_mixing(e, recipe) for e in elements]), np.stack(pixels), np.stack(signs))


def invariant_scale(examples: Examples, recipe: Recipe) -> tuple[Float32, Float32, Float32, Float32]:
    """Level and spread of the planes (C,), and of the numbers (K,), the same however the examples are turned."""
    elements = plane_group(recipe)
    pictures = examples.pictures.astype(np.float64)
    mean = pictures.mean(axis=(0, 1, 3, 4))
    power = (pictures**2).mean(axis=(0, 1, 3, 4))
    mixing = np.stack([_mixing(e, recipe) for e in elements]).astype(np.float64)
    level = (mixing @ mean).mean(axis=0)
    spread = np.sqrt(np.maximum((mixing**2 @ power).mean(axis=0) - level**2, 1e-12))
    signs = np.stack([e.applied(_ones(recipe)).numbers[0] for e in elements]).astype(np.float64)
    numbers = examples.numbers.astype(np.float64)
    if not numbers.shape[1]:
        nothing = np.zeros(0, np.float32)
        return level.astype(np.float32), spread.astype(np.float32), nothing, nothing
    known = np.isfinite(numbers)
    count = np.maximum(known.sum(axis=0), 1)
    filled = np.where(known, numbers, 0.0)
    middle = signs.mean(axis=0) * filled.sum(axis=0) / count
    scatter = np.sqrt(np.maximum((filled**2).sum(axis=0) / count - middle**2, 1e-12))
    scatter[scatter < 1e-5] = 1.0
    return level.astype(np.float32), spread.astype(np.float32), middle.astype(np.float32), scatter.astype(np.float32)


def _ones(recipe: Recipe) -> Examples:
    shape = (1, recipe.views, recipe.channels, recipe.size, recipe.size)
    return Examples(np.ones(shape, np.float32), np.ones((1, len(recipe.numbers)), np.float32))


def _mixing(element: PlaneElement, recipe: Recipe) -> Float32:
    """Shape (C, C), from even pictures that are bright in one plane alone."""
    units = np.eye(recipe.channels, dtype=np.float32)[:, :, None, None]
    moved = element.moved(np.ascontiguousarray(np.broadcast_to(units, (*units.shape[:2], 4, 4))))
    return np.asarray(moved.mean(axis=(2, 3)).T, np.float32)
