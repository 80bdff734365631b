"""Labels in force, kept in memory so that a key stroke never reads the whole journal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

import pandas as pd

from moedal_gui.core.label import Label

SAME_PLACE_PX = 4.0

Place = tuple[str, str, str]
Spot = tuple[str, str, str, float, float]


@dataclass(frozen=True)
class Entry:
    """One label in force."""

    stroke: int
    x_px: float
    y_px: float
    label: str
    annotator: str


class LabelBook:
    """All labels in force of one project, by field.

    The newest label at a place counts, whoever gave it; an empty one takes the place's label back.
    """

    def __init__(self, in_force: pd.DataFrame) -> None:
        self._entries: dict[Place, list[Entry]] = {}
        self._spots: dict[Spot, list[Entry]] = {}
        self.counts: Counter[str] = Counter()
        names = ["stroke", "foil", "scan", "field", "x_px", "y_px", "label", "annotator"]
        for stroke, foil, scan, field, x, y, label, who in in_force[names].itertuples(index=False, name=None):
            self._put((foil, scan, field), Entry(int(stroke), float(x), float(y), label, who))

    def add(self, stroke: int, labels: Iterable[Label]) -> None:
        """Enter the labels of a new stroke."""
        for a in labels:
            self._put((a.foil, a.scan, a.field), Entry(stroke, a.x_px, a.y_px, a.label, a.annotator))

    def put_back(self, rows: pd.DataFrame) -> None:
        """Enter the labels that a redo put in force again, in their old order."""
        for row in rows.to_dict("records"):
            entry = Entry(int(row["stroke"]), float(row["x_px"]), float(row["y_px"]), row["label"], row["annotator"])
            self._put((row["foil"], row["scan"], row["field"]), entry)

    def take_out(self, rows: pd.DataFrame) -> None:
        """Leave out the labels that an undo took out of force."""
        for row in rows.to_dict("records"):
            place = (row["foil"], row["scan"], row["field"])
            stroke = int(row["stroke"])
            self._entries[place] = [e for e in self._entries.get(place, []) if e.stroke != stroke]
            spot = _spot(place, float(row["x_px"]), float(row["y_px"]))
            before = self._standing(spot)
            self._spots[spot] = [e for e in self._spots.get(spot, []) if e.stroke != stroke]
            self._recount(before, self._standing(spot))

    def label_at(self, place: Place, x_px: float, y_px: float) -> str:
        """The label in force at a pixel, or an empty text."""
        near = [
            e
            for e in self._entries.get(place, ())
            if abs(e.x_px - x_px) <= SAME_PLACE_PX and abs(e.y_px - y_px) <= SAME_PLACE_PX
        ]
        return max(near, key=lambda e: e.stroke).label if near else ""

    def _put(self, place: Place, entry: Entry) -> None:
        self._entries.setdefault(place, []).append(entry)
        spot = _spot(place, entry.x_px, entry.y_px)
        before = self._standing(spot)
        self._spots.setdefault(spot, []).append(entry)
        self._recount(before, self._standing(spot))

    def _standing(self, spot: Spot) -> str:
        entries = self._spots.get(spot)
        return max(entries, key=lambda e: e.stroke).label if entries else ""

    def _recount(self, before: str, after: str) -> None:
        if before != after:
            self.counts[before] -= 1
            self.counts[after] += 1


def _spot(place: Place, x_px: float, y_px: float) -> Spot:
    return (*place, round(x_px, 1), round(y_px, 1))
