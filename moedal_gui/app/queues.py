"""The orders in which pits are put before a person, and why each one comes now."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from moedal_gui.app.pits import PitSheet
from moedal_gui.app.sheet import Whole

QueueName = Literal["as found", "most uncertain"]

QUEUES: dict[QueueName, str] = {
    "as found": "Field by field in reading order, as the microscope went",
    "most uncertain": "Pits whose surface is hardest to tell first, faint ones before strong ones",
}


@dataclass(frozen=True)
class Queue:
    """Rows of a pit sheet in the order they are shown, and the place of each row in it."""

    name: QueueName
    order: Whole
    place: Whole
    doubt: npt.NDArray[np.float64]


def make_queue(name: QueueName, pits: PitSheet, keep: npt.NDArray[np.bool_] | None = None) -> Queue:
    """Order the pits; ``keep`` picks those that take part (all by default)."""
    doubt = doubts(pits)
    if name == "most uncertain":
        order = np.argsort(-doubt, kind="stable").astype(np.int64)
    else:
        order = np.lexsort((pits.ids, pits.table["field_id"].to_numpy())).astype(np.int64)
    if keep is not None:
        order = order[keep[order]]
    place = np.full(len(pits), -1, dtype=np.int64)
    place[order] = np.arange(len(order))
    return Queue(name, order, place, doubt)


def doubts(pits: PitSheet) -> npt.NDArray[np.float64]:
    """How doubtful each pit is, 0 to 1: half from the surface's confidence, half from the signal-to-noise rank."""
    if len(pits) == 0:
        return np.zeros(0)
    sure = pits.table["surface_score"].to_numpy(float)
    surface = np.where(np.isfinite(sure), 2.0 * (1.0 - np.clip(sure, 0.5, 1.0)), 1.0)
    faint = 1.0 - pits.table["snr"].rank(pct=True).fillna(0.0).to_numpy(float)
    return np.asarray(0.5 * surface + 0.5 * faint)


def why(queue: Queue, pits: PitSheet, row: int) -> str:
    """One sentence that says why this pit is shown now."""
    record = pits.table.iloc[row]
    place, total = int(queue.place[row]) + 1, len(queue.order)
    if queue.name == "most uncertain":
        sure, snr = float(record["surface_score"]), float(record["snr"])
        surface = f"its surface is only {sure:.0%} sure" if np.isfinite(sure) else "its surface could not be told"
        weaker = float((pits.table["snr"] > snr).mean()) if np.isfinite(snr) else 1.0
        signal = (
            f"signal-to-noise {snr:.1f}, weaker than {weaker:.0%} of the pits"
            if np.isfinite(snr)
            else "no signal-to-noise"
        )
        return f"In doubt, {place} of {total}: {surface}; {signal}."
    if place == 0:
        return "Picked by hand; it is not in the queue."
    same = pits.table["field_id"].to_numpy()
    mates = queue.order[same[queue.order] == same[row]]
    nth = int(np.flatnonzero(mates == row)[0]) + 1
    return f"As found: pit {nth} of {len(mates)} in field {record['field']}, {place} of {total} in the scan."
