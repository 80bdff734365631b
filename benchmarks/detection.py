"""How well and how fast pits are found on simulated fields, beside what a user would otherwise take.

The seeds are none that a detector was made with. Fields are 1024 x 1024; efficiency and purity are one-to-one within
4 px or 0.8 of the half minor axis, whichever is more.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.spatial import cKDTree

from moedal_gui.analysis.intervals import fraction, harmonic_mean
from moedal_gui.analysis.matching import assign
from moedal_gui.core.scan import ScanDescription
from moedal_gui.imaging.normalise import estimate_flat_field, normalise
from moedal_gui.preselect.methods import Method, detect
from moedal_gui.simulate.field import SimulatedField
from moedal_gui.simulate.scan import SimulationParameters, simulate_field
from moedal_gui.tasks.training.detectors import detector_of, shipped_detector

LEAST_TOLERANCE_PX, TOLERANCE_OF_MINOR = 4.0, 0.4
SIDE = 1024
DENSITIES = (50, 200, 600, 1000, 2000, 3400)
ROUGH, ROUGH_DENSITIES = (0.01, 0.03), (50, 600)


@dataclass(frozen=True)
class Outcome:
    """One field: counts, errors of the matched, seconds."""

    true: int
    found: int
    matched: int
    surface_right: int
    axes: npt.NDArray[np.float64]
    azimuth_deg: npt.NDArray[np.float64]
    seconds: float


def description_of(field: SimulatedField) -> ScanDescription:
    """What a scan.toml would say."""
    return ScanDescription("simulated", "s", field.channels, polarity=field.polarity)


def match(found: npt.NDArray[np.float64], truth: pd.DataFrame) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """One-to-one pairs within the tolerance: most of them, and then the nearest."""
    places = truth[["x_px", "y_px"]].to_numpy(dtype=float)
    if not len(found) or not len(truth):
        return np.empty(0, int), np.empty(0, int)
    reach = np.maximum(LEAST_TOLERANCE_PX, TOLERANCE_OF_MINOR * truth["minor_px"].to_numpy(dtype=float))
    near = cKDTree(found).sparse_distance_matrix(cKDTree(places), float(reach.max()), output_type="coo_matrix")
    good = near.data <= reach[near.col]
    return assign(near.row[good], near.col[good], near.data[good], len(found), len(places), most_pairs=True)


def judge(field: SimulatedField, method: Method) -> Outcome:
    """Detect and compare with the truth."""
    flat = estimate_flat_field([field.stack])
    shipped = shipped_detector("slope")
    learned = detector_of(shipped.folder) if shipped is not None else None
    begin = time.perf_counter()
    pits = detect(field.stack, description_of(field), flat, method, learned)
    seconds = time.perf_counter() - begin
    truth = field.truth
    rows, columns = match(pits[["x_px", "y_px"]].to_numpy(), truth)
    mine, theirs = pits.iloc[rows].reset_index(drop=True), truth.iloc[columns].reset_index(drop=True)
    cones = (theirs["label"] != "misc").to_numpy()
    axes = (mine[["major_px", "minor_px"]] / theirs[["major_px", "minor_px"]] - 1.0).to_numpy()[cones]
    turn = ((mine["azimuth_deg"] - theirs["azimuth_deg"] + 180.0) % 360.0 - 180.0).abs().to_numpy()[cones]
    right = int((mine["surface"] == theirs["surface"]).sum())
    return Outcome(len(truth), len(pits), len(rows), right, axes, turn, seconds)


def interval(hits: float, total: float) -> str:
    """A share with Wilson's 95 % interval."""
    if total == 0:
        return "   -"
    z, share = 1.96, hits / total
    middle = (share + z * z / (2 * total)) / (1 + z * z / total)
    half = z * np.sqrt(share * (1 - share) / total + z * z / (4 * total * total)) / (1 + z * z / total)
    return f"{share:.3f} [{middle - half:.3f},{middle + half:.3f}]"


def _row(label: str, outcomes: list[Outcome]) -> str:
    """One row of the table."""
    true, found, matched = (sum(getattr(o, k) for o in outcomes) for k in ("true", "found", "matched"))
    f1 = harmonic_mean(fraction(matched, true), fraction(matched, found))
    axes = np.abs(np.concatenate([o.axes for o in outcomes]))
    half = [f"{np.quantile(axes[:, k], 0.5):.3f}" for k in (0, 1)]
    surface = interval(sum(o.surface_right for o in outcomes), matched)
    return (
        f"| {label} | {f1['value']:.3f} [{f1['low']:.3f},{f1['high']:.3f}] | {interval(matched, true)} | {interval(matched, found)} | {surface} |"
        f" {half[0]} / {half[1]} | {np.mean([o.seconds for o in outcomes]):.2f} |"
    )


def _centres_sep(picture: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    import sep

    noise = max(1.4826 * float(np.median(np.abs(picture - np.median(picture)))), 1e-3)
    sep.set_sub_object_limit(1_000_000)
    sep.set_extract_pixstack(20_000_000)
    objects = sep.extract(np.ascontiguousarray(picture), 3.0, err=noise, minarea=8)
    return np.stack([objects["x"], objects["y"]], axis=1)


def _centres_log(picture: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    from skimage.feature import blob_log

    found = blob_log(picture / picture.max(), min_sigma=1.5, max_sigma=12, num_sigma=8, threshold=0.05)
    return np.asarray(found[:, [1, 0]])


def _centres_opencv(picture: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    import cv2

    settings = cv2.SimpleBlobDetector_Params()
    settings.filterByColor, settings.filterByConvexity, settings.filterByInertia = True, False, False
    settings.blobColor, settings.minArea, settings.maxArea, settings.minThreshold = 255, 8, 1500, 10
    grey = np.clip(picture / np.quantile(picture, 0.999) * 255, 0, 255).astype(np.uint8)
    points = cv2.SimpleBlobDetector_create(settings).detect(grey)
    return np.array([p.pt for p in points], dtype=float).reshape(-1, 2)


RIVALS: dict[str, Callable[[npt.NDArray[np.float32]], npt.NDArray[np.float64]]] = {
    "sep": _centres_sep,
    "skimage blob_log": _centres_log,
    "cv2 SimpleBlobDetector": _centres_opencv,
}


def _rival_rows(fields: list[SimulatedField]) -> list[str]:
    """Other detectors on the halo channel of the same fields, where pits are bright on dark."""
    rows = []
    for name, centres in RIVALS.items():
        true = found = matched = 0
        seconds = 0.0
        for field in fields:
            flat = estimate_flat_field([field.stack])
            halo = np.maximum(normalise(field.stack, flat)[-1], 0.0)
            begin = time.perf_counter()
            places = centres(halo)
            seconds += time.perf_counter() - begin
            truth = field.truth
            true, found, matched = true + len(truth), found + len(places), matched + len(match(places, truth)[0])
        rows.append(
            f"| {name} | {2 * matched / (true + found):.3f} | {interval(matched, true)} | {interval(matched, found)} | none | none |"
            f" {seconds / len(fields):.2f} |"
        )
    return rows


def measure(fields_each: int = 4, first_seed: int = 7000) -> list[str]:
    """Lines of a table: both detectors by lamps and density, then the others on the first field of each density.

    Every field is of other lamps, optics, noise and dirt, so one alone says little; the slow training-free detector sees
    the first only.
    """
    head = "| F1 | efficiency | purity | surface right | axes, median error | seconds a field |"
    lines = [f"| pits per {SIDE} x {SIDE} field, detector {head}", "|---|---|---|---|---|---|---|"]
    compared: list[SimulatedField] = []
    methods: tuple[Method, ...] = ("heatmap", "divergence")
    for lamps in (8, 4):
        for density in DENSITIES:
            parameters = SimulationParameters(
                pits_low=density, pits_high=density, candidates=3, channels=10 if lamps == 8 else 4,
                field_size=(SIDE, SIDE),
            )  # fmt: skip
            seeds = first_seed + density * 10 + np.arange(fields_each)
            fields = [simulate_field(parameters, np.random.default_rng(int(seed))) for seed in seeds]
            for method in methods:
                judged = fields if method == "heatmap" else fields[:1]
                label = f"{density}, {lamps} lamps, {method}, {len(judged)} field{'s' * (len(judged) > 1)}"
                lines.append(_row(label, [judge(f, method) for f in judged]))
                print(lines[-1], flush=True)
            compared += fields[:1] if lamps == 8 else []
    for roughness in ROUGH:
        for density in ROUGH_DENSITIES:
            parameters = SimulationParameters(
                pits_low=density,
                pits_high=density,
                candidates=3,
                channels=8,
                field_size=(SIDE, SIDE),
                roughness=roughness,
            )
            seeds = first_seed + density * 10 + 5 + np.arange(fields_each)
            outcomes = [judge(simulate_field(parameters, np.random.default_rng(int(s))), "heatmap") for s in seeds]
            lines.append(
                _row(f"{density}, 8 lamps, heatmap, ground of slope {roughness:g}, {fields_each} fields", outcomes)
            )
            print(lines[-1], flush=True)
    beside = [_row(method, [judge(f, method) for f in compared]) for method in methods]
    return [
        *lines,
        "",
        "The first field of each density, beside known detectors on the halo channel:",
        "",
        f"| detector {head}",
        lines[1],
        *beside,
        *_rival_rows(compared),
        "",
        "One-to-one within 4 px or 0.8 of the half minor axis, on simulated fields of seeds that nothing was chosen on; one core."
        " Every field has lamps, optics, noise and dirt of its own.",
    ]
