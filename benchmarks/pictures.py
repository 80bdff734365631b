"""How well pits of single pictures are found where they crowd, beside a Laplacian of Gaussians that knows their size.

The pits are real: cut out of a photograph of round etch pits that nothing was trained or tuned on, shrunk, turned and laid
over one another as light passes them, so that it is known where each one lies.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
from scipy.optimize import linear_sum_assignment
from skimage.feature import blob_log
from skimage.measure import label, regionprops

from benchmarks.detection import interval
from moedal_gui.core.scan import Channel, ScanDescription
from moedal_gui.formats.pictures import read_picture
from moedal_gui.imaging.normalise import estimate_flat_field
from moedal_gui.preselect.heatmap import LearnedDetector
from moedal_gui.preselect.methods import detect
from moedal_gui.tasks.training.detectors import detector_of, shipped_detector

Float32 = npt.NDArray[np.float32]
Floats = npt.NDArray[np.float64]

PHOTOGRAPH = Path(__file__).resolve().parents[2] / "shared" / "data" / "pits" / "round_pits_768x574.bmp"
_SIZE = (480, 640)
_SCENES = ((300, 12.0), (600, 12.0), (1000, 10.0), (300, 18.0), (150, 30.0))
_DRAWN = 3
_THRESHOLDS = (0.03, 0.05, 0.08, 0.1, 0.15, 0.2, 0.3)
_LIGHT, _NOISE, _BLUR = 200.0, 3.0, 0.7


def measure() -> list[str]:
    """Lines of a table."""
    shipped = shipped_detector("picture")
    if not PHOTOGRAPH.is_file() or shipped is None:
        return ["Not measured: the photograph of real pits is not at hand."]
    learned, stamps = detector_of(shipped.folder), _stamps(read_picture(PHOTOGRAPH).astype(np.float32))
    lines = ["| pits per 640 x 480 px, their diameter | detector | efficiency | purity | F1 |", "|---|---|---|---|---|"]
    for count, diameter in _SCENES:
        scenes = [_scene(np.random.default_rng([count, k]), stamps, count, diameter) for k in range(_DRAWN)]
        ours = _judged([(_ours(picture, learned), pits) for picture, pits in scenes])
        tries = [_judged([(_log(p, diameter, t), pits) for p, pits in scenes]) for t in _THRESHOLDS]
        theirs = max(tries, key=lambda f: 2 * f[0] / (f[1] + f[2]))
        for name, (hits, true, found) in (("heatmap", ours), ("LoG, best threshold", theirs)):
            f1 = 2 * hits / (true + found)
            lines.append(
                f"| {count}, {diameter:.0f} px | {name} | {interval(hits, true)} | {interval(hits, found)} | {f1:.3f} |"
            )
            print(lines[-1], flush=True)
    return [
        *lines,
        "",
        f"Pits cut out of a real photograph ({len(stamps)} that lie alone), {_DRAWN} pictures of each kind; one-to-one within 4 px or 0.4 of the diameter."
        " LoG was told the size, and its threshold was chosen on these very pictures.",
    ]


def _stamps(photograph: Float32) -> list[Float32]:
    """Square pictures of pits that lie alone: the share of light that passes, 1 all round; each as large as its pit."""
    ground = float(np.median(photograph))
    stamps = []
    for region in regionprops(label(photograph < 0.75 * ground)):
        top, left, bottom, right = region.bbox
        whole = min(top, left) > 2 and bottom < photograph.shape[0] - 2 and right < photograph.shape[1] - 2
        if whole and region.area > 500 and region.solidity > 0.97 and region.eccentricity < 0.4:
            cut = photograph[top - 2 : bottom + 2, left - 2 : right + 2] / ground
            y, x = np.mgrid[: cut.shape[0], : cut.shape[1]]
            away = np.hypot(y - (cut.shape[0] - 1) / 2, x - (cut.shape[1] - 1) / 2)
            stamps.append(np.where(away <= 0.5 * max(cut.shape), np.minimum(cut, 1.0), 1.0).astype(np.float32))
    return stamps


def _scene(
    rng: np.random.Generator, stamps: list[Float32], count: int, diameter: float
) -> tuple[npt.NDArray[np.uint8], Floats]:
    """A picture, and of each pit its x, y and diameter, px."""
    passes = np.ones(_SIZE, np.float32)
    pits = []
    for _ in range(count):
        stamp = stamps[int(rng.integers(len(stamps)))]
        size = diameter * float(np.exp(rng.normal(0.0, 0.15)))
        x, y = rng.uniform(0, _SIZE[1]), rng.uniform(0, _SIZE[0])
        turn = cv2.getRotationMatrix2D(
            ((stamp.shape[1] - 1) / 2, (stamp.shape[0] - 1) / 2), rng.uniform(0, 360), size / (max(stamp.shape) - 4)
        )
        turn[:, 2] += (x - (stamp.shape[1] - 1) / 2, y - (stamp.shape[0] - 1) / 2)
        one = cv2.warpAffine(stamp, turn, _SIZE[::-1], borderValue=1.0)
        # Dark upon dark hardly darkens: the light is scattered out already.
        passes = (
            np.minimum(passes, one)
            if rng.random() < 0.5
            else np.where(one < 0.9, np.minimum(one * np.clip(passes + 0.3, 0, 1), passes), passes)
        )
        pits.append((x, y, size))
    y, x = np.mgrid[: _SIZE[0], : _SIZE[1]]
    light = _LIGHT * (1 + 0.15 * (x / _SIZE[1] - 0.5) - 0.1 * (y / _SIZE[0] - 0.5))
    picture = cv2.GaussianBlur(passes, (0, 0), _BLUR) * light + rng.normal(0.0, _NOISE, _SIZE)
    return np.clip(picture, 0, 255).astype(np.uint8), np.array(pits)


def _ours(picture: npt.NDArray[np.uint8], learned: LearnedDetector) -> Floats:
    stack = picture[None]
    description = ScanDescription("foil", "crowd", (Channel(1, "single"),))
    found = detect(stack, description, estimate_flat_field([stack]), "heatmap", learned)
    return found[["x_px", "y_px"]].to_numpy(float)


def _log(picture: npt.NDArray[np.uint8], diameter: float, threshold: float) -> Floats:
    sigmas = {"min_sigma": 0.25 * diameter, "max_sigma": 0.45 * diameter, "num_sigma": 4}
    return np.asarray(blob_log(1.0 - picture / 255.0, threshold=threshold, **sigmas)[:, [1, 0]])


def _judged(scenes: list[tuple[Floats, Floats]]) -> tuple[int, int, int]:
    """True pits found, true pits, pits found."""
    hits = 0
    for found, pits in scenes:
        away = np.hypot(pits[:, :1] - found[:, 0], pits[:, 1:2] - found[:, 1])
        near = away <= np.maximum(4.0, 0.4 * pits[:, 2])[:, None]
        rows, columns = linear_sum_assignment(np.where(near, away - 1e3, 0.0))
        hits += int(near[rows, columns].sum())
    return hits, sum(len(pits) for _, pits in scenes), sum(len(found) for found, _ in scenes)
