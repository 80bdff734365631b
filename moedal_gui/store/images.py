"""Pixels in HDF5: raw values once, coarser levels beside them, in files put in place when whole."""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt

from moedal_gui.core.errors import ProjectError
from moedal_gui.imaging.mosaic import halve

BATCH_BYTES = 48 << 20
_TILE = 512
_COARSE_CHUNK_BYTES = 256 << 10
_SMALLEST_PX = 8
_OPEN_FILES = 48

Stack = npt.NDArray[Any]


class ImageStore:
    """Reads and writes the fields' pixels below one folder.

    Every file holds one batch of fields of one shape: ``level_0`` (n, C, H, W) as the microscope gave them, chunked
    and checksummed, and ``level_k`` halved k times, whose chunks span many fields so that a far view reads little.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._files: OrderedDict[str, h5py.File] = OrderedDict()
        self._lock = threading.Lock()

    def write_batch(self, scan_id: int, number: int, stacks: Sequence[Stack]) -> str:
        """Write one batch of stacks (C, H, W) of one shape and dtype; returns the batch's name.

        The file appears under its name only when it is whole and on disk.
        """
        name = f"{scan_id}/batch_{number:06d}.h5"
        target = self.folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        part = target.with_suffix(".part")
        try:
            with h5py.File(part, "w", locking=False, libver="latest") as file:
                _write_levels(file, np.stack(stacks))
            with part.open("rb+") as raw:
                os.fsync(raw.fileno())
            part.replace(target)
        except OSError as error:
            part.unlink(missing_ok=True)
            raise ProjectError("Pixels could not be written", target, f"free some disk space ({error})") from error
        return name

    def read(
        self,
        batch: str,
        slot: int,
        *,
        level: int = 0,
        channels: int | slice = slice(None),
        rows: slice = slice(None),
        columns: slice = slice(None),
    ) -> Stack:
        """Pixels of one field: (C, H, W) or, for one channel, (H, W); ``level`` halves that many times.

        A level coarser than the coarsest stored gives the coarsest.
        """
        try:
            with self._lock:
                file = self._opened(batch)
                coarsest = int(file.attrs["levels"]) - 1
                return np.asarray(file[f"level_{min(level, coarsest)}"][slot, channels, rows, columns])
        except (OSError, KeyError, ValueError) as error:
            raise ProjectError(
                "Stored pixels cannot be read", self.folder / batch, f"ingest the scan again ({error})"
            ) from error

    def read_many(self, batch: str, slots: Sequence[int], *, level: int, channel: int) -> Stack:
        """One channel of several fields of a batch at a level, (n, h, w), in one read."""
        try:
            with self._lock:
                file = self._opened(batch)
                coarsest = int(file.attrs["levels"]) - 1
                low, high = min(slots), max(slots) + 1
                block = np.asarray(file[f"level_{min(level, coarsest)}"][low:high, channel])
        except (OSError, KeyError, ValueError) as error:
            raise ProjectError(
                "Stored pixels cannot be read", self.folder / batch, f"ingest the scan again ({error})"
            ) from error
        return block[np.asarray(slots) - low]

    def levels(self, batch: str) -> int:
        """How many levels a batch holds, the raw one included."""
        with self._lock:
            return int(self._opened(batch).attrs["levels"])

    def bytes_of(self, scan_id: int) -> int:
        """Disk space of a scan's pixels."""
        return sum(p.stat().st_size for p in (self.folder / str(scan_id)).glob("*") if p.is_file())

    def remove(self, scan_id: int) -> None:
        """Delete a scan's pixels."""
        self.close()
        folder = self.folder / str(scan_id)
        for file in folder.glob("*"):
            file.unlink(missing_ok=True)
        if folder.is_dir():
            folder.rmdir()

    def close(self) -> None:
        """Close all files."""
        with self._lock:
            for file in self._files.values():
                file.close()
            self._files.clear()

    def _opened(self, batch: str) -> h5py.File:
        found = self._files.pop(batch, None)
        if found is None:
            found = h5py.File(self.folder / batch, "r", locking=False)
        self._files[batch] = found
        while len(self._files) > _OPEN_FILES:
            self._files.popitem(last=False)[1].close()
        return found


def _write_levels(file: h5py.File, block: Stack) -> None:
    level = 0
    while True:
        count, _channels, height, width = block.shape
        if level == 0:
            chunk = (1, 1, _even(height, _TILE), _even(width, _TILE))
        else:
            tile = (min(height, _TILE), min(width, _TILE))
            most = max(1, _COARSE_CHUNK_BYTES // (tile[0] * tile[1] * block.itemsize))
            chunk = (_even(count, most), 1, *tile)
        file.create_dataset(f"level_{level}", data=block, chunks=chunk, fletcher32=True)
        level += 1
        if min(height, width) < 2 * _SMALLEST_PX:
            break
        block = halve(block)
    file.attrs["levels"] = level


def _even(length: int, most: int) -> int:
    """Side of chunks of at most ``most`` that leave as little over as can be: what they cover in excess is stored too."""
    return -(-length // -(-length // most))
