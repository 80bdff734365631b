"""Pictures of the second simulator's foils: light on two height maps, dirt, and a camera.

The near surface is seen sharp, the far one through the foil: out of focus, weaker, and less where near pits bend its light away.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
import numpy.typing as npt
from scipy import fft, ndimage
from scipy.special import j1

from benchmarks.second_pits import SAMPLING, Float32, Pit

Floats = npt.NDArray[np.float64]

_MARGIN_PX = 40
_INDEX = 1.5  # refractive index of the foil
_BRIGHT = 90.0  # percentile of the signal that a pit's contrast stands for
# What a person can see: of one picture signal over noise, of its light and dark part, the mean over the mouth, and the share of the mouth
# that neither a deeper pit has eaten nor the other surface drowns (Rose's criterion, with a little more for the first).
_SEEN, _SEEN_PARTS, _SEEN_MEAN, _SEEN_SHARE = 6.0, 5.0, 0.8, 0.35


@dataclass(frozen=True)
class Light:
    """Lamps, optics, camera and dirt of one scan; lengths in px, light in grey levels.

    ``response`` is how a slope answers: ``relief`` reflects, ``schlieren`` bends the light past a stop.
    """

    response: Literal["relief", "schlieren"]
    steepness: float
    lamp_deg: float
    specular: float
    gloss: float
    through_wall: float
    shadows: bool
    ground: float
    contrast: float
    far: float
    cover: float
    sharp_px: float
    defocus_px: float
    rough: float
    rough_px: float
    read_noise: float
    shot_noise: float
    vignette: float
    lean: float
    lamp_spread: float
    stains: float
    specks: int
    fibres: int
    scratches: int
    bubbles: int
    zero_deg: float
    clockwise: bool
    inverted: bool


@dataclass(frozen=True)
class Scene:
    """Pictures (L, H, W) of 8 bit, azimuths of their lamps, and which pits a person could see."""

    pictures: npt.NDArray[np.uint8]
    azimuths_deg: tuple[float, ...]
    seen: npt.NDArray[np.bool_]


def draw_light(rng: np.random.Generator, rough: bool) -> Light:
    """Light of one scan; ``rough``: the ground between the pits may have a texture."""
    u = rng.uniform
    ground = float(rng.choice([u(25, 60), u(90, 150)]))
    return Light(
        response="schlieren" if rng.random() < 1 / 3 else "relief", steepness=u(0.3, 0.7), lamp_deg=u(35, 72),
        specular=float(rng.choice([0, 0.3, 0.6, 1.0])), gloss=u(4, 25), through_wall=u(0, 0.25), shadows=bool(u() < 0.5),
        # A dark wall does not go below black.
        ground=ground, contrast=min(u(22, 80), 12 + 0.75 * ground), far=u(0.4, 0.9), cover=u(0, 0.6),
        sharp_px=u(0.5, 1.1), defocus_px=u(1.0, 2.8), rough=u(0, 0.012) if rough else 0.0, rough_px=u(3, 12),
        read_noise=u(1.0, 3.5), shot_noise=u(0.05, 0.3), vignette=u(0.05, 0.35), lean=u(0.05, 0.35), lamp_spread=u(0, 0.12),
        stains=u(0, 0.15), specks=int(rng.integers(0, 14)), fibres=int(rng.integers(0, 3)), scratches=int(rng.integers(0, 4)),
        bubbles=int(rng.integers(0, 4)), zero_deg=float(rng.choice([0, 45, 90, 180, 270, u(0, 360)])),
        clockwise=bool(u() < 0.5), inverted=bool(u() < 0.5),
    )  # fmt: skip


def photograph(rng: np.random.Generator, light: Light, pits: Sequence[Pit], side: int, lamps: int = 8) -> Scene:
    """Pictures of a square of ``side`` px under so many lamps."""
    turn = 1 if light.clockwise else -1
    azimuths = np.radians((light.zero_deg + turn * 360.0 / lamps * np.arange(lamps)) % 360.0)
    surfaces = [_surface(rng, light, pits, side, near) for near in (True, False)]
    sharp, blurred = _signals(light, surfaces[0][0], surfaces[1][0], azimuths)
    mouths = [_cut(_halved((owner > 0).astype(np.float32)), side) > 0.5 for _, owner in surfaces]
    near = _scaled(np.stack([_cut(p, side) for p in sharp]), mouths[0], light.contrast)
    far = _scaled(np.stack([_cut(p, side) for p in blurred]), mouths[1], light.contrast * light.far)
    noise = float(np.sqrt(light.read_noise**2 + light.shot_noise * light.ground))
    owners = [_cut(owner[::SAMPLING, ::SAMPLING], side) for _, owner in surfaces]
    seen = _seen(pits, owners, (near, far), azimuths, noise)
    clean = _lit(rng, light, near + far, azimuths)
    noisy = clean + rng.normal(0, 1, clean.shape) * np.sqrt(
        light.read_noise**2 + light.shot_noise * np.maximum(clean, 0)
    )
    return Scene(np.clip(np.rint(noisy), 0, 255).astype(np.uint8), tuple(np.degrees(azimuths) % 360.0), seen)


def _surface(
    rng: np.random.Generator, light: Light, pits: Sequence[Pit], side: int, near: bool
) -> tuple[Float32, npt.NDArray[np.int32]]:
    """Depth below a flat surface, px, and which pit (its row, from 1) shapes each point."""
    length = (side + 2 * _MARGIN_PX) * SAMPLING
    depth, owner = np.zeros((length, length), np.float32), np.zeros((length, length), np.int32)
    for row, pit in enumerate(pits, start=1):
        if pit.near is not near:
            continue
        left, top = (c + _MARGIN_PX * SAMPLING for c in pit.corner)
        down, across = (
            slice(max(0, -c), max(0, min(n, length - c))) for c, n in zip((top, left), pit.depth.shape, strict=True)
        )
        mine = pit.depth[down, across]
        there = (
            slice(top + down.start, top + down.start + mine.shape[0]),
            slice(left + across.start, left + across.start + mine.shape[1]),
        )
        deeper = mine > np.maximum(depth[there], 0.01)
        owner[there][deeper] = row
        depth[there][deeper] = mine[deeper]
    if near or rng.random() < 0.3:
        depth = depth + _scratches(rng, light, length, side)
    if light.rough:
        grain = _filtered(
            rng.normal(0, 1, depth.shape).astype(np.float32), _soft(length, light.rough_px * SAMPLING / 2)
        )
        depth = depth + grain / grain.std() * light.rough * light.rough_px
    return depth, owner


def _scratches(rng: np.random.Generator, light: Light, length: int, side: int) -> Float32:
    """Long shallow grooves, a little bent."""
    y, x = np.mgrid[:length, :length].astype(np.float32)
    grooves = np.zeros((length, length), np.float32)
    for _ in range(rng.poisson(light.scratches * (side / 1024.0) ** 2)):
        middle, angle = rng.uniform(0, length, 2), rng.uniform(0, np.pi)
        half, broad = rng.uniform(60, 800) * SAMPLING / 2, rng.uniform(0.6, 2.0) * SAMPLING
        along = (x - middle[0]) * np.cos(angle) + (y - middle[1]) * np.sin(angle)
        across = (y - middle[1]) * np.cos(angle) - (x - middle[0]) * np.sin(angle) + rng.normal(0, 2e-4) * along**2
        groove = rng.uniform(0.2, 1.0) * np.exp(-((across / broad) ** 2)) * (np.abs(along) < half)
        grooves = np.maximum(grooves, groove.astype(np.float32))
    return grooves


def _signals(light: Light, near: Float32, far: Float32, azimuths: Floats) -> tuple[list[Float32], list[Float32]]:
    """What each lamp adds to flat ground, near and far surface apart, at the picture's sampling."""
    sharp = _soft(len(near), light.sharp_px * SAMPLING)
    blurred = sharp * _disc(len(near), light.defocus_px * SAMPLING)
    away = azimuths + (np.pi if light.inverted else 0.0)
    lamp = np.radians(light.lamp_deg)
    down, across = np.gradient(-near, 1.0 / SAMPLING)
    slope = np.hypot(down, across)
    passed = 1.0 - light.cover * _filtered((slope / (1 + slope)).astype(np.float32), sharp)
    ours = [_halved(_filtered(_answer(light, across, down, a, lamp, -near), sharp)) for a in away]
    # The far surface bulges towards the camera, and is lit from within.
    down, across = np.gradient(far, 1.0 / SAMPLING)
    within = np.arcsin(np.sin(lamp) / _INDEX)
    theirs = [_halved(_filtered(_answer(light, across, down, a, within, None), blurred) * passed) for a in away]
    return ours, theirs


def _answer(
    light: Light, across: Float32, down: Float32, azimuth: float, lamp: float, height: Float32 | None
) -> Float32:
    """Brightness of sloping ground under one lamp less that of flat ground; ``height`` where it throws shadows."""
    sideways, up = np.sin(lamp), np.cos(lamp)
    towards = -light.steepness * (across * np.cos(azimuth) + down * np.sin(azimuth))
    if light.response == "schlieren":
        bent = np.tanh(1.5 * towards) + 0.25 * light.specular * np.maximum(0, towards) ** 2 / (1 + towards**2)
        return np.asarray(bent, np.float32)
    square = light.steepness**2 * (across**2 + down**2)
    normal = 1.0 / np.sqrt(1 + square)
    answer = (1 - light.specular) * (np.maximum(0, (sideways * towards + up) * normal) - up)
    half = np.hypot(sideways, 1 + up)
    for weight, sign, power in ((light.specular, 1, light.gloss), (light.through_wall, -1, 2 * light.gloss)):
        mirror = np.maximum(0, (sign * sideways * towards + 1 + up) * normal / half)
        answer = answer + weight * (mirror**power - ((1 + up) / half) ** power)
    if light.shadows and height is not None:
        answer = (answer + up) * (0.25 + 0.75 * _lit_share(height, azimuth, up / sideways)) - up
    return np.asarray(answer, np.float32)


def _lit_share(height: Float32, azimuth: float, climb: float) -> Float32:
    """How much of a lamp each point sees over the ground between, the lamp standing at a slope of ``climb``."""
    share = np.ones_like(height)
    for step in range(1, 13):
        x, y = (round(1.6 * step * float(f(azimuth))) for f in (np.cos, np.sin))
        over = np.roll(height, (-y, -x), (0, 1)) - height - np.hypot(x, y) / SAMPLING * climb
        share = np.minimum(share, 1 - np.clip(over / 0.6, 0, 1))
    return share


def _scaled(signals: Float32, mouths: npt.NDArray[np.bool_], contrast: float) -> Float32:
    """Signals (L, H, W) so that most within the mouths stay below a contrast."""
    most = np.percentile(np.abs(signals[:, mouths]), _BRIGHT) if mouths.any() else 1.0
    return np.asarray(signals * (contrast / max(float(most), 1e-6)), np.float32)


def _seen(
    pits: Sequence[Pit],
    owners: Sequence[npt.NDArray[np.int32]],
    signals: tuple[Float32, Float32],
    azimuths: Floats,
    noise: float,
) -> npt.NDArray[np.bool_]:
    """Which pits a person could see."""
    rows = np.arange(len(pits) + 1)
    strength = [np.sqrt((s**2).mean(axis=0)) for s in signals]
    seen = np.zeros(len(pits), np.bool_)
    ring = np.exp(1j * azimuths)[:, None, None]
    for near, mine, other in ((True, 0, 1), (False, 1, 0)):
        free = strength[mine] > 0.5 * strength[other]
        parts = 2 * np.abs((signals[mine] * ring).mean(axis=0))
        owner = owners[mine]
        sums = [
            ndimage.sum_labels(picture.astype(np.float64), owner, rows)[1:]
            for picture in (free, free * strength[mine] ** 2, free * parts**2, strength[mine] ** 2, np.ones_like(parts))
        ]
        whole = np.array([(p.depth > 0.01).sum() / SAMPLING**2 for p in pits])
        good = (
            (sums[0] >= _SEEN_SHARE * whole) & (np.sqrt(sums[1]) >= _SEEN * noise) & (np.sqrt(sums[2] / 2) >= _SEEN_PARTS * noise)
            & (np.sqrt(sums[3] / np.maximum(sums[4], 1)) >= _SEEN_MEAN * noise)
        )  # fmt: skip
        seen |= good & np.array([p.near is near for p in pits])
    return seen


def _lit(rng: np.random.Generator, light: Light, signals: Float32, azimuths: Floats) -> Float32:
    """Pictures without noise: ground and signals under uneven light, behind dirt."""
    side = signals.shape[1]
    y, x = np.mgrid[:side, :side].astype(np.float32)
    u, v = 2 * x / side - 1, 2 * y / side - 1
    off = rng.normal(0, 0.15, 2)
    fall = 1 - light.vignette * ((u - off[0]) ** 2 + (v - off[1]) ** 2)
    spots = cv2.resize(
        ndimage.gaussian_filter(rng.normal(0, 1, (side // 16, side // 16)), 3).astype(np.float32), (side, side)
    )
    ground = light.ground * (1 + light.stains * spots / np.abs(spots).max())
    passes, shines = _dirt(rng, light, side)
    pictures = []
    for signal, azimuth in zip(signals, azimuths, strict=True):
        lean = 1 + light.lean * (u * np.cos(azimuth) + v * np.sin(azimuth))
        lamp = np.maximum(0.3, fall * lean) * max(0.5, 1 + float(rng.normal(0, light.lamp_spread)))
        pictures.append(((ground + signal) * passes + shines) * lamp)
    return np.stack(pictures).astype(np.float32)


def _dirt(rng: np.random.Generator, light: Light, side: int) -> tuple[Float32, Float32]:
    """The share of light that dirt lets through, and what it adds, of specks, fibres and bubbles."""
    y, x = np.mgrid[:side, :side].astype(np.float32)
    passes, shines = np.ones((side, side), np.float32), np.zeros((side, side), np.float32)
    share = (side / 1024.0) ** 2
    for _ in range(rng.poisson(light.specks * share)):
        middle, size, angle = (
            rng.uniform(0, side, 2),
            np.exp(rng.uniform(np.log(1.2), np.log(12))),
            rng.uniform(0, np.pi),
        )
        round_about = np.arctan2(y - middle[1], x - middle[0])
        edge = size * (1 + 0.25 * np.sin(2 * round_about + angle) + 0.15 * np.sin(5 * round_about + 3 * angle))
        within = 1 / (1 + np.exp(np.clip((np.hypot(x - middle[0], y - middle[1]) - edge) / 0.6, -30, 30)))
        if rng.random() < 0.7:
            passes *= 1 - rng.uniform(0.2, 0.8) * within
        else:
            shines += rng.uniform(10, 80) * within
    for _ in range(rng.poisson(light.fibres * share)):
        way = rng.uniform(0, 2 * np.pi) + np.cumsum(rng.normal(0, 0.05, 400))
        step = rng.uniform(40, 250) / 400
        line = rng.uniform(0, side, 2) + np.cumsum(np.stack([np.cos(way), np.sin(way)], axis=1) * step, axis=0)
        drawn = np.zeros((side, side), np.float32)
        cv2.polylines(drawn, [np.rint(line).astype(np.int32)], False, 1.0)
        drawn = cv2.GaussianBlur(drawn, (0, 0), float(rng.uniform(0.8, 1.8)))
        passes *= 1 - rng.uniform(0.2, 0.6) * drawn / max(float(drawn.max()), 1e-6)
    for _ in range(rng.poisson(light.bubbles * share)):
        middle, radius = rng.uniform(0, side, 2), rng.uniform(3, 14)
        away = np.hypot(x - middle[0], y - middle[1])
        passes *= 1 - rng.uniform(0.15, 0.5) * np.exp(-(((away - radius) / rng.uniform(0.8, 1.6)) ** 2))
        shines += rng.uniform(0, 30) * np.exp(-((away / 1.3) ** 2))
    return passes, shines


def _soft(length: int, sigma: float) -> Float32:
    """Transfer function of a Gaussian blur."""
    return np.asarray(np.exp(-2 * (np.pi * sigma) ** 2 * _frequency(length) ** 2), np.float32)


def _disc(length: int, radius: float) -> Float32:
    """Transfer function of a disc of confusion."""
    rho = 2 * np.pi * radius * _frequency(length) + 1e-9
    return np.asarray(np.where(rho < 1e-6, 1.0, 2 * j1(rho) / rho), np.float32)


def _frequency(length: int) -> Floats:
    return np.asarray(np.hypot(fft.fftfreq(length)[:, None], fft.rfftfreq(length)[None, :]))


def _filtered(picture: Float32, transfer: Float32) -> Float32:
    return np.asarray(fft.irfft2(fft.rfft2(picture) * transfer, s=picture.shape), np.float32)


def _halved(picture: Float32) -> Float32:
    """Means over the points of each pixel."""
    side = len(picture) // SAMPLING
    return np.asarray(picture.reshape(side, SAMPLING, side, SAMPLING).mean(axis=(1, 3)), np.float32)


def _cut(picture: npt.NDArray[np.generic], side: int) -> npt.NDArray[np.generic]:
    return picture[_MARGIN_PX : _MARGIN_PX + side, _MARGIN_PX : _MARGIN_PX + side]
