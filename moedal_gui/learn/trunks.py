"""Trunks: pictures (N, C, S, S) to an embedding (N, E). One class a kind of network."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from moedal_gui.core.recipe import Recipe
from moedal_gui.learn.settings import Norm, TrainingSettings

_SMALLEST = 8  # px: below this side a map is halved no further

_LARGE = 40  # px: residual networks halve larger pictures at once


def stage_widths(size: int, width: int) -> list[int]:
    """Channels of each stage: doubled at every halving, at most eight times the first."""
    widths = [width]
    while size > _SMALLEST:
        size = (size + 1) // 2
        widths.append(min(widths[-1] * 2, width * 8))
    return widths


def normed(channels: int, norm: Norm) -> nn.Module:
    """A norm over channels; groups of four where batches are not to be trusted."""
    return nn.BatchNorm2d(channels) if norm == "batch" else nn.GroupNorm(max(1, channels // 4), channels)


class Pooled(nn.Module):
    """Mean and largest value of every map, whatever its axes: twice as many numbers as maps."""

    def forward(self, maps: Tensor) -> Tensor:
        """Shape (N, C, ...) to (N, 2 C)."""
        flat = maps.flatten(2)
        return torch.cat([flat.mean(dim=2), flat.amax(dim=2)], dim=1)


class Placed(nn.Module):
    """Every map with its places: in a crop of a field the pit stands in the middle, and neighbours do not."""

    FEATURES = 32

    def __init__(self, maps: int, side: int, dropout: float) -> None:
        super().__init__()
        self.flat = nn.Flatten()
        self.drop = nn.Dropout(dropout)
        self.joined = nn.Linear(maps * side * side, self.FEATURES)
        self.bent = nn.ReLU()

    def forward(self, maps: Tensor) -> Tensor:
        """Shape (N, C, S, S) to (N, FEATURES)."""
        return self.bent(self.joined(self.drop(self.flat(maps))))


def _left(size: int, halvings: int) -> int:
    """Side of a crop after so many halvings, odd sides rounded up."""
    for _ in range(halvings):
        size = (size + 1) // 2
    return size


class PlainTrunk(nn.Module):
    """Convolutions and a halving a stage; the first stage, at full size, has one convolution whatever the others have."""

    def __init__(self, recipe: Recipe, settings: TrainingSettings, convolutions: int = 1) -> None:
        super().__init__()
        widths = stage_widths(recipe.size, settings.width)
        layers: list[nn.Module] = []
        before = recipe.channels
        for stage, width in enumerate(widths):
            if stage:
                layers.append(nn.MaxPool2d(2, ceil_mode=True))
            for _ in range(convolutions if stage else 1):
                layers += [nn.Conv2d(before, width, 3, padding=1, bias=False), normed(width, settings.norm), nn.ReLU()]
                before = width
        centred = recipe.normalisation == "field"
        end = Placed(before, _left(recipe.size, len(widths) - 1), settings.dropout) if centred else Pooled()
        self.layers = nn.Sequential(*layers, end)
        self.features = Placed.FEATURES if centred else 2 * before

    def forward(self, pictures: Tensor) -> Tensor:
        """Shape (N, C, S, S) to (N, features)."""
        return self.layers(pictures)


class ResidualBlock(nn.Module):
    """Two convolutions beside a short cut (He et al., arXiv:1512.03385)."""

    def __init__(self, before: int, width: int, stride: int, norm: Norm) -> None:
        super().__init__()
        self.path = nn.Sequential(
            nn.Conv2d(before, width, 3, stride, 1, bias=False), normed(width, norm), nn.ReLU(),
            nn.Conv2d(width, width, 3, 1, 1, bias=False), normed(width, norm),
        )  # fmt: skip
        self.short: nn.Module = nn.Identity()
        if stride != 1 or before != width:
            self.short = nn.Sequential(nn.Conv2d(before, width, 1, stride, bias=False), normed(width, norm))
        self.last = nn.ReLU()

    def forward(self, maps: Tensor) -> Tensor:
        """Maps (N, C, H, W) to maps."""
        return self.last(self.path(maps) + self.short(maps))


class ResidualTrunk(nn.Module):
    """Stages of residual blocks, halved between stages; large pictures are halved before the first one."""

    def __init__(self, recipe: Recipe, settings: TrainingSettings, widths: list[int], blocks: int) -> None:
        super().__init__()
        layers: list[nn.Module] = [
            nn.Conv2d(recipe.channels, widths[0], 3, padding=1, bias=False),
            normed(widths[0], settings.norm),
            nn.ReLU(),
        ]
        if recipe.size > _LARGE:
            layers.append(nn.MaxPool2d(2, ceil_mode=True))
        before = widths[0]
        for stage, width in enumerate(widths):
            for block in range(blocks):
                layers.append(ResidualBlock(before, width, 2 if stage and not block else 1, settings.norm))
                before = width
        self.layers = nn.Sequential(*layers, Pooled())
        self.features = 2 * before

    def forward(self, pictures: Tensor) -> Tensor:
        """Shape (N, C, S, S) to (N, features)."""
        return self.layers(pictures)


class RingTrunk(nn.Module):
    """Convolutions over (lamp, y, x), the lamps in a ring: circular on that axis alone.

    The lamps stay apart to the end, since which lamp lights a wall is what tells a top pit from a bottom pit. Planes
    without a lamp stand beside every lamp's picture.
    """

    def __init__(self, recipe: Recipe, settings: TrainingSettings) -> None:
        super().__init__()
        self.lamps, self.first = len(recipe.azimuths_deg), _first_rim(recipe)
        self.others = recipe.channels - self.lamps
        stages: list[nn.Module] = []
        before = 1 + self.others
        for width in stage_widths(recipe.size, max(4, settings.width // 2)):
            stages.append(_RingStage(before, width, settings.norm, halve=bool(stages)))
            before = width
        self.stages = nn.Sequential(*stages)
        self.features = 2 * before * self.lamps

    def forward(self, pictures: Tensor) -> Tensor:
        """Shape (N, C, S, S) to (N, features)."""
        last = self.first + self.lamps
        ring = pictures[:, None, self.first : last]
        if self.others:
            rest = torch.cat([pictures[:, : self.first], pictures[:, last:]], dim=1)
            ring = torch.cat([ring, rest[:, :, None].expand(-1, -1, self.lamps, -1, -1)], dim=1)
        maps = self.stages(ring).flatten(3)
        return torch.cat([maps.mean(dim=3), maps.amax(dim=3)], dim=1).flatten(1)


class _RingStage(nn.Module):
    def __init__(self, before: int, width: int, norm: Norm, halve: bool) -> None:
        super().__init__()
        self.pool = nn.MaxPool3d((1, 2, 2), ceil_mode=True) if halve else nn.Identity()
        self.convolution = nn.Conv3d(before, width, 3, padding=(0, 1, 1), bias=False)
        self.norm = nn.BatchNorm3d(width) if norm == "batch" else nn.GroupNorm(max(1, width // 4), width)
        self.last = nn.ReLU()

    def forward(self, maps: Tensor) -> Tensor:
        maps = self.pool(maps)
        ring = torch.cat([maps[:, :, -1:], maps, maps[:, :, :1]], dim=2)
        return self.last(self.norm(self.convolution(ring)))


def _first_rim(recipe: Recipe) -> int:
    wide = {"slope": 3}
    return sum(wide.get(p, 1) for p in recipe.planes[: recipe.planes.index("rim")])


def _deep(recipe: Recipe, settings: TrainingSettings) -> nn.Module:
    return PlainTrunk(recipe, settings, 2)


def _residual(recipe: Recipe, settings: TrainingSettings) -> nn.Module:
    width = settings.width
    return ResidualTrunk(recipe, settings, [width, 2 * width, 4 * width, 4 * width, 8 * width], 2)


def _residual_small(recipe: Recipe, settings: TrainingSettings) -> nn.Module:
    inner = (recipe.size + 1) // 2 if recipe.size > _LARGE else recipe.size
    return ResidualTrunk(recipe, settings, stage_widths(inner, settings.width), 1)


TRUNKS: dict[str, Callable[[Recipe, TrainingSettings], nn.Module]] = {
    "plain": PlainTrunk,
    "deep": _deep,
    "residual": _residual,
    "residual-small": _residual_small,
    "ring": RingTrunk,
    "channels": PlainTrunk,
    "equivariant": PlainTrunk,
}
"""One maker of a trunk for every row of NETWORKS."""
