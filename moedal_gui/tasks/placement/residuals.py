"""What is left between two registered scans, measured anew from the stores."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from moedal_gui.analysis.coverage import field_at
from moedal_gui.analysis.intervals import Fraction, fraction
from moedal_gui.analysis.matching import nearest
from moedal_gui.analysis.registration import GATES_PX
from moedal_gui.analysis.residuals import Partners, ResidualField, grid_for, partners, residual_field
from moedal_gui.core.placement import ScanPlacement
from moedal_gui.store.catalogue import ScanRecord
from moedal_gui.store.project import Project
from moedal_gui.tasks.pit_table import pit_run
from moedal_gui.tasks.placement.placing import placement_of

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class PairResiduals:
    """Partner pits of two scans, as the placements in force bring them together.

    Attributes
    ----------
    frame, unit, pixel
        The frame both scans share, its unit, and how many of it are a px.
    found, field
        The partners, and their medians cell by cell.
    scanned
        (rows, columns): cells whose middle both scans looked at.
    pits
        Pits of a and of b, overlaps merged.
    within
        Share of a's pits with a nearest pit of b within 2 px.
    """

    frame: str
    unit: str
    pixel: float
    found: Partners
    field: ResidualField
    scanned: npt.NDArray[np.bool_]
    pits: tuple[int, int]
    within: Fraction

    @property
    def rms_px(self) -> float:
        """Root mean square length of the partners' offsets within 2 px; NaN without any."""
        near = self.found.lengths[self.found.lengths <= GATES_PX[0]]
        return float(np.sqrt(np.mean(near**2))) if near.size else float("nan")

    def cells(self) -> pd.DataFrame:
        """One row a cell that both scans looked at: place of its middle, partners, medians (empty where too few)."""
        field, seen = self.field, self.scanned.ravel()
        row, column = np.indices(self.scanned.shape)
        x, y = field.grid.centres.T
        return pd.DataFrame({
            "row": row.ravel(), "column": column.ravel(), f"x_{self.unit}": x, f"y_{self.unit}": y,
            "partners": field.counts.ravel(), "dx_px": field.dx.ravel(), "dy_px": field.dy.ravel(),
            "length_px": field.length.ravel(),
        })[seen].reset_index(drop=True)  # fmt: skip


def pair_residuals(project: Project, a: ScanRecord, b: ScanRecord) -> PairResiduals | None:
    """Compare two scans' current pits; None where they share no frame or one has no pits with a position."""
    first, second = placement_of(project, a), placement_of(project, b)
    if first.frame != second.frame or first.unit != second.unit:
        return None
    ours, theirs = _places(project, a, first), _places(project, b, second)
    if not len(ours) or not len(theirs):
        return None
    pixel = first.scale
    found = partners(ours, theirs, pixel)
    grid = grid_for(*_corners(first), len(found.places))
    field = residual_field(found, grid)
    both = [field_at(p, p.centres, grid.centres) != "" for p in (first, second)]
    close = int((nearest(ours, theirs)[0] <= GATES_PX[0] * pixel).sum())
    return PairResiduals(
        first.frame, first.unit, pixel, found, field, np.asarray(both[0] & both[1]).reshape(grid.rows, grid.columns),
        (len(ours), len(theirs)), fraction(close, len(ours)),
    )  # fmt: skip


def _places(project: Project, scan: ScanRecord, placement: ScanPlacement) -> Floats:
    run = pit_run(project, scan)
    if run is None:
        return np.zeros((0, 2))
    pits = project.catalogue.pits(run.run_id)
    firm = pits[~pits["field"].isin(list(placement.loose))]
    return placement.to_frame(firm["field"], firm["x_px"], firm["y_px"]) if len(firm) else np.zeros((0, 2))


def _corners(placement: ScanPlacement) -> tuple[Floats, Floats]:
    """Corners of the box round all fields that have a position."""
    names = [n for n in placement.centres if n not in placement.loose]
    sizes = np.array([placement.size_px[n] for n in names], float)
    ends = [
        placement.to_frame(names, sizes[:, 0] * u - 0.5, sizes[:, 1] * v - 0.5) for u in (0, 1) for v in (0, 1)
    ]  # fmt: skip
    every = np.concatenate(ends)
    return every.min(axis=0), every.max(axis=0)
