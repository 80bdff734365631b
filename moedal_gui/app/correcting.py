"""Putting right by hand what the detector missed: in the order it was asked for, off the screen's thread, nothing dropped."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from psygnal import Signal

from moedal_gui.app.background import tell
from moedal_gui.app.session import Session
from moedal_gui.core.correction import Spot
from moedal_gui.core.errors import MoedalError
from moedal_gui.store.catalogue import ScanRecord
from moedal_gui.store.database import READ_ERRORS
from moedal_gui.store.project import Project

if TYPE_CHECKING:
    from moedal_gui.tasks.corrections.put_right import PutRight

_FAILS: tuple[type[Exception], ...] = (MoedalError, *READ_ERRORS, ValueError, LookupError, MemoryError)
Work = Callable[[Project, ScanRecord], "PutRight | str"]


@dataclass(frozen=True)
class Corrected:
    """What was put right: a sentence, and the pit to look at (None for none)."""

    sentence: str
    pit_id: int | None = None


class Correcting:
    """Asks for corrections of the scan on screen.

    ``done`` is emitted once a correction is on disk, ``refused`` carries a sentence; both come from the thread that worked.
    ``waiting_changed`` tells that other places (on the plane) wait: to be measured, written, and seen on screen.
    """

    done = Signal(Corrected)
    refused = Signal(str)
    waiting_changed = Signal()

    def __init__(self, session: Session) -> None:
        self._session = session
        self.annotator = ""
        self.waiting: list[tuple[float, float]] = []
        self._finished: deque[tuple[float, float]] = deque()
        self._asked, self._written = 0, 0
        self._closed = False
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="corrections")

    @property
    def busy(self) -> bool:
        """Whether something asked for is not in the journal yet."""
        return self._asked != self._written

    def add(self, x: float, y: float) -> bool:
        """Put a pit at a place of the plane."""
        spot = self._spot(x, y)
        if spot is None or not self._may():
            return False
        who = self.annotator

        def work(project: Project, scan: ScanRecord) -> PutRight:
            from moedal_gui.tasks.corrections.put_right import add_pit, propose

            return add_pit(project, scan, spot.field, propose(project, scan, spot), who)

        return self._ask(work, (x, y))

    def remove(self, pit_id: int) -> bool:
        """Take a pit out: it is none."""
        who = self.annotator

        def work(project: Project, scan: ScanRecord) -> PutRight:
            from moedal_gui.tasks.corrections.put_right import remove_pit

            return remove_pit(project, scan, pit_id, who)

        pits = self._session.pits
        row = pits.row_of(pit_id) if pits is not None else None
        place = None if pits is None or row is None else (float(pits.x[row]), float(pits.y[row]))
        return self._may() and self._ask(work, place)

    def move(self, pit_id: int, x: float, y: float) -> bool:
        """Put a pit to another place of the plane."""
        spot = self._spot(x, y)
        if spot is None or not self._may():
            return False
        who = self.annotator

        def work(project: Project, scan: ScanRecord) -> PutRight:
            from moedal_gui.tasks.corrections.put_right import move_pit

            return move_pit(project, scan, pit_id, spot, who)

        return self._ask(work, (x, y))

    def link(self, first: int, second: int) -> bool:
        """Say that two pits are one track."""
        who = self.annotator

        def work(project: Project, scan: ScanRecord) -> PutRight:
            from moedal_gui.tasks.corrections.put_right import link_pits

            return link_pits(project, scan, first, second, who)

        return self._may() and self._ask(work)

    def turned(self, sentence: str) -> bool:
        """The journal has taken a correction back, or given it again: let the tables follow."""

        def work(project: Project, _scan: ScanRecord) -> str:
            from moedal_gui.tasks.corrections.settle import settle_corrections

            settle_corrections(project)
            return sentence

        return self._ask(work, writes=False)

    def seen(self, *, elsewhere: bool = False) -> None:
        """The pits on screen are read anew: only places that are still worked on wait; none where the screen is ``elsewhere``."""
        left = [] if elsewhere else list(self.waiting)
        while self._finished:
            place = self._finished.popleft()
            if place in left:
                left.remove(place)
        if left != self.waiting:
            self.waiting = left
            self.waiting_changed.emit()

    def settle(self) -> None:
        """Wait until everything asked for is on disk."""
        if not self._closed:
            self._executor.submit(_nothing).result()

    def close(self) -> None:
        """Finish what was asked for, then take no more."""
        self._closed = True
        self._executor.shutdown(wait=True)

    def _spot(self, x: float, y: float) -> Spot | None:
        sheet = self._session.sheet
        here = sheet.field_at(x, y) if sheet is not None else None
        if sheet is None or here is None:
            self.refused.emit("No field is there: point to a picture first")
            return None
        return Spot(sheet.record.scan, sheet.names[here[0]], here[1], here[2])

    def _may(self) -> bool:
        project = self._session.project
        if project is None or self._session.sheet is None:
            self.refused.emit("Open a scan first")
        elif not project.writable:
            self.refused.emit(f"Pits cannot be put right here. {self._session.read_only_reason}")
        elif not self.annotator:
            self.refused.emit("Say who labels first (Label > Who labels)")
        else:
            return True
        return False

    def _ask(self, work: Work, place: tuple[float, float] | None = None, *, writes: bool = True) -> bool:
        project, sheet = self._session.project, self._session.sheet
        if project is None or sheet is None:
            return False
        if place is not None:
            self.waiting = [*self.waiting, place]
            self.waiting_changed.emit()
        self._asked += int(writes)
        self._executor.submit(self._work, project, sheet.record, work, place, writes).add_done_callback(tell)
        return True

    def _work(
        self, project: Project, scan: ScanRecord, work: Work, place: tuple[float, float] | None, writes: bool
    ) -> None:
        try:
            try:
                made = work(project, scan)
            finally:
                self._written += int(writes)
                if place is not None:
                    self._finished.append(place)
        except _FAILS as error:
            self.refused.emit(str(error))
            self.done.emit(Corrected(""))
            return
        if isinstance(made, str):
            self.done.emit(Corrected(made))
        else:
            self.done.emit(Corrected(f"{made.sentence}. Ctrl+Z takes it back", made.pit_id))


def _nothing() -> None:
    """What is waited for when all before it has to be done."""
