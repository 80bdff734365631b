"""Teach the shipped detector of slopes its second look, on the scans that `make_detector.py` drew.

    python packaging/make_second_look.py FOLDER [--scans 0:720] [--looks 2] [--steps 6000]

What the detector shows of each scan is looked at a few times under other gains, blurs and noise, and kept beside the scans;
the weights are kept every few hundred steps, so the script goes on where it was stopped. Scans held back for the calibration
are not taught.
"""

from __future__ import annotations

import argparse
import math
import os
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import torch
from make_detector import NAMES, held_back, judged_fields, put_shipped, scans, shipped_run, taught_fields

from moedal_gui import paths
from moedal_gui.infer.detector import Detector
from moedal_gui.learn.detector.examples import changed
from moedal_gui.learn.detector.second_look import SecondLookNetwork, lesson, second_loss, turned, write_second_look
from moedal_gui.learn.state import load_weights, weights_of
from moedal_gui.preselect.heatmap import proposals
from moedal_gui.store.array_files import read_arrays, write_arrays
from moedal_gui.store.registry import Registry, checked_detector

NAME = NAMES["slope"]
_MOST = 300  # views of one field: a crowded one would drown the others
_BATCH, _RATE, _KEPT = 512, 2e-3, 250


def look(folder: Path, seed: int, k: int) -> Path:
    """The file of one look at one scan, made when it is not there."""
    path = folder / f"look-{k}-{seed:04d}.npz"
    if path.is_file():
        return path
    cv2.setNumThreads(1)
    entry = Registry(paths.detectors()).entry(NAME)
    card = checked_detector(entry.folder)
    detector = Detector(card, entry.folder / card.file, threads=1)
    random = np.random.default_rng([seed, k, 909])
    found = []
    for field in taught_fields(folder, [seed]):
        planes = changed(np.asarray(field.planes, dtype=np.float32), random, slopes=True)
        table = proposals(detector.maps(planes), 2, planes.shape[1:])
        if len(table) and planes[1:3].any():
            found.append(lesson(planes, field.pits, table, _MOST, random))
    arrays: dict[str, npt.NDArray[Any]] = {
        "pictures": np.concatenate([f.seen.pictures for f in found]).astype(np.float16),
        "facts": np.concatenate([f.seen.facts for f in found]),
        "right": np.concatenate([f.right for f in found]),
    }
    part = path.with_suffix(".part.npz")
    np.savez(part, **arrays)  # type: ignore[arg-type]
    part.replace(path)
    return path


def train(folder: Path, files: list[Path], steps: int) -> SecondLookNetwork:
    """A network taught on all views, taken up again where it was left."""
    torch.set_num_threads(os.cpu_count() or 1)
    torch.manual_seed(0)
    stored = [np.load(f) for f in files]
    pictures, facts, right = (np.concatenate([s[name] for s in stored]) for name in ("pictures", "facts", "right"))
    network = SecondLookNetwork().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimiser = torch.optim.AdamW(network.parameters(), lr=_RATE, weight_decay=1e-2)
    kept, begin = folder / "second-look.npz", 0
    if kept.is_file():
        arrays, words = read_arrays(kept)
        load_weights(network, arrays)
        begin = int(words["step"])
    random = np.random.default_rng(begin)
    started = time.monotonic()
    for step in range(begin, steps):
        for group in optimiser.param_groups:
            group["lr"] = _rate(step - begin, step, steps)
        rows = np.sort(random.integers(len(right), size=_BATCH))
        seen, wanted = turned(pictures[rows].astype(np.float32), right[rows], random)
        answers = network(
            torch.from_numpy(seen).contiguous(memory_format=torch.channels_last), torch.from_numpy(facts[rows])
        )
        loss = second_loss(answers, torch.from_numpy(wanted))
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(network.parameters(), 5.0)
        optimiser.step()
        if (step + 1) % _KEPT == 0 or step + 1 == steps:
            write_arrays(kept, weights_of(network), {"step": step + 1})
            print(f"{step + 1} of {steps}: {loss.item():.3f}, {time.monotonic() - started:.0f} s", flush=True)
    return network


def _rate(since: int, step: int, steps: int) -> float:
    return _RATE * min(1.0, (since + 1) / 100) * (0.01 + 0.99 * 0.5 * (1.0 + math.cos(math.pi * step / steps)))


def main() -> None:
    """Make what is not there yet, and ship it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--scans", type=scans, default="0:720", help="FROM:TO, several with commas between")
    parser.add_argument("--looks", type=int, default=2)
    parser.add_argument("--steps", type=int, default=6000)
    asked = parser.parse_args()
    wanted = [(seed, k) for k in range(asked.looks) for seed in asked.scans if not held_back(seed)]
    with ProcessPoolExecutor(os.cpu_count(), mp_context=get_context("spawn")) as pool:
        files = list(pool.map(look, *zip(*((asked.folder, seed, k) for seed, k in wanted), strict=True)))
    network = train(asked.folder, files, asked.steps)
    path = asked.folder / "second-look.onnx"
    write_second_look(network, path)
    card, first, _ = shipped_run("slope")
    held = judged_fields(asked.folder, [s for s in range(max(asked.scans) + 1) if held_back(s)])
    words = {**card.training, "second_look": {"looks": asked.looks, "steps": asked.steps, "scans": len(asked.scans)}}
    put_shipped(asked.folder, first, "slope", held, words, path)
    print(asdict(checked_detector(Registry(paths.detectors()).entry(NAME).folder))["metrics"], flush=True)


if __name__ == "__main__":
    main()
