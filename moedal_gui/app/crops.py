"""Crops of single pits, in every channel and as relief, cut ahead of the person who looks."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from psygnal import Signal

from moedal_gui.app.even_light import even_light
from moedal_gui.app.sheet import Sheet, flat_field_of
from moedal_gui.core.errors import MoedalError
from moedal_gui.imaging.crops import cut_crop
from moedal_gui.imaging.flat_field import FlatField
from moedal_gui.imaging.harmonics import first_harmonic
from moedal_gui.imaging.lamps import slope_ring, usable_flat
from moedal_gui.imaging.normalise import normalise
from moedal_gui.store.catalogue import ScanRecord
from moedal_gui.store.images import ImageStore

CROP_PX = 72
KEPT = 400
_FIELDS_KEPT = 3
RELIEF_WAVE_PX = 36.0


@dataclass(frozen=True)
class Crop:
    """One pit's surroundings.

    ``planes`` is (C, S, S), grey values as under even light, ``relief`` (S, S) or None where there is no ring light.
    """

    row: int
    planes: npt.NDArray[np.generic]
    relief: npt.NDArray[np.float32] | None


class CropSource:
    """Cuts crops of places of one scan (``field_id``, ``x_px``, ``y_px``) and keeps the last ones; ``ready`` is emitted on its own thread."""

    ready = Signal(int)

    def __init__(self, images: ImageStore, sheet: Sheet, places: pd.DataFrame) -> None:
        self._images, self._sheet = images, sheet
        self._kept: OrderedDict[int, Crop] = OrderedDict()
        self._stacks: OrderedDict[int, tuple[npt.NDArray[np.generic], npt.NDArray[np.float32] | None]] = OrderedDict()
        self._lock = threading.Lock()
        self._stack_lock = threading.Lock()
        self._asked: set[int] = set()
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="crops")
        self._rows = sheet.rows_of_ids(places["field_id"]) if len(places) else np.zeros(0, np.int64)
        self._places = places[["x_px", "y_px"]].to_numpy(float)

    def at_once(self, row: int) -> Crop | None:
        """The crop if it is there already."""
        with self._lock:
            return self._kept.get(row)

    def get(self, row: int) -> Crop:
        """The crop, cut now if it must be."""
        found = self.at_once(row)
        return found if found is not None else self._cut(row)

    def prefetch(self, rows: Sequence[int]) -> None:
        """Cut crops ahead, in this order; those asked for before and not begun are dropped."""
        wanted = set(rows)
        with self._lock:
            self._asked = wanted
        for row in rows:
            self._executor.submit(self._ahead, row)

    def close(self) -> None:
        """Stop cutting."""
        with self._lock:
            self._asked = set()
        self._executor.shutdown(wait=True, cancel_futures=True)

    def _ahead(self, row: int) -> None:
        with self._lock:
            if row not in self._asked:
                return
            known = row in self._kept
        if not known:
            try:
                self._cut(row)
            except MoedalError:
                return
        self.ready.emit(row)

    def _cut(self, row: int) -> Crop:
        field = int(self._rows[row])
        x, y = self._places[row]
        stack, slopes = self._stack(field)
        raw = cut_crop(stack, x, y, CROP_PX)
        relief = None
        if slopes is not None:
            relief = relief_at(slopes, x, y)
        if self._sheet.mirrored:
            raw = raw[..., ::-1]
            relief = relief[..., ::-1] if relief is not None else None
        crop = Crop(row, raw, relief)
        with self._lock:
            self._kept[row] = crop
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return crop

    def _stack(self, field: int) -> tuple[npt.NDArray[np.generic], npt.NDArray[np.float32] | None]:
        """Stack and slopes (2, H, W) of a field; a few fields are kept, for queues walk field by field."""
        with self._stack_lock:
            found = self._stacks.get(field)
            if found is not None:
                self._stacks.move_to_end(field)
                return found
            record = self._sheet.fields.iloc[field]
            description = self._sheet.record.description
            if not isinstance(record["batch"], str):
                size = (len(description.channels), int(record["height"]), int(record["width"]))
                return np.zeros(size, np.uint8), None
            stack, slopes = stack_and_slopes(self._images, self._sheet.record, record)
            self._stacks[field] = (stack, slopes)
            while len(self._stacks) > _FIELDS_KEPT:
                self._stacks.popitem(last=False)
            return stack, slopes


def stack_and_slopes(
    images: ImageStore, scan: ScanRecord, field: Any
) -> tuple[npt.NDArray[np.generic], npt.NDArray[np.float32] | None]:
    """Stack (C, H, W) and slopes (2, H, W) of a field's row; no slopes without ring light.

    The stack has the grey values of even light once the scan's flat field is known, raw ones before.
    """
    description = scan.description
    stack = images.read(field["batch"], int(field["slot"]))
    flat = flat_field_of(scan)
    shown = even_light(stack, flat, range(len(stack))) if flat is not None else stack
    alive = usable_flat(stack, description, flat, field["missing"]) if flat is not None else None
    rim = list(slope_ring(description, alive))
    if not rim:
        return shown, None
    lamps = stack[rim]
    even = (
        normalise(lamps, FlatField(tuple(flat.channels[i] for i in rim)))
        if flat is not None
        else lamps.astype(np.float32)
    )
    slope = first_harmonic(even, [description.channels[i].azimuth_deg or 0.0 for i in rim])
    return shown, np.stack([slope.slope_x, slope.slope_y])


def relief_at(slopes: npt.NDArray[np.float32], x_px: float, y_px: float) -> npt.NDArray[np.float32]:
    """Relief (S, S) round a place of a field's slopes (2, H, W)."""
    # scipy is loaded with the first relief, not with the window.
    from moedal_gui.imaging.relief import integrate

    part = cut_crop(slopes, x_px, y_px, CROP_PX)
    return integrate(part[0], part[1], longest_px=RELIEF_WAVE_PX)
