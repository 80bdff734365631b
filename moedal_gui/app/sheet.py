"""A scan laid out flat for the screen, in whole pixels of the pictures as the microscope saw them."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd

from moedal_gui.core.placement import ScanPlacement
from moedal_gui.imaging.flat_field import FlatField
from moedal_gui.imaging.lamps import slope_ring
from moedal_gui.store.catalogue import ScanRecord

Floats = npt.NDArray[np.float64]
Whole = npt.NDArray[np.int64]
Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Sheet:
    """Where each field lies on the screen's plane.

    The plane is the scan's frame turned back so that pictures stand upright, in raw pixels, the first one at (0, 0).
    Field corners are whole pixels: what is drawn over a field then lies exactly on its pixels at any zoom.

    Attributes
    ----------
    record, placement, fields
        The scan, its place in the frame, and its fields in reading order.
    drawing
        Like ``placement``, with the fields that have no position laid out somewhere.
    left, top, width, height
        Per field: column and row of the top-left pixel on the plane, and size.
    origin
        Plane coordinates are ``inverse(matrix) @ place - origin``.
    """

    record: ScanRecord
    placement: ScanPlacement
    drawing: ScanPlacement
    fields: pd.DataFrame
    left: Whole
    top: Whole
    width: Whole
    height: Whole
    origin: tuple[float, float]
    names: tuple[str, ...]
    _row_of_id: dict[int, int] = field(repr=False)
    _row_of_name: dict[str, int] = field(repr=False)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of all fields together."""
        if len(self.left) == 0:
            return 1, 1
        return int((self.left + self.width).max()), int((self.top + self.height).max())

    @property
    def mirrored(self) -> bool:
        """Whether pictures are flopped before they are shown."""
        return self.placement.mirrored

    @cached_property
    def flat(self) -> FlatField | None:
        """The scan's flat field, once it has been estimated."""
        return flat_field_of(self.record)

    @cached_property
    def ring(self) -> tuple[int, ...]:
        """Indices of the rim channels that slopes are made of; none where too few carry a picture, or from one side only."""
        return slope_ring(self.record.description, self.flat)

    @property
    def ring_azimuths_deg(self) -> tuple[float, ...]:
        """Azimuths of `ring` in the stored picture."""
        channels = self.record.description.channels
        return tuple(channels[i].azimuth_deg or 0.0 for i in self.ring)

    @cached_property
    def out(self) -> frozenset[int]:
        """Indices of the channels that carry no picture anywhere in the scan."""
        flat = self.flat
        return frozenset(i for i, c in enumerate(flat.channels) if not c.usable) if flat is not None else frozenset()

    @property
    def um_per_px(self) -> float | None:
        """Pixel size, or None where it is not known."""
        return self.placement.scale if self.placement.unit == "um" else None

    def row_of(self, field_name: str) -> int | None:
        """Row of a field by its name."""
        return self._row_of_name.get(field_name)

    def rows_of_ids(self, field_ids: npt.ArrayLike) -> Whole:
        """Rows of fields by their ids."""
        ids, where = np.unique(np.asarray(field_ids), return_inverse=True)
        return np.array([self._row_of_id[int(i)] for i in ids], dtype=np.int64)[where]

    def to_plane(self, rows: Whole, x_px: npt.ArrayLike, y_px: npt.ArrayLike) -> tuple[Floats, Floats]:
        """Plane coordinates of pixels in fields given by row."""
        x, y = np.asarray(x_px, dtype=float), np.asarray(y_px, dtype=float)
        if self.mirrored:
            x = self.width[rows] - 1 - x
        return self.left[rows] + x, self.top[rows] + y

    def shown_place(self, field_name: str, x_px: float, y_px: float) -> tuple[float, float] | None:
        """Place of the plane of a pixel of a field as it is shown, flopped already; None for a field that is not here."""
        row = self.row_of(field_name)
        return None if row is None else (float(self.left[row]) + x_px, float(self.top[row]) + y_px)

    def azimuths(self, azimuth_deg: npt.ArrayLike) -> Floats:
        """Directions on the plane of azimuths in the stored picture."""
        azimuth = np.asarray(azimuth_deg, dtype=float)
        return (180.0 - azimuth) % 360.0 if self.mirrored else azimuth

    def rows_in(self, box: Box) -> Whole:
        """Rows of the fields that a box (x0, y0, x1, y1) touches."""
        x0, y0, x1, y1 = box
        touches = (self.left < x1) & (self.left + self.width > x0) & (self.top < y1) & (self.top + self.height > y0)
        return np.flatnonzero(touches)

    def field_at(self, x: float, y: float) -> tuple[int, float, float] | None:
        """Row of the field seen at a place of the plane, and the stored pixel there; None off all fields."""
        found = self.rows_in((x - 0.5, y - 0.5, x + 0.5, y + 0.5))
        for row in found[::-1]:
            px, py = x - self.left[row], y - self.top[row]
            if -0.5 <= px < self.width[row] - 0.5 and -0.5 <= py < self.height[row] - 0.5:
                return int(row), float(self.width[row] - 1 - px if self.mirrored else px), float(py)
        return None

    def to_frame(self, x: float, y: float) -> tuple[float, float]:
        """Place in the scan's frame (um, or px without a pixel size) of a place of the plane."""
        here = self.field_at(x, y)
        if here is not None:
            row, px, py = here
            place = self.placement.to_frame([self.names[row]], [px], [py])[0]
        else:
            place = np.asarray(self.placement.matrix) @ (np.array([x, y]) + np.asarray(self.origin))
        return float(place[0]), float(place[1])

    def from_frame(self, x: float, y: float) -> tuple[float, float]:
        """Place of the plane of a place in the scan's frame; the inverse of `to_frame` to about a pixel."""
        plane = np.linalg.inv(np.asarray(self.placement.matrix)) @ np.array([x, y]) - np.asarray(self.origin)
        return float(plane[0]), float(plane[1])


def lay_out(
    record: ScanRecord, placement: ScanPlacement, fields: pd.DataFrame, drawing: ScanPlacement | None = None
) -> Sheet:
    """Lay a scan's fields out on the plane.

    ``drawing`` is like ``placement``, with the fields that have no position laid out somewhere.
    """
    drawing = drawing or placement
    names = tuple(str(n) for n in fields["field"])
    width = fields["width"].to_numpy(np.int64)
    height = fields["height"].to_numpy(np.int64)
    centres = np.array([drawing.centres[n] for n in names], dtype=float).reshape(-1, 2)
    if placement.correction is not None and names:
        firm = np.array([n not in placement.loose for n in names], dtype=bool)
        centres[firm] += placement.correction(centres[firm])
    upright = centres @ np.linalg.inv(np.asarray(placement.matrix)).T
    corner = upright - (np.stack([width, height], axis=1) - 1) / 2
    origin = corner.min(axis=0) if len(corner) else np.zeros(2)
    whole = np.rint(corner - origin).astype(np.int64)
    return Sheet(
        record, placement, drawing, fields, whole[:, 0], whole[:, 1], width, height, (float(origin[0]), float(origin[1])), names,
        {int(i): row for row, i in enumerate(fields["field_id"])}, {n: row for row, n in enumerate(names)},
    )  # fmt: skip


def flat_field_of(record: ScanRecord) -> FlatField | None:
    """The scan's flat field, once it has been estimated."""
    return FlatField.from_json(record.flat) if record.flat else None
