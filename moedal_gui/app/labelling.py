"""Labelling: one key, next pit, nothing lost."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd
from psygnal import Signal

from moedal_gui.app.label_book import LabelBook
from moedal_gui.app.own_labels import rows_labelled_by
from moedal_gui.app.pits import FarEnd, PitSheet
from moedal_gui.app.queue_words import why
from moedal_gui.app.queues import Queue, QueueName, make_queue, missing
from moedal_gui.app.selection import Selection
from moedal_gui.app.sheet import Sheet
from moedal_gui.core.cut import ByIdentity
from moedal_gui.core.errors import LabelError, MoedalError
from moedal_gui.core.label import CLASSES, Label
from moedal_gui.store.project import Project

UNLABELLED = -1
HIDDEN = -2
"""Code of a label that may not be seen now."""
ENOUGH = 500
_TWIN_PX = 6.0
_OPPOSITE = {"top": "bottom", "bottom": "top"}


@dataclass(frozen=True)
class LabelChange:
    """Rows of the pit sheet whose label is another now, and what to say about it."""

    rows: tuple[int, ...]
    sentence: str


class Labelling:
    """Gives labels to the pits of the scan on screen and walks through a queue of them.

    Everything given is on disk before ``changed`` is emitted. ``moved`` carries the old and the new pit row,
    ``blind_changed`` whether labels and scores are hidden, ``correction_turned`` what undo took back or redo gave again that
    was no label.
    """

    changed = Signal(LabelChange)
    moved = Signal(object, object)
    queue_changed = Signal()
    blind_changed = Signal(bool)
    correction_turned = Signal(str)
    refused = Signal(str)

    def __init__(self, selection: Selection) -> None:
        self.selection = selection
        self.annotator = ""
        self.pass_name = ""
        self.pits: PitSheet | None = None
        self.codes: npt.NDArray[np.int8] = np.zeros(0, np.int8)
        self.queue: Queue | None = None
        self.row: int | None = None
        self.blind = False
        self._done: npt.NDArray[np.bool_] = np.zeros(0, bool)
        self._done_by = ("", "")
        self._project: Project | None = None
        self._sheet: Sheet | None = None
        self._book: LabelBook | None = None
        self._given: deque[float] = deque(maxlen=100_000)

    # what is on screen
    def open(self, project: Project | None) -> None:
        """Take up the labels of a project."""
        self._project = project
        self._book = LabelBook(project.labels.in_force()) if project is not None else None
        self._given.clear()
        self.show(None, None)

    def show(self, sheet: Sheet | None, pits: PitSheet | None) -> None:
        """Take up the pits of a scan."""
        self._sheet, self.pits = sheet, pits
        known = {name: code for code, name in enumerate(CLASSES)}
        named = pits.table["label"].map(known) if pits is not None else pd.Series(dtype=float)
        self.codes = named.fillna(UNLABELLED).to_numpy().astype(np.int8)
        name: QueueName = self.queue.name if self.queue else "as found"
        self._order("as found" if pits is None or missing(name, pits, self.codes) else name)

    def choose_queue(self, name: QueueName) -> str:
        """Order the pits anew; returns what the order needs and does not have, a sentence, and then nothing changes."""
        lacks = missing(name, self.pits, self.codes) if self.pits is not None else ""
        if not lacks:
            self._order(name)
        return lacks

    def go_blind(self, on: bool) -> None:
        """Hide labels and scores, and walk through what this person has not labelled in this pass; or show them again."""
        if on != self.blind:
            self.blind = on
            self._note_done()
            self.blind_changed.emit(on)

    def why(self) -> str:
        """Why the pit in front is shown."""
        if self.queue is None or self.pits is None or self.row is None:
            return ""
        return why(self.queue, self.pits, self.row, blind=self.blind, label=int(self.codes[self.row]))

    @property
    def codes_shown(self) -> npt.NDArray[np.int8]:
        """Labels as they may be seen: `HIDDEN` in blind mode."""
        return np.full_like(self.codes, HIDDEN) if self.blind else self.codes

    # walking
    def start(self) -> None:
        """Go to the first unlabelled pit of the queue."""
        if self.queue is not None and len(self.queue.order):
            self._move(self._unlabelled_after(-1))

    def go_to(self, pit_id: int | None) -> None:
        """Put a pit in front; the queue goes on from there."""
        row = self.pits.row_of(pit_id) if self.pits is not None and pit_id is not None else None
        if row is not None:
            self._move(row)

    def step(self, by: int) -> None:
        """Go on (or back) in the queue, labelled or not."""
        if self.queue is None or not len(self.queue.order):
            return
        if self.row is None:
            self.start()
            return
        here = int(self.queue.place[self.row])
        self._move(int(self.queue.order[np.clip(here + by, 0, len(self.queue.order) - 1)]))

    def coming(self, count: int) -> list[int]:
        """Rows that will be in front after this one, nearest first."""
        if self.queue is None or not len(self.queue.order):
            return []
        here = int(self.queue.place[self.row]) if self.row is not None else -1
        ahead = self.queue.order[here + 1 : here + 1 + 4 * count]
        return ahead[self._is_open(ahead)][:count].tolist()

    # giving
    def give(self, label: str, *, this_only: bool = False) -> bool:
        """Label the pit in front (and the other end of its link), then go on; False when it was refused."""
        if self.row is None:
            return self._refuse("Pick a pit first: click one, or press Space for the next in the queue")
        row = self.row
        done = self.give_to([row], label, this_only=this_only)
        if done and label:
            here = int(self.queue.place[row]) if self.queue is not None else -1
            following = self._unlabelled_after(here)
            if following is None:
                self.refused.emit("Every pit of this queue has a label")
            else:
                self._move(following)
        return done

    def confirm(self, named: Mapping[int, str], origins: Mapping[int, str]) -> bool:
        """Give each row the label that was proposed for it, as one stroke in this person's name.

        ``origins`` says of each row where the proposal came from (JSON, kept with the label).
        """
        if self._project is None or self._book is None or not named:
            return self._refuse("There is no proposal to confirm")
        if not self.annotator:
            return self._refuse("Say who labels first (Label > Who labels)")
        labels = [replace(self._pinned(row, name), extra=origins.get(row, "")) for row, name in named.items()]
        return self._enter(labels, dict(named), f"{len(labels)} proposals confirmed", [])

    def give_to(self, rows: list[int], label: str, *, this_only: bool = False) -> bool:
        """Label pits as one stroke; an empty label takes theirs back."""
        if self._project is None or self.pits is None or self._book is None or not rows:
            return self._refuse("There is no pit to label: open a project with pits")
        if not self.annotator:
            return self._refuse("Say who labels first (Label > Who labels)")
        ends = dict.fromkeys(rows, label)
        far: list[Label] = []
        for row in [] if this_only else rows:
            other = int(self.pits.partner[row])
            if other >= 0:
                ends.setdefault(other, _OPPOSITE.get(label, label))
            elif row in self.pits.far:
                far.append(self._pinned_far(self.pits.far[row], _OPPOSITE.get(label, label)))
        labels = [*(self._pinned(row, name) for row, name in ends.items()), *far]
        what = label or "no label"
        whom = "both ends of the link" if len(labels) == 2 and len(rows) == 1 else f"{len(labels)} pits"
        sentence = f"{what}: {'this pit' if len(labels) == 1 else whom}"
        return self._enter(labels, ends, sentence, rows if far else [], _OPPOSITE.get(label, label))

    def _enter(
        self, labels: list[Label], ends: Mapping[int, str], sentence: str, far_of: list[int], opposite: str = ""
    ) -> bool:
        """Write a stroke, then show it; ``far_of`` are the rows whose far ends get the label ``opposite``."""
        if self._project is None or self._book is None:
            return False
        try:
            stroke = self._project.labels.give(labels)
        except MoedalError as error:
            return self._refuse(str(error))
        self._book.add(stroke, labels)
        self._given.append(time.monotonic())
        for row, name in ends.items():
            self.codes[row] = CLASSES.index(name) if name in CLASSES else UNLABELLED
            self._done[row] = bool(name)
        twins = self._label_twins(far_of, opposite) if far_of else []
        self.changed.emit(LabelChange((*ends, *twins), sentence))
        return True

    def undo(self) -> bool:
        """Take back this person's newest label or correction."""
        return self._turn("undo")

    def redo(self) -> bool:
        """Give again what undo took back."""
        return self._turn("redo")

    def fill_labels(self) -> None:
        """Write the labels as they stand now into the table, so that a rule on them picks the right pits."""
        if self.pits is not None:
            names = np.array([*CLASSES, ""], dtype=object)
            self.pits.table["label"] = names[self.codes.astype(int)]

    # meters
    def count(self, label: str) -> int:
        """How many places of the project carry a class."""
        return self._book.counts[label] if self._book is not None else 0

    def last_hour(self) -> int:
        """How many strokes were given in the last hour of this sitting."""
        since = time.monotonic() - 3600
        return sum(1 for moment in self._given if moment >= since)

    def _turn(self, kind: str) -> bool:
        if self._project is None or self._book is None:
            return self._refuse("Open a project first")
        try:
            journal = self._project.labels
            rows = journal.undo(self.annotator) if kind == "undo" else journal.redo(self.annotator)
        except MoedalError as error:
            return self._refuse(str(error))
        if rows is None:
            return self._refuse(f"There is nothing of {self.annotator or 'yours'} to {kind}")
        if put_right := journal.corrections.turned():
            words = {
                "add": "a pit put by hand",
                "remove": "a pit taken out",
                "move": "a moved pit",
                "link": "a link by hand",
            }
            done = "Taken back" if kind == "undo" else "Given again"
            self.correction_turned.emit(f"{done}: {words[put_right[0].kind]}")
            return True
        if kind == "undo":
            self._book.take_out(rows)
        else:
            self._book.put_back(rows)
        touched = self._refresh_places(rows)
        self._refresh_twins(rows)
        names = ", ".join(sorted({str(name) or "taken back" for name in rows["label"]}))
        if touched:
            self._move(touched[0])
        self.changed.emit(LabelChange(tuple(touched), f"{kind.capitalize()}: {names}"))
        return True

    def _refresh_places(self, labels: pd.DataFrame) -> list[int]:
        """Read the label in force of the pits at some labels' places; returns their rows."""
        if self.pits is None or self._sheet is None or self._book is None:
            return []
        scan = self._sheet.record
        rows = []
        for record in labels.to_dict("records"):
            field = self._sheet.row_of(str(record["field"]))
            if field is None or (record["foil"], record["scan"]) != (scan.foil, scan.scan):
                continue
            x, y = self._sheet.to_plane(np.array([field]), [record["x_px"]], [record["y_px"]])
            row = self.pits.nearest(float(x[0]), float(y[0]), 4.0)
            if row is not None:
                place = (scan.foil, scan.scan, str(record["field"]))
                name = self._book.label_at(place, float(record["x_px"]), float(record["y_px"]))
                self.codes[row] = CLASSES.index(name) if name in CLASSES else UNLABELLED
                self._done[row] = False
                rows.append(row)
        return rows

    def _label_twins(self, rows: list[int], label: str) -> list[int]:
        """Show the label of far ends on the pits that are the same ones seen in this scan; returns their rows."""
        if self.pits is None:
            return []
        twins = []
        for end in (self.pits.far[row] for row in rows if row in self.pits.far):
            twin = self.pits.nearest(end.x, end.y, _TWIN_PX) if np.isfinite(end.x) else None
            if twin is not None and twin not in rows and self.pits.table["surface"].iloc[twin] in (end.surface, ""):
                self.codes[twin] = CLASSES.index(label) if label in CLASSES else UNLABELLED
                twins.append(twin)
        return twins

    def _refresh_twins(self, labels: pd.DataFrame) -> None:
        """Match the journal with the pits anew when labels of the foil's other scans are concerned, or pits were moved."""
        if self.pits is None or self._sheet is None or self._project is None:
            return
        scans = self._project.catalogue.scans()
        mine = self._sheet.record
        moved = bool(self._project.labels.corrections.in_force(("move",)))
        if not (moved or any(s.foil == mine.foil and s.scan != mine.scan for s in scans)) or not len(labels):
            return
        # scipy is loaded with the first undo, not with the window.
        from moedal_gui.tasks.pit_table import labels_of

        named = labels_of(self._project, self.pits.table, {(mine.foil, mine.scan): self._sheet.placement})
        known = {name: code for code, name in enumerate(CLASSES)}
        self.codes[:] = [known.get(name, UNLABELLED) for name in named]

    def _pinned(self, row: int, label: str) -> Label:
        if self.pits is None or self._sheet is None:
            raise LabelError("There is no scan on screen", remedy="open one")
        record, scan = self.pits.table.iloc[row], self._sheet.record
        surface = str(record["surface"]) if record["surface"] in ("top", "bottom") else ""
        return Label(scan.foil, scan.scan, str(record["field"]), float(record["x_px"]), float(record["y_px"]), label,
                     surface, self.annotator, pass_name=self.pass_name)  # fmt: skip

    def _pinned_far(self, end: FarEnd, label: str) -> Label:
        return Label(end.foil, end.scan, end.field, end.x_px, end.y_px, label, end.surface, self.annotator,
                     pass_name=self.pass_name)  # fmt: skip

    def _unlabelled_after(self, here: int) -> int | None:
        if self.queue is None:
            return None
        open_ = np.flatnonzero(self._is_open(self.queue.order))
        if len(open_) == 0:
            return None
        ahead = open_[open_ > here]
        return int(self.queue.order[ahead[0] if len(ahead) else open_[0]])

    def _order(self, name: QueueName) -> None:
        if self.pits is None:
            self.queue = None
        else:
            self.queue = make_queue(name, self.pits, codes=self.codes, annotator=self.annotator)
        self._note_done()
        self._move(None)
        self.queue_changed.emit()

    def _note_done(self) -> None:
        """Which pits this walk has behind it: none at first; in blind mode those this person labelled in this pass."""
        self._done = np.zeros(len(self.codes), bool)
        self._done_by = (self.annotator, self.pass_name)
        if self.blind and self._project is not None and self._sheet is not None and self.pits is not None:
            self._done = rows_labelled_by(self._project, self._sheet, self.pits, self.annotator, self.pass_name)

    def _is_open(self, rows: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
        """Which rows still wait: those without a label, in a review or a blind pass those not looked at in it."""
        if self.blind and self._done_by != (self.annotator, self.pass_name):
            self._note_done()
        again = self.blind or (self.queue is not None and self.queue.review)
        return np.asarray(~self._done[rows] if again else self.codes[rows] == UNLABELLED)

    def _move(self, row: int | None) -> None:
        old, self.row = self.row, row
        if row is not None and self.pits is not None:
            pit_id = int(self.pits.ids[row])
            # A pit that is one of several selected is looked at; the others stay selected.
            if not self._is_picked(row):
                self.selection.pick(pit_id)
            self.selection.look_at(pit_id)
        if old != row:
            self.moved.emit(old, row)

    def _is_picked(self, row: int) -> bool:
        cut, pits = self.selection.cut, self.pits
        return isinstance(cut, ByIdentity) and pits is not None and int(pits.ids[row]) in cut.pit_ids

    def _refuse(self, sentence: str) -> bool:
        self.refused.emit(sentence)
        return False
