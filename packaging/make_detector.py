"""Make the shipped detectors: draw many scans under any lamps and optics, and train the networks on their truth.

    python packaging/make_detector.py FOLDER [--view slope|picture] [--scans 0:720] [--steps 2200] [--further] [--again]

``slope`` looks at the slopes of a ring of lamps, ``picture`` at any one picture: it learns from single planes of the same
scans and from micrographs drawn for it. A scan that is drawn is kept, and training goes on from its last checkpoint, so the script goes on where it was
stopped. ``--further`` begins with the shipped weights; ``--again`` only writes and measures them anew. Every eighth scan is never trained on: the calibration comes from those, from the first on.
"""

from __future__ import annotations

import argparse
import os
import shutil
from collections.abc import Iterable
from dataclasses import fields as dataclass_fields
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from micrographs import draw_micrograph

from moedal_gui import paths
from moedal_gui.core.detector_card import DetectorCard
from moedal_gui.core.scan import Channel, ScanDescription
from moedal_gui.imaging.detector_planes import PLANES, View, picture_planes, slope_planes
from moedal_gui.imaging.flat_field import estimate_flat_field
from moedal_gui.imaging.normalise import normalise, usable_channels
from moedal_gui.learn.detector.examples import ROUGHNESS, TaughtField, rough_slopes
from moedal_gui.learn.detector.outcome import put_in_place
from moedal_gui.learn.detector.run import DetectorRun
from moedal_gui.learn.detector.settings import DetectorSettings
from moedal_gui.learn.detector.trainer import DetectorTraining
from moedal_gui.preselect.methods import detector_planes
from moedal_gui.simulate.dirt import Dirt, draw_dirt
from moedal_gui.simulate.field import SCALE, Microscope, draw_microscope, photograph
from moedal_gui.simulate.population import Etch, draw_population
from moedal_gui.store.array_files import read_arrays
from moedal_gui.store.registry import Registry, checked_detector, read_detector_card
from moedal_gui.store.training_folder import TrainingFolder

NAMES = {"slope": "slopes", "picture": "pictures"}
SIZE_PX = (512, 512)
_SINGLE, _DRAWN = 2, 6  # fields of a scan as pictures, and micrographs beside them
FIELDS = 4
_PITS, _SHALLOW, _DENSE = (8.0, 1300.0), (50.0, 800.0), (60.0, 1300.0)  # per 640 x 480 field, both surfaces
FIRST_SHALLOW, FIRST_DENSE = 560, 720
"""Scans from the one on have no steep tracks; those from the other on are dense, and every third has none."""
_FIELD_PX = 640.0 * 480.0
_FURTHER_RATE = 1.2e-3


def _optics(rng: np.random.Generator, microscope: Microscope) -> Microscope:
    """Wider than the simulator's own ranges: any lobe, any blur, either surface as sharp as the other."""
    near = float(rng.uniform(0.4, 1.5))
    optics = replace(
        microscope.optics,
        deflection=float(np.exp(rng.uniform(np.log(0.15), np.log(1.1)))),
        specular=float(rng.uniform(0.0, 0.8)),
        saturation=float(np.exp(rng.uniform(np.log(0.3), np.log(4.0)))),
        near_blur_px=near,
        far_blur_px=near + float(rng.uniform(0.0, 2.0)),
        far_strength=float(rng.uniform(0.45, 1.0)),
    )
    return replace(microscope, optics=optics, dirt=float(rng.uniform(0.0, 14.0)))


def _etch(rng: np.random.Generator, shallow: bool) -> Etch:
    """``shallow``: no steep dips, so that mouths are long; they are rare under an isotropic flux and missed most."""
    h, apart = float(rng.uniform(5.0, 18.0)), float(rng.uniform(45.0, 120.0))
    dips = (float(rng.uniform(20.0, 45.0)), 90.0)
    V = float(rng.uniform(1.3, 3.2))
    if shallow:
        dips = (float(rng.uniform(18.0, 30.0)), float(rng.uniform(45.0, 75.0)))
        V = float(rng.uniform(1.5, 3.2))
    return Etch(h, apart, dips, V)


def make_scan(
    seed: int,
) -> tuple[npt.NDArray[np.float16], list[npt.NDArray[np.float32]], npt.NDArray[np.bool_]]:
    """Planes (fields, 5, H, W) of a few fields of one scan, for each its pits, and where dirt lies (fields, H, W).

    Pits are rows of x, y, half major, half minor axis (px), azimuth (rad), 0 near the camera or 1 far.
    """
    rng = np.random.default_rng([seed, 4242])
    microscope = _optics(rng, draw_microscope(rng, (10, 8, 4)[int(rng.choice(3, p=[0.3, 0.4, 0.3]))], None))
    dense = seed >= FIRST_DENSE
    shallow = seed >= FIRST_SHALLOW and (not dense or seed % 3 == 0)
    crowd = _DENSE if dense else _SHALLOW if shallow else _PITS
    etch, per_field = _etch(rng, shallow), float(np.exp(rng.uniform(*np.log(crowd))))
    stacks, tables, dirty = [], [], []
    for _ in range(FIELDS):
        low, high = per_field * rng.uniform(0.6, 1.4, 2)
        margin = (SIZE_PX[0] + 80, SIZE_PX[1] + 80)
        mean = float(low + high) / 2.0
        tracks = int(rng.poisson(0.04 * mean))
        pits = draw_population(rng, etch, margin, (float(low), float(high)), _FIELD_PX, tracks)
        pits = _worn(rng, pits.assign(x_px=pits["x_px"] - 40.0, y_px=pits["y_px"] - 40.0))
        dirt = draw_dirt(rng, (SIZE_PX[1], SIZE_PX[0]), SCALE, microscope.dirt)
        stacks.append(photograph(rng, pits, microscope, "top", SIZE_PX, etch.surfaces_apart_px, dirt=dirt))
        tables.append(_rows(pits))
        dirty.append(dirt_mask(dirt))
    flat = estimate_flat_field(stacks)
    usable = usable_channels(flat)
    rim = [i for i, c in enumerate(microscope.channels) if c.kind == "rim" and usable[i]]
    text = "foil"
    description = ScanDescription(
        foil=text, scan=text, channels=microscope.channels, polarity=microscope.optics.polarity
    )
    planes = [slope_planes(normalise(s, flat), description, rim, usable) for s in stacks]
    return np.stack(planes).astype(np.float16), tables, np.stack(dirty)


def dirt_mask(dirt: Dirt) -> npt.NDArray[np.bool_]:
    """Pixels (H, W) that dust, fibres, bubbles or scratches lie on."""
    relief = np.abs(dirt.relief).reshape(SIZE_PX[1], SCALE, SIZE_PX[0], SCALE).mean(axis=(1, 3))
    return np.asarray((dirt.absorption > 0.15) | (dirt.glow > 0.15) | (relief > 0.2))


def _worn(rng: np.random.Generator, pits: pd.DataFrame) -> pd.DataFrame:
    """Rounded bottoms and rims that are not quite the model's."""
    share = float(rng.uniform(0.0, 0.5)) if rng.random() < 0.5 else 0.0
    pits["rounding"] = np.maximum(pits["rounding"], share)
    pits["depth_px"] *= rng.uniform(0.85, 1.15)
    return pits


def _rows(pits: pd.DataFrame) -> npt.NDArray[np.float32]:
    inside = pits["x_px"].between(-20, SIZE_PX[0] + 20) & pits["y_px"].between(-20, SIZE_PX[1] + 20)
    p = pits[inside]
    columns = [
        p["x_px"], p["y_px"], 0.5 * p["major_px"], 0.5 * p["minor_px"], np.radians(p["azimuth_deg"]),
        (p["surface"] != "top").astype(float),
    ]  # fmt: skip
    return np.stack([np.asarray(c, dtype=np.float32) for c in columns], axis=1)


def draw(folder: Path, seed: int) -> Path:
    """The file of one scan, drawn when it is not there."""
    path = folder / f"scan-{seed:04d}.npz"
    if not path.is_file():
        planes, tables, dirty = make_scan(seed)
        part = path.with_suffix(".part.npz")
        pits: dict[str, Any] = {f"pits{k}": table for k, table in enumerate(tables)}
        np.savez(part, planes=planes, dirty=dirty, **pits)
        part.replace(path)
    return path


def held_back(seed: int) -> bool:
    """Whether a scan is kept for the calibration and never trained on."""
    return seed % 8 == 5


def taught_fields(folder: Path, seeds: Iterable[int]) -> list[TaughtField]:
    """The fields of some scans."""
    fields: list[TaughtField] = []
    for seed in seeds:
        with np.load(draw(folder, seed)) as stored:
            planes, dirty = stored["planes"], stored["dirty"]
            fields += [TaughtField(planes[k], stored[f"pits{k}"], dirty[k]) for k in range(FIELDS)]
    return fields


def judged_fields(folder: Path, seeds: Iterable[int]) -> list[TaughtField]:
    """The fields of some scans to judge by: every other scan on rough ground."""
    fields: list[TaughtField] = []
    for k, seed in enumerate(seeds):
        rng = np.random.default_rng([seed, 55])
        for field in taught_fields(folder, [seed]):
            planes = np.asarray(field.planes, dtype=np.float32)
            if k % 2:
                planes[1:3] += float(np.exp(rng.uniform(*np.log(ROUGHNESS)))) * rough_slopes(planes.shape[1:], rng)
            fields.append(replace(field, planes=planes.astype(np.float16)))
    return fields


def picture_fields(folder: Path, seeds: Iterable[int]) -> list[TaughtField]:
    """For each seed a single plane of some fields of the scan, and drawn micrographs."""
    fields: list[TaughtField] = []
    for seed in seeds:
        rng = np.random.default_rng([seed, 77])
        for field in taught_fields(folder, [seed])[:_SINGLE]:
            plane = picture_planes(one_plane(rng, np.asarray(field.planes, dtype=np.float32)))
            fields.append(replace(field, planes=plane.astype(np.float16), pits=_one_surface(field.pits)))
        for _ in range(_DRAWN):
            grey, pits, dirt = draw_micrograph(rng, SIZE_PX[0])
            stack = grey[None]
            text = ScanDescription("foil", "drawn", (Channel(1, "single"),))
            planes = detector_planes(stack, text, estimate_flat_field([stack]), "picture")
            fields.append(TaughtField(planes.astype(np.float16), pits, dirt))
    return fields


def one_plane(rng: np.random.Generator, planes: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """One picture (H, W) out of mean, slope x, slope y, backlit and halo (5, H, W): one of them, or a lamp's own."""
    there = [k for k in (0, 3, 4) if planes[k].any()]
    if there and rng.random() < 0.6:
        return planes[int(rng.choice(there))]
    angle = float(rng.uniform(0.0, 2.0 * np.pi))
    return np.asarray(planes[0] + np.cos(angle) * planes[1] + np.sin(angle) * planes[2], dtype=np.float32)


def _one_surface(pits: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Pits of both surfaces alike; of two whose centres are one, the larger."""
    rows = pits[np.argsort(-pits[:, 3])].copy()
    rows[:, 5] = 0.0
    keep = np.ones(len(rows), dtype=bool)
    for k in range(1, len(rows)):
        before = rows[:k][keep[:k]]
        keep[k] = not np.any(np.hypot(*(before[:, :2] - rows[k, :2]).T) < 0.3 * rows[k, 3])
    return np.asarray(rows[keep])


_FIELDS = {"slope": taught_fields, "picture": picture_fields}
_JUDGED = {"slope": judged_fields, "picture": picture_fields}
_WORDS = {
    "slope": "lamps 4 or 8 at any zero and handedness, both polarities, any lobe, blur and noise; h 5 to 18 px, "
    "dips from 20 degrees, 8 to 1300 pits per 640 x 480 px, smooth or rough ground, dust, scratches, bubbles, fibres, "
    "fingerprints",
    "picture": "single planes of simulated scans; drawn pits, round, oblique and needles, half axes 1 to 50 px, dark or "
    "bright, from sparse to covering nine tenths of the picture, dust, scratches, cracks",
}


def shipped_run(view: View) -> tuple[DetectorCard, DetectorRun, Path | None]:
    """The shipped detector as its training left it, and the file of its second look."""
    folder = Registry(paths.detectors()).entry(NAMES[view]).folder
    card = checked_detector(folder)
    known = {f.name for f in dataclass_fields(DetectorSettings)}
    settings = DetectorSettings(**{k: v for k, v in card.training["settings"].items() if k in known})
    run = DetectorRun(len(PLANES[view]), settings, read_arrays(folder / card.weights)[0])
    run.seconds, run.curve = card.seconds, list(card.training["curve"])
    return card, run, folder / card.second if card.second else None


def put_again(folder: Path, view: View, seeds: list[int]) -> None:
    """Write the shipped networks anew and measure them anew, without training."""
    card, run, second = shipped_run(view)
    held = _JUDGED[view](folder, [s for s in range(max(seeds) + 1) if held_back(s)])
    put_shipped(folder, run, view, held, dict(card.training), second)


def train(folder: Path, view: View, seeds: list[int], steps: int, further: bool) -> None:
    """Train a shipped detector and put it into detectors/."""
    name, fields = NAMES[view], _FIELDS[view]
    taught = fields(folder, [s for s in seeds if not held_back(s)])
    # Whatever this round learns from, it is judged on scans of every kind.
    held = _JUDGED[view](folder, [s for s in range(max(seeds) + 1) if held_back(s)])
    settings = DetectorSettings(surfaces=2 if view == "slope" else 1, steps=steps)
    start = None
    if further:
        shipped = Registry(paths.detectors()).entry(name).folder
        before = read_detector_card(shipped)
        start = read_arrays(shipped / before.weights)[0]
        # Other windows than those it has seen.
        settings = replace(settings, learning_rate=_FURTHER_RATE, seed=int(before.version))
    training = DetectorTraining(
        TrainingFolder(folder / f"training-{name}"), taught, settings, start, os.cpu_count() or 1
    )
    while not training.run.over:
        training.until(training.run.share + 1e-9)
        print(f"{training.run.share:.1%} {training.run.curve[-1]}", flush=True)
    count = sum(len(f.pits) for f in taught)
    words = {
        "text": "trained on simulation", "fields": len(taught), "pits": count, "held_back_fields": len(held),
        "physics": _WORDS[view],
    }  # fmt: skip
    second = None
    if further and before.second:
        second = folder / before.second
        shutil.copyfile(shipped / before.second, second)
    put_shipped(folder, training.run, view, held, words, second)


def put_shipped(
    folder: Path, run: DetectorRun, view: View, held: list[TaughtField], words: dict[str, Any], second: Path | None
) -> None:
    """Put a trained detector into detectors/ in place of the one there, and say how good it is."""
    name = NAMES[view]
    before = Registry(paths.detectors()).entry(name)
    if not (kept := folder / "made" / name / before.version).exists():
        shutil.copytree(before.folder, kept)  # versions go on from the shipped one
    registry = Registry(folder / "made", write=True)
    entry = put_in_place(run, registry, name, view, held, words, "trained on simulation", second=second)
    print(read_detector_card(entry.folder).metrics, flush=True)
    shutil.rmtree(paths.detectors() / name, ignore_errors=True)
    shutil.copytree(entry.folder, paths.detectors() / name / entry.version)


def scans(words: str) -> list[int]:
    """The scans that ``0:120,720:1320`` names."""
    return [seed for part in words.split(",") for seed in range(*(int(end) for end in part.split(":")))]


def main() -> None:
    """Make what is not there yet."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--view", choices=tuple(NAMES), default="slope")
    parser.add_argument("--scans", type=scans, default="0:720", help="FROM:TO, several with commas between")
    parser.add_argument("--steps", type=int, default=2200)
    parser.add_argument("--further", action="store_true")
    parser.add_argument("--again", action="store_true")
    asked = parser.parse_args()
    asked.folder.mkdir(parents=True, exist_ok=True)
    if asked.again:
        put_again(asked.folder, asked.view, asked.scans)
        return
    for seed in asked.scans:
        draw(asked.folder, seed)
    train(asked.folder, asked.view, asked.scans, asked.steps, asked.further)


if __name__ == "__main__":
    main()
