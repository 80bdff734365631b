"""Plain npz files, put in place whole; nothing in them is a pickle."""

from __future__ import annotations

import json
import os
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from moedal_gui.core.errors import TrainingError

Arrays = Mapping[str, npt.NDArray[Any]]
_WORDS = "words_json"
_DAMAGE = (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error)


@contextmanager
def disk_words(path: Path) -> Iterator[None]:
    """What the disk refuses becomes one sentence.

    Raises
    ------
    TrainingError
        The disk is full, or may not be written.
    """
    try:
        yield
    except OSError as error:
        raise TrainingError(
            f"The training cannot be written: {error.strerror or error}",
            path,
            "make room there; the same command goes on",
        ) from error


def write_bytes(path: Path, content: bytes) -> None:
    """Put a file in place whole."""
    part = path.with_name(f"{path.name}.part")
    with disk_words(path):
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


def write_arrays(path: Path, arrays: Arrays, words: Mapping[str, Any] | None = None) -> None:
    """Put a plain npz in place whole, with words (JSON) beside the arrays."""
    part = path.with_name(f"{path.name}.part")
    with disk_words(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with part.open("wb") as file:
                np.savez(file, allow_pickle=False, **{_WORDS: np.array(json.dumps(dict(words or {})))}, **arrays)
                file.flush()
                os.fsync(file.fileno())
            part.replace(path)
        except OSError:
            part.unlink(missing_ok=True)
            raise


def read_arrays(
    path: Path, what: str = "Stored arrays are damaged", remedy: str = "take them from an undamaged copy"
) -> tuple[dict[str, npt.NDArray[Any]], dict[str, Any]]:
    """The arrays and words that `write_arrays` wrote.

    Raises
    ------
    TrainingError
        The file is missing, cut short or damaged; ``what`` and ``remedy`` are its words.
    """
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files if name != _WORDS}
            words = json.loads(str(stored[_WORDS])) if _WORDS in stored.files else {}
    except _DAMAGE as error:
        raise TrainingError(what, path, remedy) from error
    return arrays, dict(words)
