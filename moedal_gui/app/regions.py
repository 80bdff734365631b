"""Regions to look at by film: those of the scan on screen, the one in front, and who has looked."""

from __future__ import annotations

import numpy as np
import pandas as pd
from psygnal import Signal

from moedal_gui.app.session import Session
from moedal_gui.app.sheet import Box
from moedal_gui.core.errors import MoedalError

_WIDER = 6.0
_LEAST_PX = 320.0


class Regions:
    """Owns the list and the row in front.

    ``changed`` tells of another list, ``moved`` carries the old and the new row, ``refused`` a sentence.
    """

    changed = Signal()
    moved = Signal(object, object)
    refused = Signal(str)

    def __init__(self, session: Session) -> None:
        self._session = session
        self.annotator = ""
        self.table = pd.DataFrame()
        self.boxes: list[Box] = []
        self.row: int | None = None
        self.searched = False

    def refresh(self) -> None:
        """Read the regions of the scan on screen."""
        from moedal_gui.tasks.regions import region_table

        project, sheet = self._session.project, self._session.sheet
        old = self.row
        self.table, self.boxes, self.row, self.searched = pd.DataFrame(), [], None, False
        if project is not None and sheet is not None:
            self.table = region_table(project, [sheet.record])
            self.boxes = [self._box(row) for row in range(len(self.table))]
            self.searched = project.catalogue.current_run("regions", sheet.record.scan_id) is not None
        self.changed.emit()
        if old is not None and old < len(self.table):
            self.row = old
            self.moved.emit(None, old)

    def look_at(self, row: int) -> None:
        """Put a region in front and bring it into view."""
        old, self.row = self.row, row
        x0, y0, x1, y1 = self.boxes[row]
        self.moved.emit(old, row)
        self._session.go_to((x0 + x1) / 2, (y0 + y1) / 2, max(_WIDER * (x1 - x0), _LEAST_PX))

    def step(self) -> None:
        """The next region nobody has looked at; the next one of all where everybody has."""
        if not len(self.table):
            self.refused.emit("No regions have been found in this scan (Steps > Regions to look at)")
            return
        start = -1 if self.row is None else self.row
        ring = [(start + k) % len(self.table) for k in range(1, len(self.table) + 1)]
        unseen = [row for row in ring if not self.table["looked_at_by"].iat[row]]
        self.look_at((unseen or ring)[0])

    def mark(self) -> None:
        """Note that the region in front has been looked at; on disk when this returns."""
        project, sheet = self._session.project, self._session.sheet
        if project is None or sheet is None or self.row is None:
            self.refused.emit("Pick a region in the Density panel first")
            return
        if not self.annotator:
            self.refused.emit("Say who looks first (Label > Who labels)")
            return
        place, record = self.table.iloc[self.row], sheet.record
        try:
            project.catalogue.looks.add(
                record.foil,
                record.scan,
                str(place["field"]),
                float(place["x_px"]),
                float(place["y_px"]),
                self.annotator,
            )
        except MoedalError as error:
            self.refused.emit(str(error))
            return
        self.refresh()

    def _box(self, row: int) -> Box:
        """Its place on the screen's plane."""
        sheet, place = self._session.sheet, self.table.iloc[row]
        field = sheet.row_of(str(place["field"])) if sheet is not None else None
        if sheet is None or field is None:
            return (0.0, 0.0, 0.0, 0.0)
        x, y = (float(v[0]) for v in sheet.to_plane(np.array([field]), [float(place["x_px"])], [float(place["y_px"])]))
        half_w, half_h = float(place["width_px"]) / 2, float(place["height_px"]) / 2
        return (x - half_w, y - half_h, x + half_w, y + half_h)
