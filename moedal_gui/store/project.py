"""A project folder: opened by one writer and any number of readers."""

from __future__ import annotations

import json
import os
from pathlib import Path
from types import TracebackType

from filelock import FileLock, Timeout

from moedal_gui.core.errors import ProjectError, ProjectLockedError
from moedal_gui.core.label import now
from moedal_gui.store.catalogue import Catalogue
from moedal_gui.store.density_borders import DensityBorders
from moedal_gui.store.images import ImageStore
from moedal_gui.store.labels import LabelJournal
from moedal_gui.store.registry import Registry
from moedal_gui.store.working_points import WorkingPoints

FORMAT = 1
SUFFIX = ".moedal"
_CARD = "project.json"


class Project:
    """The stores of one project, open.

    Use `Project.open`; close it when done (or use it as a context manager).
    """

    def __init__(self, path: Path, lock: FileLock | None) -> None:
        self.path = path
        self._lock = lock
        write = lock is not None
        self.images = ImageStore(path / "pixels")
        self.catalogue = Catalogue(path / "catalogue.sqlite", write=write)
        self.labels = LabelJournal(path / "labels.sqlite", write=write)
        self.experts = Registry(path / "experts", write=write)
        self.detectors = Registry(path / "detectors", write=write, noun="detector")
        self.working_points = WorkingPoints(path / "working_points.json", write=write)
        self.density_borders = DensityBorders(path / "density_borders.json", write=write)

    @property
    def writable(self) -> bool:
        """Whether this process is the project's writer."""
        return self._lock is not None

    @property
    def name(self) -> str:
        """The folder's name without its suffix."""
        return self.path.name.removesuffix(SUFFIX)

    @classmethod
    def open(cls, path: Path, *, write: bool = False, create: bool = False, wait: bool = False) -> Project:
        """Open a project.

        Parameters
        ----------
        path
            The project's folder.
        write
            Take the one writer's lock; the lock dies with this process.
        create
            Make the project if there is none (with ``write``).
        wait
            Wait for another writer to finish instead of raising.

        Raises
        ------
        ProjectError
            No project there, of another version, or damaged.
        ProjectLockedError
            Another process writes to it.
        """
        path = Path(path)
        if not (path / _CARD).is_file():
            if not create:
                raise ProjectError("There is no project", path, "check the path, or ingest a scan to make one")
            _make(path)
        _check_card(path)
        lock = _take_lock(path, wait) if write else None
        try:
            return cls(path, lock)
        except BaseException:
            if lock is not None:
                lock.release()
            raise

    def close(self) -> None:
        """Bring everything to disk and let go of the lock."""
        self.images.close()
        self.catalogue.close()
        self.labels.close()
        if self._lock is not None:
            self._lock.release()

    def __enter__(self) -> Project:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def is_project(path: Path) -> bool:
    """Whether a folder is a project."""
    return (Path(path) / _CARD).is_file()


def _make(path: Path) -> None:
    if path.exists() and not (path.is_dir() and all(_may_be_ours(p.name) for p in path.iterdir())):
        raise ProjectError("This is no project, and not an empty folder", path, "name another folder")
    try:
        (path / "pixels").mkdir(parents=True, exist_ok=True)
        lock = _take_lock(path, wait=True)
        try:
            Catalogue(path / "catalogue.sqlite", write=True).close()
            LabelJournal(path / "labels.sqlite", write=True).close()
            part = path / f"{_CARD}.part"
            part.write_text(
                json.dumps({"format": FORMAT, "program": "moedal-gui", "created": now()}, indent=1), encoding="utf-8"
            )
            part.replace(path / _CARD)
        finally:
            lock.release()
    except OSError as error:
        raise ProjectError(
            "The project cannot be made", path, f"name a folder you may write to ({error.strerror})"
        ) from error


def _may_be_ours(name: str) -> bool:
    """Whether a file may have been left by a making of this very project that was cut short."""
    bases = (f"{_CARD}.part", "write.lock", "pixels", "catalogue.sqlite", "labels.sqlite")
    return name in bases or name in {f"{base}{end}" for base in bases[3:] for end in ("-wal", "-shm", "-journal")}


def _check_card(path: Path) -> None:
    try:
        card = json.loads((path / _CARD).read_text(encoding="utf-8"))
        version = int(card["format"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ProjectError("project.json is damaged", path, "restore it from a copy") from error
    if version > FORMAT:
        raise ProjectError("The project was written by a newer program", path, "update this program")


def _take_lock(path: Path, wait: bool) -> FileLock:
    if not os.access(path, os.W_OK):
        raise ProjectError("The project cannot be written", path, "copy it to a folder you may write to")
    # thread_local=False: the lock belongs to the process; jobs on other threads write under it.
    lock = FileLock(path / "write.lock", thread_local=False)
    try:
        lock.acquire(timeout=-1 if wait else 0)
    except Timeout:
        raise ProjectLockedError(
            "Another program is writing to this project", path, "wait for it to finish, or say --wait"
        ) from None
    return lock
