"""Make an earlier run of pits or links the current one again, or a trained detector the one that looks."""

from __future__ import annotations

from dataclasses import dataclass, field

from moedal_gui.core.errors import ArgumentError, NotFoundError
from moedal_gui.core.task import Outcome, Plan, at_once, parameter
from moedal_gui.store.catalogue import RunRecord
from moedal_gui.store.project import Project
from moedal_gui.store.registry import Entry, checked_detector
from moedal_gui.tasks.candidate_table import out_of_date
from moedal_gui.tasks.corrections.settle import settle_corrections
from moedal_gui.tasks.pit_table import linked_pit_runs
from moedal_gui.tasks.taking_up import take_up

USABLE = ("preselect", "link")
"""Tasks whose runs can be gone back to by name; a registration follows its pits, scores follow theirs."""


@dataclass(frozen=True)
class UseParameters:
    """What ``use`` is told."""

    name: str = field(
        metadata=parameter(
            "name of the run, as `runs` lists it, or of a detector of the project (detector/2)",
            positional=True,
            label="Run",
        )
    )
    scan: str | None = field(
        default=None,
        metadata=parameter(
            "on this scan only, where runs of several scans have that name",
            label="On the scan only",
            unset="all that have a run of this name",
        ),
    )


def plan(project: Project, parameters: UseParameters) -> Plan[None, None]:
    """Find it first, so that a wrong name changes nothing."""
    detector = next((e for e in project.detectors.entries() if e.title == parameters.name), None)
    if detector is not None:
        return at_once(lambda: _look_with(project, detector))
    runs = _named(project, parameters)
    pits = _pits_of(project, runs[0]) if runs[0].task == "link" else runs
    return at_once(lambda: _use(project, runs, pits))


def _named(project: Project, parameters: UseParameters) -> list[RunRecord]:
    runs = project.catalogue.runs_named(parameters.name)
    task = runs[0].task
    if task not in USABLE:
        raise ArgumentError(
            f"The run {parameters.name} holds neither pits nor links", "", f"run {task} again to have it by other means"
        )
    if parameters.scan is not None and task == "preselect":
        scan_id = project.catalogue.scan(parameters.scan).scan_id
        runs = [r for r in runs if r.scan_id == scan_id]
        if not runs:
            raise NotFoundError(
                f"The run {parameters.name} is not of the scan {parameters.scan}", "", "`runs` says of which it is"
            )
    if any(r.finished is None for r in runs):
        raise ArgumentError(
            f"The run {parameters.name} is not whole", "", f"run {task} with the same words again to finish it"
        )
    return runs


def _pits_of(project: Project, links: RunRecord) -> list[RunRecord]:
    """The pre-selections a link run paired: tables never mix runs, so that they come back with it."""
    wanted = set(linked_pit_runs(links).values())
    found = [r for r in project.catalogue.runs("preselect") if r.run_id in wanted and r.finished]
    if len(found) < len(wanted):
        raise NotFoundError(f"The pits that {links.name} linked are no longer in the project", "", "run link again")
    return found


def _look_with(project: Project, detector: Entry) -> Outcome:
    view = checked_detector(detector.folder).view
    project.detectors.make_current(detector.title)
    words = f"{detector.title} looks from now on where nobody names another detector, at {'slopes' if view == 'slope' else 'single pictures'}"
    return Outcome(words, {"taken_up": [detector.title], "out_of_date": ""})


def _use(project: Project, runs: list[RunRecord], pits: list[RunRecord]) -> Outcome:
    taken = take_up(project, pits)
    links = project.catalogue.current_run("link")
    if runs[0].task == "link" and links is not None and links.run_id != runs[0].run_id:
        project.catalogue.take_up(runs[0].run_id)
        settle_corrections(project)
        taken = [*(r for r in taken if r.task != "link"), runs[0]]
        links = runs[0]
    stale = out_of_date(project, links) if links is not None else ""
    names = [r.name for r in taken]
    words = f"Current again: {', '.join(names)}" if taken else f"{runs[0].name} is the current run already"
    return Outcome(
        "\n".join([words, *([stale] if stale else [])]), {"taken_up": names, "out_of_date": stale}, bool(stale)
    )
