"""The network of the learned detector: fully convolutional, small enough for a CPU."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from moedal_gui.core.detector_card import MAPS, STRIDE

SMALLEST_STEP = 16
"""Both sides of a picture must be multiples of this many px."""
_WIDTHS = (32, 48, 80, 112)
_WIDTHS_OF_ONE = (16, 32, 64, 96)  # one picture holds less to be learnt
_RARE = -4.0  # logit of a centre before anything is learnt: few cells hold one


class Block(nn.Module):
    """Two convolutions with a way past them."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(channels, channels, 3, padding=1, bias=False), nn.BatchNorm2d(channels), nn.ReLU(inplace=True),
            nn.Conv2d(channels, channels, 3, padding=1, bias=False), nn.BatchNorm2d(channels),
        )  # fmt: skip

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(x + self.body(x))


def convolution(before: int, after: int, size: int, stride: int, padding: int) -> nn.Sequential:
    """A convolution, normalised over the batch, whose negative part is cut."""
    return nn.Sequential(
        nn.Conv2d(before, after, size, stride, padding, bias=False), nn.BatchNorm2d(after), nn.ReLU(inplace=True)
    )


class DetectorNetwork(nn.Module):
    """Planes (N, P, H, W) to maps (N, surfaces * 8 + 1, H / 2, W / 2), as `moedal_gui.core.detector_card` has them.

    A U (Ronneberger et al., arXiv:1505.04597) whose maps are those of centres (Zhou et al., arXiv:1904.07850), one set
    for each surface so that pits on top of each other come apart.
    """

    def __init__(self, planes: int, surfaces: int) -> None:
        super().__init__()
        self.surfaces = surfaces
        a, b, c, d = _WIDTHS if planes > 1 else _WIDTHS_OF_ONE
        self.stem = nn.Sequential(convolution(planes, a, 4, STRIDE, 1), Block(a))
        self.second = nn.Sequential(convolution(a, b, 3, 2, 1), Block(b), Block(b))
        self.third = nn.Sequential(convolution(b, c, 3, 2, 1), Block(c), Block(c))
        self.fourth = nn.Sequential(convolution(c, d, 3, 2, 1), Block(d))
        self.from_fourth = nn.Conv2d(d, c, 1)
        self.from_third = nn.Conv2d(c, b, 1)
        self.from_second = nn.Conv2d(b, a, 1)
        self.join_third = Block(c)
        self.join_second = Block(b)
        self.join_first = Block(a)
        self.head = nn.Sequential(convolution(a, 48, 3, 1, 1), nn.Conv2d(48, surfaces * len(MAPS) + 1, 1))
        last = self.head[-1]
        assert isinstance(last, nn.Conv2d) and last.bias is not None
        with torch.no_grad():
            last.weight.mul_(0.1)
            last.bias.zero_()
            for surface in range(surfaces):
                last.bias[surface * len(MAPS)] = _RARE
            last.bias[-1] = _RARE

    def forward(self, planes: Tensor) -> Tensor:
        first = self.stem(planes)
        second = self.second(first)
        third = self.third(second)
        fourth = self.fourth(third)
        third = self.join_third(third + _twice(self.from_fourth(fourth)))
        second = self.join_second(second + _twice(self.from_third(third)))
        first = self.join_first(first + _twice(self.from_second(second)))
        answer: Tensor = self.head(first)
        return answer


def _twice(x: Tensor) -> Tensor:
    return nn.functional.interpolate(x, scale_factor=2.0, mode="bilinear", align_corners=False)
