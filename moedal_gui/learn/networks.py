"""Networks: crops and numbers in, one logit a class out, built from a row of NETWORKS."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from moedal_gui.core.errors import TrainingError
from moedal_gui.core.examples import Examples
from moedal_gui.core.recipe import Recipe
from moedal_gui.learn.input_symmetry import exact_moves, invariant_scale
from moedal_gui.learn.settings import Initialisation, TrainingSettings, network_row
from moedal_gui.learn.trunks import TRUNKS

_HIDDEN = 64


class Network(nn.Module):
    """A trunk shared by all views of an example, its embeddings joined with the numbers, and a small head.

    What it is shown is brought to unit scale by statistics of its training examples, which it carries as buffers.
    Ordinary pictures are compressed first (asinh: faint and bright marks of one picture both keep their shape).
    """

    def __init__(self, recipe: Recipe, settings: TrainingSettings, classes: int) -> None:
        super().__init__()
        self.compressed = recipe.normalisation == "picture"
        self.trunk = TRUNKS[settings.network](recipe, settings)
        width = int(self.trunk.features) * recipe.views + len(recipe.numbers)  # type: ignore[arg-type]
        deeper = (nn.Linear(_HIDDEN, _HIDDEN), nn.ReLU()) if recipe.numbers else ()
        self.head = nn.Sequential(
            nn.Linear(width, _HIDDEN), nn.ReLU(), nn.Dropout(settings.dropout), *deeper, nn.Linear(_HIDDEN, classes)
        )
        for name, length in (("plane", recipe.channels), ("number", len(recipe.numbers))):
            self.register_buffer(f"{name}_level", torch.zeros(length))
            self.register_buffer(f"{name}_spread", torch.ones(length))

    def forward(self, pictures: Tensor, numbers: Tensor) -> Tensor:
        """Pictures (N, V, C, S, S) and numbers (N, K) to logits (N, classes)."""
        return self.head(self.embedded(*self.scaled(pictures, numbers)))

    def scaled(self, pictures: Tensor, numbers: Tensor) -> tuple[Tensor, Tensor]:
        """Both at unit scale; a number that nobody measured is the middle one."""
        level, spread = self.get_buffer("plane_level")[:, None, None], self.get_buffer("plane_spread")[:, None, None]
        pictures = _compressed(pictures) if self.compressed else pictures
        even = (numbers - self.get_buffer("number_level")) / self.get_buffer("number_spread")
        return (pictures - level) / spread, torch.where(torch.isnan(even), torch.zeros_like(even), even).clamp(
            -6.0, 6.0
        )

    def embedded(self, pictures: Tensor, numbers: Tensor) -> Tensor:
        """What the head sees, (N, E)."""
        views = pictures.shape[1]
        # One view after another, and not as one larger batch: the batch stays a free axis when it is exported.
        parts = [self.trunk(pictures[:, view]) for view in range(views)]
        return torch.cat([*parts, numbers], dim=1)

    def learn_scale(self, examples: Examples, recipe: Recipe) -> None:
        """Take the statistics of the training examples."""
        pictures = np.arcsinh(examples.pictures) if self.compressed else examples.pictures
        found = invariant_scale(Examples(pictures, examples.numbers), recipe)
        for name, values in zip(("plane_level", "plane_spread", "number_level", "number_spread"), found, strict=True):
            getattr(self, name).copy_(torch.from_numpy(values))


def _compressed(pictures: Tensor) -> Tensor:
    """The inverse hyperbolic sine, written out: ONNX by tracing knows no asinh."""
    return torch.sign(pictures) * torch.log(pictures.abs() + torch.sqrt(pictures * pictures + 1.0))


class EquivariantNetwork(Network):
    """One network shown every exact symmetry of the input; the mean of what it sees goes to the head.

    The elements are a group, so a turned example (lamps and slopes turned with it) gives the same set of embeddings
    and therefore the same answer.
    """

    def __init__(self, recipe: Recipe, settings: TrainingSettings, classes: int) -> None:
        super().__init__(recipe, settings, classes)
        moves = exact_moves(recipe)
        self.register_buffer("mixing", torch.from_numpy(moves.mixing), persistent=False)
        self.register_buffer("pixels", torch.from_numpy(moves.pixels), persistent=False)
        self.register_buffer("signs", torch.from_numpy(moves.signs), persistent=False)

    def embedded(self, pictures: Tensor, numbers: Tensor) -> Tensor:
        """The mean embedding over the group, (N, E)."""
        mixing, pixels, signs = self.get_buffer("mixing"), self.get_buffer("pixels"), self.get_buffer("signs")
        flat = pictures.flatten(3)
        total = None
        for g in range(len(mixing)):
            moved = torch.einsum("cd,nvdp->nvcp", mixing[g], flat.index_select(3, pixels[g])).reshape(pictures.shape)
            seen = super().embedded(moved, numbers * signs[g])
            total = seen if total is None else total + seen
        assert total is not None
        return total / len(mixing)


class ChannelNetwork(Network):
    """Every channel is an example of its class: trained on one at a time, asked about all and averaged."""

    def __init__(self, recipe: Recipe, settings: TrainingSettings, classes: int) -> None:
        super().__init__(recipe, settings, classes)
        self.trunk = TRUNKS["plain"](replace(recipe, planes=("single",), azimuths_deg=()), settings)

    def forward(self, pictures: Tensor, numbers: Tensor) -> Tensor:
        """Mean logits over the channels; while it learns, those of one channel of each example drawn at random."""
        pictures, numbers = self.scaled(pictures, numbers)
        if self.training:
            count, views, channels, side = pictures.shape[:4]
            drawn = torch.randint(channels, (count, 1, 1, 1, 1)).expand(count, views, 1, side, side)
            return self.head(self.embedded(pictures.gather(2, drawn), numbers))
        each = [self.head(self.embedded(pictures[:, :, c : c + 1], numbers)) for c in range(pictures.shape[2])]
        return torch.stack(each).mean(dim=0)


_KINDS: dict[str, type[Network]] = {"equivariant": EquivariantNetwork, "channels": ChannelNetwork}


def build(recipe: Recipe, settings: TrainingSettings, classes: int) -> Network:
    """A fresh network; torch's seed decides its weights.

    Raises
    ------
    TrainingError
        The network cannot see crops of this recipe.
    """
    row = network_row(settings.network)
    if reason := row.refusal(recipe):
        raise TrainingError(f"This network does not fit: {reason}", "", "choose another network or a rim recipe")
    network = _KINDS.get(settings.network, Network)(recipe, settings, classes)
    _initialise(network, settings.initialisation)
    return network


def _initialise(network: nn.Module, how: Initialisation) -> None:
    ways = {
        "he": lambda w: nn.init.kaiming_normal_(w, nonlinearity="relu"),
        "xavier": nn.init.xavier_uniform_,
        "orthogonal": nn.init.orthogonal_,
    }
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.Conv3d | nn.Linear):
            ways[how](module.weight)
            if module.bias is not None:
                nn.init.zeros_(module.bias)


@dataclass(frozen=True)
class LayerLine:
    """One layer as a person reads it: kind, what it is called, shape of what it gives, weights, multiplications."""

    name: str
    kind: str
    shape: tuple[int, ...]
    weights: int
    multiplications: int


def described(recipe: Recipe, settings: TrainingSettings, classes: int) -> tuple[LayerLine, ...]:
    """The layers of a network in the order an example takes them, for one example; seen before any training."""
    network = build(recipe, settings, classes).eval()
    lines: dict[str, LayerLine] = {}
    hooks = []
    for name, module in network.named_modules():
        if not list(module.children()) and name:
            hooks.append(module.register_forward_hook(_noting(name, lines)))
    with torch.no_grad():
        network(
            torch.zeros(1, recipe.views, recipe.channels, recipe.size, recipe.size), torch.zeros(1, len(recipe.numbers))
        )
    for hook in hooks:
        hook.remove()
    return tuple(lines.values())


def _noting(name: str, lines: dict[str, LayerLine]) -> Any:
    def note(module: nn.Module, _inputs: Any, output: Tensor) -> None:
        weights = sum(p.numel() for p in module.parameters())
        shape = tuple(int(s) for s in output.shape[1:])
        places = int(torch.tensor(shape[1:]).prod()) if len(shape) > 1 else 1
        kernel = module.weight.numel() if isinstance(module, nn.Conv2d | nn.Conv3d | nn.Linear) else 0
        before = lines[name].multiplications if name in lines else 0
        lines[name] = LayerLine(name, type(module).__name__, shape, weights, before + places * kernel)

    return note


def multiplications(lines: Mapping[str, LayerLine] | tuple[LayerLine, ...]) -> int:
    """Multiplications of one example's way through."""
    rows = lines.values() if isinstance(lines, Mapping) else lines
    return sum(line.multiplications for line in rows)
