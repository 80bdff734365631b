"""What makes a detector's maps wrong: centres by the focal loss, shapes at the centres, dirt."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from moedal_gui.core.detector_card import MAPS
from moedal_gui.learn.detector.examples import Targets

_SHAPE_PRICE = torch.tensor([1.0, 1.0, 2.0, 1.0, 1.0, 0.5, 0.5])
_BOXED_PRICE = torch.tensor([0.5, 0.5, 0.5, 0.35, 0.35, 0.0, 0.0])
_BOX_PRICE = 0.5
_CELLS_OF_A_HILL = 10.0
_MOST_STRETCH = 4.0  # logarithm of major over minor axis
_DIRT_PRICE = 0.02
_SURE = 20.0  # logits beyond this are as good as sure


@dataclass(frozen=True)
class Losses:
    """The sum that is made small, and its parts per pit."""

    total: Tensor
    centre: float
    shape: float


def losses(maps: Tensor, wanted: Targets, surfaces: int, boxed: bool = False) -> Losses:
    """Loss of maps (N, surfaces * 8 + 1, h, w) against targets whose arrays have N first.

    The penalty-reduced focal loss of centre maps (Law and Deng, arXiv:1808.01244) and the absolute error of the shapes.
    ``boxed``: targets are those of boxes drawn by hand. A centre is a hill that is to be met as it is, by the quality focal loss
    (Li et al., arXiv:2006.04388), and the boxes round the ellipses are compared beside the shapes; where tips point is free.
    """
    count = maps.shape[0]
    every = maps[:, :-1].reshape(count, surfaces, len(MAPS), *maps.shape[2:])
    heat, near = torch.from_numpy(wanted.heat), torch.from_numpy(wanted.near)
    seen = torch.from_numpy(wanted.seen)[:, None]
    pits = (((heat / _CELLS_OF_A_HILL) if boxed else (heat == 1.0)) * seen).sum(dim=(1, 2, 3))
    # A window of a thousand pits would drown those of a few.
    worth = (pits + 1.0).rsqrt()
    wrong = (_hills if boxed else _centres)(every[:, :, 0].clamp(-_SURE, _SURE), heat)
    centre = (worth * (wrong * seen).sum(dim=(1, 2, 3))).sum() / (worth * pits).sum().clamp(min=1.0)
    weight = near * seen
    found, right = every[:, :, 1:], torch.from_numpy(wanted.shape)
    price = _BOXED_PRICE if boxed else _SHAPE_PRICE
    apart = ((found - right).abs() * price[None, None, :, None, None]).sum(dim=2)
    if boxed:
        apart = apart + _BOX_PRICE * (_boxes(found) - _boxes(right)).abs().sum(dim=2)
    shape = (apart * weight).sum() / weight.sum().clamp(min=1.0)
    dirt = torch.from_numpy(wanted.dirt)
    known = (dirt >= 0.0).float()
    dull = functional.binary_cross_entropy_with_logits(maps[:, -1], dirt.clamp(min=0.0), reduction="none")
    # A share of the pixels, brought to the size of the other two.
    dull = (dull * known).sum() / known.sum().clamp(min=1.0) / _DIRT_PRICE
    return Losses(centre + shape + 0.1 * dull, centre.item(), shape.item())


def _boxes(shape: Tensor) -> Tensor:
    """Logarithms of half width and half height (N, S, 2, h, w) of the upright boxes round ellipses (N, S, 7, h, w).

    With half axes a, b, azimuth t and s = log(a / b) the half width squared is a b (cosh s + sinh s cos 2t), the half height
    squared has a minus there.
    """
    size, along, across = shape[:, :, 2], shape[:, :, 3], shape[:, :, 4]
    stretch = (along**2 + across**2 + 1e-6).sqrt().clamp(max=_MOST_STRETCH)
    lean = torch.sinh(stretch) / stretch * along.clamp(-_MOST_STRETCH, _MOST_STRETCH)
    even = torch.cosh(stretch)
    half = [size + 0.5 * torch.log((even + sign * lean).clamp(min=1e-3)) for sign in (1.0, -1.0)]
    return torch.stack(half, dim=2)


def _centres(logits: Tensor, heat: Tensor) -> Tensor:
    """Loss of each cell where one cell holds the centre."""
    chance = torch.sigmoid(logits)
    there = (heat == 1.0).float()
    hit = there * (1.0 - chance) ** 2 * functional.softplus(-logits)
    empty = (1.0 - there) * (1.0 - heat) ** 4 * chance**2 * functional.softplus(logits)
    return hit + empty


def _hills(logits: Tensor, heat: Tensor) -> Tensor:
    """Loss of each cell where the height of the hill is to be met."""
    apart = functional.binary_cross_entropy_with_logits(logits, heat, reduction="none")
    return apart * (heat - torch.sigmoid(logits)) ** 2
