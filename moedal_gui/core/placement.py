"""Where the fields of a scan lie on the foil: pixels to frame and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
_ROUNDS = 8  # fixed-point rounds of the inverse; the correction is a few px over thousands, so each gains 3 digits


@dataclass(frozen=True)
class Correction:
    """A low-order surface added to places: ``delta = basis(x, y) @ coefficients``.

    Basis: 1, u, v, u^2, uv, v^2, ... to ``order`` with u, v = (place - centre) / scale.
    """

    centre: tuple[float, float]
    scale: float
    order: int
    coefficients: tuple[tuple[float, float], ...]

    def __call__(self, places: Floats) -> Floats:
        """Shift (N, 2) at places (N, 2), in the frame's unit."""
        return polynomial_basis(places, self.centre, self.scale, self.order) @ np.asarray(self.coefficients)

    def in_units(self, factor: float) -> Correction:
        """The same surface where a unit is ``1 / factor`` of the old one."""
        (x, y), coefficients = self.centre, self.coefficients
        return Correction(
            (x * factor, y * factor), self.scale * factor, self.order, tuple((u * factor, v * factor) for u, v in coefficients)
        )  # fmt: skip


def polynomial_basis(places: Floats, centre: tuple[float, float], scale: float, order: int) -> Floats:
    """Monomials of two coordinates up to a total order, shape (N, (order + 1)(order + 2) / 2)."""
    u, v = ((places - np.asarray(centre)) / scale).T
    return np.stack([u ** (k - j) * v**j for k in range(order + 1) for j in range(k + 1)], axis=1)


@dataclass(frozen=True)
class ScanPlacement:
    """Maps pixels of one scan to its frame.

    ``place = matrix @ (pixel - field centre) + centre_of_field + correction``; ``mirrored`` pictures are flopped first.

    Attributes
    ----------
    frame
        Name of the frame; two scans share places only if they share the name.
    unit
        ``um``, or ``px`` where no pixel size is known.
    matrix
        (2, 2), frame units per pixel, of an unflopped picture.
    centres
        Field name -> centre in the frame, before correction.
    size_px
        Width and height per field name.
    loose
        Fields without a position; each has a frame of its own, laid out from its own corner.
    apart
        Empty; or, where datum points brought this scan into the frame and its pits contradict them, the name of the scan that holds its
        own view of the frame. What two such scans show at one place is not one thing: `frame_of` tells them apart.
    """

    frame: str
    unit: str
    matrix: tuple[tuple[float, float], tuple[float, float]]
    centres: Mapping[str, tuple[float, float]]
    size_px: Mapping[str, tuple[int, int]]
    mirrored: bool = False
    loose: frozenset[str] = frozenset()
    correction: Correction | None = None
    notes: tuple[str, ...] = field(default=())
    apart: str = ""

    def frame_of(self, field_name: str) -> str:
        """The frame a field's places belong to; one place of it is one place of the foil."""
        frame = f"{self.frame} as {self.apart} has it" if self.apart else self.frame
        return f"{frame}/{field_name}" if field_name in self.loose else frame

    def lies_on(self, other: ScanPlacement) -> bool:
        """Whether one place is the same place of the foil in both."""
        return (self.frame, self.apart) == (other.frame, other.apart)

    def to_frame(self, fields: npt.ArrayLike, x_px: npt.ArrayLike, y_px: npt.ArrayLike, flop: bool = True) -> Floats:
        """Places (N, 2) in the frame of pixels in named fields.

        ``flop=False`` leaves a mirrored scan's x as it is (datum points are never flopped).
        """
        names = np.asarray(fields, dtype=object).ravel()
        x, y = (np.asarray(a, dtype=float).ravel() for a in (x_px, y_px))
        centre, half, width = self._per_row(names)
        if self.mirrored and flop:
            x = width - 1 - x
        plain = (np.stack([x, y], axis=1) - half) @ np.asarray(self.matrix).T + centre
        if self.correction is None:
            return plain
        firm = np.array([name not in self.loose for name in names], dtype=bool)
        plain[firm] += self.correction(plain[firm])
        return plain

    def to_pixel(self, field_name: str, places: Floats) -> Floats:
        """Pixels (N, 2) in one field of places (N, 2) in that field's frame; the inverse of `to_frame`."""
        target = np.asarray(places, dtype=float).reshape(-1, 2)
        plain = target.copy()
        if self.correction is not None and field_name not in self.loose:
            for _ in range(_ROUNDS):
                plain = target - self.correction(plain)
        centre, half, width = self._per_row(np.array([field_name], dtype=object))
        pixel: Floats = (plain - centre) @ np.linalg.inv(np.asarray(self.matrix)).T + half
        if self.mirrored:
            pixel[:, 0] = width[0] - 1 - pixel[:, 0]
        return pixel

    def direction(self, azimuth_deg: npt.ArrayLike) -> Floats:
        """Azimuths in the frame (degrees, [0, 360)) of azimuths in the stored picture."""
        radians = np.deg2rad(np.asarray(azimuth_deg, dtype=float))
        vector = np.stack([np.cos(radians) * (-1 if self.mirrored else 1), np.sin(radians)], axis=-1)
        turned = vector @ np.asarray(self.matrix).T
        return np.asarray(np.rad2deg(np.arctan2(turned[..., 1], turned[..., 0])) % 360.0)

    @property
    def scale(self) -> float:
        """Frame units per pixel."""
        return float(np.sqrt(abs(np.linalg.det(np.asarray(self.matrix)))))

    def _per_row(self, names: npt.NDArray[Any]) -> tuple[Floats, Floats, Floats]:
        unique, where = np.unique(names.astype(str), return_inverse=True)
        centre = np.array([self.centres[str(n)] for n in unique], dtype=float).reshape(-1, 2)
        size = np.array([self.size_px[str(n)] for n in unique], dtype=float).reshape(-1, 2)
        return centre[where], ((size - 1) / 2)[where], size[where, 0]


def placement_to_plain(placement: ScanPlacement) -> dict[str, Any]:
    """For the catalogue."""
    correction = placement.correction
    return {
        "frame": placement.frame, "unit": placement.unit, "matrix": placement.matrix, "centres": dict(placement.centres),
        "size_px": dict(placement.size_px), "mirrored": placement.mirrored, "loose": sorted(placement.loose), "apart": placement.apart,
        "correction": None if correction is None else [correction.centre, correction.scale, correction.order, correction.coefficients],
    }  # fmt: skip


def placement_from_plain(plain: Mapping[str, Any]) -> ScanPlacement:
    """The placement `placement_to_plain` was given."""
    words = plain["correction"]
    correction = None
    if words is not None:
        centre, scale, order, coefficients = words
        correction = Correction((centre[0], centre[1]), scale, order, tuple((x, y) for x, y in coefficients))
    (a, b), (c, d) = plain["matrix"]
    return ScanPlacement(
        frame=plain["frame"], unit=plain["unit"], matrix=((a, b), (c, d)),
        centres={k: (x, y) for k, (x, y) in plain["centres"].items()}, size_px={k: (w, h) for k, (w, h) in plain["size_px"].items()},
        mirrored=plain["mirrored"], loose=frozenset(plain["loose"]), correction=correction,
        apart=plain.get("apart", ""),
    )  # fmt: skip
