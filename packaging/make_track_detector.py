"""Make the shipped detector that boxes begin with: draw pictures of tracks and pits, and train a network as boxes are learnt.

    python packaging/make_track_detector.py FOLDER [--pictures 900] [--steps 4500]

Training goes on from its last checkpoint. Every eighth picture is never trained on: the calibration comes from those.
"""

from __future__ import annotations

import argparse
import os
import shutil
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from micrographs import draw_micrograph
from track_pictures import draw_track_picture

from moedal_gui import paths
from moedal_gui.core.scan import Channel, ScanDescription
from moedal_gui.imaging.flat_field import estimate_flat_field
from moedal_gui.learn.detector.examples import TaughtField
from moedal_gui.learn.detector.outcome import put_in_place
from moedal_gui.learn.detector.settings import WIDTHS_TO_BOXES, DetectorSettings
from moedal_gui.learn.detector.trainer import DetectorTraining
from moedal_gui.preselect.methods import detector_planes
from moedal_gui.store.registry import Registry, read_detector_card
from moedal_gui.store.training_folder import TrainingFolder
from moedal_gui.tasks.training.detectors import STARTS_BOXES

SIZE_PX = 512
_TRACKS_OF_TEN = 6
_PHYSICS = (
    "drawn pictures: tracks that lie in a crystal, half lengths 2 to 60 px, among cracks, bubbles, specks and scratches; pits, round, "
    "oblique and needles, half axes 1 to 50 px, dark or bright"
)


def drawn_field(seed: int) -> TaughtField:
    """One picture and what is known of it."""
    rng = np.random.default_rng([seed, 909])
    draw = draw_track_picture if seed % 10 < _TRACKS_OF_TEN else draw_micrograph
    grey, pits, other = draw(rng, SIZE_PX)
    stack = grey[None]
    text = ScanDescription("foil", "drawn", (Channel(1, "single"),))
    planes = detector_planes(stack, text, estimate_flat_field([stack]), "picture")
    return TaughtField(planes.astype(np.float16), pits, other)


def held_back(seed: int) -> bool:
    """Whether a picture is kept for the calibration and never trained on."""
    return seed % 8 == 5


def fields(seeds: Iterable[int]) -> list[TaughtField]:
    """Pictures of some seeds."""
    return [drawn_field(seed) for seed in seeds]


def main() -> None:
    """Train it, and put it into detectors/."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--pictures", type=int, default=900)
    parser.add_argument("--steps", type=int, default=4500)
    asked = parser.parse_args()
    asked.folder.mkdir(parents=True, exist_ok=True)
    taught = fields(s for s in range(asked.pictures) if not held_back(s))
    held = fields(s for s in range(asked.pictures) if held_back(s))
    settings = DetectorSettings(surfaces=1, steps=asked.steps, batch=6, boxed=True, widths=WIDTHS_TO_BOXES)
    training = DetectorTraining(
        TrainingFolder(asked.folder / "training-tracks"), taught, settings, None, os.cpu_count() or 1
    )
    while not training.run.over:
        training.until(training.run.share + 1e-9)
        print(f"{training.run.share:.1%} {training.run.curve[-1]}", flush=True)
    words = {
        "text": "trained on drawn pictures", "fields": len(taught), "pits": sum(len(f.pits) for f in taught),
        "held_back_fields": len(held), "physics": _PHYSICS,
    }  # fmt: skip
    registry = Registry(asked.folder / "made", write=True)
    entry = put_in_place(training.run, registry, STARTS_BOXES, "picture", held, words, "trained on drawn pictures")
    print(read_detector_card(entry.folder).metrics, flush=True)
    target = paths.detectors() / STARTS_BOXES
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(entry.folder, target / entry.version)


if __name__ == "__main__":
    main()
