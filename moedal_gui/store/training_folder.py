"""A training's folder: the frozen set, and for every expert and fold how far it has come.

Nothing in it is a pickle: arrays are plain npz, words are JSON, and every file is put in place whole.
"""

from __future__ import annotations

import json
import os
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from filelock import FileLock, Timeout

from moedal_gui.core.errors import TrainingError

Arrays = Mapping[str, npt.NDArray[Any]]
_WORDS = "words_json"
_DAMAGE = (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error)


class FoldFolder:
    """What one fold of one expert has brought so far."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def curve_path(self) -> Path:
        """One JSON object a line, one line an epoch."""
        return self.path / "curve.jsonl"

    def curve(self) -> list[dict[str, Any]]:
        """The epochs so far; a line that is cut short is left out."""
        try:
            text = self.curve_path.read_text(encoding="utf-8")
        except OSError:
            return []
        rows = []
        for line in text.splitlines():
            try:
                rows.append(dict(json.loads(line)))
            except (ValueError, TypeError):
                continue
        return rows

    def set_curve(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Write the whole curve."""
        _write(self.curve_path, "".join(json.dumps(dict(row)) + "\n" for row in rows).encode())

    def save_checkpoint(self, arrays: Arrays, words: Mapping[str, Any]) -> None:
        """Keep where the fold stands; replaces the one before."""
        _write_arrays(self.path / "checkpoint.npz", arrays, words)

    def checkpoint(self) -> tuple[dict[str, npt.NDArray[Any]], dict[str, Any]] | None:
        """Where the fold stood; None when it has not begun.

        Raises
        ------
        TrainingError
            The checkpoint is cut short or damaged.
        """
        path = self.path / "checkpoint.npz"
        if not path.exists():
            return None
        return _read_arrays(path, "The checkpoint of a fold is damaged", "the fold begins again")

    def forget(self) -> None:
        """Begin again: checkpoint, curve and result go."""
        for name in ("checkpoint.npz", "curve.jsonl", "result.json", "outputs.npz", "weights.npz"):
            (self.path / name).unlink(missing_ok=True)

    def save_result(self, words: Mapping[str, Any], outputs: Arrays, weights: Arrays) -> None:
        """The fold is done: its figures, what it says of every example held back, and its best weights."""
        _write_arrays(self.path / "outputs.npz", outputs, {})
        _write_arrays(self.path / "weights.npz", weights, {})
        _write(self.path / "result.json", json.dumps(dict(words), indent=1).encode())
        (self.path / "checkpoint.npz").unlink(missing_ok=True)

    def result(self) -> dict[str, Any] | None:
        """Its figures when it is done; None before, and when they cannot be read."""
        try:
            words = json.loads((self.path / "result.json").read_text(encoding="utf-8"))
            whole = isinstance(words, dict) and (self.path / "outputs.npz").exists()
            return words if whole and (self.path / "weights.npz").exists() else None
        except (OSError, ValueError):
            return None

    def outputs(self) -> dict[str, npt.NDArray[Any]]:
        """What a fold that is done says of the examples held back."""
        return _read_arrays(self.path / "outputs.npz", "The outputs of a fold are damaged", "train it again")[0]

    def weights(self) -> dict[str, npt.NDArray[Any]]:
        """The best weights of a fold that is done."""
        return _read_arrays(self.path / "weights.npz", "The weights of a fold are damaged", "train it again")[0]


class TrainingFolder:
    """One training, begun, paused or done."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def name(self) -> str:
        """What the ensemble will be called."""
        return self.path.name

    def freeze(self, arrays: Arrays, words: Mapping[str, Any]) -> None:
        """Keep the set that is trained on."""
        _write_arrays(self.path / "set.npz", arrays, {})
        _write(self.path / "set.json", json.dumps(dict(words), indent=1).encode())

    def frozen(self) -> tuple[dict[str, npt.NDArray[Any]], dict[str, Any]]:
        """The set that is trained on.

        Raises
        ------
        TrainingError
            It is missing or damaged.
        """
        words = self.words()
        arrays, _ = _read_arrays(
            self.path / "set.npz", "The training set is damaged", "begin a training of another name"
        )
        return arrays, words

    def words(self) -> dict[str, Any]:
        """What set.json says."""
        try:
            return dict(json.loads((self.path / "set.json").read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError) as error:
            raise TrainingError("The training set is damaged", self.path, "begin a training of another name") from error

    @property
    def begun(self) -> bool:
        """Whether a set is frozen here."""
        return (self.path / "set.json").is_file()

    def fold(self, expert: str, fold: int) -> FoldFolder:
        """The folder of one fold of one expert."""
        return FoldFolder(self.path / expert / f"fold-{fold}")

    @property
    def paused(self) -> bool:
        """Whether training waits."""
        return (self.path / "pause").exists()

    def pause(self, wait: bool) -> None:
        """Make it wait between two batches, or go on."""
        self._flag("pause", wait)

    @property
    def cancelled(self) -> bool:
        """Whether training was told to stop."""
        return (self.path / "cancel").exists()

    def cancel(self, stop: bool = True) -> None:
        """Make it stop between two batches; what is done stays."""
        self._flag("cancel", stop)

    def record(self, words: Mapping[str, Any]) -> None:
        """Keep how the training ended."""
        _write(self.path / "outcome.json", json.dumps(dict(words), indent=1).encode())

    def outcome(self) -> dict[str, Any] | None:
        """How the training ended; None while it has not."""
        try:
            return dict(json.loads((self.path / "outcome.json").read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return None

    def lock(self) -> FileLock:
        """Hold this folder against another training; the lock dies with the process.

        Raises
        ------
        TrainingError
            Another process trains here.
        """
        with _disk(self.path):
            self.path.mkdir(parents=True, exist_ok=True)
        lock = FileLock(self.path / "training.lock", thread_local=False)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            raise TrainingError(
                "Another program trains here already", self.path, "wait for it, or give --name"
            ) from None
        return lock

    def _flag(self, name: str, up: bool) -> None:
        path = self.path / name
        if up:
            with _disk(path):
                path.parent.mkdir(parents=True, exist_ok=True)
                path.touch()
        else:
            path.unlink(missing_ok=True)


def trainings(folder: Path) -> tuple[TrainingFolder, ...]:
    """Every training begun in a project's ``training`` folder, by name."""
    found = sorted(folder.iterdir()) if folder.is_dir() else []
    return tuple(TrainingFolder(path) for path in found if (path / "set.json").is_file())


def write_arrays(path: Path, arrays: Arrays) -> None:
    """A plain npz, put in place whole."""
    _write_arrays(path, arrays, {})


def read_arrays(path: Path) -> dict[str, npt.NDArray[Any]]:
    """What `write_arrays` wrote.

    Raises
    ------
    TrainingError
        It is missing or damaged.
    """
    return _read_arrays(path, "Stored weights are damaged", "take them from an undamaged copy")[0]


@contextmanager
def _disk(path: Path) -> Iterator[None]:
    """What the disk refuses becomes one sentence."""
    try:
        yield
    except OSError as error:
        raise TrainingError(
            f"The training cannot be written: {error.strerror or error}",
            path,
            "make room there; the same command goes on",
        ) from error


def _write(path: Path, content: bytes) -> None:
    part = path.with_name(f"{path.name}.part")
    with _disk(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with part.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            part.replace(path)
        except OSError:
            part.unlink(missing_ok=True)
            raise


def _write_arrays(path: Path, arrays: Arrays, words: Mapping[str, Any]) -> None:
    part = path.with_name(f"{path.name}.part")
    with _disk(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with part.open("wb") as file:
                np.savez(file, allow_pickle=False, **{_WORDS: np.array(json.dumps(dict(words)))}, **arrays)
                file.flush()
                os.fsync(file.fileno())
            part.replace(path)
        except OSError:
            part.unlink(missing_ok=True)
            raise


def _read_arrays(path: Path, what: str, remedy: str) -> tuple[dict[str, npt.NDArray[Any]], dict[str, Any]]:
    try:
        with np.load(path, allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files if name != _WORDS}
            words = json.loads(str(stored[_WORDS])) if _WORDS in stored.files else {}
    except _DAMAGE as error:
        raise TrainingError(what, path, remedy) from error
    return arrays, dict(words)
