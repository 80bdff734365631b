"""The open project, the scan on screen, its pits, and what the canvas shows of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from psygnal import Signal

from moedal_gui.analysis.density import REGIMES
from moedal_gui.app.background import Latest
from moedal_gui.app.display import Display, first_picture, pictures_of
from moedal_gui.app.far_ends import far_ends
from moedal_gui.app.pits import PitSheet, index_pits
from moedal_gui.app.sheet import Sheet, lay_out
from moedal_gui.core.errors import MoedalError, NotFoundError, ProjectError
from moedal_gui.core.field import seen_fields
from moedal_gui.store.catalogue import ScanRecord
from moedal_gui.store.project import Project


@dataclass(frozen=True)
class Loaded:
    """What a scan's background reading brings: its pits, the foil's candidates, and what speaks against those; whether there are links."""

    pits: PitSheet | None
    candidates: pd.DataFrame
    link_doubts: tuple[str, ...] = ()
    linked: bool = False


class Session:
    """Owns the project that is open and the scan that is shown.

    Signals carry the old and the new value; ``failed`` a sentence. ``loaded`` is emitted on the reading thread. While
    ``reading``, nobody knows yet whether the scan on screen has pits.
    """

    project_changed = Signal(object, object)
    sheet_changed = Signal(object, object)
    display_changed = Signal(object, object)
    loaded = Signal(int, object)
    pits_changed = Signal(object, object)
    scans_changed = Signal()
    went_to = Signal(float, float, float)
    pointed = Signal(object)
    failed = Signal(str)

    def __init__(self) -> None:
        self.project: Project | None = None
        self.read_only_reason = ""
        self.sheet: Sheet | None = None
        self.pits: PitSheet | None = None
        self.reading = False
        self.candidates = pd.DataFrame()
        self.link_doubts: tuple[str, ...] = ()
        self.linked = False
        self.display = Display()
        self.cursor: tuple[float, float] | None = None
        self._reader = Latest("pits")
        self._reader.answered.connect(self.loaded.emit)
        self._reader.failed.connect(self._reading_failed)

    def open(self, path: Path) -> None:
        """Open a project, for writing where that is possible; raises what `Project.open` raises."""
        project, reason = _open_best(path)
        self.close()
        self.read_only_reason = reason
        old, self.project = self.project, project
        self.project_changed.emit(old, project)
        scans = project.catalogue.scans()
        if scans:
            self.show_scan(_name(scans[0]))

    def close(self) -> None:
        """Put the project away."""
        self._reader.settle()
        self.reading = False
        old, self.project = self.project, None
        if old is None:
            return
        self._show(None)
        self.project_changed.emit(old, None)
        old.close()

    def shut(self) -> None:
        """Close for good."""
        self.close()
        self._reader.close()

    def scans(self) -> list[ScanRecord]:
        """Scans of the project."""
        return self.project.catalogue.scans() if self.project is not None else []

    def pit_counts(self) -> dict[int, int]:
        """Scan id -> how many pits its current run shows; scans without a run are left out."""
        from moedal_gui.tasks.pit_table import pit_count

        if self.project is None:
            return {}
        counts = {
            k: pit_count(self.project, run) for k, run in self.project.catalogue.current_runs("preselect").items()
        }
        return {k: count for k, count in counts.items() if count is not None}

    def show_scan(self, name: str) -> None:
        """Put a scan on screen; its pits follow."""
        if self.project is None:
            return
        from moedal_gui.tasks.placement.placing import canvas_placement, placement_of

        record = self.project.catalogue.scan(name)
        try:
            placement = placement_of(self.project, record)
            drawing = canvas_placement(self.project, record)
            sheet = lay_out(record, placement, self.project.catalogue.fields(record.scan_id), drawing)
        except MoedalError as error:
            self.failed.emit(str(error))
            return
        known = self.sheet is not None and self.sheet.record.scan_id == record.scan_id
        self.reading = True
        self._show(sheet)
        if not known or self.display.picture not in [p.key for p in pictures_of(sheet)]:
            self.show(picture=first_picture(sheet))
        self._read_pits(sheet)

    def refresh(self) -> None:
        """Read everything again, after a job has written."""
        self.scans_changed.emit()
        scans = self.scans()
        if self.sheet is not None and any(s.scan_id == self.sheet.record.scan_id for s in scans):
            self.show_scan(_name(self.sheet.record))
        elif scans:
            self.show_scan(_name(scans[0]))
        else:
            self._show(None)

    def take(self, generation: int, loaded: Loaded) -> None:
        """Take up what ``loaded`` brought, on the thread that shows it; stale answers are dropped."""
        if not self._reader.is_newest(generation):
            return
        self.reading = False
        self.candidates, self.link_doubts, self.linked = loaded.candidates, loaded.link_doubts, loaded.linked
        old, self.pits = self.pits, loaded.pits
        self.pits_changed.emit(old, loaded.pits)

    def reread(self) -> None:
        """Read the pits of the scan on screen again, after some were put right."""
        if self.sheet is not None:
            self._read_pits(self.sheet)

    def show(self, **changes: Any) -> None:
        """Change what the canvas shows."""
        old, new = self.display, replace(self.display, **changes)
        if old != new:
            self.display = new
            self.display_changed.emit(old, new)

    def point_at(self, place: tuple[float, float] | None) -> None:
        """Note where on the plane the cursor is; None when it is elsewhere."""
        self.cursor = place if place is not None else self.cursor
        self.pointed.emit(place)

    def go_to(self, x: float, y: float, width_px: float = 0.0) -> None:
        """Bring a place of the plane into view, ``width_px`` wide (0 keeps the zoom)."""
        self.went_to.emit(x, y, width_px)

    def go_to_pit(self, pit_id: int) -> None:
        """Bring a pit into view."""
        row = self.pits.row_of(pit_id) if self.pits is not None else None
        if row is None or self.pits is None:
            raise NotFoundError(f"Pit {pit_id} is not in the scan on screen", remedy="open its scan first")
        self.go_to(float(self.pits.x[row]), float(self.pits.y[row]), 0.0)

    def go_to_field(self, name: str) -> None:
        """Bring a whole field into view."""
        row = self.sheet.row_of(name) if self.sheet is not None else None
        if row is None or self.sheet is None:
            raise NotFoundError(f"There is no field {name} in this scan", remedy="look in the tree of foils")
        sheet = self.sheet
        centre = sheet.left[row] + sheet.width[row] / 2, sheet.top[row] + sheet.height[row] / 2
        self.go_to(float(centre[0]), float(centre[1]), float(sheet.width[row]) * 1.08)

    def contrast_key(self, picture: str) -> str:
        """Under which name the contrast of a picture is remembered."""
        if self.project is None or self.sheet is None:
            return picture
        return f"{self.project.path}|{_name(self.sheet.record)}|{picture}"

    def _show(self, sheet: Sheet | None) -> None:
        old_sheet, self.sheet = self.sheet, sheet
        same_scan = old_sheet is not None and sheet is not None and old_sheet.record.scan_id == sheet.record.scan_id
        old_pits = self.pits
        if not same_scan:
            # Before anyone is told: pits of one scan must never be laid on another.
            self.pits, self.candidates, self.link_doubts, self.linked = None, pd.DataFrame(), (), False
        self.sheet_changed.emit(old_sheet, sheet)
        if not same_scan and old_pits is not None:
            self.pits_changed.emit(old_pits, None)

    def _read_pits(self, sheet: Sheet) -> None:
        project = self.project
        if project is not None:
            self.reading = True
            self._reader.ask(lambda _wanted: read_pits(project, sheet))

    def _reading_failed(self, generation: int, error: Exception) -> None:
        if self._reader.is_newest(generation):
            self.reading = False
        self.failed.emit(str(error) if isinstance(error, MoedalError) else f"The pits could not be read ({error})")


def read_pits(project: Project, sheet: Sheet) -> Loaded:
    """Pits of the scan's current run and the candidates of the current links."""
    from moedal_gui.tasks.candidate_table import candidate_table, out_of_date
    from moedal_gui.tasks.corrections.notes import hand_notes
    from moedal_gui.tasks.crowding import too_dense
    from moedal_gui.tasks.pit_table import pit_table, score_run, trained_density
    from moedal_gui.tasks.placement.register import registration_doubts
    from moedal_gui.tasks.scan_words import bare_words, pit_words
    from moedal_gui.tasks.sheet_words import doubts_of_links
    from moedal_gui.tasks.training.out_of_fold import with_out_of_fold

    run = project.catalogue.current_run("preselect", sheet.record.scan_id)
    if run is None:
        return Loaded(None, pd.DataFrame())
    scores = score_run(project, run)
    table = with_out_of_fold(project, pit_table(project, sheet.record), scores)
    link_run = project.catalogue.current_run("link")
    candidates, links, far, against = pd.DataFrame(), None, {}, []
    if link_run is not None:
        links = project.catalogue.links.of_run(link_run.run_id)
        far = far_ends(project, sheet, table, links)
        candidates, old = candidate_table(project, everything=True), out_of_date(project, link_run)
        crowded = too_dense({name: int((table["regime"] == name).sum()) for name in REGIMES})
        against = [*([f"{old[:1].upper()}{old[1:]}"] if old else []), *doubts_of_links(link_run)]
        against += [f"{sheet.record.scan}: {crowded}"] if crowded else []
    experts = project.catalogue.scores.by_expert(scores.run_id) if scores is not None else None
    ensemble = str(scores.parameters.get("ensemble", "")) if scores is not None else ""
    pits = index_pits(sheet, table, links, run.name, far, experts, ensemble)
    measures, notes = project.catalogue.measures(run.run_id), hand_notes(project, run)
    doubts = (*bare_words(project, sheet.record), *pit_words(run), *registration_doubts(project, sheet.record))
    pits = replace(pits, measures=measures, doubts=doubts, notes=notes, trained_density=trained_density(scores))
    return Loaded(pits, candidates, tuple(against), link_run is not None)


def _open_best(path: Path) -> tuple[Project, str]:
    try:
        return Project.open(path, write=True), ""
    except ProjectError as refused:
        # Locked or not writable: reading is better than nothing, and the window says so.
        project = Project.open(path)
        return project, str(refused)


def _name(record: ScanRecord) -> str:
    return f"{record.foil}/{record.scan}"


def density_per_field(sheet: Sheet, pits: PitSheet | None) -> pd.DataFrame:
    """Pits per field, and per mm2 where the pixel size is known: columns field, pits, per_mm2, seen.

    Of a field that could not be looked at (``seen`` is False) the numbers mean nothing.
    """
    count = np.zeros(len(sheet.names), dtype=np.int64)
    looked_at = set(seen_fields(sheet.names, pits.measures if pits is not None else {}))
    if pits is not None and len(pits):
        rows, number = np.unique(sheet.rows_of_ids(pits.table["field_id"]), return_counts=True)
        count[rows] = number
    scale = sheet.um_per_px
    area = sheet.width * sheet.height * (scale or np.nan) ** 2 * 1e-6
    seen = [name in looked_at for name in sheet.names]
    return pd.DataFrame(
        {"field": sheet.names, "pits": count, "per_mm2": np.where(seen, count / area, np.nan), "seen": seen}
    )
