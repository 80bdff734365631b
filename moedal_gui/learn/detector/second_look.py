"""The second look of a detector: what it learns from, its network, and what makes its answers wrong."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
import pandas as pd
import torch
from torch import Tensor, nn
from torch.nn import functional

from moedal_gui.core.errors import TrainingError
from moedal_gui.core.second_look import ANSWERS, FACTS, SIDE
from moedal_gui.learn.detector.calibration import matched
from moedal_gui.learn.detector.examples import AZIMUTH, MAJOR, MINOR, SURFACE, X, Y
from moedal_gui.learn.detector.network import Block, convolution
from moedal_gui.learn.to_onnx import OPSET
from moedal_gui.preselect.second_look import Views, frames, mouth_matrices, views_from

Float32 = npt.NDArray[np.float32]
Floats = npt.NDArray[np.float64]

PICTURES = 7
_JITTER, _JITTER_OF_AXES, _TURNED = 0.05, 0.06, 0.15
_WIDTHS, _HIDDEN = (24, 40, 64), 96
_BEGUN_DOUBT = -2.5
_LEAST_DOUBT, _MOST_DOUBT = -6.0, 3.0
_SHAPE_PRICE, _TIP_PRICE = 0.3, 0.5


@dataclass(frozen=True)
class Lesson:
    """Views of n pits and what is right of each.

    Attributes
    ----------
    seen
        What there is to see.
    right
        Shape (n, 8): whether it is a pit, and the seven answers after that.
    """

    seen: Views
    right: Float32


def lesson(
    planes: Float32, pits: Float32, table: pd.DataFrame, most: int, random: np.random.Generator | None = None
) -> Lesson:
    """Views of what a detector's maps show of a field, each beside the true pit it stands for.

    Parameters
    ----------
    planes
        Shape (5, H, W).
    pits
        Shape (m, 6), laid out as in `moedal_gui.learn.detector.examples`.
    table
        What `moedal_gui.preselect.heatmap.proposals` gives.
    most
        How many views at most; more are drawn from.
    random
        Moves, stretches and turns the frames a little; None leaves them, and takes the first.
    """
    partner = np.full(len(table), -1)
    for side in (0, 1):
        mine, those = np.flatnonzero(pits[:, SURFACE] == side), np.flatnonzero(table["far"].to_numpy() == side)
        rows, columns = matched(pits[mine], table[["x_px", "y_px"]].to_numpy()[those])
        partner[those[columns]] = mine[rows]
    rows = np.arange(len(table))
    matrices, centres = frames(table)
    if random is None:
        rows = rows[:most]
    elif len(rows) > most:
        rows = random.choice(len(table), most, replace=False)
    matrices, centres, partner = matrices[rows], centres[rows], partner[rows]
    if random is not None:
        centres = centres + np.einsum("nij,nj->ni", matrices, random.normal(0.0, _JITTER, (len(rows), 2)))
        matrices = matrices * np.exp(random.normal(0.0, _JITTER_OF_AXES, (len(rows), 2)))[:, None, :]
        matrices[random.random(len(rows)) < _TURNED] *= -1.0
    right = np.zeros((len(rows), 8), np.float32)
    real = partner >= 0
    right[:, 0] = real
    right[real, 1:] = _away(matrices[real], centres[real], pits[partner[real]].astype(np.float64))
    return Lesson(views_from(planes, table, matrices, centres, rows), right)


def _away(matrices: Floats, centres: Floats, pits: Floats) -> Floats:
    """Shift, stretch and tip (n, 7) of true pits (n, 6) in frames."""
    back = np.linalg.inv(matrices)
    shift = np.einsum("nij,nj->ni", back, pits[:, [X, Y]] - centres)
    mouths = back @ mouth_matrices(pits[:, MAJOR], pits[:, MINOR], pits[:, AZIMUTH])
    value, vector = np.linalg.eigh(mouths @ mouths.transpose(0, 2, 1))
    stretch = (vector * (0.5 * np.log(np.maximum(value, 1e-6)))[:, None, :]) @ vector.transpose(0, 2, 1)
    tip = mouths[:, :, 0] / np.linalg.norm(mouths[:, :, 0], axis=1, keepdims=True)
    tip = tip * np.tanh(3.0 * np.log(pits[:, MAJOR] / pits[:, MINOR]))[:, None]
    return np.column_stack([shift, stretch[:, 0, 0], stretch[:, 1, 1], stretch[:, 0, 1], tip])


def turned(pictures: Float32, right: Float32, random: np.random.Generator) -> tuple[Float32, Float32]:
    """Views seen in a mirror along v, or from the other end, at random."""
    pictures, right = pictures.copy(), right.copy()
    mirrored, around = random.random(len(right)) < 0.5, random.random(len(right)) < 0.1
    pictures[mirrored] = pictures[mirrored][:, :, ::-1]
    pictures[mirrored, 2] *= -1.0
    right[:, [2, 5, 7]] *= np.where(mirrored, -1.0, 1.0)[:, None]
    pictures[around] = pictures[around][:, :, ::-1, ::-1]
    pictures[around, 1:3] *= -1.0
    right[:, [1, 2, 6, 7]] *= np.where(around, -1.0, 1.0)[:, None]
    return pictures, right


class SecondLookNetwork(nn.Module):
    """Views (n, 7, 20, 20) and facts (n, 6) to answers (n, 13), laid out as in `moedal_gui.core.second_look`."""

    def __init__(self) -> None:
        super().__init__()
        a, b, c = _WIDTHS
        self.facts = nn.Sequential(nn.Linear(len(FACTS), 32), nn.ReLU(inplace=True), nn.Linear(32, a))
        self.stem = convolution(PICTURES, a, 3, 1, 1)
        self.body = nn.Sequential(convolution(a, b, 4, 2, 1), Block(b), convolution(b, c, 4, 2, 1), Block(c))
        self.head = nn.Sequential(
            nn.Linear(c * (SIDE // 4) ** 2 + len(FACTS), _HIDDEN),
            nn.ReLU(inplace=True),
            nn.Linear(_HIDDEN, len(ANSWERS)),
        )
        last = self.head[-1]
        assert isinstance(last, nn.Linear)
        with torch.no_grad():
            last.weight.mul_(0.1)
            last.bias.zero_()
            last.bias[8:] = _BEGUN_DOUBT

    def forward(self, pictures: Tensor, facts: Tensor) -> Tensor:
        seen = self.stem(pictures) + self.facts(facts)[:, :, None, None]
        answers: Tensor = self.head(torch.cat([self.body(seen).flatten(1), facts], dim=1))
        return answers


def second_loss(answers: Tensor, right: Tensor) -> Tensor:
    """Cross entropy of what is a pit, Laplace likelihood of its shape (Kendall and Gal, arXiv:1703.04977), error of the tip."""
    real = right[:, 0]
    count = real.sum().clamp(min=1.0)
    pit = functional.binary_cross_entropy_with_logits(answers[:, 0], real)
    doubt = answers[:, 8:13].clamp(_LEAST_DOUBT, _MOST_DOUBT)
    shape = ((answers[:, 1:6] - right[:, 1:6]).abs() * torch.exp(-doubt) + doubt).sum(dim=1)
    tip = (answers[:, 6:8] - right[:, 6:8]).abs().sum(dim=1)
    return pit + (real * (_SHAPE_PRICE * shape + _TIP_PRICE * tip)).sum() / count


def write_second_look(network: SecondLookNetwork, path: Path) -> None:
    """Write it as ONNX: ``pictures`` (n, 7, 20, 20) and ``facts`` (n, 6) to ``answers`` (n, 13), n free.

    Raises
    ------
    TrainingError
        It cannot be written.
    """
    example = (torch.zeros(2, PICTURES, SIDE, SIDE), torch.zeros(2, len(FACTS)))
    free = {name: {0: "pits"} for name in ("pictures", "facts", "answers")}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            torch.onnx.export(
                network.eval(), example, str(path), dynamo=False, opset_version=OPSET,
                input_names=["pictures", "facts"], output_names=["answers"], dynamic_axes=free,
            )  # fmt: skip
        onnx.checker.check_model(str(path))
    except (torch.onnx.errors.OnnxExporterError, onnx.checker.ValidationError, RuntimeError) as error:
        raise TrainingError("The second look cannot be written as ONNX", path, str(error).splitlines()[0]) from error
