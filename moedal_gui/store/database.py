"""One SQLite file: durable for its writer, readable by everyone, migrated by version."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import psutil

from moedal_gui.core.errors import ProjectError, ReadOnlyError

_NETWORK = {
    "nfs",
    "nfs4",
    "cifs",
    "smbfs",
    "smb3",
    "afpfs",
    "ncpfs",
    "9p",
    "fuse.sshfs",
    "lustre",
    "gpfs",
    "afs",
    "webdav",
}

READ_ERRORS: tuple[type[Exception], ...] = (sqlite3.Error, OSError)
"""What asking a project's tables may fail with besides errors of this program: a file taken away under a reader, say."""


def on_network_drive(path: Path) -> bool:
    """Whether a path lies on a network file system, where shared memory (WAL) does not work."""
    target = path.resolve()
    mounts = [p for p in psutil.disk_partitions(all=True) if target.is_relative_to(p.mountpoint)]
    if not mounts:
        return str(target).startswith("\\\\")
    best = max(mounts, key=lambda p: len(p.mountpoint))
    return best.fstype.lower() in _NETWORK or "remote" in best.opts.split(",")


class Database:
    """Connections to one SQLite file, one per thread.

    Parameters
    ----------
    path
        The file; made by the writer if absent.
    migrations
        Scripts; the n-th brings version n to n + 1.
    write
        Whether this process is the project's writer.
    """

    def __init__(self, path: Path, migrations: Sequence[str], *, write: bool) -> None:
        self.path = path
        self.write = write
        self._local = threading.local()
        self._open: list[sqlite3.Connection] = []
        self._lock = threading.RLock()
        self._copy: tempfile.TemporaryDirectory[str] | None = None
        if write:
            self._migrate(migrations)
        else:
            self._prepare_reading(migrations)

    def connection(self) -> sqlite3.Connection:
        """This thread's connection."""
        found: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if found is None:
            found = self._connect()
            self._local.connection = found
            with self._lock:
                self._open.append(found)
        return found

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """All or nothing, on disk when the block has ended.

        Raises
        ------
        ReadOnlyError
            When this process is not the writer.
        """
        if not self.write:
            raise ReadOnlyError(
                "This project is open for reading only", self.path.parent, "close the other program first"
            )
        with self._lock:
            connection = self.connection()
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
            except BaseException:
                connection.execute("ROLLBACK")
                raise
            try:
                connection.execute("COMMIT")
            except sqlite3.OperationalError as error:
                with suppress(sqlite3.Error):
                    connection.execute("ROLLBACK")
                raise ProjectError(
                    "The project could not be written", self.path, f"free some disk space ({error})"
                ) from error

    def close(self) -> None:
        """Checkpoint (writer) and close every connection."""
        with self._lock:
            if self.write:
                with suppress(sqlite3.Error):
                    self.connection().execute("PRAGMA wal_checkpoint(TRUNCATE)")
            self._forget_connections()
        if self._copy is not None:
            self._copy.cleanup()
            self._copy = None

    def _connect(self) -> sqlite3.Connection:
        where = self.path if self._copy is None else Path(self._copy.name) / self.path.name
        if self.write or self._copy is not None:
            connection = sqlite3.connect(where, isolation_level=None, timeout=30, check_same_thread=False)
        else:
            uri = f"{where.resolve().as_uri()}?mode=ro"
            connection = sqlite3.connect(uri, uri=True, isolation_level=None, timeout=30, check_same_thread=False)
        connection.execute("PRAGMA foreign_keys=ON")
        if self.write:
            journal = "TRUNCATE" if on_network_drive(self.path) else "WAL"
            connection.execute(f"PRAGMA journal_mode={journal}")
            connection.execute("PRAGMA synchronous=FULL")
        return connection

    def _migrate(self, migrations: Sequence[str]) -> None:
        try:
            connection = self.connection()
            version = connection.execute("PRAGMA user_version").fetchone()[0]
            self._refuse_newer(version, len(migrations))
            for number, script in enumerate(migrations[version:], start=version + 1):
                _run_script(connection, script, number)
        except sqlite3.DatabaseError as error:
            raise ProjectError(
                "A table file of the project is damaged", self.path, f"restore it from a copy ({error})"
            ) from error

    def _prepare_reading(self, migrations: Sequence[str]) -> None:
        if not self.path.is_file():
            raise ProjectError("A table file of the project is missing", self.path, "restore it from a copy")
        try:
            version = self.connection().execute("PRAGMA user_version").fetchone()[0]
            self.connection().execute("SELECT count(*) FROM sqlite_master").fetchone()
        except sqlite3.OperationalError:
            self._read_from_copy()
            version = self._version_of_copy()
        except sqlite3.DatabaseError as error:
            raise ProjectError(
                "A table file of the project is damaged", self.path, f"restore it from a copy ({error})"
            ) from error
        self._refuse_newer(version, len(migrations))
        if version < len(migrations):
            self._read_brought_up(version, migrations)

    def _read_brought_up(self, version: int, migrations: Sequence[str]) -> None:
        # Who may only read must not change the file: a private copy is brought up to date, and read in its place.
        if self._copy is None:
            folder = tempfile.TemporaryDirectory(prefix="moedal-gui-read-")
            with closing(sqlite3.connect(Path(folder.name) / self.path.name)) as target:
                self.connection().backup(target)
            self._forget_connections()
            self._copy = folder
        try:
            for number, script in enumerate(migrations[version:], start=version + 1):
                _run_script(self.connection(), script, number)
        except sqlite3.DatabaseError as error:
            raise ProjectError(
                "A table file of the project is damaged", self.path, f"restore it from a copy ({error})"
            ) from error

    def _forget_connections(self) -> None:
        for connection in self._open:
            connection.close()
        self._open.clear()
        self._local = threading.local()

    def _version_of_copy(self) -> int:
        try:
            return int(self.connection().execute("PRAGMA user_version").fetchone()[0])
        except sqlite3.DatabaseError as error:
            raise ProjectError(
                "A table file of the project is damaged", self.path, f"restore it from a copy ({error})"
            ) from error

    def _read_from_copy(self) -> None:
        # A WAL database in a folder that cannot be written has no place for its shared memory; immutable=1 would
        # silently leave out the rows that are still in the WAL. A private copy of both files shows them all.
        self._forget_connections()
        self._copy = tempfile.TemporaryDirectory(prefix="moedal-gui-read-")
        for suffix in ("", "-wal"):
            source = Path(f"{self.path}{suffix}")
            if source.is_file():
                shutil.copyfile(source, Path(self._copy.name) / source.name)

    def _refuse_newer(self, version: int, newest: int) -> None:
        if version > newest:
            raise ProjectError("The project was written by a newer program", self.path.parent, "update this program")


def _run_script(connection: sqlite3.Connection, script: str, number: int) -> None:
    """Bring a file to a version, whole or not at all."""
    connection.executescript(f"BEGIN IMMEDIATE;\n{script}\nPRAGMA user_version={number};\nCOMMIT;")
