"""Take a scan, a run or an expert out of a project; labels always stay."""

from __future__ import annotations

from dataclasses import dataclass, field

from moedal_gui.core.task import Outcome, Plan, at_once, parameter
from moedal_gui.store.project import Project
from moedal_gui.store.registry import Entry, Registry
from moedal_gui.tasks.corrections.settle import settle_corrections

KINDS = ("scan", "run", "expert")


@dataclass(frozen=True)
class RemoveParameters:
    """What ``remove`` is told."""

    kind: str = field(
        metadata=parameter(
            "a scan with its pictures, a run with all it made, or an expert; labels always stay",
            positional=True,
            choices=KINDS,
            label="What goes",
        )
    )
    name: str = field(
        metadata=parameter(
            "its name, as the tree of foils, the list of runs or the Training panel has it",
            positional=True,
            label="Its name",
        )
    )


def plan(project: Project, parameters: RemoveParameters) -> Plan[None, None]:
    """Find it first, so that a wrong name removes nothing."""
    if parameters.kind == "expert":
        registry = Registry(project.path / "experts", write=True)
        entry = registry.entry(parameters.name)
        return at_once(lambda: _remove_expert(project, registry, entry))
    if parameters.kind == "scan":
        scan_id = project.catalogue.scan(parameters.name).scan_id
        return at_once(lambda: _remove_scan(project, scan_id))
    project.catalogue.runs_named(parameters.name)
    return at_once(lambda: _remove_run(project, parameters.name))


def what_goes(project: Project, scan_id: int) -> dict[str, int]:
    """Counts of what removing a scan takes away and what stays."""
    scan = project.catalogue.scan_by_id(scan_id)
    labels = project.labels.in_force()
    return {
        "fields": len(project.catalogue.fields(scan_id)), "runs": len(project.catalogue.runs(scan_id=scan_id)),
        "freed_bytes": project.images.bytes_of(scan_id),
        "labels_kept": int(((labels["scan"] == scan.scan) & (labels["foil"] == scan.foil)).sum()),
    }  # fmt: skip


def _remove_scan(project: Project, scan_id: int) -> Outcome:
    scan = project.catalogue.scan_by_id(scan_id)
    counts = what_goes(project, scan_id)
    # Rows first: pixels without a row are freed at the next removal or ingest, rows without pixels would be errors.
    project.catalogue.remove_scan(scan_id)
    project.images.remove(scan_id)
    sentence = (
        f"Scan {scan.scan} removed: {counts['fields']} fields and {counts['runs']} runs, {counts['freed_bytes'] / 1e6:.1f} MB freed; "
        f"its {counts['labels_kept']} labels stay"
    )
    return Outcome(sentence, {"scan": scan.scan, **counts})


def _remove_expert(project: Project, registry: Registry, entry: Entry) -> Outcome:
    freed = sum(p.stat().st_size for p in entry.folder.rglob("*") if p.is_file())
    used = [
        r.name for r in project.catalogue.runs("score")
        if (r.parameters.get("ensemble"), r.parameters.get("version")) == (entry.name, entry.version)
    ]  # fmt: skip
    registry.remove(entry.title)
    sentence = f"{entry.title} removed, {freed / 1e6:.1f} MB freed; labels and {len(used)} runs of its scores stay"
    return Outcome(sentence, {"expert": entry.title, "freed_bytes": freed, "score_runs_kept": used})


def _remove_run(project: Project, name: str) -> Outcome:
    runs = project.catalogue.runs_named(name)
    pits = sum(len(project.catalogue.pits(r.run_id, merged=False)) for r in runs)
    for run in runs:
        project.catalogue.remove_run(run.run_id)
    settle_corrections(project)
    return Outcome(f"Run {name} removed with {pits} pits; labels stay", {"run": name, "pits": pits, "freed_bytes": 0})
