"""Tracks through a stack of sheets: links of neighbouring sheets that lie on one straight line.

A track leaves sheet 1 at x1 with slope g1 (sideways way per depth) and enters sheet 2 at e2, so that
e2 = x1 + gap (g1 + g2) / 2 and g2 = g1 within the errors of the four places. The gap between the etched surfaces, and how
the sheets lie to each other, are measured on the pairs themselves.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

from moedal_gui.analysis.chance import chance_scores
from moedal_gui.analysis.links import SHIFT_PX, SHIFTS
from moedal_gui.analysis.matching import assign

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.intp]

MISALIGNED_PX = 40.0
"""How far two sheets may lie from where their datum points have them."""
WIDEST_GAP_PX = 80.0
"""How much farther apart than touching sheets two neighbours are looked for."""
LEAST_SCORE = 0.5  # a joint less probable than this does not make a track
_ALIGN_ERROR_PX = 0.7
_GAP_STEP_PX = 4.0
_FLOOR = -4.0
_GATES = (8.0, 6.0, 5.0, 4.0, 4.0)
_DIRECTION_GATE = 4.0
_TURN_FROM = 12  # pairs from which on a turn between the sheets is fitted
_FEWEST = 4
_SCALE = (0.65, 3.0)
_WIDEST_SLOPE = 0.7  # spread of slopes where too few links tell


@dataclass(frozen=True)
class Segments:
    """Links of one sheet as straight lines, in px of the common frame.

    Attributes
    ----------
    entry, leave
        (N, 2): where the tracks cross the upper and the lower etched surface.
    apart
        Distance of the two etched surfaces.
    bulk_etch
        Layer removed per side.
    place_error
        Standard deviation of a place along one axis.
    """

    entry: Floats
    leave: Floats
    apart: float
    bulk_etch: float
    place_error: float = 0.7

    @property
    def slope(self) -> Floats:
        """(N, 2): way sideways per depth."""
        return (self.leave - self.entry) / self.apart

    def __len__(self) -> int:
        return len(self.entry)


def segments(
    entry: Floats, leave: Floats, minor: Floats, apart: float, bulk_etch: float, mouth_share: float
) -> Segments:
    """Lines through the crossings, from centres of mouths (N, 2) and their minor axes (N, 2: entry, exit).

    The centre of a mouth lies ``mouth_share`` times h (1 - B^2) / 2 of depth behind the crossing, B = minor / 2h
    (`pairing.Geometry`).
    """
    ratio = np.clip(minor / (2 * bulk_etch), 0.0, 1.0)
    behind = mouth_share * bulk_etch * (1 - ratio**2) / 2
    slope = (leave - entry) / (apart + behind.sum(axis=1))[:, None]
    return Segments(entry + slope * behind[:, :1], leave - slope * behind[:, 1:], apart, bulk_etch)


@dataclass(frozen=True)
class Joint:
    """How two neighbouring sheets lie to each other, px.

    Attributes
    ----------
    gap
        Distance of the lower etched surface of the first and the upper one of the second.
    offset
        Of the second sheet's places, to be taken off.
    turn_rad
        Of the second sheet about ``centre``, to be taken off.
    scale
        Measured over assumed errors.
    pairs
        How many pairs this was measured on; 0 where it is assumed.
    """

    gap: float
    offset: tuple[float, float] = (0.0, 0.0)
    turn_rad: float = 0.0
    centre: tuple[float, float] = (0.0, 0.0)
    scale: float = 1.0
    pairs: int = 0


@dataclass(frozen=True)
class Continued:
    """One-to-one pairs of links of two neighbouring sheets.

    Attributes
    ----------
    upper, lower
        (n,): rows of the links.
    score
        (n,): probability that the two are one track.
    residual
        (n,): distance (px) of the lower link's entry from where the line leads.
    bend_deg
        (n,): angle between the two links.
    expected_accidents
        Of all these pairs.
    """

    upper: Integers
    lower: Integers
    score: Floats
    residual: Floats
    bend_deg: Floats
    joint: Joint
    expected_accidents: float


def continued(upper: Segments, lower: Segments) -> Continued:
    """Pair the links of two neighbouring sheets; sheets are taken to touch where the pairs do not say otherwise."""
    touching = Joint(upper.bulk_etch + lower.bulk_etch)
    if not len(upper) or not len(lower):
        none, nothing = np.zeros(0, np.intp), np.zeros(0)
        return Continued(none, none, nothing, nothing, nothing, touching, 0.0)
    joint = _calibrated(upper, lower, touching)
    i, j, evidence = _chosen(upper, lower, joint)
    shifted = [_chosen(upper, other, joint)[2] for other in _displaced(upper, lower)]
    score, accidents = chance_scores(evidence, shifted, len(upper), len(lower))
    residual = np.hypot(*_residuals(upper, lower, i, j, joint)[0].T)
    return Continued(i, j, score, residual, _bend(upper.slope[i], lower.slope[j]), joint, accidents)


def _bend(a: Floats, b: Floats) -> Floats:
    """Angle (degrees) between directions given by their slopes (N, 2)."""
    one, other = (np.column_stack([s, np.ones(len(s))]) for s in (a, b))
    cosine = (one * other).sum(axis=1) / np.linalg.norm(one, axis=1) / np.linalg.norm(other, axis=1)
    return np.asarray(np.rad2deg(np.arccos(np.clip(cosine, -1.0, 1.0))))


def _residuals(upper: Segments, lower: Segments, i: Integers, j: Integers, joint: Joint) -> tuple[Floats, Floats]:
    """What is left (n, 2) of place and of slope."""
    g1, g2 = upper.slope[i], lower.slope[j]
    away = lower.entry[j] - upper.leave[i] - joint.gap * (g1 + g2) / 2 - np.asarray(joint.offset)
    arm = lower.entry[j] - np.asarray(joint.centre)
    return away - joint.turn_rad * np.stack([-arm[:, 1], arm[:, 0]], axis=1), g2 - g1


def _covariance(upper: Segments, lower: Segments, joint: Joint) -> Floats:
    """(2, 2) of place and slope residuals along one axis, from the errors of the four places."""
    half, t1, t2 = joint.gap / 2, upper.apart, lower.apart
    weights = np.array([[half / t1, -1 - half / t1, 1 + half / t2, -half / t2], [1 / t1, -1 / t1, -1 / t2, 1 / t2]])
    errors = np.array([upper.place_error] * 2 + [lower.place_error] * 2) ** 2
    found = (weights * errors) @ weights.T
    found[0, 0] += _ALIGN_ERROR_PX**2
    return np.asarray(found * joint.scale**2)


def _near(upper: Segments, lower: Segments, joint: Joint, reach: float) -> tuple[Integers, Integers]:
    """Pairs whose line leads within ``reach`` and whose slopes agree."""
    ahead = upper.leave + upper.slope * joint.gap + np.asarray(joint.offset)
    far = cKDTree(ahead).sparse_distance_matrix(cKDTree(lower.entry), reach, output_type="coo_matrix")
    i, j = np.asarray(far.row, np.intp), np.asarray(far.col, np.intp)
    error = np.sqrt(_covariance(upper, lower, joint)[1, 1])
    alike = np.hypot(*(lower.slope[j] - upper.slope[i]).T) <= _DIRECTION_GATE * np.sqrt(2) * error
    return i[alike], j[alike]


def _calibrated(upper: Segments, lower: Segments, start: Joint) -> Joint:
    """Gap, offset and turn from the pairs that agree on one offset more than accident would have it."""
    reach = MISALIGNED_PX + WIDEST_GAP_PX
    i, j = _near(upper, lower, start, reach)
    centre = lower.entry.mean(axis=0)
    untold = replace(start, centre=(float(centre[0]), float(centre[1])))
    voted = _voted(upper, lower, i, j, untold, reach)
    if voted is None:
        return untold
    joint = voted
    for gate in _GATES:
        left = _residuals(upper, lower, i, j, joint)[0]
        error = float(np.sqrt(_covariance(upper, lower, replace(joint, scale=1.0))[0, 0]))
        near = np.hypot(*left.T) <= gate * error
        if near.sum() < _FEWEST:
            return joint
        joint = _fitted(upper, lower, i[near], j[near], joint, start.gap, error)
    return joint


def _voted(upper: Segments, lower: Segments, i: Integers, j: Integers, joint: Joint, reach: float) -> Joint | None:
    """The gap and offset that most pairs agree on, where that is more than an even spread of them gives."""
    if len(i) < _FEWEST:
        return None
    width = 2 * float(np.sqrt(_covariance(upper, lower, joint)[0, 0]))
    usual = len(i) * (width / reach) ** 2
    most, best = max(_FEWEST - 1, usual + 6 * np.sqrt(usual)), None
    gaps = np.arange(0.0, joint.gap + WIDEST_GAP_PX, _GAP_STEP_PX)
    # Touching sheets first: another gap has to be better, not as good.
    for gap in (joint.gap, *gaps):
        tried = replace(joint, gap=float(gap))
        away = _residuals(upper, lower, i, j, tried)[0]
        tree = cKDTree(away)
        counts = np.asarray(tree.query_ball_point(away, width, return_length=True))
        top = int(counts.argmax())
        if counts[top] > most:
            middle = np.median(away[tree.query_ball_point(away[top], width)], axis=0)
            most, best = float(counts[top]), replace(tried, offset=(float(middle[0]), float(middle[1])))
    return best


def _fitted(
    upper: Segments, lower: Segments, i: Integers, j: Integers, joint: Joint, usual_gap: float, error: float
) -> Joint:
    """Least squares of offset, gap and, with enough pairs, turn; the gap is held loosely to that of touching sheets."""
    mean = (upper.slope[i] + lower.slope[j]) / 2
    arm = lower.entry[j] - np.asarray(joint.centre)
    zero, one, count = np.zeros(len(i)), np.ones(len(i)), len(i)
    rows = [np.column_stack([one, zero, mean[:, 0], -arm[:, 1]]), np.column_stack([zero, one, mean[:, 1], arm[:, 0]])]
    wanted = lower.entry[j] - upper.leave[i]
    matrix = np.vstack([*rows, [[0.0, 0.0, 2 * error / usual_gap, 0.0]]])
    target = np.concatenate([wanted[:, 0], wanted[:, 1], [2 * error]])
    use = 4 if count >= _TURN_FROM else 3
    found = np.linalg.lstsq(matrix[:, :use], target, rcond=None)[0]
    turn = float(found[3]) if use > 3 else 0.0
    better = replace(
        joint, gap=max(float(found[2]), 0.0), offset=(float(found[0]), float(found[1])), turn_rad=turn, scale=1.0, pairs=count
    )  # fmt: skip
    left = _residuals(upper, lower, i, j, better)[0]
    spread = 1.4826 * float(np.median(np.abs(left))) / float(np.sqrt(_covariance(upper, lower, better)[0, 0]))
    return replace(better, scale=float(np.clip(spread, *_SCALE)))


def _chosen(upper: Segments, lower: Segments, joint: Joint) -> tuple[Integers, Integers, Floats]:
    """The one-to-one assignment of most evidence, and that evidence."""
    spread = np.sqrt(_covariance(upper, lower, joint)[0, 0])
    i, j = _near(
        upper, lower, joint, 6 * spread + abs(joint.turn_rad) * float(np.ptp(lower.entry, axis=0).max(initial=0.0))
    )
    evidence = _evidence(upper, lower, i, j, joint)
    rows, columns = assign(i, j, _FLOOR - evidence, len(upper), len(lower))
    place = {(int(a), int(b)): n for n, (a, b) in enumerate(zip(i, j, strict=True))}
    kept = np.array([place[(int(a), int(b))] for a, b in zip(rows, columns, strict=True)], np.intp)
    return i[kept], j[kept], evidence[kept]


def _evidence(upper: Segments, lower: Segments, i: Integers, j: Integers, joint: Joint) -> Floats:
    """Logarithm of the likelihood ratio of one line against a link of the lower sheet that is there by accident."""
    if not len(i):
        return np.zeros(0)
    place, slope = _residuals(upper, lower, i, j, joint)
    covariance = _covariance(upper, lower, joint)
    left = np.stack([place, slope], axis=2)  # (n, axis, 2)
    distance = np.einsum("nai,ij,naj->n", left, np.linalg.inv(covariance), left)
    line = -distance / 2 - np.log(np.linalg.det(covariance)) - 2 * np.log(2 * np.pi)
    area = float(np.prod(np.maximum(np.ptp(lower.entry, axis=0), 1.0)))
    return np.asarray(line - np.log(len(lower) / area) - _log_slopes(lower.slope, lower.slope[j], covariance[1, 1]))


def _log_slopes(known: Floats, at: Floats, variance: float) -> Floats:
    """Logarithm of the density of slopes in a sheet, a kernel estimate beside a broad one that keeps it above 0."""
    broad = -(at**2).sum(axis=1) / (2 * _WIDEST_SLOPE**2) - np.log(2 * np.pi * _WIDEST_SLOPE**2)
    width = max(len(known) ** (-1 / 6) * float(known.std()), float(np.sqrt(variance)), 1e-6)
    apart = ((at[:, None] - known[None]) ** 2).sum(axis=2) / (2 * width**2)
    narrow = np.log(np.exp(-apart).mean(axis=1) + 1e-12) - np.log(2 * np.pi * width**2)
    return np.asarray(np.logaddexp(np.log(0.2) + broad, np.log(0.8) + narrow))


def _displaced(upper: Segments, lower: Segments) -> list[Segments]:
    """The lower sheet moved to where no line leads, wrapped round the area of both."""
    both = np.concatenate([upper.leave, lower.entry])
    low, extent = both.min(axis=0), np.maximum(np.ptp(both, axis=0), 1.0)
    moved = []
    for step in SHIFTS:
        entry = low + np.mod(lower.entry + np.minimum(SHIFT_PX, extent / 2) * np.array(step) - low, extent)
        moved.append(replace(lower, entry=entry, leave=entry + (lower.leave - lower.entry)))
    return moved


@dataclass(frozen=True)
class Track:
    """A line through two or more sheets.

    Attributes
    ----------
    first
        Number (from 0) of the sheet it is seen in first.
    links
        Row of its link in that sheet and in each that follows.
    score
        Probability that all of them are one track.
    residual, bend_deg
        At each step from sheet to sheet.
    """

    first: int
    links: tuple[int, ...]
    score: float
    residual: tuple[float, ...]
    bend_deg: tuple[float, ...]


def tracks_through(steps: Sequence[Continued], least: float = LEAST_SCORE) -> list[Track]:
    """Chains of pairs, sheet by sheet, as far as each step is at least ``least`` probable; longest and surest first."""
    ahead: list[dict[int, int]] = []
    for step in steps:
        good = np.flatnonzero(step.score >= least)
        ahead.append({int(step.upper[n]): int(n) for n in good})
    reached: list[set[int]] = [set()] + [
        {int(step.lower[n]) for n in known.values()} for step, known in zip(steps, ahead, strict=True)
    ]
    found: list[Track] = []
    for sheet, known in enumerate(ahead):
        for row in known:
            if row not in reached[sheet]:
                found.append(_followed(steps, ahead, sheet, row))
    return sorted(found, key=lambda t: (-len(t.links), -t.score))


def _followed(steps: Sequence[Continued], ahead: Sequence[dict[int, int]], first: int, row: int) -> Track:
    links, score, residual, bend = [row], 1.0, [], []
    sheet = first
    while sheet < len(steps) and row in ahead[sheet]:
        step, number = steps[sheet], ahead[sheet][row]
        row = int(step.lower[number])
        links.append(row)
        score *= float(step.score[number])
        residual.append(float(step.residual[number]))
        bend.append(float(step.bend_deg[number]))
        sheet += 1
    return Track(first, tuple(links), score, tuple(residual), tuple(bend))
