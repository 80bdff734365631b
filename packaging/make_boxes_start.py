"""Make the weights that learning from boxes begins with: draw pictures of tracks and pits, and train a network as boxes are learnt.

    python packaging/make_boxes_start.py FOLDER [--pictures 900] [--steps 4500]

Training goes on from its last checkpoint. Every eighth picture is never trained on: the figures come from those.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path

import numpy as np
from micrographs import draw_micrograph
from track_pictures import draw_track_picture

from moedal_gui.core.scan import Channel, ScanDescription
from moedal_gui.imaging.flat_field import estimate_flat_field
from moedal_gui.learn.detector.calibration import figures, look, plain_card, thresholds
from moedal_gui.learn.detector.examples import TaughtField
from moedal_gui.learn.detector.outcome import torch_maps
from moedal_gui.learn.detector.settings import WIDTHS_TO_BOXES, DetectorSettings
from moedal_gui.learn.detector.trainer import DetectorTraining
from moedal_gui.preselect.heatmap import LearnedDetector
from moedal_gui.preselect.methods import detector_planes
from moedal_gui.store.training_folder import TrainingFolder
from moedal_gui.tasks.training.detector_start import write_boxes_start

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
    """Train it, and put its weights into detectors/."""
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
    network = training.run.network()
    learned = LearnedDetector(plain_card("picture", 1), lambda planes: torch_maps(network, planes))
    found = look(learned, held, boxed=True)
    chance = 1.0 / (1.0 + np.exp(-found.logit))
    words = {
        "title": "drawn tracks", "widths": list(WIDTHS_TO_BOXES), "physics": _PHYSICS, "pictures": len(taught),
        "pits": sum(len(f.pits) for f in taught), "settings": asdict(settings), "seconds": round(training.run.seconds, 1),
        "held_back": {"pictures": len(held), **figures(found, chance, thresholds(found, chance)["best_f1"])},
    }  # fmt: skip
    write_boxes_start(training.run.weights, words)
    print(words["held_back"], flush=True)


if __name__ == "__main__":
    main()
