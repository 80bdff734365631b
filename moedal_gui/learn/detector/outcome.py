"""From a trained detector to a version in the registry: ONNX file, calibration, card."""

from __future__ import annotations

import shutil
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import torch

from moedal_gui import __version__
from moedal_gui.core.detector_card import DetectorCard
from moedal_gui.core.errors import TrainingError
from moedal_gui.core.label import now
from moedal_gui.imaging.detector_planes import PLANES, View
from moedal_gui.infer.detector import Detector, SecondLook
from moedal_gui.learn.detector.calibration import calibrated, figures, look, plain_card, thresholds
from moedal_gui.learn.detector.examples import TaughtField
from moedal_gui.learn.detector.network import SMALLEST_STEP, DetectorNetwork
from moedal_gui.learn.detector.run import DetectorRun
from moedal_gui.learn.state import halved
from moedal_gui.learn.to_onnx import OPSET
from moedal_gui.preselect.all_sides import from_all_sides
from moedal_gui.preselect.heatmap import LearnedDetector, probability
from moedal_gui.store.array_files import write_arrays
from moedal_gui.store.registry import Entry, Registry, file_hash

Float32 = npt.NDArray[np.float32]


def write_detector(network: DetectorNetwork, planes: int, path: Path) -> None:
    """Write a detector as ONNX: ``planes`` (1, P, H, W) to ``maps``, both sides multiples of 16 and free.

    Raises
    ------
    TrainingError
        It cannot be written.
    """
    example = torch.zeros(1, planes, 4 * SMALLEST_STEP, 4 * SMALLEST_STEP)
    free = {"planes": {2: "height", 3: "width"}, "maps": {2: "rows", 3: "columns"}}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            torch.onnx.export(
                network.eval(), (example,), str(path), dynamo=False, opset_version=OPSET, input_names=["planes"],
                output_names=["maps"], dynamic_axes=free,
            )  # fmt: skip
        onnx.checker.check_model(str(path))
    except (torch.onnx.errors.OnnxExporterError, onnx.checker.ValidationError, RuntimeError) as error:
        raise TrainingError("The detector cannot be written as ONNX", path, str(error).splitlines()[0]) from error


def torch_maps(network: DetectorNetwork, planes: Float32) -> Float32:
    """Maps of a picture by torch, filled up with bare ground to whole steps and cut back to its own cells."""
    height, width = planes.shape[1:]
    spare = [(0, 0), *((0, -length % SMALLEST_STEP) for length in (height, width))]
    with torch.no_grad():
        maps = network(torch.from_numpy(np.pad(planes, spare)[None]))[0].numpy()
    return np.asarray(maps[:, : -(-height // 2), : -(-width // 2)], dtype=np.float32)


def put_in_place(
    run: DetectorRun,
    registry: Registry,
    name: str,
    view: View,
    held: Sequence[TaughtField],
    words: Mapping[str, Any],
    provenance: str,
    shrink: int | None = None,
    second: Path | None = None,
) -> Entry:
    """Write a trained detector into a registry and make it current.

    Parameters
    ----------
    held
        Fields it has not learnt from: the calibration and all figures come from them.
    words
        Plain values of the training for the card.
    shrink
        How far the pictures it learnt from were shrunk; None where it saw pictures of every kind.
    second
        The ONNX file of its second look; None where it looks once.

    Raises
    ------
    ExpertError
        The registry cannot be written.
    """
    network = run.network()
    surfaces = run.settings.surfaces
    answers = SecondLook(plain_card(view, surfaces), second).answers if second is not None else None
    # Boxes leave much open, and all sides of a picture say a little more than one; slopes do not turn without their lamps.
    all_sides = run.settings.boxed and view == "picture"
    once = partial(torch_maps, network)
    maps = partial(from_all_sides, once) if all_sides else once
    asked = LearnedDetector(plain_card(view, surfaces), maps, answers)
    found = look(asked, held, shrink or 1, run.settings.boxed)
    knots = calibrated(found)
    chance = probability(replace(plain_card(view, surfaces), probability=knots), found.logit)
    points = thresholds(found, chance)

    def fill(folder: Path, version: str) -> DetectorCard:
        path = folder / f"{name}.onnx"
        write_detector(network, len(PLANES[view]), path)
        write_arrays(folder / f"{name}.weights.npz", halved(run.weights))
        again = f"{name}.second.onnx" if second is not None else ""
        if second is not None:
            shutil.copyfile(second, folder / again)
        return DetectorCard(
            name=name, version=version, view=view, surfaces=surfaces, file=path.name, sha256=file_hash(path),
            probability=knots, working_point=points["best_f1"], thresholds=points, shrink=shrink, all_sides=all_sides,
            metrics=figures(found, chance, points["best_f1"]),
            training={**words, "settings": asdict(run.settings), "curve": run.curve},
            versions={"moedal-gui": __version__, "torch": torch.__version__, "onnx": onnx.__version__, "numpy": np.__version__},
            onnx_difference=_difference(network, path, view, held), weights=f"{name}.weights.npz",
            second=again, second_sha256=file_hash(folder / again) if again else "",
            seconds=round(run.seconds, 1), made=now(), provenance=provenance,
        )  # fmt: skip

    entry = registry.add(name, fill)
    registry.make_current(entry.title)
    return entry


def _difference(network: DetectorNetwork, path: Path, view: View, held: Sequence[TaughtField]) -> float:
    """Largest difference between the maps of the ONNX file and of torch, on a field held back."""
    card = plain_card(view, network.surfaces)
    planes = np.asarray(held[0].planes, dtype=np.float32)
    return float(np.abs(Detector(card, path).maps(planes) - torch_maps(network, planes)).max())
