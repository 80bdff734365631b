"""What makes a detector's maps wrong: centres by the focal loss, shapes at the centres, dirt."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from moedal_gui.core.detector_card import MAPS
from moedal_gui.learn.detector.examples import Targets

_SHAPE_PRICE = torch.tensor([1.0, 1.0, 2.0, 1.0, 1.0, 0.5, 0.5])
_BOX_PRICE = torch.tensor([1.0, 1.0, 1.5, 1.5])
_MOST_STRETCH = 4.0  # logarithm of major over minor axis
_DIRT_PRICE = 0.02
_SURE = 20.0  # logits beyond this are as good as sure


@dataclass(frozen=True)
class Losses:
    """The sum that is made small, and its parts per pit."""

    total: Tensor
    centre: float
    shape: float


def losses(maps: Tensor, wanted: Targets, surfaces: int, boxes: bool = False) -> Losses:
    """Loss of maps (N, surfaces * 8 + 1, h, w) against targets whose arrays have N first.

    The penalty-reduced focal loss of centre maps (Law and Deng, arXiv:1808.01244) and the absolute error of the shapes.
    ``boxes``: of the mouths only upright boxes are known, so the ellipse's box is compared and its direction is free.
    """
    count = maps.shape[0]
    every = maps[:, :-1].reshape(count, surfaces, len(MAPS), *maps.shape[2:])
    heat, near = torch.from_numpy(wanted.heat), torch.from_numpy(wanted.near)
    seen = torch.from_numpy(wanted.seen)[:, None]
    pits = ((heat == 1.0) * seen).sum(dim=(1, 2, 3))
    # A window of a thousand pits would drown those of a few.
    worth = (pits + 1.0).rsqrt()
    centre = (worth * _centres(every[:, :, 0].clamp(-_SURE, _SURE), heat, seen)).sum() / (worth * pits).sum().clamp(
        min=1.0
    )
    weight = near * seen
    found, right = every[:, :, 1:], torch.from_numpy(wanted.shape)
    price = _BOX_PRICE if boxes else _SHAPE_PRICE
    if boxes:
        found, right = _boxes(found), _boxes(right)
    apart = (found - right).abs() * price[None, None, :, None, None]
    shape = (apart.sum(dim=2) * weight).sum() / weight.sum().clamp(min=1.0)
    dirt = torch.from_numpy(wanted.dirt)
    known = (dirt >= 0.0).float()
    dull = functional.binary_cross_entropy_with_logits(maps[:, -1], dirt.clamp(min=0.0), reduction="none")
    # A share of the pixels, brought to the size of the other two.
    dull = (dull * known).sum() / known.sum().clamp(min=1.0) / _DIRT_PRICE
    return Losses(centre + shape + 0.1 * dull, centre.item(), shape.item())


def _boxes(shape: Tensor) -> Tensor:
    """Offsets and logarithms of half width and half height (N, S, 4, h, w) of the upright boxes round ellipses (N, S, 7, h, w).

    With half axes a, b, azimuth t and s = log(a / b) the half width squared is a b (cosh s + sinh s cos 2t), the half height
    squared has a minus there.
    """
    size, along, across = shape[:, :, 2], shape[:, :, 3], shape[:, :, 4]
    stretch = (along**2 + across**2 + 1e-6).sqrt().clamp(max=_MOST_STRETCH)
    lean = torch.sinh(stretch) / stretch * along.clamp(-_MOST_STRETCH, _MOST_STRETCH)
    even = torch.cosh(stretch)
    half = [size + 0.5 * torch.log((even + sign * lean).clamp(min=1e-3)) for sign in (1.0, -1.0)]
    return torch.stack([shape[:, :, 0], shape[:, :, 1], *half], dim=2)


def _centres(logits: Tensor, heat: Tensor, seen: Tensor) -> Tensor:
    """Loss of each window (N,)."""
    chance = torch.sigmoid(logits)
    there = (heat == 1.0).float()
    hit = there * (1.0 - chance) ** 2 * functional.softplus(-logits)
    empty = (1.0 - there) * (1.0 - heat) ** 4 * chance**2 * functional.softplus(logits)
    return ((hit + empty) * seen).sum(dim=(1, 2, 3))
