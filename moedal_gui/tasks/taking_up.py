"""Going back to pits that were found before: what was made from just these comes back with them."""

from __future__ import annotations

from collections.abc import Sequence

from moedal_gui import __version__
from moedal_gui.store.catalogue import RunRecord
from moedal_gui.store.project import Project
from moedal_gui.tasks.corrections.settle import settle_corrections
from moedal_gui.tasks.link import LinkParameters, made_from
from moedal_gui.tasks.placement.register import input_hash


def take_up(project: Project, pits: Sequence[RunRecord]) -> list[RunRecord]:
    """Make whole pre-selections the current ones of their scans; returns every run that was not current before.

    A registration and links that this version made from just the pits and places that are current then, if there are any,
    become current with them; scores belong to their pits and follow by themselves. What people put right since is laid on.
    """
    taken = [run for run in pits if not _is_current(project, run)]
    for run in taken:
        project.catalogue.take_up(run.run_id)
    if taken:
        taken += _along(project, "register", input_hash(project))
        taken += _along(project, "link", made_from(project, LinkParameters()))
        settle_corrections(project)
    return taken


def _along(project: Project, task: str, made_of: str) -> list[RunRecord]:
    """The newest run of a task that was made of this, taken up unless it is current; at most one."""
    now = project.catalogue.current_run(task)
    if now is None or (now.input_hash, now.version) == (made_of, __version__):
        return []
    same = [
        r for r in project.catalogue.runs(task) if r.finished and (r.input_hash, r.version) == (made_of, __version__)
    ]
    for run in same[-1:]:
        project.catalogue.take_up(run.run_id)
    return same[-1:]


def _is_current(project: Project, run: RunRecord) -> bool:
    now = project.catalogue.current_run(run.task, run.scan_id)
    return now is not None and now.run_id == run.run_id
