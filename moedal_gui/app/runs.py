"""The runs of the open project as people choose among them: what each was asked, what came of it, which is current."""

from __future__ import annotations

from dataclasses import dataclass

from moedal_gui.store.catalogue import RunRecord
from moedal_gui.store.project import Project
from moedal_gui.tasks.corrections.hand_links import current_pits
from moedal_gui.tasks.pit_table import linked_pit_runs
from moedal_gui.tasks.runs import parameter_words
from moedal_gui.tasks.use import USABLE

_TITLES = {
    "preselect": "Pre-selection",
    "register": "Registration",
    "link": "Links",
    "score": "Scores",
    "regions": "Regions",
}
_FOLLOWS = {
    "register": "A registration becomes current with the pits it was made from.",
    "score": "Scores follow their pits; score again with an ensemble to see what it said of them.",
}


@dataclass(frozen=True)
class RunRow:
    """One run in words; ``refused`` says why it cannot be made the current one, and is empty where it can."""

    run: RunRecord
    scan: str
    what: str
    asked: str
    result: str
    current: bool
    refused: str


def run_rows(project: Project, scan: str | None = None) -> list[RunRow]:
    """Runs of the project, or those that concern one scan (``foil/scan``), newest first."""
    names = {s.scan_id: f"{s.foil}/{s.scan}" for s in project.catalogue.scans()}
    short = {s.scan_id: s.scan for s in project.catalogue.scans()}
    rows = []
    for run in reversed(project.catalogue.runs()):
        of = names.get(run.scan_id or -1, "")
        if scan is not None and of not in ("", scan):
            continue
        now = project.catalogue.current_run(run.task, run.scan_id) if run.task != "score" else None
        current = now is not None and now.run_id == run.run_id
        rows.append(RunRow(
            run, short.get(run.scan_id or -1, ""), _TITLES.get(run.task, run.task), parameter_words(run.parameters), _result(run),
            current, _refused(run, current and not _of_other_pits(project, run)),
        ))  # fmt: skip
    return rows


def _result(run: RunRecord) -> str:
    summary = run.summary
    counts = [
        f"{summary[name]:,} {name}" for name in ("pits", "candidates", "links") if isinstance(summary.get(name), int)
    ]
    return ", ".join(counts)


def _of_other_pits(project: Project, run: RunRecord) -> bool:
    """Whether a link run paired other pits than those current now, which it would bring back."""
    return run.task == "link" and linked_pit_runs(run) != current_pits(project)


def _refused(run: RunRecord, in_force: bool) -> str:
    if run.finished is None:
        return "It is not whole: ask for the same again to finish it."
    if in_force:
        return "It is the current run."
    return "" if run.task in USABLE else _FOLLOWS.get(run.task, "It follows its pits.")
