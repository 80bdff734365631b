"""A second look at each pit that a detector's maps show: its mouth brought to the unit circle, whatever its size and direction.

So brought, all mouths look alike, and a small network can say how far each is from where, how large and how long it was
taken to be, and whether it is a pit at all. It sees which ground other mouths of either surface claim.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.spatial import cKDTree

from moedal_gui.core.second_look import ANSWERS, REACH, SIDE
from moedal_gui.preselect.quality import slope_noise

Float32 = npt.NDArray[np.float32]
Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.intp]

_COARSER_HALF_PX = 12.0
_COARSEST = 2
_CHUNK = 1024
_MOST_SHIFT, _MOST_STRETCH = 1.0, 1.0
_LARGEST = 8.0
_LEAST_NOISE = 0.01  # no camera has less: where half a field is black, the median says nothing
_LEAST_PX = 1.0
_LARGEST_LOGIT = 10.0
_RIM, _SOFT = 1.25, 2.0
_SLOPE_ACROSS, _ACROSS = 2, ("shift_v", "stretch_uv", "tip_v")  # what a mirror along v turns round
_LAPLACE = 2.0**0.5  # standard deviation of a Laplace distribution of scale 1
_LEAST_DOUBT, _MOST_DOUBT = -6.0, 1.0


@dataclass(frozen=True)
class Views:
    """What a second look sees of n pits.

    Attributes
    ----------
    pictures
        Shape (n, P + 2, SIDE, SIDE): the planes with slopes along u and v, in units of the view's own slopes, then how much
        of the ground other mouths of the same and of the other surface claim.
    facts
        Shape (n, 6), as `moedal_gui.core.second_look.FACTS` has them.
    """

    pictures: Float32
    facts: Float32


def frames(table: pd.DataFrame) -> tuple[Floats, Floats]:
    """Matrices (n, 2, 2) that bring the unit circle to each mouth, and its centre (n, 2), px."""
    half_major, half_minor = (0.5 * table[name].to_numpy(float) for name in ("major_px", "minor_px"))
    azimuth = np.radians(table["azimuth_deg"].to_numpy(float))
    return mouth_matrices(half_major, half_minor, azimuth), table[["x_px", "y_px"]].to_numpy(float)


def mouth_matrices(half_major: Floats, half_minor: Floats, azimuth: Floats) -> Floats:
    """Matrices (n, 2, 2) whose columns are the half axes: towards the tip, and across."""
    along = np.stack([np.cos(azimuth), np.sin(azimuth)], axis=1)
    across = np.stack([-along[:, 1], along[:, 0]], axis=1)
    return np.stack([along * half_major[:, None], across * half_minor[:, None]], axis=2)


def views(planes: Float32, table: pd.DataFrame) -> Views:
    """What there is to see of each pit.

    Parameters
    ----------
    planes
        Shape (5, H, W), as the view ``slope`` has them.
    table
        Pits with ``x_px``, ``y_px``, ``major_px``, ``minor_px``, ``azimuth_deg``, ``far`` (whether on the far surface),
        ``logit`` and ``rival``.
    """
    matrices, centres = frames(table)
    return views_from(planes, table, matrices, centres, np.arange(len(table)))


def views_from(planes: Float32, table: pd.DataFrame, matrices: Floats, centres: Floats, rows: Integers) -> Views:
    """`views` of some rows of a table, seen from frames of their own: matrices (n, 2, 2) and centres (n, 2)."""
    far = table["far"].to_numpy(bool)
    seen = _sampled(planes, matrices, centres)
    strength = np.sqrt((seen[:, 1:3] ** 2).sum(axis=1).mean(axis=(1, 2)) / 2.0 + 1e-6)
    noise = max(slope_noise(planes[1:3, ::2]), _LEAST_NOISE)
    seen /= np.maximum(strength, 0.5 * noise)[:, None, None, None]
    pictures = np.concatenate([seen, _claimed(table, matrices, centres, rows)], axis=1)
    half = np.linalg.norm(matrices, axis=1)
    logits = [
        np.clip(table[name].to_numpy(float)[rows], -_LARGEST_LOGIT, _LARGEST_LOGIT) for name in ("logit", "rival")
    ]
    facts = [
        np.where(far[rows], 1.0, -1.0), np.log(half[:, 0]) - 1.6, np.log(half[:, 1]) - 1.6,
        np.log(strength / noise) - 1.0, logits[0] / 3.0, logits[1] / 3.0,
    ]  # fmt: skip
    return Views(np.clip(pictures, -_LARGEST, _LARGEST), np.stack(facts, axis=1).astype(np.float32))


def _grid() -> tuple[Float32, Float32]:
    steps = ((np.arange(SIDE) - 0.5 * (SIDE - 1)) * (2.0 * REACH / SIDE)).astype(np.float32)
    u, v = np.meshgrid(steps, steps)
    return u, v


def _sampled(planes: Float32, matrices: Floats, centres: Floats) -> Float32:
    """Planes in each frame (n, P, SIDE, SIDE); slopes are turned with it. Large mouths are smoothed before."""
    u, v = _grid()
    answer = np.zeros((len(matrices), len(planes), SIDE, SIDE), np.float32)
    half = np.sqrt(np.abs(np.linalg.det(matrices)))
    levels = np.clip(np.floor(np.log2(np.maximum(half, 1.0) / _COARSER_HALF_PX)) + 1, 0, _COARSEST).astype(int)
    for level in np.unique(levels):
        those = np.flatnonzero(levels == level)
        for k in np.flatnonzero(planes.any(axis=(1, 2))):
            plane = cv2.GaussianBlur(planes[k], (0, 0), 0.45 * 2**level) if level else planes[k]
            how = cv2.INTER_LINEAR if level else cv2.INTER_CUBIC
            for first in range(0, len(those), _CHUNK):
                part = those[first : first + _CHUNK]
                m, c = matrices[part].astype(np.float32), centres[part].astype(np.float32)
                x, y = (
                    (m[:, i, 0, None, None] * u + m[:, i, 1, None, None] * v + c[:, i, None, None]).reshape(-1, SIDE)
                    for i in (0, 1)
                )
                answer[part, k] = cv2.remap(plane, x, y, how, borderMode=cv2.BORDER_CONSTANT).reshape(-1, SIDE, SIDE)
    along = (matrices[:, :, 0] / np.linalg.norm(matrices[:, :, 0], axis=1, keepdims=True)).astype(np.float32)
    cosine, sine = along[:, 0, None, None], along[:, 1, None, None]
    x, y = answer[:, 1].copy(), answer[:, 2].copy()
    answer[:, 1], answer[:, 2] = cosine * x + sine * y, cosine * y - sine * x
    return answer


def _claimed(table: pd.DataFrame, matrices: Floats, centres: Floats, rows: Integers) -> Float32:
    """How much of each view (n, 2, SIDE, SIDE) other mouths of the same and of the other surface claim, by their odds."""
    u, v = _grid()
    answer = np.zeros((len(rows), 2, SIDE, SIDE), np.float32)
    flat = answer.reshape(-1, SIDE, SIDE)
    every, places = frames(table)
    far = table["far"].to_numpy(bool)
    chance = (1.0 / (1.0 + np.exp(-table["logit"].to_numpy(float)))).astype(np.float32)
    own_reach = np.linalg.norm(matrices, axis=1).max(axis=1) * REACH * np.sqrt(2.0)
    reach = np.linalg.norm(every, axis=1).max(axis=1) * _RIM
    near = cKDTree(places).query_ball_point(centres, own_reach + reach.max(initial=0.0))
    i = np.repeat(np.arange(len(rows)), [len(found) for found in near])
    k = np.concatenate([np.asarray(found, np.intp) for found in near]) if len(i) else i
    close = np.hypot(*(centres[i] - places[k]).T) < own_reach[i] + reach[k]
    i, k = i[close & (rows[i] != k)], k[close & (rows[i] != k)]
    back = np.linalg.inv(every)
    for first in range(0, len(i), _CHUNK):
        a, b = i[first : first + _CHUNK], k[first : first + _CHUNK]
        turn = (back[b] @ matrices[a]).astype(np.float32)
        away = np.einsum("nij,nj->ni", back[b], centres[a] - places[b]).astype(np.float32)
        p, q = (turn[:, j, 0, None, None] * u + turn[:, j, 1, None, None] * v + away[:, j, None, None] for j in (0, 1))
        claim = np.clip((_RIM - np.sqrt(p * p + q * q)) * _SOFT, 0.0, 1.0) * chance[b, None, None]
        slot = 2 * a + (far[b] != far[rows[a]])
        order = np.argsort(slot, kind="stable")
        starts = np.flatnonzero(np.r_[True, np.diff(slot[order]) > 0])
        most = np.maximum.reduceat(claim[order], starts, axis=0)
        flat[slot[order][starts]] = np.maximum(flat[slot[order][starts]], most)
    return answer


def with_mirror_image(answers: Callable[[Float32, Float32], Float32], pictures: Float32, facts: Float32) -> Float32:
    """Mean of what is answered of views and of their mirror images, mirrored back: a mouth is alike on either side of its tip."""
    across = np.ascontiguousarray(pictures[:, :, ::-1])
    across[:, _SLOPE_ACROSS] *= -1.0
    mirrored = answers(across, facts).copy()
    mirrored[:, [ANSWERS.index(name) for name in _ACROSS]] *= -1.0
    return np.asarray(0.5 * (answers(pictures, facts) + mirrored), dtype=np.float32)


def corrected(table: pd.DataFrame, answers: Float32) -> pd.DataFrame:
    """Pits where, as large and as directed as the second look says; ``logit`` is its own, and so is how well it knows the axes.

    Parameters
    ----------
    answers
        Shape (n, 13), as `moedal_gui.core.second_look.ANSWERS` has them.
    """
    said = dict(zip(ANSWERS, answers.astype(float).T, strict=True))
    matrices, centres = frames(table)
    shift = np.clip(np.stack([said["shift_u"], said["shift_v"]], axis=1), -_MOST_SHIFT, _MOST_SHIFT)
    centres = centres + np.einsum("nij,nj->ni", matrices, shift)
    stretch = np.stack([said["stretch_uu"], said["stretch_uv"], said["stretch_uv"], said["stretch_vv"]], axis=1)
    value, vector = np.linalg.eigh(stretch.reshape(-1, 2, 2))
    factor = np.exp(2.0 * np.clip(value, -_MOST_STRETCH, _MOST_STRETCH))
    grown = (vector * factor[:, None, :]) @ vector.transpose(0, 2, 1)
    square, axes = np.linalg.eigh(matrices @ grown @ matrices.transpose(0, 2, 1))
    half_minor, half_major = np.sqrt(np.maximum(square, 0.0)).T
    along = axes[:, :, 1]
    tip = np.einsum("nij,nj->ni", matrices, np.stack([said["tip_u"], said["tip_v"]], axis=1))
    along = np.where(((along * tip).sum(axis=1) < 0.0)[:, None], -along, along)
    return table.assign(
        x_px=centres[:, 0],
        y_px=centres[:, 1],
        major_px=np.maximum(2.0 * half_major, _LEAST_PX),
        minor_px=np.maximum(2.0 * half_minor, _LEAST_PX),
        azimuth_deg=np.degrees(np.arctan2(along[:, 1], along[:, 0])) % 360.0,
        logit=said["pit"],
        major_error=_LAPLACE * np.exp(np.clip(said["doubt_uu"], _LEAST_DOUBT, _MOST_DOUBT)),
        minor_error=_LAPLACE * np.exp(np.clip(said["doubt_vv"], _LEAST_DOUBT, _MOST_DOUBT)),
    )
