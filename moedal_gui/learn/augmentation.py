"""Random moves of training crops: a symmetry of their recipe, a small shift, gain and noise."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from moedal_gui.core.examples import Examples
from moedal_gui.core.recipe import Recipe
from moedal_gui.imaging.planes import PlaneElement, plane_group
from moedal_gui.imaging.symmetry import Element
from moedal_gui.learn.settings import TrainingSettings

Float32 = npt.NDArray[np.float32]
_TOGETHER = 8  # examples of a batch that share one symmetry


@dataclass(frozen=True)
class Augmentation:
    """Moves examples at random, the same way for the same state of the generator."""

    recipe: Recipe
    shift_px: int
    gain: float
    noise: float
    spread: Float32

    @classmethod
    def of(cls, recipe: Recipe, settings: TrainingSettings, examples: Examples) -> Augmentation:
        """The moves of these settings, noise measured in the spread of these examples' planes."""
        spread = examples.pictures.std(axis=(0, 1, 3, 4)) if len(examples) else np.ones(recipe.channels)
        return cls(recipe, settings.shift_px, settings.gain, settings.noise, spread.astype(np.float32))

    def applied(self, examples: Examples, random: np.random.Generator) -> Examples:
        """A batch as it might have been seen as well; labels stay true."""
        group = plane_group(self.recipe)
        parts = []
        for start in range(0, len(examples), _TOGETHER):
            part = examples.taken(np.arange(start, min(start + _TOGETHER, len(examples))))
            parts.append(_element(self.recipe, group, random).applied(part))
        pictures = np.concatenate([p.pictures for p in parts])
        numbers = np.concatenate([p.numbers for p in parts])
        return Examples(self._touched(pictures, random), numbers)

    def _touched(self, pictures: Float32, random: np.random.Generator) -> Float32:
        if self.shift_px:
            pictures = _shifted(pictures, self.shift_px, random)
        if self.gain:
            factors = np.exp(random.normal(0.0, self.gain, (len(pictures), 1, 1, 1, 1)))
            pictures = pictures * factors.astype(np.float32)
        if self.noise:
            grain = random.standard_normal(pictures.shape, dtype=np.float32)
            pictures = pictures + grain * (self.noise * self.spread)[:, None, None]
        return np.ascontiguousarray(pictures, dtype=np.float32)


def _element(recipe: Recipe, group: tuple[PlaneElement, ...], random: np.random.Generator) -> PlaneElement:
    """One of the group; a picture that has no direction at all may be turned by any angle half of the time."""
    chosen = group[random.integers(len(group))]
    if recipe.planes != ("single",) or recipe.view != "pit" or random.random() < 0.5:
        return chosen
    angle = float(random.uniform(0.0, 360.0))
    return PlaneElement(Element(angle, chosen.move.mirrored, chosen.move.permutation), None)


def _shifted(pictures: Float32, reach: int, random: np.random.Generator) -> Float32:
    """Whole pixels, the edge repeated."""
    size = pictures.shape[-1]
    wide = np.pad(pictures, ((0, 0), (0, 0), (0, 0), (reach, reach), (reach, reach)), mode="edge")
    moved = np.empty_like(pictures)
    for n, (y, x) in enumerate(random.integers(0, 2 * reach + 1, (len(pictures), 2))):
        moved[n] = wide[n, :, :, y : y + size, x : x + size]
    return moved
