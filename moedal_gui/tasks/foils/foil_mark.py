"""The mark of a foil that a batch has worked through: its result, and all that it was made from."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from moedal_gui.formats.tables import write_json

_NAME = "batch.json"

Listing = Mapping[str, Sequence[int]]
"""File below the foil's folder -> its size in bytes and the time of its last change in ns."""


@dataclass(frozen=True)
class Mark:
    """What stands in a foil's output folder.

    Attributes
    ----------
    words
        Hash of the parameters and the program's version.
    listing
        The input files as they were when the work began.
    row
        The foil's row of the summary; None until everything is written.
    """

    words: str
    listing: Listing
    row: Mapping[str, Any] | None = None


def holds_results(folder: Path) -> bool:
    """Whether a batch has written its results to a folder: one of its sub-folders carries a mark."""
    return any((below / _NAME).is_file() for below in folder.iterdir() if below.is_dir())


def read_mark(folder: Path) -> Mark | None:
    """The mark in a folder; None where there is none that can be read."""
    try:
        found = json.loads((folder / _NAME).read_text(encoding="utf-8"))
        return Mark(str(found["words"]), dict(found["listing"]), found["row"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def write_mark(folder: Path, mark: Mark) -> None:
    """Put a mark in place, whole or not at all."""
    write_json({"words": mark.words, "listing": dict(mark.listing), "row": mark.row}, folder / _NAME)


def listing_of(scans: Sequence[Path]) -> dict[str, list[int]]:
    """Every file that the scans may be read from; hidden ones do not count."""
    found: dict[str, list[int]] = {}
    for scan in scans:
        for entry in _files(scan):
            found[Path(entry.path).relative_to(scan.parent).as_posix()] = _stamp(entry.stat())
        for beside in sorted(scan.parent.glob("*positions*.json")):
            found[beside.name] = _stamp(beside.stat())
    return found


def only_more(before: Listing, now: Listing) -> bool:
    """Whether every file of ``before`` is there unchanged."""
    return all(list(now.get(name, ())) == list(stamp) for name, stamp in before.items())


def _files(folder: Path) -> Iterator[os.DirEntry[str]]:
    with os.scandir(folder) as entries:
        for entry in sorted(entries, key=lambda e: e.name):
            if entry.name.startswith("."):
                continue
            if entry.is_dir():
                yield from _files(Path(entry.path))
            else:
                yield entry


def _stamp(status: os.stat_result) -> list[int]:
    return [status.st_size, status.st_mtime_ns]
