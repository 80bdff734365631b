"""From a trained detector to a version in the registry: ONNX file, calibration, card."""

from __future__ import annotations

import shutil
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import torch
from scipy.special import expit

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
from moedal_gui.learn.detector.whole_numbers import in_whole_numbers, write_whole_numbers
from moedal_gui.learn.state import halved
from moedal_gui.learn.to_onnx import OPSET
from moedal_gui.preselect.heatmap import LearnedDetector, looking, probability, proposals
from moedal_gui.preselect.second_look import views
from moedal_gui.store.array_files import write_arrays
from moedal_gui.store.registry import Entry, Registry, file_hash, read_detector_card

Float32 = npt.NDArray[np.float32]

_LEAST_STEP = 1e-9  # probabilities are brought back from logits
_SHOWN, _SHOWN_PX = 24, 512  # fields, and px of each, that show how large a network's values become


@dataclass(frozen=True)
class Rival:
    """The detector in force, and those of the held back fields that it has not learnt from either."""

    title: str
    learned: LearnedDetector
    fields: Sequence[TaughtField]


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
    with torch.no_grad():
        maps = network(torch.from_numpy(_filled(planes)[None]))[0].numpy()
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
    rival: Rival | None = None,
) -> Entry:
    """Write a trained detector into a registry and make it current, unless another finds plainly more of the held back pits.

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
    rival
        What it is held against; None where there is nothing to hold it against.

    Raises
    ------
    ExpertError
        The registry cannot be written.
    """
    network = run.network()
    surfaces = run.settings.surfaces
    # Boxes leave much open, and all sides of a picture say a little more than one; slopes are seen from both ends.
    plain = replace(
        plain_card(view, surfaces),
        reach_px=network.reach_px,
        all_sides=run.settings.boxed and view == "picture",
        twice=view == "slope",
    )

    def fill(folder: Path, version: str) -> DetectorCard:
        path, again = folder / f"{name}.onnx", folder / f"{name}.second.onnx"
        difference = _write_networks(network, view, held, (path, again), second)
        write_arrays(folder / f"{name}.weights.npz", halved(run.weights))
        answers = SecondLook(plain, again).answers if second is not None else None
        # What is shipped is what is judged: the networks in whole numbers.
        found = look(looking(plain, Detector(plain, path).maps, answers), held, shrink or 1, run.settings.boxed)
        knots = calibrated(found)
        chance = probability(replace(plain, probability=knots), found.logit)
        points = thresholds(found, chance)
        measured = dict(figures(found, chance, points["best_f1"]))
        if rival is not None:
            mine = looking(
                replace(plain, probability=knots, working_point=points["best_f1"]), Detector(plain, path).maps, answers
            )
            measured |= _beside(rival, mine, shrink or 1, run.settings.boxed)
        return replace(
            plain, name=name, version=version, file=path.name, sha256=file_hash(path),
            probability=knots, working_point=points["best_f1"], thresholds=points, shrink=shrink,
            metrics=measured,
            training={**words, "settings": asdict(run.settings), "curve": run.curve},
            versions={"moedal-gui": __version__, "torch": torch.__version__, "onnx": onnx.__version__, "numpy": np.__version__},
            onnx_difference=difference, weights=f"{name}.weights.npz",
            second=again.name if second is not None else "",
            second_sha256=file_hash(again) if second is not None else "",
            seconds=round(run.seconds, 1), made=now(), provenance=provenance,
        )  # fmt: skip

    entry = registry.add(name, fill)
    if not read_detector_card(entry.folder).outdone_by:
        registry.make_current(entry.title)
    return entry


def _beside(rival: Rival, mine: LearnedDetector, shrink: int, boxed: bool) -> dict[str, Any]:
    """What another detector finds on the same fields, each at its own working point, and whether that is plainly more."""
    ours, theirs = (_f1(one, rival.fields, shrink, boxed) for one in (mine, rival.learned))
    # Who finds nothing has no purity, and no F1.
    worse = theirs["low"] is not None and (ours["high"] or 0.0) < theirs["low"]
    return {
        "beside": {"detector": rival.title, "f1": theirs, "own_f1": ours},
        "outdone_by": rival.title if worse else "",
    }


def _f1(learned: LearnedDetector, fields: Sequence[TaughtField], shrink: int, boxed: bool) -> Mapping[str, Any]:
    found = look(learned, fields, shrink, boxed)
    told = figures(found, expit(found.logit), learned.card.working_point - _LEAST_STEP)
    f1: Mapping[str, Any] = told["f1"]
    return f1


def _write_networks(
    network: DetectorNetwork, view: View, held: Sequence[TaughtField], targets: tuple[Path, Path], second: Path | None
) -> float:
    """Write both networks in whole numbers; how far the first is from torch before that."""
    fields = [held[k] for k in np.unique(np.linspace(0, len(held) - 1, _SHOWN).astype(int))]
    planes = [_whole_steps(np.asarray(field.planes, dtype=np.float32)) for field in fields]
    with TemporaryDirectory(prefix="moedal-gui-") as folder:
        exact = Path(folder) / "exact.onnx"
        write_detector(network, len(PLANES[view]), exact)
        difference = _difference(network, exact, view, held)
        write_whole_numbers(exact, targets[0], [{"planes": p[None]} for p in planes])
    if second is None:
        return difference
    maps = Detector(plain_card(view, network.surfaces), targets[0]).maps
    shown = [views(p, table) for p in planes if len(table := proposals(maps(p), network.surfaces, p.shape[1:]))]
    inputs: list[Mapping[str, Float32]] = [{"pictures": s.pictures, "facts": s.facts} for s in shown]
    if in_whole_numbers(second) or not inputs:
        shutil.copyfile(second, targets[1])
    else:
        write_whole_numbers(second, targets[1], inputs, operations=("Conv",))
    return difference


def _whole_steps(planes: Float32) -> Float32:
    """Planes cut to whole steps of the network, no larger than needed to see how large its values become."""
    height, width = (min(length, _SHOWN_PX) // SMALLEST_STEP * SMALLEST_STEP for length in planes.shape[1:])
    return planes[:, :height, :width] if height and width else _filled(planes)


def _filled(planes: Float32) -> Float32:
    """Planes filled up with bare ground to whole steps."""
    return np.pad(planes, [(0, 0), *((0, -length % SMALLEST_STEP) for length in planes.shape[1:])])


def _difference(network: DetectorNetwork, path: Path, view: View, held: Sequence[TaughtField]) -> float:
    """Largest difference between the maps of the ONNX file and of torch, on a field held back."""
    card = plain_card(view, network.surfaces)
    planes = np.asarray(held[0].planes, dtype=np.float32)
    return float(np.abs(Detector(card, path).maps(planes) - torch_maps(network, planes)).max())
