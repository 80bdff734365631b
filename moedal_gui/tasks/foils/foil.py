"""One foil of a batch, from its scan folders to its report: the unit that a worker takes."""

from __future__ import annotations

import shutil
import time
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from filelock import FileLock

from moedal_gui import __version__
from moedal_gui.core.errors import BatchError, ExpertError, MoedalError, ScanError
from moedal_gui.core.task import Outcome, Plan
from moedal_gui.preselect.methods import Method
from moedal_gui.store.project import SUFFIX, Project
from moedal_gui.tasks import export, info, ingest, link, preselect, report, score
from moedal_gui.tasks.fingerprint import digest
from moedal_gui.tasks.foils.foil_folders import FoilFolder
from moedal_gui.tasks.foils.foil_mark import Mark, listing_of, only_more, read_mark, write_mark
from moedal_gui.tasks.loop import run
from moedal_gui.tasks.placement import register

_TABLES = (("pits", "csv"), ("candidates", "csv"), ("candidates", "geojson"))
_PAGE = "report.html"


@dataclass(frozen=True)
class FoilWords:
    """What a person says of every foil of a batch; paths in it are absolute."""

    method: Method = "auto"
    detector: str | None = None
    ensemble: str | None = None
    all: bool = False
    name_foils: bool = False


@dataclass(frozen=True)
class FoilUnit:
    """One foil; small, so that it travels.

    Attributes
    ----------
    out
        The foil's own output folder, absolute.
    workers
        Threads or processes that may be used inside the foil.
    version
        Of the program that asks; a worker of another version refuses.
    """

    foil: FoilFolder
    out: Path
    words: FoilWords
    workers: int = 1
    version: str = __version__


@dataclass(frozen=True)
class FoilRow:
    """A row of the summary.

    Attributes
    ----------
    state
        ``done``, ``skipped`` (whole before) or ``failed``.
    candidates, expected_accidentals
        Of the newest links: those that pass, and how many of them accident is expected to give.
    seconds
        Of the work, on the worker's clock; of a skipped foil those it took then.
    error
        One sentence; empty unless it failed.
    note
        What was left undone, is missing or doubtful in a foil that did not fail.
    """

    foil: str
    state: str
    scans: int
    fields: int | None = None
    pits: int | None = None
    top: int | None = None
    bottom: int | None = None
    candidates: int | None = None
    expected_accidentals: float | None = None
    seconds: float | None = None
    error: str = ""
    note: str = ""


@dataclass
class _Found:
    """What the steps say, step by step."""

    values: dict[str, Any] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def work_foil(unit: FoilUnit) -> FoilRow:
    """Work one foil through, or see that it is whole; what goes wrong is told in its row."""
    started = time.monotonic()
    try:
        row = _worked(unit)
    except MoedalError as error:
        row = failed(unit, str(error))
    except Exception as error:  # noqa: BLE001 - one foil's outermost edge: the others go on
        row = failed(unit, f"Something unexpected went wrong ({type(error).__name__}: {error})".replace("\n", " "))
    return row if row.state != "failed" else replace(row, seconds=round(time.monotonic() - started, 2))


def failed(unit: FoilUnit, error: str) -> FoilRow:
    """The row of a foil that failed."""
    return FoilRow(unit.foil.name, "failed", len(unit.foil.scans), error=error)


def _worked(unit: FoilUnit) -> FoilRow:
    if unit.version != __version__:
        raise BatchError(
            f"The worker has version {__version__} of this program", "", f"install version {unit.version} there"
        )
    if not unit.foil.scans:
        raise ScanError(
            "There is no scan in this folder", unit.foil.name, "put its scan folders there, or move it away"
        )
    try:
        unit.out.mkdir(parents=True, exist_ok=True)
        # A worker that was given up may still be at it: the second one waits, and then finds the foil whole.
        with FileLock(unit.out / "batch.lock"):
            return _resumed(unit)
    except OSError as error:
        reason = error.strerror or error
        raise BatchError("A file cannot be read or written", error.filename or unit.out, f"{reason}") from error


def _resumed(unit: FoilUnit) -> FoilRow:
    started = time.monotonic()
    words = digest([asdict(unit.words), __version__])
    now, before = listing_of(unit.foil.scans), read_mark(unit.out)
    project_path = unit.out / f"{unit.foil.name}{SUFFIX}"
    if before is not None and not only_more(before.listing, now):
        _put_aside(project_path)
        before = None
    if before is not None and before.row is not None and (before.words, dict(before.listing)) == (words, now):
        whole = all(path.exists() for path in (project_path, *_outputs(unit.out)))
        if whole:
            return FoilRow(**{**before.row, "state": "skipped"})
    write_mark(unit.out, Mark(words, now))
    found = _through(project_path, unit)
    left_out = unit.foil.left_out
    notes = [*found.notes, *([f"no scan, left out: {', '.join(left_out)}"] if left_out else [])]
    seconds = round(time.monotonic() - started, 2)
    row = FoilRow(
        unit.foil.name, "done", len(unit.foil.scans), **found.values, seconds=seconds, note="; ".join(notes)
    )  # fmt: skip
    write_mark(unit.out, Mark(words, now, asdict(row)))
    return row


def _through(path: Path, unit: FoilUnit) -> _Found:
    """The steps on the foil's project; one that was made for scans that are none leaves nothing behind."""
    fresh, empty = not path.exists(), False
    try:
        with Project.open(path, write=True, create=True) as project:
            try:
                return _steps(project, unit)
            finally:
                empty = not project.catalogue.scans()
    finally:
        if fresh and empty:
            shutil.rmtree(path)


def _put_aside(project: Path) -> None:
    """Pixels are stored once: where an input file changed, the project starts anew, and the old one is kept."""
    if not project.exists():
        return
    number = 1
    while (target := project.with_name(f"{project.stem}.before-{number}{SUFFIX}")).exists():
        number += 1
    project.rename(target)


def _outputs(out: Path) -> list[Path]:
    return [*(out / f"{what}.{kind}" for what, kind in _TABLES), out / _PAGE]


def _steps(project: Project, unit: FoilUnit) -> _Found:
    """The verbs in the order people take them; what an earlier run has done is not done again."""
    words, found = unit.words, _Found()

    def take(plan: Plan[Any, Any]) -> Outcome:
        return run(plan, workers=unit.workers)

    foil = unit.foil.name if words.name_foils else None
    taken = take(ingest.plan(project, ingest.IngestParameters(unit.foil.scans, foil=foil)))
    found.values["fields"] = sum(s["fields"] for s in taken.values["scans"])
    unreadable = [f"{s.scan}: {note}" for s in project.catalogue.scans() if s.flat is None for note in s.notes]
    if unreadable and all(s.flat is None for s in project.catalogue.scans()):
        raise ScanError("No picture of this foil can be read", "; ".join(unreadable), "copy its scans here anew")
    seen = take(preselect.plan(project, preselect.PreselectParameters(method=words.method, detector=words.detector)))
    for name in ("pits", "top", "bottom"):
        found.values[name] = sum(s[name] for s in seen.values["scans"])
    _link(project, take)
    links = project.catalogue.current_run("link")
    assert links is not None
    found.values |= {name: links.summary[name] for name in ("candidates", "expected_accidentals")}
    try:
        take(score.plan(project, score.ScoreParameters(ensemble=words.ensemble)))
    except ExpertError as error:
        found.notes.append(f"not scored: {error}")
    found.notes += info.doubts_of(project)
    for what, kind in _TABLES:
        output = unit.out / f"{what}.{kind}"
        take(export.plan(project, export.ExportParameters(what, output, format=kind, all=words.all)))
    take(report.plan(project, report.ReportParameters(unit.out / _PAGE)))
    return found


def _link(project: Project, take: Any) -> None:
    """Register and link, unless the newest links are of just these pits: made again, they would have other ids."""
    registered = project.catalogue.current_run("register")
    if registered is None or registered.input_hash != register.input_hash(project):
        take(register.plan(project, register.RegisterParameters()))
    if link.linked(project, link.LinkParameters()) is None:
        take(link.plan(project, link.LinkParameters()))
