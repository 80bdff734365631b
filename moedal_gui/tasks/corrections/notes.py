"""Who put a pit where it is, for the cursor's card."""

from __future__ import annotations

from datetime import datetime

from moedal_gui.core.correction import PUT
from moedal_gui.store.catalogue import RunRecord
from moedal_gui.store.project import Project

_WORDS = {"add": "put here", "move": "moved here"}


def hand_notes(project: Project, run: RunRecord) -> dict[int, str]:
    """Pit id -> who put it there and when, for the pits of a run that people put."""
    rows = project.catalogue.hand.of_run(run.run_id)
    rows = rows[rows["by_hand"] == PUT]
    if not len(rows):
        return {}
    journal = {c.correction_id: c for c in project.labels.corrections.in_force()}
    both = [
        (int(pit), journal.get(int(number))) for pit, number in zip(rows["pit_id"], rows["correction"], strict=True)
    ]
    return {pit: f"{_WORDS[c.kind]} by {c.annotator} on {_day(c.when)}" for pit, c in both if c is not None}


def _day(when: str) -> str:
    """A moment in the person's own time."""
    return f"{datetime.fromisoformat(when).astimezone():%d %B %Y, %H:%M}"
