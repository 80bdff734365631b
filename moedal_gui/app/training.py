"""Training beside work: what trains now, how its folds stand, and the ensembles there are."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from psygnal import Signal

from moedal_gui import paths
from moedal_gui.app.command_line import command_line
from moedal_gui.app.jobs import Job, Jobs
from moedal_gui.app.session import Session
from moedal_gui.core.card import EnsembleCard
from moedal_gui.core.errors import MoedalError, ProjectError, TrainingError
from moedal_gui.store.registry import Entry, Registry, read_card
from moedal_gui.store.training_folder import FoldFolder, TrainingFolder, trainings

VERB = "train"
_LOOK_SECONDS = 1.0


@dataclass(frozen=True)
class FoldState:
    """One fold of one expert: losses and balanced accuracies by epoch, and how it stands.

    ``status`` is ``waiting``, ``training``, or how it ended.
    """

    fold: int
    status: str
    epochs: int
    train_loss: tuple[float, ...]
    validation_loss: tuple[float, ...]
    accuracy: tuple[float, ...]


@dataclass(frozen=True)
class Board:
    """The fold board of one training: a row an expert, a column a fold."""

    name: str
    experts: tuple[str, ...]
    folds: tuple[tuple[FoldState, ...], ...]
    most_epochs: int
    paused: bool = False

    @property
    def whole(self) -> bool:
        """Whether every fold has come to its end."""
        return all(state.status not in ("waiting", "training") for row in self.folds for state in row)

    @property
    def lost(self) -> tuple[str, ...]:
        """The folds that never learnt, named."""
        return tuple(
            f"{expert}, fold {state.fold + 1}"
            for expert, row in zip(self.experts, self.folds, strict=True)
            for state in row
            if state.status == "does not learn"
        )


@dataclass(frozen=True)
class Standing:
    """An ensemble as the panel shows it; ``card`` is None where it is damaged, and ``trouble`` says why."""

    entry: Entry
    card: EnsembleCard | None
    current: bool
    shipped: bool
    trouble: str = ""

    @property
    def title(self) -> str:
        """Name and version."""
        return self.entry.title


class Training:
    """Starts, watches, pauses trainings of the open project.

    ``board_changed`` carries the old and new `Board` (None: nothing trains and nothing has), on a thread of its own;
    ``ensembles_changed`` is told when there is one more, one less, or another one in force.
    """

    board_changed = Signal(object, object)
    ensembles_changed = Signal()

    def __init__(self, session: Session, jobs: Jobs) -> None:
        self._session, self._jobs = session, jobs
        self.board: Board | None = None
        self._job: int | None = None
        self._over = threading.Event()
        self._watcher: threading.Thread | None = None
        session.project_changed.connect(lambda _old, _new: self._project_changed())
        jobs.changed.connect(self._job_changed)

    @property
    def running(self) -> Job | None:
        """The job that trains now; None when none does."""
        return next((j for j in self._jobs.active() if j.number == self._job), None)

    def start(self, parameters: Any) -> int:
        """Train in a process of its own.

        Raises
        ------
        TrainingError
            One training is under way already, or no project is open for writing.
        """
        from moedal_gui.tasks.table import row_of

        project = self._session.project
        if project is None or not project.writable:
            raise ProjectError("There is no project to train in", "", "open one for writing")
        if self.running is not None:
            raise TrainingError("A training is under way already", project.path, "wait for it, or cancel it")
        row = row_of(VERB)
        line = command_line(row, project.path, parameters)
        self._job = self._jobs.start_beside(row.title, project.path, parameters, command=line, verb=VERB)
        self._watch()
        return self._job

    def pause(self, wait: bool) -> None:
        """Let the networks wait, or go on."""
        folder = self._folder()
        if folder is not None:
            folder.pause(wait)
            self._look(folder)

    def cancel(self, _pressed: bool = False) -> None:
        """Stop; the folds that are done and the checkpoints stay."""
        if self._job is not None:
            folder = self._folder()
            if folder is not None:
                folder.pause(False)
            self._jobs.cancel(self._job)

    def ensembles(self) -> list[Standing]:
        """The project's ensembles, newest first, then the shipped ones."""
        found: list[Standing] = []
        for registry, shipped in self._registries():
            current = registry.current()
            for entry in reversed(registry.entries()):
                try:
                    card, trouble = read_card(entry.folder), ""
                except MoedalError as error:
                    card, trouble = None, str(error)
                found.append(Standing(entry, card, entry == current and not (shipped and found), shipped, trouble))
        return found

    def make_current(self, title: str) -> None:
        """Put one of the project's ensembles in force."""
        self._own().make_current(title)
        self.ensembles_changed.emit()

    def export(self, title: str, target: Path) -> Path:
        """Copy an ensemble to a folder or a ``.zip``."""
        registry = next(r for r, _ in self._registries() if any(e.title == title for e in r.entries()))
        return registry.export(title, target)

    def close(self) -> None:
        """Stop watching."""
        self._over.set()
        if self._watcher is not None:
            self._watcher.join()

    def _registries(self) -> list[tuple[Registry, bool]]:
        own = [(self._own(), False)] if self._session.project is not None else []
        return [*own, (Registry(paths.models()), True)]

    def _own(self) -> Registry:
        project = self._session.project
        if project is None:
            raise ProjectError("There is no project", "", "open one")
        return project.experts

    def _folder(self) -> TrainingFolder | None:
        """The training that was touched last."""
        project = self._session.project
        found = trainings(project.path / "training") if project is not None else ()
        return max(found, key=lambda f: (f.path / "training.lock").stat().st_mtime, default=None)

    def _project_changed(self) -> None:
        self._over.set()
        self._job = None
        folder = self._folder()
        self._put(board_of(folder) if folder is not None else None)
        self.ensembles_changed.emit()

    def _job_changed(self, _old: Job | None, new: Job | None) -> None:
        if new is not None and new.verb == "remove" and not new.active:
            self.ensembles_changed.emit()
        if new is None or new.number != self._job or new.active:
            return
        self._over.set()
        folder = self._folder()
        if folder is not None:
            self._look(folder)
        self.ensembles_changed.emit()

    def _watch(self) -> None:
        self._over = over = threading.Event()

        def look() -> None:
            while not over.wait(_LOOK_SECONDS):
                found = self._folder()
                if found is not None:
                    self._look(found)

        self._watcher = threading.Thread(target=look, name="training-watch", daemon=True)
        self._watcher.start()

    def _look(self, folder: TrainingFolder) -> None:
        try:
            self._put(board_of(folder))
        except (MoedalError, OSError):
            return  # it is being written this moment: the next look sees it

    def _put(self, board: Board | None) -> None:
        old, self.board = self.board, board
        if old != board:
            self.board_changed.emit(old, board)


def board_of(folder: TrainingFolder) -> Board:
    """How every fold of a training stands.

    Raises
    ------
    TrainingError
        The folder is damaged.
    """
    words = folder.words()
    settings = words["settings"]
    experts = tuple(str(row["name"]) for row in words["experts"])
    rows = tuple(tuple(_state(folder.fold(e, k), k) for k in range(int(settings["folds"]))) for e in experts)
    return Board(folder.name, experts, rows, int(settings["epochs"]), folder.paused)


def _state(fold: FoldFolder, number: int) -> FoldState:
    curve, result = fold.curve(), fold.result()
    status = str(result["status"]) if result else ("training" if curve else "waiting")

    def of(name: str) -> tuple[float, ...]:
        return tuple(float(row[name]) for row in curve if row.get(name) is not None)

    return FoldState(
        number, status, len(curve), of("train_loss"), of("validation_loss"),
        of("balanced_accuracy"),
    )  # fmt: skip
