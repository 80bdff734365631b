"""All folds of an expert as one ONNX file, and how far it is from torch."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path

import onnx
import torch
from torch import Tensor, nn

from moedal_gui.core.errors import TrainingError
from moedal_gui.core.recipe import Recipe
from moedal_gui.learn.networks import Network

OPSET = 18


class FoldMean(nn.Module):
    """Networks side by side: mean logits, and each one's own."""

    def __init__(self, networks: Sequence[nn.Module]) -> None:
        super().__init__()
        self.folds = nn.ModuleList(networks)

    def forward(self, pictures: Tensor, numbers: Tensor) -> tuple[Tensor, Tensor]:
        """Logits (N, classes) and (F, N, classes)."""
        each = torch.stack([network(pictures, numbers) for network in self.folds])
        return each.mean(dim=0), each


def write_onnx(networks: Sequence[Network], recipe: Recipe, path: Path) -> None:
    """Write networks of one recipe as a single self-contained file with a free number of examples.

    Inputs ``pictures`` (N, V, C, S, S) and, where the recipe has any, ``numbers`` (N, K); outputs ``logits``
    (N, classes) and ``fold_logits`` (F, N, classes).

    Raises
    ------
    TrainingError
        A network has an operation that cannot be written.
    """
    whole = FoldMean(networks).eval()
    example = (
        torch.zeros(3, recipe.views, recipe.channels, recipe.size, recipe.size),
        torch.zeros(3, len(recipe.numbers)),
    )
    free = {
        "pictures": {0: "examples"},
        "numbers": {0: "examples"},
        "logits": {0: "examples"},
        "fold_logits": {1: "examples"},
    }
    try:
        with warnings.catch_warnings():
            # The exporter by tracing: fifteen times quicker here than the one by torch.export, and the same graph.
            warnings.simplefilter("ignore")
            torch.onnx.export(
                whole, example, str(path), dynamo=False, opset_version=OPSET, input_names=["pictures", "numbers"],
                output_names=["logits", "fold_logits"], dynamic_axes=free,
            )  # fmt: skip
        onnx.checker.check_model(str(path))
    except (torch.onnx.errors.OnnxExporterError, onnx.checker.ValidationError, RuntimeError) as error:
        raise TrainingError("The network cannot be written as ONNX", path, str(error).splitlines()[0]) from error
