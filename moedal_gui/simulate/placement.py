"""Where the fields of a scan lie on the foil: stage grid, rotation, turning over, datum points."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from moedal_gui.core.scan import Orientation, Surface

Floats = npt.NDArray[np.float64]
OVERLAP_PX = (20, 15)
INCH_PER_PX = 0.000254
DATUM_SHARES = ((0.07, 0.12), (0.52, 0.88), (0.93, 0.15))
HOLE_RADIUS_PX = 14.0


@dataclass(frozen=True)
class Grid:
    """Stage positions: columns x rows of fields, column by column, rows downwards, no snake."""

    columns: int
    rows: int
    size_px: tuple[int, int]

    @property
    def pitch_px(self) -> tuple[int, int]:
        """Step of the stage between fields."""
        return (self.size_px[0] - OVERLAP_PX[0], self.size_px[1] - OVERLAP_PX[1])

    @property
    def extent_px(self) -> tuple[float, float]:
        """Width and height of all fields together."""
        (pitch_x, pitch_y), (width, height) = self.pitch_px, self.size_px
        return (float((self.columns - 1) * pitch_x + width), float((self.rows - 1) * pitch_y + height))

    def corners_px(self) -> Floats:
        """Top-left corner of each field, (fields, 2), field 1 first."""
        columns, rows = np.meshgrid(np.arange(self.columns), np.arange(self.rows), indexing="ij")
        return np.stack([columns.ravel(), rows.ravel()], axis=1) * np.array(self.pitch_px, dtype=float)


@dataclass(frozen=True)
class Placement:
    """How a foil lies under the microscope.

    Attributes
    ----------
    orientation
        "reverse": turned over about its vertical axis.
    angle_rad
        Turn of the foil in the picture, from +x towards +y.
    offset_px
        Shift after the turn about the middle of the foil.
    stage_inch
        Stage reading of the top-left corner's field.
    misplaced_px
        True minus commanded place of each field, (fields, 2).
    """

    orientation: Orientation
    angle_rad: float
    offset_px: tuple[float, float]
    stage_inch: tuple[float, float]
    misplaced_px: Floats

    @property
    def near(self) -> Surface:
        """The surface that faces the camera."""
        return "top" if self.orientation == "normal" else "bottom"

    def to_stage(self, points: Floats, extent_px: tuple[float, float]) -> Floats:
        """Foil px (N, 2) to px of the grid of fields."""
        middle = np.array(extent_px) / 2.0
        centred = points - middle
        if self.orientation == "reverse":
            centred = centred * (-1.0, 1.0)
        c, s = np.cos(self.angle_rad), np.sin(self.angle_rad)
        return np.asarray(centred @ np.array([[c, s], [-s, c]]) + middle + self.offset_px)

    def azimuth(self, azimuth_deg: pd.Series[float]) -> pd.Series[float]:
        """Direction on the foil to direction in the picture."""
        turned = 180.0 - azimuth_deg if self.orientation == "reverse" else azimuth_deg
        return (turned + float(np.degrees(self.angle_rad))) % 360.0

    def move(self, pits: pd.DataFrame, extent_px: tuple[float, float]) -> pd.DataFrame:
        """Pits of the foil, placed on the grid of fields."""
        places = self.to_stage(pits[["x_px", "y_px"]].to_numpy(dtype=float), extent_px)
        return pits.assign(x_px=places[:, 0], y_px=places[:, 1], azimuth_deg=self.azimuth(pits["azimuth_deg"]))


def draw_placement(rng: np.random.Generator, orientation: Orientation, fields: int) -> Placement:
    """Rotation near the real 0.022 to 0.025 rad, some px of offset, placement good to about a pixel."""
    return Placement(
        orientation=orientation,
        angle_rad=float(rng.uniform(0.02, 0.027) * rng.choice([-1, 1])),
        offset_px=(float(rng.uniform(-12, 12)), float(rng.uniform(-12, 12))),
        stage_inch=(float(rng.uniform(0.5, 1.5)), float(rng.uniform(3.0, 4.0))),
        misplaced_px=rng.normal(0.0, 0.4, (fields, 2)),
    )


def stage_positions(grid: Grid, placement: Placement) -> dict[str, list[float]]:
    """Stage reading of each field in inches, y up, keyed by the field's number."""
    corners = grid.corners_px() * INCH_PER_PX
    x, y = placement.stage_inch
    return {str(k + 1): [round(x + dx, 7), round(y - dy, 7)] for k, (dx, dy) in enumerate(corners)}


def datum_holes(grid: Grid) -> Floats:
    """Pin holes on the foil: rows of x, y, radius in px."""
    width, height = grid.extent_px
    return np.array([[u * width, v * height, HOLE_RADIUS_PX] for u, v in DATUM_SHARES])
