"""How one scan lies on another, found from the pits alone: no datum point, no stage is believed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.ndimage import uniform_filter
from scipy.spatial import cKDTree

from moedal_gui.analysis.accident import Beyond, gate_for, judged
from moedal_gui.analysis.matching import mutual

Floats = npt.NDArray[np.float64]

LARGEST_TURN_RAD = float(np.deg2rad(6.0))
_PATCH_PITS = 150
_VOTES_AT_ONCE = 3_000_000
_PATCHES = 5
_BIN_PX = (3.0, 12.0)
_OF_SPACING = 0.12  # a bin is this share of the mean distance of pits, so that accidents stay few
_AROUND = 9  # bins over which the usual number of votes is taken
_BEST = 4
_GROWTH = 1.6
_SAME_PX = 20.0
_RIVAL = 0.8


@dataclass(frozen=True)
class Motion:
    """A turn and a shift: ``place = turn @ b + shift``, no mirroring, in px."""

    angle_rad: float
    shift_px: tuple[float, float]

    @property
    def turn(self) -> Floats:
        """The rotation (2, 2)."""
        c, s = np.cos(self.angle_rad), np.sin(self.angle_rad)
        return np.array([[c, -s], [s, c]])

    def __call__(self, places: Floats) -> Floats:
        """Places (N, 2) moved."""
        return np.asarray(places @ self.turn.T + self.shift_px)


@dataclass(frozen=True)
class Found:
    """A motion and how far beyond accident it is."""

    motion: Motion
    beyond: Beyond


def search(a: Floats, b: Floats, largest_turn_rad: float = LARGEST_TURN_RAD) -> Found | None:
    """The motion that brings b's pits onto a's, over all shifts, turns near 0 and turns near 180 degrees.

    Patches of a are laid on all of b, turn by turn; pairs vote for a shift. The best votes are followed from the patch
    outwards with rigid fits (Kabsch, Acta Cryst. A 32 (1976) 922) and judged on all pits against shifted copies.

    Parameters
    ----------
    a, b
        Places (N, 2) and (M, 2), px.
    largest_turn_rad
        How far a turn may be from 0 or from 180 degrees.

    Returns
    -------
    Found or None
        None where no motion gives clearly more agreement than accident does, or where two motions do equally well.
    """
    if min(len(a), len(b)) < 3:
        return None
    # An order that the list does not decide, so that the same pits in another order give the same patches.
    a, b = a[np.lexsort(a.T)], b[np.lexsort(b.T)]
    trials = _trials(a, b, largest_turn_rad)
    best: Found | None = None
    for patch in _patches(a):
        found = [Found(m, judged(a, m(b), trials)) for m in _followed(patch, a, b, largest_turn_rad)]
        real = sorted((f for f in found if f.beyond.real), key=lambda f: -f.beyond.matched)
        if not real:
            continue
        first = real[0]
        middle = first.motion(b).mean(axis=0)
        for rival in real[1:]:
            apart = float(np.hypot(*(rival.motion(b).mean(axis=0) - middle)))
            turned = abs(np.angle(np.exp(1j * (rival.motion.angle_rad - first.motion.angle_rad))))
            other = apart > _SAME_PX or turned > 0.02
            if other and rival.beyond.matched > _RIVAL * first.beyond.matched:
                return None
        best = first
        break
    return best


def _trials(a: Floats, b: Floats, largest_turn: float) -> float:
    """About how many different motions are looked at: what the best of them has to be judged by."""
    gate = gate_for(a, b)
    extent = np.ptp(a, axis=0) + np.ptp(b, axis=0) + gate
    turns = 4 * largest_turn * float(np.hypot(*np.ptp(b, axis=0))) / gate + 2
    return float(np.prod(extent / gate) * turns)


def _patches(a: Floats) -> list[Floats]:
    """Groups of neighbouring pits, far from each other, the one in the middle first."""
    if len(a) <= _PATCH_PITS:
        return [a]
    tree = cKDTree(a)
    index = [int(tree.query(np.median(a, axis=0))[1])]
    far = np.hypot(*(a - a[index[0]]).T)
    while len(index) < min(_PATCHES, 1 + len(a) // _PATCH_PITS):
        index.append(int(np.argmax(far)))
        far = np.minimum(far, np.hypot(*(a - a[index[-1]]).T))
    return [a[np.asarray(tree.query(a[i], k=_PATCH_PITS)[1])] for i in index]


def _followed(patch: Floats, a: Floats, b: Floats, largest_turn: float) -> list[Motion]:
    """The motions that most votes of a patch speak for, each fitted to all pits."""
    few = min(len(patch), max(40, _VOTES_AT_ONCE // len(b)))
    centre = patch.mean(axis=0)
    order = np.argsort(np.hypot(*(patch - centre).T), kind="stable")
    patch = patch[order[:few]]
    centre = patch.mean(axis=0)
    arms = patch - centre
    radius = max(float(np.hypot(*arms.T).max()), 1.0)
    spacing = radius * np.sqrt(np.pi / len(patch))
    width = float(np.clip(_OF_SPACING * spacing, *_BIN_PX))
    steps = max(int(np.ceil(largest_turn * radius / width)), 1)
    near_zero = np.linspace(-largest_turn, largest_turn, 2 * steps + 1)
    peaks: list[tuple[float, float, Floats]] = []
    for family in (0.0, np.pi):
        usual: Floats | None = None
        for angle in near_zero + family:
            arms_in_b = Motion(-float(angle), (0.0, 0.0))(arms)
            votes = _votes(arms_in_b, b, width, radius)
            if usual is None:  # the patch is nearly round: what is usual hardly changes with the turn
                usual = np.asarray(uniform_filter(votes, _AROUND, mode="nearest"), np.float64)
            low = b.min(axis=0) - radius - width
            peaks += [(height, float(angle), low + bins * width) for height, bins in _peaks(votes, usual)]
    peaks.sort(key=lambda p: -p[0])
    motions = []
    for _, angle, place in peaks[:_BEST]:
        turned = Motion(angle, (0.0, 0.0))
        shift = centre - turned(place[None])[0]
        start = Motion(angle, (float(shift[0]), float(shift[1])))
        motions.append(_outwards(start, centre, radius, 2 * width, a, b))
    return motions


def _votes(arms: Floats, b: Floats, width: float, radius: float) -> Floats:
    """How many pairs speak for each place of the patch's centre in b: bins of ``width``, two by two together."""
    low = b.min(axis=0) - radius - width
    size = np.ceil((np.ptp(b, axis=0) + 2 * (radius + width)) / width).astype(np.intp) + 1
    # All differences are positive here, so that cutting off is rounding down.
    x, y = (np.subtract.outer((b[:, i] - low[i]) / width, arms[:, i] / width).astype(np.int32).ravel() for i in (0, 1))
    flat = np.bincount(x * np.int32(size[1]) + y, minlength=int(size[0] * size[1]))
    votes = flat.reshape(size).astype(np.float64)
    # So a peak on an edge between bins is not halved.
    rows = votes[:-1] + votes[1:]
    return np.asarray(rows[:, :-1] + rows[:, 1:])


def _peaks(votes: Floats, usual: Floats) -> list[tuple[float, Floats]]:
    """Heights over what is usual and places (in bins) of the two highest peaks."""
    height = (votes - usual) / np.sqrt(usual + 1)
    result: list[tuple[float, Floats]] = []
    for _ in range(2):
        top = np.unravel_index(int(np.argmax(height)), height.shape)
        result.append((float(height[top]), np.asarray(top, np.float64) + 1.0))
        height[max(top[0] - 2, 0) : top[0] + 3, max(top[1] - 2, 0) : top[1] + 3] = -np.inf
    return result


def _outwards(motion: Motion, centre: Floats, radius: float, gate: float, a: Floats, b: Floats) -> Motion:
    """Rigid fits to mutual neighbours in a circle that grows from the patch over everything."""
    distance = np.hypot(*(a - centre).T)
    farthest = float(distance.max())
    finest = gate_for(a, b)
    while True:
        inside = a[distance <= radius]
        for _ in range(3):
            moved = motion(b)
            rows, columns = mutual(inside, moved, gate)
            if len(rows) < 3:
                return motion
            motion = rigid(inside[rows], b[columns], motion, gate)
        if radius >= farthest and gate <= finest:
            return motion
        radius *= _GROWTH
        gate = max(gate * 0.8, finest)


def rigid(a: Floats, b: Floats, before: Motion, gate: float) -> Motion:
    """The motion of least squares from b (N, 2) onto a (N, 2), residuals of ``before`` weighted by Tukey's biweight."""
    u = np.minimum(np.hypot(*(a - before(b)).T) / gate, 1.0)
    weight = np.maximum((1 - u**2) ** 2, 1e-6)
    mean_a, mean_b = np.average(a, axis=0, weights=weight), np.average(b, axis=0, weights=weight)
    p, q = a - mean_a, b - mean_b
    along = float((weight * (p * q).sum(axis=1)).sum())
    across = float((weight * (q[:, 0] * p[:, 1] - q[:, 1] * p[:, 0])).sum())
    angle = float(np.arctan2(across, along))
    shift = mean_a - Motion(angle, (0.0, 0.0))(mean_b[None])[0]
    return Motion(angle, (float(shift[0]), float(shift[1])))
