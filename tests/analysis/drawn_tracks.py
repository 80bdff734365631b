"""Tracks through a sheet and pits that stop, drawn with the errors a detector makes."""

from __future__ import annotations

import numpy as np

from moedal_gui.analysis.pairing import Mouths
from moedal_gui.core.etching import mouth_axes

H, APART = 14.0, 70.0


def _tracks(rng: np.random.Generator, count: int) -> np.ndarray:
    rows: list[tuple[float, float]] = []
    while len(rows) < count:
        dip, ratio = np.arcsin(np.sqrt(rng.uniform(np.sin(np.deg2rad(38)) ** 2, 1))), rng.uniform(1.2, 3.0)
        if ratio * np.sin(dip) > 1.05:
            rows.append((ratio, float(dip)))
    return np.array(rows).reshape(-1, 2)


def _mouths(
    rng: np.random.Generator, rows: list[tuple[float, ...]], error: float, area: float
) -> tuple[Mouths, np.ndarray]:
    table = np.array(rows)
    count = len(table)
    axes = np.log(table[:, 2:4]) + rng.normal(0, error, (count, 2))
    axes = np.stack([axes.max(axis=1), axes.min(axis=1)], axis=1)
    wobble = np.minimum(error / np.maximum(2 * (axes[:, 0] - axes[:, 1]), 0.02), 3.0)
    places = table[:, :2] + rng.normal(0, 0.4, (count, 2))
    return Mouths(
        places,
        axes,
        table[:, 4] + rng.normal(0, 1, count) * wobble,
        np.full(count, count / area),
        np.zeros(count, np.intp),
    ), table[:, 5]


def drawn_foil(
    seed: int, per_field: int, fields: int, error: float, mouth_share: float
) -> tuple[Mouths, Mouths, np.ndarray, np.ndarray, int]:
    rng = np.random.default_rng(seed)
    width, height = 640.0 * fields, 960.0
    pairs = per_field * fields // 5
    top: list[tuple[float, ...]] = []
    bottom: list[tuple[float, ...]] = []
    for number, (ratio, dip) in enumerate(_tracks(rng, pairs)):
        major, minor = mouth_axes(ratio, dip, H)
        phi, place = rng.uniform(0, 2 * np.pi), rng.uniform(0, 1, 2) * [width, height]
        far = (APART + mouth_share * 2 * H / (ratio * np.sin(dip) + 1)) / np.tan(dip)
        other = place + far * np.array([np.cos(phi), np.sin(phi)])
        top.append((*place, float(major), float(minor), phi, number))
        bottom.append((*other, float(major), float(minor), phi + np.pi, number))
    for ratio, dip in _tracks(rng, 2 * per_field * fields - 2 * pairs):
        major, minor = mouth_axes(ratio, dip, H)
        side = top if rng.random() < 0.4 else bottom
        side.append(
            (*(rng.uniform(0, 1, 2) * [width, height]), float(major), float(minor), rng.uniform(0, 2 * np.pi), -1)
        )
    (a, ka), (b, kb) = _mouths(rng, top, error, width * height), _mouths(rng, bottom, error, width * height)
    return a, b, ka, kb, pairs
