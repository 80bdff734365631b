"""What the training of a detector begins with: the weights of a detector, or those that are shipped for boxes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from moedal_gui import paths
from moedal_gui.store.array_files import read_arrays, write_arrays
from moedal_gui.store.registry import Entry, checked_detector

Arrays = dict[str, npt.NDArray[Any]]

_BYTES, _SCALE = "bytes/", "scale/"
_LARGEST = 127


@dataclass(frozen=True)
class DetectorStart:
    """Weights to begin from.

    Attributes
    ----------
    title
        What is said of them.
    widths
        Of the network they are of; empty: the usual one.
    path
        Where they lie; None where the detector keeps none.
    second
        The second look of the detector they are of.
    taught
        Names of the fields that they have learnt from, as far as they are known.
    """

    title: str
    widths: tuple[int, ...]
    path: Path | None
    second: Path | None = None
    taught: tuple[str, ...] = ()

    def weights(self) -> Arrays | None:
        """The weights, as they may be loaded."""
        return None if self.path is None else from_bytes(read_arrays(self.path)[0])


def start_of(entry: Entry) -> DetectorStart:
    """The weights of a detector."""
    card = checked_detector(entry.folder)
    widths = tuple(card.training.get("settings", {}).get("widths", ()))
    weights = entry.folder / card.weights if card.weights else None
    second = entry.folder / card.second if card.second else None
    return DetectorStart(entry.title, widths, weights, second, tuple(card.training.get("taught", ())))


def start_for_boxes() -> DetectorStart | None:
    """The weights that are shipped for learning from boxes; None in a program that carries none."""
    path = boxes_start()
    if not path.is_file():
        return None
    words = read_arrays(path)[1]
    return DetectorStart(str(words["title"]), tuple(words["widths"]), path)


def boxes_start() -> Path:
    """Where the weights for learning from boxes lie."""
    return paths.detectors() / "boxes.start.npz"


def write_boxes_start(weights: Arrays, words: Mapping[str, Any]) -> None:
    """Ship weights for learning from boxes; ``words`` has ``title`` and ``widths``, and whatever else is to be known."""
    write_arrays(boxes_start(), in_bytes(weights), words)


def in_bytes(weights: Arrays) -> Arrays:
    """Weights of convolutions in eight bits a number, a scale for each channel: for what is only ever a beginning."""
    packed: dict[str, npt.NDArray[Any]] = {}
    for name, values in weights.items():
        if values.ndim < 2:
            packed[name] = values
            continue
        rows = values.reshape(len(values), -1).astype(np.float32)
        scale = np.maximum(np.abs(rows).max(axis=1), 1e-12) / _LARGEST
        packed[_BYTES + name] = np.rint(rows / scale[:, None]).astype(np.int8).reshape(values.shape)
        packed[_SCALE + name] = scale.astype(np.float32)
    return packed


def from_bytes(packed: Arrays) -> Arrays:
    """Weights that `in_bytes` packed, to within half a step; others as they are."""
    weights: dict[str, npt.NDArray[Any]] = {}
    for name, values in packed.items():
        if name.startswith(_BYTES):
            own = name.removeprefix(_BYTES)
            scale = packed[_SCALE + own].reshape(-1, *[1] * (values.ndim - 1))
            weights[own] = values.astype(np.float32) * scale
        elif not name.startswith(_SCALE):
            weights[name] = values
    return weights
