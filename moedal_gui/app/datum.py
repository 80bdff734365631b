"""Datum points while a person sets them: a draft that is kept only when it is accepted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from psygnal import Signal

from moedal_gui.app.background import Latest
from moedal_gui.app.crop_pictures import channel_picture
from moedal_gui.core.errors import ProjectError
from moedal_gui.core.scan import DatumPoint
from moedal_gui.imaging.crops import cut_crop
from moedal_gui.store.catalogue import ScanRecord
from moedal_gui.store.datum_journal import DatumChange
from moedal_gui.store.project import Project

if TYPE_CHECKING:
    from moedal_gui.tasks.placement.datum_points import DatumCheck

Points = tuple[DatumPoint, ...]
MARKS = 3
MAGNIFIED_PX = 64


def clicked_point(field: str, x_px: float, y_px: float) -> DatumPoint:
    """A pin hole clicked in a picture as it is shown: datum points are never flopped."""
    return DatumPoint(field, round(x_px, 1), round(y_px, 1))


@dataclass(frozen=True)
class DatumRow:
    """A row of the table of marks: its cells as text, and whether the mark is the one that does not fit."""

    cells: tuple[str, ...]
    doubted: bool


def mark_title(index: int, count: int) -> str:
    """What a datum point is called, and what hangs on it."""
    role = "origin" if index == 0 else "x axis" if index == max(count, MARKS) - 1 else ""
    return f"{index}  {role}".rstrip()


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

    def place_of(self, index: int) -> DatumPoint | None:
        """Where a mark is, or where the pits say that it should be; None where neither is known."""
        if index < len(self.points):
            return self.points[index]
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
        """Which mark the next click sets; None for none."""
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

    def forget(self, index: int) -> None:
        """Take one point out."""
        self.take([p for k, p in enumerate(self.points) if k != index])

    @property
    def can_take_back(self) -> bool:
        """Whether there is a step to take back."""
        return bool(self._before)

    def take_back(self) -> None:
        """The points before the newest step."""
        if self._before:
            self.points = self._before.pop()
            self._tell()

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


def mark_rows(draft: DatumDraft) -> list[DatumRow]:
    """The marks there are and should be, each with where it lies and how it fits."""
    count = max(MARKS, len(draft.points))
    return [DatumRow(_cells(draft, k, count), _is_doubted(draft, k)) for k in range(count)]


def _cells(draft: DatumDraft, index: int, count: int) -> tuple[str, ...]:
    title, check = mark_title(index, count), draft.check
    if index >= len(draft.points):
        place = draft.place_of(index)
        return (title, f"in {place.field}?" if place is not None else "–", "not set", *[""] * 5)
    point = draft.points[index]
    here = (title, point.field, f"{point.x_px:.1f}, {point.y_px:.1f}")
    if check is None or index >= len(check.stage):
        return (*here, *["…"] * 5)
    unit = draft.scan.description.stage_unit if draft.scan is not None else ""
    x, y = check.stage[index]
    stage = f"{x:.4f}, {y:.4f} {unit}" if np.isfinite(x) else "no position"
    misfits = check.misfits
    figures: list[float] = [float("nan")] * 3
    if misfits is not None and index < len(misfits.fitted):
        figures = [float(v[index]) for v in (misfits.fitted, misfits.alone, misfits.rest)]
    return (*here, stage, *[_px(v) for v in (*figures, float(check.by_pits[index]))])


def _px(value: float) -> str:
    return f"{value:.1f}" if np.isfinite(value) else "–"


def _is_doubted(draft: DatumDraft, index: int) -> bool:
    check = draft.check
    if check is None or index >= len(check.by_pits):
        return False
    if np.isfinite(check.by_pits[index]):
        return bool(check.by_pits[index] > check.limit_px)
    return check.misfits is not None and index in check.misfits.doubted


def verdict_of(draft: DatumDraft) -> tuple[str, str]:
    """A sentence on how the points fit, and its role for the screen (``good``, ``warning`` or ``dim``)."""
    if len(draft.points) < 2:
        return "Two datum points at least are wanted, three to check one against the others.", "dim"
    if draft.reference is None:
        return "No other scan of this foil has datum points: nothing can check these.", "dim"
    check = draft.check
    if check is None or check.misfits is None:
        return "Looking how they fit…", "dim"
    if len(draft.points) != len(draft.reference.description.datum):
        return f"{draft.reference.scan} has {len(draft.reference.description.datum)} points: set as many.", "warning"
    other = draft.reference.scan
    doubted = [k for k in range(len(draft.points)) if _is_doubted(draft, k)]
    if len(doubted) == 1:
        return (
            f"Mark {doubted[0]} does not lie where {other} has it; the others fit. One of the two is wrong.",
            "warning",
        )
    worst = float(np.nanmax(check.misfits.fitted))
    if doubted or worst > check.limit_px:
        words = (
            f"marks {', '.join(map(str, doubted))} may be the wrong one" if doubted else "no single mark explains it"
        )
        return f"The points do not fit those of {other}: {words}.", "warning"
    return f"The points fit those of {other} within {worst:.1f} px.", "good"


def magnified(project: Project, scan: ScanRecord, point: DatumPoint) -> npt.NDArray[np.uint8] | None:
    """The picture round a datum point as it is shown, (64, 64); None where there is none."""
    row = next((r for r in project.catalogue.field_rows(scan.scan_id) if r.field == point.field), None)
    if row is None or row.batch is None:
        return None
    channel = scan.description.index_of("backlit") or 0
    stack = project.images.read(row.batch, row.slot, channels=slice(channel, channel + 1))
    shown = stack[..., ::-1] if scan.description.mirrored else stack
    return channel_picture(cut_crop(shown, point.x_px, point.y_px, MAGNIFIED_PX)[0], None)
