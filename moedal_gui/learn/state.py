"""Weights and optimisers as plain arrays: nothing of torch's own is ever pickled to disk."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from moedal_gui.core.errors import TrainingError

Arrays = dict[str, npt.NDArray[Any]]


def weights_of(network: nn.Module) -> Arrays:
    """Every weight and statistic of a network, copied."""
    return {name: _array(tensor) for name, tensor in network.state_dict().items()}


def load_weights(network: nn.Module, arrays: Mapping[str, npt.NDArray[Any]]) -> None:
    """Give a network the weights that `weights_of` read.

    Raises
    ------
    TrainingError
        They are those of another network.
    """
    state = {name: torch.from_numpy(np.array(values)) for name, values in arrays.items()}
    try:
        network.load_state_dict(state)
    except RuntimeError as error:
        raise TrainingError(
            "The stored weights are those of another network",
            "",
            "choose the network and recipe they were trained with",
        ) from error


def optimiser_state(optimiser: torch.optim.Optimizer) -> Arrays:
    """What an optimiser remembers of each weight."""
    state = optimiser.state_dict()["state"]
    return {
        f"{index}/{name}": _array(value)
        for index, memory in state.items()
        for name, value in memory.items()
        if isinstance(value, Tensor)
    }


def load_optimiser(optimiser: torch.optim.Optimizer, arrays: Mapping[str, npt.NDArray[Any]]) -> None:
    """Give an optimiser back what `optimiser_state` read."""
    state: dict[int, dict[str, Tensor]] = {}
    for key, values in arrays.items():
        index, name = key.split("/", 1)
        state.setdefault(int(index), {})[name] = torch.from_numpy(np.array(values))
    optimiser.load_state_dict({"state": state, "param_groups": optimiser.state_dict()["param_groups"]})


def under(prefix: str, arrays: Mapping[str, npt.NDArray[Any]]) -> Arrays:
    """The arrays whose names begin with a prefix, without it."""
    return {name.removeprefix(prefix): values for name, values in arrays.items() if name.startswith(prefix)}


def prefixed(prefix: str, arrays: Mapping[str, npt.NDArray[Any]]) -> Arrays:
    """The arrays with a prefix before their names."""
    return {prefix + name: values for name, values in arrays.items()}


def halved(weights: Arrays) -> Arrays:
    """Weights in half precision, for files that are only ever a beginning: half the room."""
    return {name: v.astype(np.float16) if v.dtype == np.float32 else v for name, v in weights.items()}


def _array(tensor: Tensor) -> npt.NDArray[Any]:
    return tensor.detach().cpu().contiguous().numpy().copy()
