"""Do the pictures agree with what is said of the lamps and of the side that faces the camera?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import cv2
import numpy as np
import numpy.typing as npt

from moedal_gui.core.errors import DetectionError
from moedal_gui.imaging.harmonics import SlopeField, harmonic_matrix

Floats = npt.NDArray[np.float64]

_SMOOTH_PX = 1.5
_CLEAR = 10.0
_ENOUGH_LAMPS = 6
_RIGHT_DEG, _WRONG_DEG = 25.0, 35.0
_CLEARLY_BETTER = 0.2
COHERENT = 0.25
"""`RingEnergy.coherence` from which a ring is believed; below minus that it looks turned by 90 degrees."""


@dataclass(frozen=True)
class RingEnergy:
    """Energy of the divergence and of the curl of slope fields; sums over fields add up."""

    divergence: float = 0.0
    curl: float = 0.0

    def __add__(self, other: RingEnergy) -> RingEnergy:
        return RingEnergy(self.divergence + other.divergence, self.curl + other.curl)

    @property
    def coherence(self) -> float:
        """1 for the slope of a surface, 0 for noise or lamps in a wrong order, -1 for a ring turned by 90 degrees.

        The slope of a height has no curl; lamps given a wrong azimuth turn each vector and mix the two.
        """
        total = self.divergence + self.curl
        return (self.divergence - self.curl) / total if total > 0 else 0.0


def ring_energy(slope: SlopeField) -> RingEnergy:
    """Energies of one field's slope, smoothed a little so that pixel noise does not drown the pits."""
    gx, gy = (cv2.GaussianBlur(np.asarray(s, np.float32), (0, 0), _SMOOTH_PX) for s in (slope.slope_x, slope.slope_y))
    dx_x, dx_y = cv2.Scharr(gx, cv2.CV_32F, 1, 0), cv2.Scharr(gy, cv2.CV_32F, 1, 0)
    dy_x, dy_y = cv2.Scharr(gx, cv2.CV_32F, 0, 1), cv2.Scharr(gy, cv2.CV_32F, 0, 1)
    divergence, curl = dx_x + dy_y, dx_y - dy_x
    # Background noise feeds both alike; taking its share away by the median keeps a thin field's figure honest.
    return RingEnergy(_above_noise(divergence), _above_noise(curl))


@dataclass(frozen=True)
class RingProducts:
    """How the pictures of N lamps change together, (2N, 2N): products of their derivatives along x, then along y.

    Summed where the pictures change more than their noise does; sums over fields add up.
    """

    products: Floats

    def __add__(self, other: RingProducts) -> RingProducts:
        return RingProducts(self.products + other.products)

    def coherence(self, azimuths_deg: Sequence[float]) -> float:
        """`RingEnergy.coherence` if the lamps stood at these azimuths."""
        _, x, y = harmonic_matrix(azimuths_deg)
        divergence, curl = (float(v @ self.products @ v) for v in (np.concatenate([x, y]), np.concatenate([y, -x])))
        return (divergence - curl) / (divergence + curl) if divergence + curl > 0 else 0.0


def ring_products(stack: npt.NDArray[np.floating]) -> RingProducts:
    """Products of one field's rim pictures (N, H, W), normalised."""
    smooth = [cv2.GaussianBlur(np.asarray(p, np.float32), (0, 0), _SMOOTH_PX) for p in stack]
    along = [cv2.Scharr(p, cv2.CV_32F, dx, dy) for dx, dy in ((1, 0), (0, 1)) for p in smooth]
    power = np.sum([np.square(d) for d in along], axis=0)
    # The median over ground is the noise's; pits stand far above it.
    clear = power > _CLEAR * float(np.median(power))
    there = np.stack([d[clear] for d in along]).astype(np.float64)
    return RingProducts(there @ there.T)


def lamp_offsets(products: RingProducts, azimuths_deg: Sequence[float]) -> Floats:
    """By how many degrees (N,) each lamp of six or more seems to stand elsewhere than stated, judged by all the others.

    0 for a lamp without which the others do not surround the foil. The slope that the others show tells how the picture of a lamp must change; the direction that explains best how it does
    is where the lamp stands.
    """
    n = len(azimuths_deg)
    both = products.products[:n, :n] + products.products[n:, n:]
    found = np.zeros(n)
    for k in range(n):
        others = [i for i in range(n) if i != k]
        fit = np.zeros((3, n))
        try:
            fit[:, others] = harmonic_matrix([azimuths_deg[i] for i in others])
        except DetectionError:  # without this one the others do not surround the foil: nothing judges it
            continue
        own = -fit[0]
        own[k] += 1.0
        x, y = np.linalg.lstsq(fit[1:] @ both @ fit[1:].T, fit[1:] @ both @ own, rcond=1e-9)[0]
        found[k] = (np.degrees(np.arctan2(y, x)) - azimuths_deg[k] + 180.0) % 360.0 - 180.0
    return found


def likely_exchange(products: RingProducts, azimuths_deg: Sequence[float]) -> tuple[int, int] | None:
    """Two lamps whose azimuths the pictures want the other way round; None where they do not speak for any two.

    Of six lamps or more each is judged by the others. Of fewer too little is left without one: there the exchange that
    makes the slopes most like a surface's is taken, which cannot tell two opposite lamps from the two across.
    """
    judge = _by_offsets if len(azimuths_deg) >= _ENOUGH_LAMPS else _by_coherence
    stated, bound = judge(products, azimuths_deg)
    if not bound:
        return None
    pairs = list(combinations(range(len(azimuths_deg)), 2))
    found = [judge(products, _exchanged(azimuths_deg, *pair))[0] for pair in pairs]
    best = int(np.argmin(found))
    i, j = pairs[best]
    better = found[best] < min(stated - bound, 0.0)
    return (i, j) if better and products.coherence(_exchanged(azimuths_deg, i, j)) >= COHERENT else None


def likely_mirrored(products: RingProducts, azimuths_deg: Sequence[float]) -> list[float] | None:
    """The ring the other way round, where that fits the pictures clearly better than the ring as stated, or with any two lamps exchanged.

    The pictures cannot tell it from the same ring turned by half.
    """
    stated = products.coherence(azimuths_deg)
    if abs(stated) >= COHERENT:
        return None
    rings = [[(azimuths_deg[0] + other - a) % 360.0 for a in azimuths_deg] for other in azimuths_deg]
    found = [products.coherence(ring) for ring in rings]
    best = int(np.argmax(found))
    pairs = combinations(range(len(azimuths_deg)), 2)
    rival = max((products.coherence(_exchanged(azimuths_deg, *pair)) for pair in pairs), default=stated)
    return rings[best] if found[best] >= max(COHERENT + _CLEARLY_BETTER, rival + 0.5 * _CLEARLY_BETTER) else None


def _by_offsets(products: RingProducts, azimuths_deg: Sequence[float]) -> tuple[float, float]:
    """Largest offset over what every right ring shows, and by how much another ring must be better (0: the ring is right)."""
    worst = float(np.abs(lamp_offsets(products, azimuths_deg)).max()) - _RIGHT_DEG
    return worst, _WRONG_DEG - _RIGHT_DEG if worst > _WRONG_DEG - _RIGHT_DEG else 0.0


def _by_coherence(products: RingProducts, azimuths_deg: Sequence[float]) -> tuple[float, float]:
    """Minus the coherence, and by how much another ring must be better."""
    return -products.coherence(azimuths_deg), _CLEARLY_BETTER


def _exchanged(azimuths_deg: Sequence[float], i: int, j: int) -> list[float]:
    other = list(azimuths_deg)
    other[i], other[j] = other[j], other[i]
    return other


def _above_noise(values: npt.NDArray[np.float32]) -> float:
    square = np.square(values, dtype=np.float64)
    noise = float(np.median(square)) / 0.4549  # median of chi squared with one degree of freedom
    return float(np.maximum(square - 9 * noise, 0).sum())


def sharpness(slope: SlopeField, x_px: Floats, y_px: Floats, size_px: Floats) -> Floats:
    """Share of fine detail in the slope around each pit, (N,): the surface nearer to the camera has more.

    Energy in a band of fine scales over the energy below it, in a box of 1.4 times the mouth, both less what the
    background's noise gives there; times the mouth's size, since a rim grows with it and an area with its square.
    NaN where noise is all there is.
    """
    smooth = [cv2.GaussianBlur(np.asarray(s, np.float32), (0, 0), 0.7) for s in (slope.slope_x, slope.slope_y)]
    coarse = [cv2.GaussianBlur(s, (0, 0), 1.2) for s in smooth]
    fine = np.sum([np.square(a - b, dtype=np.float64) for a, b in zip(smooth, coarse, strict=True)], axis=0)
    rest = np.sum([np.square(b, dtype=np.float64) for b in coarse], axis=0)
    # The median of a sum of two squares is 1.386 of one's variance, its mean 2.
    noise_fine, noise_rest = (float(np.median(e)) * 2 / 1.386 for e in (fine, rest))
    result = np.full(len(x_px), np.nan)
    for n, (x, y, size) in enumerate(zip(x_px, y_px, size_px, strict=True)):
        half = max(3, round(0.7 * float(size)))
        box = (slice(max(0, round(y) - half), round(y) + half + 1), slice(max(0, round(x) - half), round(x) + half + 1))
        detail, whole = float((fine[box] - noise_fine).sum()), float((rest[box] - noise_rest).sum())
        if detail > 0 and whole > 5 * noise_rest * fine[box].size ** 0.5:
            result[n] = detail / whole * float(size)
    return result
