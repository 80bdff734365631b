"""The network of the learned detector: fully convolutional, small enough for a CPU."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from moedal_gui.core.detector_card import MAPS, STRIDE
from moedal_gui.core.errors import TrainingError

SMALLEST_STEP = 16
"""Both sides of a picture must be multiples of this many px."""
_WIDTHS = (32, 48, 80, 112)
_WIDTHS_OF_ONE = (16, 32, 64, 96)  # one picture holds less to be learnt
_LEVELS = ("first", "second", "third", "fourth", "fifth")
_REACH_PX = {4: 192, 5: 352}
_HEAD = 48
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

    Parameters
    ----------
    widths
        Channels of each of 4 or 5 levels, each half as fine as the one before; by default what suits the planes.

    Raises
    ------
    TrainingError
        There are more levels, or fewer.
    """

    def __init__(self, planes: int, surfaces: int, widths: Sequence[int] = ()) -> None:
        super().__init__()
        self.surfaces = surfaces
        widths = tuple(widths) or (_WIDTHS if planes > 1 else _WIDTHS_OF_ONE)
        self._levels = _LEVELS[: len(widths)]
        if len(widths) not in _REACH_PX:
            raise TrainingError(f"A network of {len(widths)} levels is not known", "", "give 4 or 5 widths")
        first = widths[0]
        self.stem = nn.Sequential(convolution(planes, first, 4, STRIDE, 1), Block(first))
        for k, name in enumerate(self._levels[1:], start=1):
            blocks = [Block(widths[k]) for _ in range(1 if k + 1 == len(widths) else 2)]
            self.add_module(name, nn.Sequential(convolution(widths[k - 1], widths[k], 3, 2, 1), *blocks))
        for k in reversed(range(1, len(widths))):
            self.add_module(f"from_{self._levels[k]}", nn.Conv2d(widths[k], widths[k - 1], 1))
        for k in reversed(range(len(widths) - 1)):
            self.add_module(f"join_{self._levels[k]}", Block(widths[k]))
        self.head = nn.Sequential(convolution(first, _HEAD, 3, 1, 1), nn.Conv2d(_HEAD, surfaces * len(MAPS) + 1, 1))
        last = self.head[-1]
        assert isinstance(last, nn.Conv2d) and last.bias is not None
        with torch.no_grad():
            last.weight.mul_(0.1)
            last.bias.zero_()
            for surface in range(surfaces):
                last.bias[surface * len(MAPS)] = _RARE
            last.bias[-1] = _RARE

    @property
    def reach_px(self) -> int:
        """How far a map may depend on pixels: 160 px with four levels, 334 with five, up to whole steps of the deepest."""
        return _REACH_PX[len(self._levels)]

    def forward(self, planes: Tensor) -> Tensor:
        seen = [self.stem(planes)]
        for name in self._levels[1:]:
            seen.append(self.get_submodule(name)(seen[-1]))
        x = seen.pop()
        for name, finer in zip(reversed(self._levels[:-1]), reversed(seen), strict=True):
            below = self._levels[self._levels.index(name) + 1]
            x = self.get_submodule(f"join_{name}")(finer + _twice(self.get_submodule(f"from_{below}")(x), finer))
        answer: Tensor = self.head(x)
        return answer


def _twice(x: Tensor, like: Tensor) -> Tensor:
    """Twice as fine, cut to the size of another where that is odd."""
    fine = nn.functional.interpolate(x, scale_factor=2.0, mode="bilinear", align_corners=False)
    return fine[:, :, : like.shape[2], : like.shape[3]]
