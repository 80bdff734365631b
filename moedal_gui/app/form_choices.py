"""What a project knows that a task's parameters may name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from moedal_gui.core.working_point import DEFAULT_NAME
from moedal_gui.store.project import Project
from moedal_gui.store.registry import Registry

_HOLD_PITS = ("preselect", "link")


def choices_of(project: Project | None, verb: str) -> dict[str, tuple[str, ...]]:
    """Parameter -> all it may be, by the verb it belongs to."""
    if project is None:
        return {}
    scans = _scan_names(project)
    points = (DEFAULT_NAME, *project.working_points.all())
    found = {"scan": scans, "truth_scan": scans, "stage_of": scans, "working_point": points}
    if verb != "pits import":  # there it names a run that is yet to be made
        kinds = ("preselect",) if verb == "link" else _HOLD_PITS
        whole = [r.name for r in project.catalogue.runs() if r.finished and r.task in kinds]
        found["run"] = tuple(dict.fromkeys(reversed(whole)))
    return found


def proposals_of(project: Project | None, verb: str) -> dict[str, tuple[str, ...]]:
    """Parameter -> what there is, where another project may be named as well."""
    if project is None:
        return {}
    # What knows of networks is loaded with the first form, not with the window.
    from moedal_gui.tasks.training import detectors, ensembles

    if verb == "preselect":
        return {"detector": _titles(detectors.registries(project))}
    titles = _titles(registry for registry, _ in ensembles.registries(project))
    return {"ensemble": titles, "start": titles}


def _scan_names(project: Project) -> tuple[str, ...]:
    """Names of the scans; with their foil's where two foils have a scan of one name."""
    scans = project.catalogue.scans()
    often = Counter(s.scan for s in scans)
    return tuple(s.scan if often[s.scan] == 1 else f"{s.foil}/{s.scan}" for s in scans)


def _titles(registries: Iterable[Registry]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(entry.title for registry in registries for entry in registry.entries()))
