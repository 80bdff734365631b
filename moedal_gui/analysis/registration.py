"""Scans into one frame: from the datum points, and then from the pits themselves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.spatial import cKDTree

from moedal_gui.analysis.matching import mutual, nearest
from moedal_gui.core.placement import Correction, ScanPlacement, polynomial_basis
from moedal_gui.core.scan import UM_PER_UNIT, ScanDescription

Floats = npt.NDArray[np.float64]

GATES_PX = (2.0, 4.0, 6.0)
ACCIDENTAL_SHIFT_PX = 300.0
_SEARCH_PX = 60.0
_BIN_PX = 1.5
_ORDER = 3
_ROUNDS = ((8.0, 1), (6.0, 1), (5.0, 2), (4.0, 3), (3.0, 3), (2.5, 3))
_ROWS_PER_TERM = 8


def stage_placement(
    description: ScanDescription, fields: pd.DataFrame, misplaced: Mapping[str, tuple[float, float]] | None = None
) -> ScanPlacement:
    """Where a scan's fields lie by what its stage and its datum points say.

    Parameters
    ----------
    description
        The scan.
    fields
        Columns field, width, height, stage_x, stage_y.
    misplaced
        Field -> how far (px, as the camera sees it) it lies from where the stage has it, as its neighbours' pictures say.

    Returns
    -------
    ScanPlacement
        In um (px without a pixel size). With two or more datum points the frame is the foil's: origin datum 0, x axis
        through the last, y down as seen from the top. Without, the stage's own frame, mirrored for a reverse scan.
    """
    size = description.pixel_size_um
    unit, scale = ("um", size) if size is not None else ("px", 1.0)
    step = _stage_step(description)
    widths = {
        str(f): (int(w), int(h)) for f, w, h in zip(fields["field"], fields["width"], fields["height"], strict=True)
    }
    centres: dict[str, tuple[float, float]] = {}
    loose: set[str] = set()
    up = -1.0 if description.stage_y_up else 1.0
    for name, x, y in zip(fields["field"], fields["stage_x"], fields["stage_y"], strict=True):
        if step is None or not (np.isfinite(x) and np.isfinite(y)):
            width, height = widths[str(name)]
            centres[str(name)] = ((width - 1) / 2 * scale, (height - 1) / 2 * scale)
            loose.add(str(name))
        else:
            dx, dy = (misplaced or {}).get(str(name), (0.0, 0.0))
            centres[str(name)] = (float(x) * step + dx * scale, up * float(y) * step + dy * scale)
    own = ScanPlacement(
        frame=f"{description.foil}/{description.scan}", unit=unit, matrix=((scale, 0.0), (0.0, scale)), centres=centres,
        size_px=widths, mirrored=description.mirrored, loose=frozenset(loose),
    )  # fmt: skip
    return _into_foil(own, description)


def stage_places(description: ScanDescription, fields: pd.DataFrame) -> dict[str, tuple[float, float]]:
    """Centre of each field by its stage, px as the camera sees them (y down); fields without a position are left out."""
    step = _stage_step(description)
    if step is None:
        return {}
    step /= description.pixel_size_um or 1.0
    up = -step if description.stage_y_up else step
    return {
        str(name): (float(x) * step, float(y) * up)
        for name, x, y in zip(fields["field"], fields["stage_x"], fields["stage_y"], strict=True)
        if np.isfinite(x) and np.isfinite(y)
    }


def _stage_step(description: ScanDescription) -> float | None:
    """Frame units per stage unit; None where the two cannot be compared."""
    size = description.pixel_size_um
    if description.stage_unit == "px":
        return size if size is not None else 1.0
    return UM_PER_UNIT[description.stage_unit] if size is not None else None


def _into_foil(own: ScanPlacement, description: ScanDescription) -> ScanPlacement:
    reverse = description.orientation == "reverse"
    known = [p for p in description.datum if p.field in own.centres and p.field not in own.loose]
    if len(known) >= 2:
        points = own.to_frame([p.field for p in known], [p.x_px for p in known], [p.y_px for p in known], flop=False)
        origin, along = points[0], points[-1] - points[0]
        length = float(np.hypot(*along))
        if length > 0:
            x_axis = along / length
            y_axis = np.array([-x_axis[1], x_axis[0]]) * (-1 if reverse else 1)
            return moved(own, np.stack([x_axis, y_axis]), origin, frame=description.foil)
    if reverse:
        return moved(own, np.array([[-1.0, 0.0], [0.0, 1.0]]), np.zeros(2), frame=own.frame)
    return own


def moved(placement: ScanPlacement, turn: Floats, origin: Floats, frame: str) -> ScanPlacement:
    """The placement after ``new = turn @ (old - origin)``; loose fields keep their own corner."""
    firm = [n for n in placement.centres if n not in placement.loose]
    places = (np.array([placement.centres[n] for n in firm]).reshape(-1, 2) - origin) @ turn.T
    places_of = dict(placement.centres) | {n: (float(x), float(y)) for n, (x, y) in zip(firm, places, strict=True)}
    matrix = turn @ np.asarray(placement.matrix) if firm else np.asarray(placement.matrix)
    return replace(
        placement,
        frame=frame,
        matrix=((float(matrix[0, 0]), float(matrix[0, 1])), (float(matrix[1, 0]), float(matrix[1, 1]))),
        centres=places_of,
    )


def tied(placement: ScanPlacement, description: ScanDescription) -> bool:
    """Whether datum points tie a scan to its foil's frame."""
    return placement.frame == description.foil


@dataclass(frozen=True)
class Agreement:
    """How well two scans' pits lie on each other.

    ``within``: share of a's pits with a nearest pit of b within 2, 4 and 6 px; ``rms_px`` over those within 2 px;
    ``offset_px``: median displacement b - a of those within 6 px; ``shifted_within_6px``: the share that accident gives.
    """

    pits: int
    within: tuple[float, float, float]
    rms_px: float
    offset_px: tuple[float, float]
    shifted_within_6px: float

    def values(self) -> dict[str, Any]:
        """For ``--json``."""
        names = {f"within_{g:.0f}px": round(w, 6) for g, w in zip(GATES_PX, self.within, strict=True)}
        return {
            **names, "rms_px": _number(self.rms_px), "offset_px": [_number(v) for v in self.offset_px],
            "shifted_within_6px": round(self.shifted_within_6px, 6), "pits": self.pits,
        }  # fmt: skip


def _number(value: float) -> float | None:
    return round(float(value), 4) if np.isfinite(value) else None


def agreement(a: Floats, b: Floats, pixel: float) -> Agreement:
    """Compare places (N, 2) and (M, 2) of one frame; ``pixel`` is the frame's unit per px."""
    a, b = a / pixel, b / pixel
    if len(a) == 0 or len(b) == 0:
        return Agreement(len(a), (0.0, 0.0, 0.0), np.nan, (np.nan, np.nan), 0.0)
    distance, index = nearest(a, b)
    shifted, _ = nearest(a, b + np.array([ACCIDENTAL_SHIFT_PX, 0.0]))
    close = distance <= GATES_PX[0]
    wide = distance <= GATES_PX[-1]
    offset = np.median(b[index[wide]] - a[wide], axis=0) if wide.any() else np.array([np.nan, np.nan])
    return Agreement(
        pits=len(a),
        within=tuple(float(np.mean(distance <= g)) for g in GATES_PX),  # type: ignore[arg-type]
        rms_px=float(np.sqrt(np.mean(distance[close] ** 2))) if close.any() else np.nan,
        offset_px=(float(offset[0]), float(offset[1])),
        shifted_within_6px=float(np.mean(shifted <= GATES_PX[-1])),
    )


def refine(a: Floats, b: Floats, pixel: float) -> Correction | None:
    """The low-order surface to add to b's places so that they land on a's.

    The common shift is found first by voting among all near pairs, then a polynomial surface is fitted to mutual
    nearest neighbours with a shrinking gate and Tukey weights. None where the pits do not agree more than by accident.
    """
    shift = voted_shift(a / pixel, b / pixel)
    if shift is None:
        return None
    centre = (float(b[:, 0].mean()), float(b[:, 1].mean()))
    scale = max(float(np.ptp(b, axis=0).max()) / 2, pixel)
    correction = Correction(centre, scale, 0, ((float(shift[0] * pixel), float(shift[1] * pixel)),))
    for gate, wanted in _ROUNDS:
        rows, columns = mutual(a, b + correction(b), gate * pixel)
        order = _affordable(wanted, len(rows))
        if order < 0:
            break
        correction = _fitted(a[rows], b[columns], correction, order, gate * pixel)
    return correction


def _affordable(order: int, rows: int) -> int:
    while order >= 0 and rows < _ROWS_PER_TERM * (order + 1) * (order + 2) // 2:
        order -= 1
    return order


def voted_shift(a: Floats, b: Floats) -> Floats | None:
    """The shift (px) most pairs agree on, if a Poisson crowd of accidents would not give as many."""
    near = cKDTree(a).sparse_distance_matrix(cKDTree(b), _SEARCH_PX, output_type="coo_matrix")
    if near.nnz < 3:
        return None
    difference = a[near.row] - b[near.col]
    bins = int(2 * _SEARCH_PX / _BIN_PX)
    votes, x_edges, y_edges = np.histogram2d(
        difference[:, 0], difference[:, 1], bins=bins, range=[[-_SEARCH_PX, _SEARCH_PX]] * 2
    )
    # Three bins together, so that a peak on an edge between bins is not halved.
    summed = np.sum([np.roll(votes, (i, j), (0, 1)) for i in (-1, 0, 1) for j in (-1, 0, 1)], axis=0)
    top = np.unravel_index(int(np.argmax(summed)), votes.shape)
    usual = float(np.mean(summed))
    if summed[top] < max(4.0, usual + 6 * np.sqrt(usual)):
        return None
    place = np.array([x_edges[top[0]] + _BIN_PX / 2, y_edges[top[1]] + _BIN_PX / 2])
    around = difference[np.hypot(*(difference - place).T) <= 2 * _BIN_PX]
    return np.asarray(np.median(around, axis=0), float)


def _fitted(a: Floats, b: Floats, before: Correction, order: int, gate: float) -> Correction:
    basis = polynomial_basis(b, before.centre, before.scale, order)
    wanted = a - b
    weight = _tukey(wanted - before(b), gate)
    coefficients: Floats = np.zeros((basis.shape[1], 2))
    for _ in range(6):
        root = np.sqrt(weight)[:, None]
        coefficients = np.asarray(np.linalg.lstsq(basis * root, wanted * root, rcond=None)[0], float)
        weight = _tukey(wanted - basis @ coefficients, gate)
    return Correction(before.centre, before.scale, order, tuple((float(x), float(y)) for x, y in coefficients))


def _tukey(residual: Floats, gate: float) -> Floats:
    """Tukey's biweight of residual vectors (N, 2) with its cut at ``gate``."""
    u = np.minimum(np.hypot(*residual.T) / gate, 1.0)
    return np.maximum((1 - u**2) ** 2, 1e-6)
