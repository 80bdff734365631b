"""The pits of one scan on the screen's plane, sorted into cells so that any view asks for few of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd

from moedal_gui.analysis.ternary import project as project_scores
from moedal_gui.app.sheet import Box, Floats, Sheet, Whole
from moedal_gui.core.decision import DECIDED
from moedal_gui.core.score import SCORED_CLASSES

CELL_PX = 64
TOP, BOTTOM = 1, 2


@dataclass(frozen=True)
class CellCounts:
    """How many pits lie in each cell of a grid over the view.

    ``counts`` has shape (rows, columns); cell (0, 0) has its corner at (x0, y0) and all have the same ``side``.
    """

    counts: Whole
    x0: float
    y0: float
    side: float


@dataclass(frozen=True)
class FarEnd:
    """A pit of another scan, linked with one of this scan.

    ``x`` and ``y`` are its place on this scan's plane, NaN where the scans share no frame.
    """

    pit_id: int
    foil: str
    scan: str
    field: str
    x_px: float
    y_px: float
    surface: str
    x: float
    y: float


@dataclass(frozen=True)
class PitSheet:
    """Pits of one run on one scan.

    Attributes
    ----------
    table
        The pit table; row i is pit i everywhere here.
    x, y, major, minor, azimuth
        Plane coordinates, full axes in px, direction on the plane in degrees.
    surface
        0 unknown, 1 top, 2 bottom.
    partner
        Row of the other end of the link that passes, or -1.
    run
        Name of the run, for the record.
    far
        Row -> other end of the link, where only another scan of the foil holds it.
    expert_scores
        ``pit_id`` and per expert its probability of its first answer; None where nothing was scored.
    ensemble
        Name of what scored these pits; empty where nothing did.
    trained_density
        Lowest and highest density (per mm2) among the examples of what scored these pits; None where that is not known.
    notes
        Pit id -> who put it where it is, for pits put by hand.
    measures
        What the run measured of each field, by the field's name (see `imaging.field_measures`).
    doubts
        Sentences on what is wrong with the light of the scan, or with where it lies.
    """

    table: pd.DataFrame
    x: Floats
    y: Floats
    major: Floats
    minor: Floats
    azimuth: Floats
    surface: npt.NDArray[np.int8]
    partner: Whole
    run: str = ""
    far: Mapping[int, FarEnd] = field(default_factory=dict)
    _starts: Whole = field(default_factory=lambda: np.zeros(1, np.int64), repr=False)
    _order: Whole = field(default_factory=lambda: np.zeros(0, np.int64), repr=False)
    _cells: tuple[int, int] = (0, 0)
    expert_scores: pd.DataFrame | None = None
    ensemble: str = ""
    measures: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    doubts: tuple[str, ...] = ()
    trained_density: tuple[float, float] | None = None
    notes: Mapping[int, str] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.x)

    @cached_property
    def ids(self) -> Whole:
        """Pit ids by row."""
        return self.table["pit_id"].to_numpy(np.int64)

    @cached_property
    def by_hand(self) -> npt.NDArray[np.bool_]:
        """Which pits a person put, by row."""
        if "by_hand" not in self.table:
            return np.zeros(len(self), bool)
        return np.asarray(self.table["by_hand"] == 1)

    @cached_property
    def scores(self) -> Floats:
        """Scores (N, 4) by row, in the order of `SCORED_CLASSES`; NaN where there is none."""
        names = [f"score_{name}" for name in SCORED_CLASSES]
        if any(name not in self.table for name in names):
            return np.full((len(self), len(names)), np.nan)
        return self.table[names].to_numpy(float)

    @cached_property
    def scored(self) -> bool:
        """Whether any pit has a score."""
        return bool(np.isfinite(self.scores).any())

    @cached_property
    def opinions(self) -> dict[str, Floats]:
        """Expert -> its probability of its first answer, by row."""
        if self.expert_scores is None:
            return {}
        rows = self.expert_scores.set_index("pit_id").reindex(self.ids)
        return {str(name): rows[name].to_numpy(float) for name in rows.columns}

    @cached_property
    def _row_of_id(self) -> dict[int, int]:
        return {int(i): row for row, i in enumerate(self.ids)}

    def row_of(self, pit_id: int) -> int | None:
        """Row of a pit by its id."""
        return self._row_of_id.get(pit_id)

    def rows_in(self, box: Box) -> Whole:
        """Rows of the pits inside a box (x0, y0, x1, y1)."""
        found = self._candidates(box)
        x0, y0, x1, y1 = box
        inside = (self.x[found] >= x0) & (self.x[found] < x1) & (self.y[found] >= y0) & (self.y[found] < y1)
        return found[inside]

    def number_near(self, box: Box) -> int:
        """How many pits the cells that touch a box hold: cheap, and never less than those inside."""
        return int(sum(b - a for a, b in self._runs(box)))

    def nearest(self, x: float, y: float, reach: float) -> int | None:
        """Row of the pit nearest to a place, within reach or inside its own mouth."""
        wide = max(reach, 24.0)
        found = self.rows_in((x - wide, y - wide, x + wide, y + wide))
        if len(found) == 0:
            return None
        distance = np.hypot(self.x[found] - x, self.y[found] - y)
        allowed = np.maximum(reach, np.nan_to_num(self.major[found]) / 2)
        distance = np.where(distance <= allowed, distance, np.inf)
        best = int(np.argmin(distance))
        return int(found[best]) if np.isfinite(distance[best]) else None

    def counts_in(self, box: Box, side: float) -> CellCounts:
        """Pits per cell over a box; the cells are whole multiples of the index's own, or finer when ``side`` is."""
        step = max(1, 2 ** int(np.ceil(np.log2(max(side / CELL_PX, 1e-9)))))
        if side < CELL_PX:
            return self._fine_counts(box, side)
        rows, columns = self._cells
        c0, r0, c1, r1 = self._cell_range(box)
        c0, r0 = c0 // step * step, r0 // step * step
        c1, r1 = min(-(-c1 // step) * step, columns), min(-(-r1 // step) * step, rows)
        part = np.diff(self._starts)[: rows * columns].reshape(rows, columns)[r0:r1, c0:c1]
        if part.size == 0:
            return CellCounts(np.zeros((0, 0), np.int64), 0, 0, step * CELL_PX)
        summed = np.add.reduceat(part, np.arange(0, part.shape[0], step), axis=0)
        summed = np.add.reduceat(summed, np.arange(0, part.shape[1], step), axis=1)
        return CellCounts(summed, c0 * CELL_PX, r0 * CELL_PX, step * CELL_PX)

    def _fine_counts(self, box: Box, side: float) -> CellCounts:
        x0, y0 = np.floor(box[0] / side) * side, np.floor(box[1] / side) * side
        columns, rows = int(np.ceil((box[2] - x0) / side)) + 1, int(np.ceil((box[3] - y0) / side)) + 1
        found = self.rows_in(box)
        column = ((self.x[found] - x0) // side).astype(np.int64)
        row = ((self.y[found] - y0) // side).astype(np.int64)
        flat = np.bincount(row * columns + column, minlength=rows * columns)
        return CellCounts(flat.reshape(rows, columns), float(x0), float(y0), side)

    def _cell_range(self, box: Box) -> tuple[int, int, int, int]:
        rows, columns = self._cells
        x0, y0, x1, y1 = (np.clip(v / CELL_PX, -1, 1 << 30) for v in box)
        return max(int(x0), 0), max(int(y0), 0), min(int(x1) + 1, columns), min(int(y1) + 1, rows)

    def _runs(self, box: Box) -> list[tuple[int, int]]:
        columns = self._cells[1]
        c0, r0, c1, r1 = self._cell_range(box)
        if c1 <= c0:
            return []
        return [(int(self._starts[r * columns + c0]), int(self._starts[r * columns + c1])) for r in range(r0, r1)]

    def _candidates(self, box: Box) -> Whole:
        parts = [self._order[a:b] for a, b in self._runs(box) if b > a]
        return np.concatenate(parts) if parts else np.zeros(0, np.int64)


def index_pits(
    sheet: Sheet,
    table: pd.DataFrame,
    links: pd.DataFrame | None,
    run: str,
    far: Mapping[int, FarEnd] | None = None,
    experts: pd.DataFrame | None = None,
    ensemble: str = "",
) -> PitSheet:
    """Put a pit table on the plane of its scan.

    ``links`` has columns entry_pit, exit_pit, passes; ``far`` is keyed by the id of the pit that is linked.
    """
    rows = sheet.rows_of_ids(table["field_id"]) if len(table) else np.zeros(0, np.int64)
    x, y = sheet.to_plane(rows, table["x_px"], table["y_px"])
    # A rule drawn on the canvas, or in the ternary plot, is a cut on two of these columns.
    table = _with_ternary(table.assign(x_plane=x, y_plane=y))
    surface = np.select([table["surface"] == "top", table["surface"] == "bottom"], [TOP, BOTTOM], 0).astype(np.int8)
    cells, starts, order = _sort_into_cells(x, y, sheet.size)
    return PitSheet(
        table, x, y, table["major_px"].to_numpy(float), table["minor_px"].to_numpy(float),
        sheet.azimuths(table["azimuth_deg"]), surface, _partners(table["pit_id"].to_numpy(np.int64), links), run,
        {row: end for row, pit in enumerate(table["pit_id"].tolist()) if (end := (far or {}).get(pit)) is not None},
        starts, order, cells, experts, ensemble,
    )  # fmt: skip


def _with_ternary(table: pd.DataFrame) -> pd.DataFrame:
    names = [f"score_{name}" for name in DECIDED]
    if any(name not in table for name in names):
        return table
    found = project_scores(table[names].to_numpy(float))
    return table.assign(x_ternary=found.x, y_ternary=found.y)


def _sort_into_cells(x: Floats, y: Floats, size: tuple[int, int]) -> tuple[tuple[int, int], Whole, Whole]:
    columns, rows = size[0] // CELL_PX + 1, size[1] // CELL_PX + 1
    column = np.clip(x // CELL_PX, 0, columns - 1).astype(np.int64)
    row = np.clip(y // CELL_PX, 0, rows - 1).astype(np.int64)
    cell = row * columns + column
    order = np.argsort(cell, kind="stable")
    # One start more than cells, and another so that the last cell of the last row has an end.
    starts = np.searchsorted(cell[order], np.arange(rows * columns + 1))
    return (rows, columns), starts, order


def _partners(ids: Whole, links: pd.DataFrame | None) -> Whole:
    partner = np.full(len(ids), -1, dtype=np.int64)
    if links is None or len(links) == 0 or len(ids) == 0:
        return partner
    passing = links[links["passes"]] if "passes" in links else links
    row_of = pd.Series(np.arange(len(ids)), index=ids)
    entry = row_of.reindex(passing["entry_pit"]).to_numpy(float)
    leave = row_of.reindex(passing["exit_pit"]).to_numpy(float)
    both = np.isfinite(entry) & np.isfinite(leave)
    a, b = entry[both].astype(np.int64), leave[both].astype(np.int64)
    partner[a], partner[b] = b, a
    return partner
