"""The partner, real or predicted, of every pit of a scan, as the experts are told of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.spatial import cKDTree

from moedal_gui.analysis.links import link
from moedal_gui.analysis.partners import Partners, partners
from moedal_gui.core.placement import ScanPlacement
from moedal_gui.core.recipe import PAIR_NUMBERS
from moedal_gui.store.catalogue import ScanRecord
from moedal_gui.store.project import Project
from moedal_gui.tasks.mouths import FoilMouths, foil_mouths, foil_pits
from moedal_gui.tasks.placement.placing import placement_of

Floats = npt.NDArray[np.float64]

_TWIN_PX = 6.0
_RESTS = 2  # the first two numbers are the rest angle, known once the crop has been turned
_FAR = 100.0


@dataclass(frozen=True)
class PitPartners:
    """Of pits of one scan, row by row.

    Attributes
    ----------
    towards
        (N, 2): px in the stored picture from the pit to its partner's place; NaN where nothing is known.
    numbers
        (N, len(PAIR_NUMBERS)): the rest angle still missing (0).
    """

    towards: Floats
    numbers: npt.NDArray[np.float32]

    def taken(self, rows: npt.NDArray[np.intp]) -> PitPartners:
        """Some of the rows."""
        return PitPartners(self.towards[rows], self.numbers[rows])


class FoilPartners:
    """Pairs the pits of one foil anew and answers for the pits of any of its scans.

    The pairing depends on the pits and the registration alone, so that scores do not change because somebody has
    linked in between.
    """

    def __init__(self, project: Project, foil: str, run: str | None = None) -> None:
        self._project = project
        scans = [s for s in project.catalogue.scans() if s.foil == foil]
        self._mouths: FoilMouths = foil_mouths(foil_pits(project, scans, run), scans)
        self._sides: tuple[Partners, Partners] | None = None
        found = self._mouths
        if found.sheet is not None:
            linking = link(found.top, found.bottom, found.sheet.weighed_by)
            self._sides = partners(found.top, found.bottom, linking)

    def of(self, scan: ScanRecord, pits: pd.DataFrame) -> PitPartners:
        """Partners of a scan's pits (columns pit_id, field, x_px, y_px, surface, ...)."""
        count = len(pits)
        towards = np.full((count, 2), np.nan)
        numbers = np.zeros((count, len(PAIR_NUMBERS)), np.float32)
        if self._sides is None or not count:
            return PitPartners(towards, numbers)
        placement = placement_of(self._project, scan)
        places = placement.to_frame(pits["field"], pits["x_px"], pits["y_px"]) / placement.scale
        frames = np.array([placement.frame_of(str(f)) for f in pits["field"]], dtype=object)
        surface = pits["surface"].fillna("").to_numpy(dtype=object)
        tables = (self._mouths.top_pits, self._mouths.bottom_pits)
        for number, name in enumerate(("top", "bottom")):
            rows = np.flatnonzero(surface == name)
            known = _same_pit(pits.iloc[rows], places[rows], frames[rows], tables[number])
            rows, known = rows[known >= 0], known[known >= 0]
            side = self._sides[number]
            ahead = side.partner[known]
            here = tables[number][["u", "v"]].to_numpy(dtype=float)[known]
            target = (here + side.step[known]) * placement.scale
            towards[rows] = _in_pixels(placement, pits.iloc[rows], target)
            numbers[rows] = _numbers(side, known, ahead, tables[number], tables[1 - number])
        return PitPartners(towards, numbers)


def _same_pit(
    pits: pd.DataFrame, places: Floats, frames: npt.NDArray[np.object_], table: pd.DataFrame
) -> npt.NDArray[np.intp]:
    """Row in the foil's table of each pit: itself, or the same pit as another scan sees it; -1 for none."""
    row_of = pd.Series(np.arange(len(table)), index=table["pit_id"].to_numpy())
    found = row_of.reindex(pits["pit_id"].to_numpy()).fillna(-1).to_numpy(dtype=np.intp)
    names = table["frame"].to_numpy(dtype=object) if len(table) else np.empty(0, object)
    for frame in set(frames[found < 0]):
        mine, theirs = np.flatnonzero((found < 0) & (frames == frame)), np.flatnonzero(names == frame)
        if not len(theirs):
            continue
        away, nearest = cKDTree(table[["u", "v"]].to_numpy(float)[theirs]).query(places[mine])
        found[mine] = np.where(away <= _TWIN_PX, theirs[nearest], -1)
    return found


def _in_pixels(placement: ScanPlacement, pits: pd.DataFrame, target: Floats) -> Floats:
    """Px from each pit to a place of its frame, in the pit's own picture."""
    own = pits[["x_px", "y_px"]].to_numpy(dtype=float)
    away = np.zeros_like(own)
    fields = pits["field"].astype(str).to_numpy()
    for name in np.unique(fields):
        rows = fields == name
        away[rows] = placement.to_pixel(str(name), target[rows]) - own[rows]
    return away


def _numbers(
    side: Partners, known: npt.NDArray[np.intp], ahead: npt.NDArray[np.intp], own: pd.DataFrame, other: pd.DataFrame
) -> npt.NDArray[np.float32]:
    has = ahead >= 0
    mine = own.iloc[known]

    def of_own(column: str) -> Floats:
        return np.asarray(mine[column].to_numpy(dtype=float))

    def of_other(column: str, otherwise: Floats) -> Floats:
        if not len(other):
            return otherwise
        return np.where(has, other[column].to_numpy(dtype=float)[np.maximum(ahead, 0)], otherwise)

    own_minor, own_major = np.log(of_own("minor_px")), np.log(of_own("major_px"))
    other_minor = np.log(of_other("minor_px", of_own("minor_px")))
    other_major = np.log(of_other("major_px", of_own("major_px")))
    unsure = np.full(len(known), 0.5)
    columns = {
        "found": has, "evidence": side.evidence[known] / 10, "margin": side.margin[known] / 10,
        "rivalry": side.rivalry[known] / 10, "linked": side.linked[known], "link_score": side.link_score[known],
        "residual": np.minimum(side.residual[known], 50.0) / 10,
        "distance": np.minimum(np.hypot(*side.step[known].T), 2 * _FAR) / _FAR, "own_misfit": side.own_misfit[known],
        "other_misfit": side.other_misfit[known], "minor_ratio": other_minor - own_minor,
        "major_ratio": other_major - own_major, "own_minor": own_minor, "own_major": own_major,
        "other_minor": other_minor, "other_major": other_major, "own_sure": of_own("surface_score"),
        "other_sure": of_other("surface_score", unsure), "probability": of_own("probability"),
        "other_probability": of_other("probability", unsure), "crowding": np.log1p(1e4 * of_own("density")),
    }  # fmt: skip
    rest = np.zeros((len(known), _RESTS))
    stacked = np.column_stack(
        [rest, *(np.nan_to_num(np.asarray(columns[name], float)) for name in PAIR_NUMBERS[_RESTS:])]
    )
    return stacked.astype(np.float32)
