"""The running program without a screen: every state, made once and handed down."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from psygnal import Signal

from moedal_gui import paths
from moedal_gui.app.candidates import Candidates
from moedal_gui.app.clean_to_dirty import CleanToDirty
from moedal_gui.app.command_line import command_line
from moedal_gui.app.commands import State
from moedal_gui.app.correcting import Corrected, Correcting
from moedal_gui.app.crops import CropSource
from moedal_gui.app.datum import DatumDraft
from moedal_gui.app.deciding import Deciding
from moedal_gui.app.jobs import Job, Jobs
from moedal_gui.app.journal_copies import JournalCopies
from moedal_gui.app.labelling import Labelling
from moedal_gui.app.maps import Maps
from moedal_gui.app.own_labels import orphans
from moedal_gui.app.regions import Regions
from moedal_gui.app.seen import SeenFields
from moedal_gui.app.selection import Selection
from moedal_gui.app.session import Session
from moedal_gui.app.settings import Settings, SettingsFile
from moedal_gui.app.training import VERB as TRAIN
from moedal_gui.app.training import Training
from moedal_gui.app.why import Why, WhyQuestion, WhySource
from moedal_gui.core.cut import ByIdentity
from moedal_gui.core.errors import ProjectError
from moedal_gui.store.project import Project
from moedal_gui.tasks.row import TaskRow

if TYPE_CHECKING:
    from moedal_gui.tasks.why import Asking


class Workbench:
    """Holds the states and lets each know of the others' facts.

    ``crops_changed`` carries the old and the new source of crops, ``said`` a sentence for the person.
    """

    crops_changed = Signal(object, object)
    said = Signal(str, str)

    def __init__(self, settings_file: Path | None = None, copies: Path | None = None) -> None:
        self.settings = SettingsFile(settings_file or paths.settings_file())
        self.session = Session()
        self.selection = Selection()
        self.labelling = Labelling(self.selection)
        self.correcting = Correcting(self.session)
        self._put: int | None = None
        self.deciding = Deciding(self.selection, self.labelling)
        self.why_source: WhySource | None = self._ask_network
        self._asking: Asking | None = None
        self.why = Why(lambda: self.why_source)
        self.seen = SeenFields()
        self.jobs = Jobs()
        self.training = Training(self.session, self.jobs)
        self.candidates = Candidates(self.session)
        self.datum = DatumDraft()
        self.maps = Maps()
        self.regions = Regions(self.session)
        self.clean_to_dirty = CleanToDirty(self.session, self.jobs)
        self.copies = JournalCopies(copies or paths.label_copies())
        self.crops: CropSource | None = None
        self.field: str | None = None
        self._before: Path | None = None
        self._orphan = -1
        self._take_person(self.settings.now)
        self.session.project_changed.connect(self._project_changed)
        self.session.pits_changed.connect(self._pits_changed)
        self.session.failed.connect(self._reading_failed)
        self.labelling.refused.connect(lambda sentence: self.said.emit("note", sentence))
        self.labelling.moved.connect(self._moved)
        self.labelling.correction_turned.connect(self.correcting.turned)
        self.deciding.refused.connect(lambda sentence: self.said.emit("note", sentence))
        self.candidates.refused.connect(lambda sentence: self.said.emit("note", sentence))
        self.candidates.moved.connect(self._candidate_moved)
        self.maps.borders_changed.connect(self._borders_changed)
        self.regions.refused.connect(lambda sentence: self.said.emit("note", sentence))
        self.maps.refused.connect(lambda sentence: self.said.emit("note", sentence))
        self.selection.focus_changed.connect(lambda _old, new: self.labelling.go_to(new))
        self.settings.changed.connect(self._settings_changed)

    def state(self) -> State:
        """What the commands' rules ask about."""
        session = self.session
        project = session.project
        sheet = session.sheet
        lit = [i for i in sheet.record.description.rim if i not in sheet.out] if sheet is not None else []
        return State(
            project=project is not None,
            writable=project is not None and project.writable,
            scan=session.sheet is not None,
            ring=len(lit) >= 2,
            pits=session.pits is not None and len(session.pits) > 0,
            pit=self.labelling.row is not None,
            scores=session.pits is not None and session.pits.scored,
            links=len(session.candidates) > 0,
            selection=self.selection.focus is not None,
        )

    def run_task(self, row: TaskRow, parameters: Any, project: Project | None = None) -> int:
        """Start a task as a job on the open project."""
        project = project or self.session.project
        if row.verb == TRAIN:
            return self.training.start(parameters)
        line = command_line(row, project.path if project is not None else None, parameters)
        writes = row.needs in ("writer", "maker")
        return self.jobs.start(
            row.title, lambda: row.plan(project, parameters), command=line, verb=row.verb, writes=writes
        )

    def ingest(self, path: Path, parameters: Any) -> int:
        """Take a scan into a project, which is made and opened if it is not the open one."""
        from moedal_gui.tasks.table import row_of

        project = self.session.project
        if project is None or project.path.resolve() != path.resolve():
            if self.jobs.active():
                raise ProjectError("A job is running on another project", remedy="wait for it, or cancel it")
            Project.open(path, write=True, create=True).close()
            self.session.open(path)
        return self.run_task(row_of("ingest"), parameters)

    def job_ended(self, job: Job) -> None:
        """Show what a job has written."""
        if job.verb and self.session.project is not None:
            if job.verb == "label import":
                self.labelling.open(self.session.project)
            self.session.refresh()

    def take_back(self) -> None:
        """Undo this person's newest label or correction; not while one is still on its way to the journal."""
        if self.correcting.busy:
            self.said.emit("note", "The last correction is still being measured: press again in a moment")
        else:
            self.labelling.undo()

    def give(self, label: str, *, this_only: bool = False) -> None:
        """Label the pit in front; not while a correction is about to change which one that is, or where it lies."""
        if self.correcting.waiting:
            self.said.emit("note", "The last correction is still being measured: press again in a moment")
        else:
            self.labelling.give(label, this_only=this_only)

    def corrected(self, what: Corrected) -> None:
        """Show what was put right, on the thread of the screen; the pit that was put comes to the front."""
        if what.sentence:
            self.said.emit("good", what.sentence)
        self._put = what.pit_id if what.pit_id is not None else self._put
        self.session.reread()

    def restore(self, copy: Path) -> int:
        """Bring back what a dated copy of the journal holds and this project does not; returns how much."""
        project = self.session.project
        if project is None:
            return 0
        count = project.labels.restore_from(copy)
        _settle(project)
        self.labelling.open(project)
        self.session.refresh()
        return count

    def go_to_field(self, name: str) -> None:
        """Bring a field into view; from now on it has been looked at."""
        self.session.go_to_field(name)
        sheet = self.session.sheet
        if sheet is not None:
            self.field = name
            self.seen.mark(sheet.record.foil, sheet.record.scan, name)

    def next_unseen(self) -> None:
        """Go to the next field that the person has not looked at."""
        sheet = self.session.sheet
        if sheet is None:
            return
        name = self.seen.next_unseen(sheet, self.field)
        if name is None:
            self.said.emit("note", "You have looked at every field of this scan")
        else:
            self.go_to_field(name)

    def previous_field(self) -> None:
        """Go to the field before, in reading order."""
        sheet = self.session.sheet
        if sheet is not None and len(sheet.names):
            here = sheet.row_of(self.field) if self.field is not None else None
            self.go_to_field(sheet.names[((here or 0) - 1) % len(sheet.names)])

    def next_orphan(self) -> None:
        """Go to the next of this person's labels on this scan that no pit carries."""
        session, who = self.session, self.labelling.annotator
        if session.project is None or session.sheet is None or session.pits is None:
            return
        lost = orphans(session.project, session.sheet, session.pits, who)
        if not len(lost):
            self.said.emit("note", f"Every label of {who or 'yours'} on this scan is carried by a pit")
            return
        self._orphan = (self._orphan + 1) % len(lost)
        one = lost.iloc[self._orphan]
        session.go_to(float(one["x_plane"]), float(one["y_plane"]), 300.0)
        place = f"field {one['field']}, x {float(one['x_px']):.0f}, y {float(one['y_px']):.0f}"
        self.said.emit(
            "note", f"Orphan {self._orphan + 1} of {len(lost)}: you said {one['label']} at {place}; no pit is there"
        )

    def keep_copy(self) -> None:
        """Copy the label journal if it has changed."""
        if self.session.project is not None:
            try:
                self.copies.keep(self.session.project)
            except OSError as error:
                self.said.emit("bad", f"The labels could not be copied to {self.copies.folder} ({error.strerror})")

    def close(self) -> None:
        """Stop jobs, keep a copy of the labels, close the project."""
        self.jobs.close()
        self.correcting.close()
        self.training.close()
        self.candidates.close()
        self.maps.close()
        self.why.close()
        self.datum.shut()
        self.keep_copy()
        if self.crops is not None:
            self.crops.close()
        self.session.shut()

    def _ask_network(self, row: int) -> WhyQuestion | None:
        """What a pit's score can be asked; on the thread that answers."""
        session = self.session
        project, sheet, pits = session.project, session.sheet, session.pits
        if project is None or sheet is None or pits is None:
            return None
        if self._asking is None or self._asking.project is not project:
            # The networks' library is loaded with the first question, not with the window.
            from moedal_gui.tasks.why import Asking

            self._asking = Asking(project)
        found = self._asking.of(f"{sheet.record.foil}/{sheet.record.scan}", int(pits.ids[row]))
        return None if found is None else WhyQuestion(found.planes, found.names, found.score, found.asked)

    def _project_changed(self, old: Project | None, new: Project | None) -> None:
        self.correcting.settle()
        self.correcting.seen(elsewhere=True)
        if new is not None:
            _settle(new)
        self.candidates.pairs.settle()
        self.why.answers.settle()
        self.datum.leave()
        self.labelling.open(new)
        self.deciding.open(new)
        self.maps.open(new)
        self.clean_to_dirty.forget()
        if new is not None:
            if self._before not in (None, new.path):
                self.jobs.clear_history()
            self._before = new.path
        self.field = None
        self.seen.open(new, self.settings.now.annotator)
        self.selection.let_go()
        if new is not None:
            self.settings.remember_project(new.path)
            self.keep_copy()
        elif old is not None:
            try:
                self.copies.keep(old)
            except OSError as error:
                self.said.emit("bad", f"The labels could not be copied ({error.strerror})")

    def _pits_changed(self, _old: object, new: Any) -> None:
        session = self.session
        ahead, self._put = (self._put, self.selection.focus), None
        before = next(
            (pit for pit in ahead if pit is not None and new is not None and new.row_of(pit) is not None), None
        )
        self.correcting.seen(elsewhere=new is None)
        old_crops, self.crops = self.crops, None
        if new is not None and session.sheet is not None and session.project is not None:
            self.crops = CropSource(session.project.images, session.sheet, new.table)
        # First: who hears of other crops asks for the row in front, which must be one of the new pits.
        self.labelling.show(session.sheet, new)
        self.crops_changed.emit(old_crops, self.crops)
        if old_crops is not None:
            old_crops.close()
        self.deciding.show(new)
        self.candidates.take(session.candidates)
        self.maps.show(session.sheet, new)
        self.regions.refresh()
        if before is not None:
            self.labelling.go_to(before)
        else:
            self.selection.let_go()

    def _reading_failed(self, sentence: str) -> None:
        self.correcting.seen()
        self.said.emit("bad", sentence)

    def _moved(self, _old: object, new: object) -> None:
        if new is not None and self.crops is not None:
            self.crops.prefetch(self.labelling.coming(8))

    def _candidate_moved(self, _old: object, new: int | None) -> None:
        pits = self.session.pits
        if new is None or pits is None:
            return
        seen = [pit for pit in self.candidates.ends(new) if pits.row_of(pit) is not None]
        if seen:
            self.selection.take(ByIdentity(frozenset(seen)))
            self.selection.look_at(seen[0])

    def _borders_changed(self, _old: object, new: tuple[float, float]) -> None:
        self.deciding.take_borders(new)
        self.candidates.take_borders(new)

    def _settings_changed(self, old: Settings, new: Settings) -> None:
        self._take_person(new)
        if old.annotator != new.annotator:
            self.seen.open(self.session.project, new.annotator)

    def _take_person(self, settings: Settings) -> None:
        self.labelling.annotator = settings.annotator
        self.candidates.annotator = settings.annotator
        self.correcting.annotator = settings.annotator
        self.regions.annotator = settings.annotator
        self.deciding.annotator = settings.annotator
        self.labelling.pass_name = settings.pass_name


def _settle(project: Project) -> None:
    """Make up for corrections that are in the journal and not yet in the tables."""
    if project.writable and project.labels.corrections.mark():
        # What lays corrections on pits is loaded with the first one, not with the window.
        from moedal_gui.tasks.corrections.settle import settle_corrections

        settle_corrections(project)
