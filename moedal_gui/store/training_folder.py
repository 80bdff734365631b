"""A training's folder: the frozen set, and for every expert and fold how far it has come.

Nothing in it is a pickle: arrays are plain npz, words are JSON, and every file is put in place whole.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy.typing as npt
from filelock import FileLock, Timeout

from moedal_gui.core.errors import TrainingError
from moedal_gui.store.array_files import Arrays, disk_words, read_arrays, write_arrays, write_bytes


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
        write_bytes(self.curve_path, "".join(json.dumps(dict(row)) + "\n" for row in rows).encode())

    def save_checkpoint(self, arrays: Arrays, words: Mapping[str, Any]) -> None:
        """Keep where the fold stands; replaces the one before."""
        write_arrays(self.path / "checkpoint.npz", arrays, words)

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
        return read_arrays(path, "The checkpoint of a fold is damaged", "the fold begins again")

    def forget(self) -> None:
        """Begin again: checkpoint, curve and result go."""
        for name in ("checkpoint.npz", "curve.jsonl", "result.json", "outputs.npz", "weights.npz"):
            (self.path / name).unlink(missing_ok=True)

    def save_result(self, words: Mapping[str, Any], outputs: Arrays, weights: Arrays) -> None:
        """The fold is done: its figures, what it says of every example held back, and its best weights."""
        write_arrays(self.path / "outputs.npz", outputs)
        write_arrays(self.path / "weights.npz", weights)
        write_bytes(self.path / "result.json", json.dumps(dict(words), indent=1).encode())
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
        return read_arrays(self.path / "outputs.npz", "The outputs of a fold are damaged", "train it again")[0]

    def weights(self) -> dict[str, npt.NDArray[Any]]:
        """The best weights of a fold that is done."""
        return read_arrays(self.path / "weights.npz", "The weights of a fold are damaged", "train it again")[0]


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
        write_arrays(self.path / "set.npz", arrays)
        write_bytes(self.path / "set.json", json.dumps(dict(words), indent=1).encode())

    def frozen(self) -> tuple[dict[str, npt.NDArray[Any]], dict[str, Any]]:
        """The set that is trained on.

        Raises
        ------
        TrainingError
            It is missing or damaged.
        """
        words = self.words()
        arrays, _ = read_arrays(
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
        write_bytes(self.path / "outcome.json", json.dumps(dict(words), indent=1).encode())

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
        with disk_words(self.path):
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
            with disk_words(path):
                path.parent.mkdir(parents=True, exist_ok=True)
                path.touch()
        else:
            path.unlink(missing_ok=True)


def trainings(folder: Path) -> tuple[TrainingFolder, ...]:
    """Every training begun in a project's ``training`` folder, by name."""
    found = sorted(folder.iterdir()) if folder.is_dir() else []
    return tuple(TrainingFolder(path) for path in found if (path / "set.json").is_file())
