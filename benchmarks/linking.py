"""Links on tracks drawn with known errors of the ellipse: what the ranking reaches, and how long it takes."""

from __future__ import annotations

import time

import numpy as np

from moedal_gui.analysis.intervals import fraction
from moedal_gui.analysis.links import link
from moedal_gui.analysis.pairing import Geometry, Mouths
from moedal_gui.core.etching import mouth_axes

_H, _APART = 15.0, 70.0
_FIELDS = 24


def measure() -> list[str]:
    """Lines of a table."""
    lines = [
        "| pits per 640 x 480 field | error of the axes | candidate efficiency | purity | accidents expected / found: those that pass | all links | seconds per 1000 pits |",
        "|---|---|---|---|---|---|---|",
    ]
    for error in (0.03, 0.06):
        for per_field in (20, 50, 100, 300):
            lines.append(_row(per_field, error))
    return [
        *lines,
        "",
        "At the working point (expected purity .90 at 20 to 100 pits, .82 at 300), 24 fields, T' = 70 px, dips 38 to 90 degrees, a fifth of the pits in pairs.",
    ]


def _row(per_field: int, error: float) -> str:
    rng = np.random.default_rng([per_field, round(error * 100)])
    top, bottom, ours, theirs, pairs = draw(rng, per_field, error, _FIELDS)
    started = time.perf_counter()
    found = link(top, bottom, Geometry(_H, _APART))
    seconds = time.perf_counter() - started
    right = (ours[found.pairs.top] >= 0) & (ours[found.pairs.top] == theirs[found.pairs.bottom])
    picked = found.passes
    efficiency, purity = (
        fraction(int(right[picked].sum()), pairs),
        fraction(int(right[picked].sum()), int(picked.sum())),
    )
    words = [f"{f['value']:.3f} ({f['low']:.3f} to {f['high']:.3f})" for f in (efficiency, purity)]
    all_, passed = (
        f"{float((1 - found.score[rows]).sum()):.0f} / {int((~right[rows]).sum())}"
        for rows in (found.score >= 0, picked)
    )
    return f"| {per_field} | {error:.0%} | {words[0]} | {words[1]} | {passed} | {all_} | {seconds / (len(top) + len(bottom)) * 1000:.2f} |"


def draw(
    rng: np.random.Generator, per_field: int, error: float, fields: int
) -> tuple[Mouths, Mouths, np.ndarray, np.ndarray, int]:
    """Mouths of both surfaces, the number of each one's track (-1: none), and how many tracks have both ends."""
    area = np.array([640.0 * 6, 480.0 * fields / 6])
    total = per_field * fields
    pairs = total // 10
    ratio, dip = _tracks(rng, total - pairs)
    major, minor = mouth_axes(ratio, dip, _H)
    place, azimuth = rng.uniform(0, 1, (len(ratio), 2)) * area, rng.uniform(0, 2 * np.pi, len(ratio))
    side = rng.random(len(ratio)) < 0.4
    number = np.where(np.arange(len(ratio)) < pairs, np.arange(len(ratio)), -1)
    step = ((_APART + 2 * _H / (ratio * np.sin(dip) + 1)) / np.tan(dip))[:, None] * np.stack(
        [np.cos(azimuth), np.sin(azimuth)], axis=1
    )
    is_pair = number >= 0
    rows = np.stack([place[:, 0], place[:, 1], major, minor, azimuth, number], axis=1)
    far = np.stack([*(place + step).T, major, minor, azimuth + np.pi, number], axis=1)
    top = np.concatenate([rows[is_pair], rows[~is_pair & side]])
    bottom = np.concatenate([far[is_pair], rows[~is_pair & ~side]])
    return _measured(rng, top, error, area), _measured(rng, bottom, error, area), top[:, 5], bottom[:, 5], pairs


def _tracks(rng: np.random.Generator, count: int) -> tuple[np.ndarray, np.ndarray]:
    dip = np.arcsin(np.sqrt(rng.uniform(np.sin(np.deg2rad(38)) ** 2, 1, 4 * count)))
    ratio = rng.uniform(1.15, 3.0, 4 * count)
    kept = np.flatnonzero(ratio * np.sin(dip) > 1.05)[:count]
    return ratio[kept], dip[kept]


def _measured(rng: np.random.Generator, rows: np.ndarray, error: float, area: np.ndarray) -> Mouths:
    count = len(rows)
    axes = np.log(rows[:, 2:4]) + rng.normal(0, error, (count, 2))
    axes = np.stack([axes.max(axis=1), axes.min(axis=1)], axis=1)
    wobble = np.minimum(error / np.maximum(2 * (axes[:, 0] - axes[:, 1]), 0.02), 3.0)
    azimuth = rows[:, 4] + rng.normal(0, 1, count) * wobble
    return Mouths(
        rows[:, :2] + rng.normal(0, 0.4, (count, 2)),
        axes,
        azimuth,
        np.full(count, count / area.prod()),
        np.zeros(count, np.intp),
    )
