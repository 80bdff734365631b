"""Datum points while a person sets them: a draft that is kept only when it is accepted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from psygnal import Signal

from moedal_gui.app.background import Latest
from moedal_gui.core.errors import ProjectError
from moedal_gui.core.scan import DatumPoint
from moedal_gui.store.catalogue import ScanRecord
from moedal_gui.store.datum_journal import DatumChange
from moedal_gui.store.project import Project

if TYPE_CHECKING:
    from moedal_gui.tasks.placement.datum_points import DatumCheck

Points = tuple[DatumPoint, ...]
MARKS = 3


def clicked_point(field: str, x_px: float, y_px: float) -> DatumPoint:
    """A pin hole clicked in a picture as it is shown: datum points are never flopped."""
    return DatumPoint(field, round(x_px, 1), round(y_px, 1))


class DatumDraft:
    """Owns the datum points that a person is setting, of one scan at a time.

    ``changed`` tells that points, scan or reference are others; ``picking_changed`` carries the mark that the next click on the
    canvas sets, None for none; ``checked`` the newest `tasks.placement.datum_points.DatumCheck`.
    """

    changed = Signal()
    picking_changed = Signal(object)
    checked = Signal(object)

    def __init__(self) -> None:
        self.project: Project | None = None
        self.scan: ScanRecord | None = None
        self.points: Points = ()
        self.picking: int | None = None
        self.references: tuple[ScanRecord, ...] = ()
        self.reference: ScanRecord | None = None
        self.check: DatumCheck | None = None
        self._before: list[Points] = []
        self._checker = Latest("datum")
        self._checker.answered.connect(self._answered)

    @property
    def confirmed(self) -> DatumChange | None:
        """Who set the points that are in force, and when; None where nobody did so here."""
        if self.project is None or self.scan is None:
            return None
        return self.project.catalogue.datum.confirmed(self.scan.description)

    @property
    def is_accepted(self) -> bool:
        """Whether a person has set just these points already."""
        return not self.is_changed and self.confirmed is not None

    def nothing_to_register(self) -> str:
        """Why bringing the scans into one frame anew would change nothing, or not what is meant; empty where it is the next step."""
        from moedal_gui.tasks.placement.register import input_hash

        project, scan = self.project, self.scan
        if project is None or scan is None:
            return "No scan is chosen"
        if sum(s.foil == scan.foil for s in project.catalogue.scans()) < 2:
            return "There is no other scan of this foil to bring into one frame"
        if self.is_changed:
            return "Accept the points first"
        newest = project.catalogue.current_run("register")
        fresh = newest is not None and newest.input_hash == input_hash(project)
        return "The scans are registered by just these points already" if fresh else ""

    @property
    def can_accept(self) -> bool:
        """Whether there is something to keep: points that fix axes and nobody has set, or that all are taken out."""
        enough = len(self.points) >= 2 or (not self.points and self.is_changed)
        return self.scan is not None and enough and not self.is_accepted

    def place_of(self, index: int, wanted: bool = False) -> DatumPoint | None:
        """Where a mark is, or where the pits say that it should be (that first, if ``wanted``); None where neither is known."""
        there = self.points[index] if index < len(self.points) else None
        should = self._expected(index)
        return (should or there) if wanted else (there or should)

    def _expected(self, index: int) -> DatumPoint | None:
        check = self.check
        if check is None or index >= len(check.expected_fields) or not check.expected_fields[index]:
            return None
        x, y = check.expected[index]
        return DatumPoint(check.expected_fields[index], float(x), float(y))

    def recheck(self) -> None:
        """Hold the points against the reference anew, after the registration has changed."""
        self._tell()

    @property
    def is_changed(self) -> bool:
        """Whether the points differ from those in force."""
        return self.scan is not None and self.points != self.scan.description.datum

    def open(self, project: Project, scan: ScanRecord) -> None:
        """Begin with the points that a scan has."""
        from moedal_gui.tasks.placement.datum_points import others_with_datum

        self.project, self.scan = project, scan
        self.points, self._before = scan.description.datum, []
        self.references = tuple(others_with_datum(project, scan))
        self.reference = self.references[0] if self.references else None
        self.pick(None)
        self._tell()

    def leave(self) -> None:
        """Forget the draft; what was accepted stays."""
        self._checker.settle()
        self.pick(None)
        self.project = self.scan = self.reference = self.check = None
        self.points, self._before, self.references = (), [], ()
        self.changed.emit()

    def shut(self) -> None:
        """Stop checking for good."""
        self._checker.close()

    def pick(self, index: int | None) -> None:
        """Which mark the next click sets; None for none. Marks have no names but their order: none is set before those ahead of it."""
        index = None if index is None else min(index, len(self.points))
        if index != self.picking:
            self.picking = index
            self.picking_changed.emit(index)

    def place(self, field: str, x_px: float, y_px: float) -> None:
        """Set the mark that is being picked; the next one without a place follows."""
        if self.picking is None:
            return
        points = list(self.points)
        point = clicked_point(field, x_px, y_px)
        if self.picking < len(points):
            points[self.picking] = point
        else:
            points.append(point)
        self.take(points)
        self.pick(len(points) if len(points) < MARKS else None)

    def take(self, points: Sequence[DatumPoint]) -> None:
        """Other points; the ones before can be taken back to."""
        if tuple(points) != self.points:
            self._before.append(self.points)
            self.points = tuple(points)
            self._tell()
            self.pick(self.picking)

    def forget_last(self) -> None:
        """Take the last point out: without one in the middle the others would be other marks."""
        self.take(self.points[:-1])

    @property
    def can_take_back(self) -> bool:
        """Whether there is a step to take back."""
        return bool(self._before)

    def take_back(self) -> None:
        """The points before the newest step."""
        if self._before:
            self.points = self._before.pop()
            self._tell()
            self.pick(self.picking)

    def compare_with(self, index: int) -> None:
        """Hold the points against another scan's."""
        self.reference = self.references[index] if 0 <= index < len(self.references) else None
        self._tell()

    def earlier(self) -> list[DatumChange]:
        """Every change of this scan's points, newest first."""
        if self.project is None or self.scan is None:
            return []
        return self.project.catalogue.datum.changes(self.scan.foil, self.scan.scan)[::-1]

    def accept(self, annotator: str) -> None:
        """Keep the points in the project, with who set them.

        Raises
        ------
        ProjectError
            Nothing to keep, or a single point, which fixes no axes.
        """
        project, scan = self.project, self.scan
        if project is None or scan is None:
            raise ProjectError("No scan is chosen", remedy="choose one first")
        if len(self.points) == 1:
            raise ProjectError("One datum point fixes no axes", scan.scan, "set another one, or take this one out")
        current = project.catalogue.scan_by_id(scan.scan_id)
        project.catalogue.datum.set(scan.scan_id, current.description, self.points, annotator, "hand")
        self.scan = project.catalogue.scan_by_id(scan.scan_id)
        self._before = []
        self._tell()

    def _tell(self) -> None:
        self.check = None
        self.changed.emit()
        project, scan, points, reference = self.project, self.scan, self.points, self.reference
        if project is None or scan is None:
            return
        from moedal_gui.tasks.placement.datum_points import check_datum

        self._checker.ask(lambda _wanted: check_datum(project, scan, points, reference))

    def _answered(self, generation: int, found: DatumCheck) -> None:
        if self._checker.is_newest(generation):
            self.check = found
            self.checked.emit(found)
