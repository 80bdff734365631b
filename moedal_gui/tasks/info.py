"""What is in a project or a scan, what was assumed, how large it is, how far each step has come."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from moedal_gui.core.counted import counted
from moedal_gui.core.errors import ExpertError
from moedal_gui.core.scan import ScanDescription, to_plain
from moedal_gui.core.task import Outcome, Plan, at_once, parameter
from moedal_gui.formats.reading import inspect
from moedal_gui.imaging.detector_planes import PLANES
from moedal_gui.store.catalogue import RunRecord, ScanRecord
from moedal_gui.store.project import Project, is_project
from moedal_gui.store.registry import Entry, Registry, read_card, read_detector_card
from moedal_gui.tasks.candidate_table import link_run, out_of_date
from moedal_gui.tasks.crowding import dense_scans
from moedal_gui.tasks.labels.label_table import label_table
from moedal_gui.tasks.pit_table import linked_pit_runs, pit_count, pit_run, score_run
from moedal_gui.tasks.placement.register import input_hash, registration_doubts
from moedal_gui.tasks.scan_words import scan_words
from moedal_gui.tasks.sheet_words import doubts_of_links
from moedal_gui.tasks.stacks import stack_words
from moedal_gui.tasks.training.detectors import detector_in_force

_LOOSE = "no field has a position: each has a frame of its own, and a pit that two fields show counts twice"


@dataclass(frozen=True)
class InfoParameters:
    """What ``info`` is told."""

    path: Path = field(metadata=parameter("a project or a scan", positional=True))


def plan(project: None, parameters: InfoParameters) -> Plan[None, None]:
    """Look only; nothing is written."""
    del project
    return at_once(lambda: _info(parameters.path))


def _info(path: Path) -> Outcome:
    if not is_project(path):
        return _of_source(path)
    with Project.open(path) as project:
        return of_project(project)


def doubts_of(project: Project) -> list[str]:
    """Sentences on all that is missing or doubtful in a project's scans and in how they lie."""
    said = []
    for scan in project.catalogue.scans():
        said += [f"{scan.scan}: {words}" for words in scan_words(project, scan, pit_run(project, scan))]
    link = link_run(project)
    return [*said, *(doubts_of_links(link) if link else []), *registration_doubts(project, checked_only=True)]


def of_project(project: Project) -> Outcome:
    """Everything `info` says of an open project."""
    scans = [_scan(project, s) for s in project.catalogue.scans()]
    labels = label_table(project)
    per_class = {str(k): int(v) for k, v in labels["label"].value_counts().items()} if len(labels) else {}
    link = link_run(project)
    disk = sum(p.stat().st_size for p in project.path.rglob("*") if p.is_file())
    values = {
        "project": str(project.path), "disk_bytes": disk, "scans": scans,
        "labels": {"count": len(labels), "per_class": per_class, "orphans": int(labels["pit_id"].isna().sum()) if len(labels) else 0},
        "candidates": link.summary.get("candidates") if link else None, "ensembles": _ensembles(project),
        "detectors": _detectors(project), "steps": _steps(project), "stacks": link.summary.get("stacks", []) if link else [],
        "notes": [*(_notes_of_links(project, link) if link else []), *registration_doubts(project)],
    }  # fmt: skip
    lines = [
        f"{project.path.name}: {counted(len(scans), 'scan')}, {counted(len(labels), 'label')}, {disk / 1e6:.1f} MB"
    ]
    for scan, row in zip(project.catalogue.scans(), scans, strict=True):
        assumed = f"; assumed: {', '.join(row['assumed'])}" if row["assumed"] else ""
        lines.append(
            f"  {row['foil']}/{row['scan']}: {row['fields']} fields, {row['pits'] if row['pits'] is not None else 'no'} pits{assumed}"
        )
        loose = [_LOOSE] if row["fields"] > 1 and not row["fields_with_position"] else []
        lines += [f"    {note}" for note in [*scan_words(project, scan, pit_run(project, scan)), *loose]]
    for one in _ensembles(project):
        said = one.get("damaged") or f"{', '.join(one['classes'])}{'; current' if one['current'] else ''}"
        lines.append(f"  ensemble {one['name']} {one['version']}: {said}")
    for one in _detectors(project):
        said = one.get("damaged") or f"looks at {one['view']}{'; current' if one['current'] else ''}"
        if one.get("outdone_by"):
            said += f"; {one['outdone_by']} found more when it was made"
        lines.append(f"  detector {one['name']} {one['version']}: {said}")
    if link:
        lines += _link_words(project, link)
        lines += [f"  {stack_words(one)}" for one in link.summary.get("stacks", [])]
    lines += [f"  Note: {words}" for words in values["notes"]]
    return Outcome("\n".join(lines), values)


def _notes_of_links(project: Project, link: RunRecord) -> list[str]:
    stale = out_of_date(project, link)
    return [*([stale] if stale else []), *doubts_of_links(link), *dense_scans(project, linked_pit_runs(link))]


def _scan(project: Project, scan: ScanRecord) -> dict[str, Any]:
    fields = project.catalogue.fields(scan.scan_id)
    run = pit_run(project, scan)
    return {
        "foil": scan.foil, "scan": scan.scan, "source": scan.source, "fields": len(fields),
        "fields_with_pictures": int(fields["batch"].notna().sum()), "fields_with_position": int(fields["stage_x"].notna().sum()),
        "incomplete_fields": [str(f) for f, m in zip(fields["field"], fields["missing"], strict=True) if m],
        "whole": scan.whole, "pits": pit_count(project, run) if run else None, "run": run.name if run else None,
        "pixel_bytes": project.images.bytes_of(scan.scan_id), "assumed": sorted(scan.description.assumed),
        "notes": list(scan.notes), "light": dict(run.summary.get("light", {})) if run else {},
        "cleaned": dict(run.summary.get("cleaned", {})) if run else {}, "description": _words(scan.description),
        "datum_confirmed": _confirmed(project, scan),
    }  # fmt: skip


def _confirmed(project: Project, scan: ScanRecord) -> dict[str, str] | None:
    change = project.catalogue.datum.confirmed(scan.description)
    return None if change is None else {"by": change.annotator, "when": change.when}


def _words(description: ScanDescription) -> dict[str, Any]:
    plain = to_plain(description)
    plain["channels"] = [
        {"step": c.step, "kind": c.kind, "azimuth_deg": c.azimuth_deg, "name": c.name} for c in description.channels
    ]
    return plain


def _ensembles(project: Project) -> list[dict[str, Any]]:
    def told(folder: Path) -> dict[str, Any]:
        card = read_card(folder)
        return {"kind": card.kind, "classes": list(card.classes), "made": card.made, "provenance": card.provenance}

    current = project.experts.current()
    return _versions(project.experts, told, (current,))


def _detectors(project: Project) -> list[dict[str, Any]]:
    def told(folder: Path) -> dict[str, Any]:
        card = read_detector_card(folder)
        return {
            "view": card.view,
            "made": card.made,
            "provenance": card.provenance,
            "f1": card.metrics.get("f1"),
            "outdone_by": card.outdone_by,
        }

    # A damaged one among them is told as such, and nothing can be said to be in force.
    try:
        current: tuple[Entry | None, ...] = tuple(detector_in_force(project, view) for view in PLANES)
    except ExpertError:
        current = (project.detectors.chosen(),)
    return _versions(project.detectors, told, current)


def _versions(
    registry: Registry, told: Callable[[Path], dict[str, Any]], current: Sequence[Entry | None]
) -> list[dict[str, Any]]:
    """What is told of every trained version; a damaged one is told, not hidden."""
    rows: list[dict[str, Any]] = []
    for entry in registry.entries():
        row: dict[str, Any] = {"name": entry.name, "version": entry.version, "current": entry in current}
        try:
            row |= told(entry.folder)
        except ExpertError as error:
            row["damaged"] = str(error)
        rows.append(row)
    return rows


def _scored(project: Project, scans: list[ScanRecord]) -> tuple[bool, bool]:
    """Whether anything is scored, and whether all pits that are current are."""
    known = [score_run(project, run) is not None for s in scans if (run := pit_run(project, s)) is not None]
    return any(known), bool(known) and all(known)


def _steps(project: Project) -> dict[str, Any]:
    """State of each step: ``done``, ``out of date`` or ``to do``."""
    scans = project.catalogue.scans()
    registered = project.catalogue.current_run("register")
    linked = project.catalogue.current_run("link")
    seen = [s for s in scans if pit_run(project, s)]
    now = input_hash(project)

    def state(done: bool, fresh: bool = True) -> str:
        return "to do" if not done else ("done" if fresh else "out of date")

    fresh_link = linked is not None and not out_of_date(project, linked)
    return {
        "ingest": state(bool(scans) and all(s.whole for s in scans)),
        "preselect": state(bool(seen) and len(seen) == len([s for s in scans if s.flat])),
        "register": state(registered is not None, registered is not None and registered.input_hash == now),
        "link": state(linked is not None, fresh_link),
        "score": state(*_scored(project, seen)),
    }


def _of_source(path: Path) -> Outcome:
    source = inspect(path)
    known = [f for f in source.fields if f.stage_x is not None]
    values = {
        "scan_folder": str(path), "kind": source.layout.kind, "fields": len(source.fields), "fields_with_position": len(known),
        "fields_with_pictures": sum(f.has_picture for f in source.fields),
        "assumed": sorted(source.description.assumed), "notes": list(source.notes), "description": _words(source.description),
    }  # fmt: skip
    channels = ", ".join(c.name for c in source.description.channels)
    assumed = f"; assumed: {', '.join(sorted(source.description.assumed))}" if source.description.assumed else ""
    lines = [f"{path.name}: a scan ({source.layout.kind}) of {len(source.fields)} fields, channels {channels}{assumed}"]
    return Outcome("\n".join([*lines, *(f"  {n}" for n in source.notes)]), values)


def _link_words(project: Project, link: RunRecord) -> list[str]:
    """What is said of the links in force: what the program paired, if it did, and what people did."""
    by_hand = int((project.catalogue.links.of_run(link.run_id)["by_hand"] == 1).sum())
    words = [f"  {by_hand} linked by hand"] if by_hand else []
    if "candidates" not in link.summary:
        return words
    accidents = link.summary.get("expected_accidentals")
    return [f"  {counted(link.summary['candidates'], 'candidate')}, about {accidents} by accident", *words]
