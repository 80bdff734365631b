"""Candidates: the foil's entry-exit pairs, ranked, and what a person says of each."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from psygnal import Signal

from moedal_gui.analysis.density import regime
from moedal_gui.app.background import Latest
from moedal_gui.app.crops import CROP_PX, Crop, relief_at, stack_and_slopes
from moedal_gui.app.session import Session
from moedal_gui.core.errors import MoedalError, NotFoundError
from moedal_gui.imaging.crops import cut_crop
from moedal_gui.store.catalogue import ScanRecord
from moedal_gui.store.project import Project

_KEPT = 6


@dataclass(frozen=True)
class PitPlace:
    """Where a pit was seen."""

    scan: ScanRecord
    field: str
    field_id: int
    x_px: float
    y_px: float


@dataclass(frozen=True)
class Pair:
    """Both ends of a candidate, as crops; None where an end has no picture."""

    row: int
    entry: Crop | None
    leave: Crop | None
    entry_scan: ScanRecord | None
    exit_scan: ScanRecord | None


class Candidates:
    """Owns the verdicts and the candidate in focus.

    ``changed`` tells of another table, ``judged`` of a row with another verdict, ``moved`` of another row in focus.
    """

    changed = Signal()
    judged = Signal(int)
    moved = Signal(object, object)
    refused = Signal(str)

    def __init__(self, session: Session) -> None:
        self._session = session
        self.annotator = ""
        self.table = pd.DataFrame()
        self.row: int | None = None
        self.pairs = Latest("pairs")
        self._places: dict[int, PitPlace] = {}
        self._stacks: OrderedDict[int, tuple[npt.NDArray[np.generic], npt.NDArray[np.float32] | None]] = OrderedDict()

    def take(self, table: pd.DataFrame) -> None:
        """Take up another table."""
        before = self._identity(self.row)
        self.table = table.reset_index(drop=True)
        self._places.clear()
        self.row = None
        if before is not None and len(self.table):
            same = np.flatnonzero((self.table["entry_pit"] == before[0]) & (self.table["exit_pit"] == before[1]))
            # It was in focus before: nobody has moved, and neither may the canvas or the pit in front.
            self.row = int(same[0]) if len(same) else None
        self.changed.emit()
        row = self.row
        if row is not None:
            self.pairs.ask(lambda _wanted: self._pair(row))

    def take_borders(self, borders: tuple[float, float]) -> None:
        """Take up other borders of the regimes of density."""
        if len(self.table):
            self.table["regime"] = regime(self.table["isolated_fraction"].to_numpy(float), borders)
            self.changed.emit()

    def look_at(self, row: int | None) -> None:
        """Put a candidate in focus and its entry in view."""
        old, self.row = self.row, row
        if old == row:
            return
        self.moved.emit(old, row)
        if row is not None:
            self.pairs.ask(lambda _wanted: self._pair(row))

    def judge(self, verdict: str) -> bool:
        """Accept, reject, or take the verdict back (empty) of the candidate in focus; on disk when this returns."""
        project = self._session.project
        if project is None or self.row is None:
            return self._refuse("Pick a candidate in the table first")
        if not self.annotator:
            return self._refuse("Say who judges first (Label > Who labels)")
        try:
            ends = [self._place(project, pit) for pit in self.ends(self.row)]
            entry, leave = ((p.scan.scan, p.field, p.x_px, p.y_px) for p in ends)
            project.labels.give_verdict(ends[0].scan.foil, entry, leave, verdict, self.annotator)
        except MoedalError as error:
            return self._refuse(str(error))
        self.table.loc[self.row, "verdict"] = verdict
        self.judged.emit(self.row)
        return True

    def ends(self, row: int) -> tuple[int, int]:
        """Ids of the entry and the exit pit of a row."""
        return int(self.table["entry_pit"].to_numpy()[row]), int(self.table["exit_pit"].to_numpy()[row])

    def close(self) -> None:
        """Stop cutting crops."""
        self.pairs.close()

    def _pair(self, row: int) -> Pair | None:
        project = self._session.project
        if project is None or row >= len(self.table):
            return None
        ends: list[Crop | None] = []
        scans: list[ScanRecord | None] = []
        for pit in self.ends(row):
            try:
                place = self._place(project, pit)
                ends.append(self._crop(project, place, row))
                scans.append(place.scan)
            except MoedalError:
                ends.append(None)
                scans.append(None)
        return Pair(row, ends[0], ends[1], scans[0], scans[1])

    def _crop(self, project: Project, place: PitPlace, row: int) -> Crop | None:
        found = self._stacks.get(place.field_id)
        if found is None:
            fields = project.catalogue.fields(place.scan.scan_id)
            record = fields[fields["field_id"] == place.field_id].iloc[0]
            if not isinstance(record["batch"], str):
                return None
            found = stack_and_slopes(project.images, place.scan, record)
            self._stacks[place.field_id] = found
            while len(self._stacks) > _KEPT:
                self._stacks.popitem(last=False)
        stack, slopes = found
        flop = -1 if place.scan.description.mirrored else 1
        relief = None
        if slopes is not None:
            relief = relief_at(slopes, place.x_px, place.y_px)[..., ::flop]
        return Crop(row, cut_crop(stack, place.x_px, place.y_px, CROP_PX)[..., ::flop], relief)

    def _place(self, project: Project, pit_id: int) -> PitPlace:
        if pit_id not in self._places:
            self._places |= _places_of(project, self.table)
        if pit_id not in self._places:
            raise NotFoundError(f"Pit {pit_id} is not in the project any more", remedy="link again")
        return self._places[pit_id]

    def _identity(self, row: int | None) -> tuple[int, int] | None:
        if row is None or row >= len(self.table):
            return None
        return self.ends(row)

    def _refuse(self, sentence: str) -> bool:
        self.refused.emit(sentence)
        return False


def accidents_of(table: pd.DataFrame) -> npt.NDArray[np.float64]:
    """Probability of each candidate to be an accident; one that is part of a track through several sheets is as sure as that."""
    alone, joined = (
        table[name].to_numpy(dtype=float) for name in ("accidental_probability", "track_accidental_probability")
    )
    return np.asarray(np.fmin(alone, joined))


def _places_of(project: Project, table: pd.DataFrame) -> dict[int, PitPlace]:
    """Where every end in the table was seen, in any scan; links may be of older pits than the current ones."""
    from moedal_gui.tasks.pit_table import linked_pit_runs

    wanted = {*table["entry_pit"].astype(int), *table["exit_pit"].astype(int)}
    found: dict[int, PitPlace] = {}
    links = project.catalogue.current_run("link")
    paired = linked_pit_runs(links) if links is not None else {}
    for scan in project.catalogue.scans():
        if scan.scan_id not in paired:
            continue
        pits = project.catalogue.pits(paired[scan.scan_id], merged=False)
        mine = pits[pits["pit_id"].isin(wanted)]
        names = ["pit_id", "field", "field_id", "x_px", "y_px"]
        for pit_id, field, field_id, x, y in mine[names].itertuples(index=False, name=None):
            found[int(pit_id)] = PitPlace(scan, str(field), int(field_id), float(x), float(y))
    return found
