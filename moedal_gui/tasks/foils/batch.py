"""The same steps over a folder of foils: on this machine, or on a Dask cluster."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

import pandas as pd

from moedal_gui.core.counted import counted
from moedal_gui.core.errors import ArgumentError, BatchError, ExportError
from moedal_gui.core.task import Outcome, Plan, parameter
from moedal_gui.formats.tables import write_csv
from moedal_gui.preselect.methods import Method
from moedal_gui.store.project import is_project
from moedal_gui.tasks.foils.cluster import Cluster
from moedal_gui.tasks.foils.foil import FoilRow, FoilUnit, FoilWords, failed, work_foil
from moedal_gui.tasks.foils.foil_folders import foil_folders
from moedal_gui.tasks.foils.processes import Processes
from moedal_gui.tasks.loop import worker_count
from moedal_gui.tasks.preselect import METHODS
from moedal_gui.tasks.training.detectors import check_detector_for_all
from moedal_gui.tasks.training.ensembles import check_ensemble_for_all

_SUMMARY = "summary.csv"
_COUNTS = ("scans", "fields", "pits", "top", "bottom", "candidates")
_TOLD = 5

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class BatchParameters:
    """What ``batch`` is told."""

    folder: Path = field(
        metadata=parameter("a folder whose sub-folders hold the scans of one foil each", positional=True)
    )
    output: Path = field(metadata=parameter("the folder that gets a folder a foil, and summary.csv", short="-o"))
    scheduler: str | None = field(
        default=None,
        metadata=parameter("address of a Dask scheduler, such as tcp://host:8786; this machine by default"),
    )
    workers: int | None = field(
        default=None, metadata=parameter("at most so many processes on this machine; as many as cores by default")
    )
    method: Method = field(default="auto", metadata=parameter("how pits are found", choices=METHODS))
    detector: str | None = field(
        default=None, metadata=parameter("a learned detector by name, or a project, as for preselect")
    )
    ensemble: str | None = field(default=None, metadata=parameter("an ensemble by name, or a project, as for score"))
    all: bool = field(
        default=False, metadata=parameter("export everything with its score, not only what passes the working point")
    )
    name_foils: bool = field(
        default=False, metadata=parameter("every foil is called as its folder, whatever its scans say")
    )


def plan(project: None, parameters: BatchParameters) -> Plan[FoilUnit, FoilRow]:
    """One unit a foil. Whether a foil is whole is seen by its worker: it takes a look at every input file.

    Raises
    ------
    NotFoundError
        There is no foil in the folder.
    ArgumentError
        The words do not fit together.
    ExpertError
        Nothing was begun, and no foil could be worked through with the ensemble or the detector that is named.
    ExportError
        The output folder cannot be made.
    BatchError
        A scheduler is named that cannot be reached, or Dask is not installed.
    """
    del project
    folder, out = parameters.folder.resolve(), parameters.output.resolve()
    _check(parameters, folder, out)
    units = _units(parameters, folder, out)
    workers = parameters.workers or worker_count()
    _make(out)
    spread: Cluster | Processes = (
        Cluster(parameters.scheduler, failed) if parameters.scheduler else Processes(workers, failed)
    )
    rows: list[FoilRow] = []

    def commit(unit: FoilUnit, row: FoilRow) -> None:
        rows.append(row)
        if row.error:
            _log.debug("%s: %s", unit.foil.name, row.error)
        _write(rows, out)

    def finish() -> Outcome:
        return _finish(rows, out)

    return Plan(
        units=units, work=work_foil, commit=commit, finish=finish, interrupt=spread.stop, ordered_map=spread
    )  # fmt: skip


def _check(parameters: BatchParameters, folder: Path, out: Path) -> None:
    if parameters.scheduler and parameters.workers is not None:
        raise ArgumentError("--workers is for this machine, --scheduler for a cluster", "", "leave one of them out")
    if parameters.workers is not None and parameters.workers < 1:
        raise ArgumentError("--workers must be at least 1", "", "give a whole number, or leave it out")
    if not out.is_dir():  # foils that were begun may have their own
        if parameters.ensemble is not None:
            check_ensemble_for_all(parameters.ensemble)
        if parameters.detector is not None:
            check_detector_for_all(parameters.detector)
    # Nothing in a scan folder is ever written: a folder of its own beside the foils is the nearest there may be.
    if out == folder or (out.is_relative_to(folder) and out.parent != folder):
        raise ArgumentError("The output folder lies among the scans", out, "name another folder")


def _units(parameters: BatchParameters, folder: Path, out: Path) -> list[FoilUnit]:
    foils = foil_folders(folder, out)
    words = FoilWords(
        parameters.method, _absolute(parameters.detector), _absolute(parameters.ensemble), parameters.all, parameters.name_foils
    )  # fmt: skip
    inside = 1 if parameters.scheduler else max(1, (parameters.workers or worker_count()) // len(foils))
    return [FoilUnit(foil, out / foil.name, words, inside) for foil in foils]


def _absolute(name: str | None) -> str | None:
    """A project's path as a worker elsewhere understands it; other names stay."""
    return str(Path(name).resolve()) if name is not None and is_project(Path(name)) else name


def _make(out: Path) -> None:
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ExportError("The folder cannot be made", out, f"name another place ({error.strerror})") from error


def _write(rows: Sequence[FoilRow], out: Path) -> None:
    table = pd.DataFrame([asdict(row) for row in rows], columns=[f.name for f in fields(FoilRow)])
    whole = table.astype(dict.fromkeys(_COUNTS, "Int64"))
    write_csv(whole, out / _SUMMARY)


def _finish(rows: Sequence[FoilRow], out: Path) -> Outcome:
    wrong = [row for row in rows if row.state == "failed"]
    summary = out / _SUMMARY
    if len(wrong) == len(rows):
        what = f"All {len(rows)} foils failed, first {wrong[0].foil}" if len(rows) > 1 else f"{wrong[0].foil} failed"
        raise BatchError(what, summary, wrong[0].error)
    done, skipped = (sum(row.state == state for row in rows) for state in ("done", "skipped"))
    pits, candidates = (sum(getattr(row, name) or 0 for row in rows) for name in ("pits", "candidates"))
    sentence = f"{counted(done, 'foil')} worked through, {skipped} whole before, {len(wrong)} failed: {counted(pits, 'pit')}, {counted(candidates, 'candidate')}; {summary}"
    lines = [sentence, *(f"{row.foil}: {row.error}" for row in wrong[:_TOLD])]
    lines += [f"and {len(wrong) - _TOLD} more that failed"] if len(wrong) > _TOLD else []
    values: dict[str, Any] = {
        "foils": [asdict(row) for row in rows], "done": done, "skipped": skipped, "failed": len(wrong), "summary": str(summary),
    }  # fmt: skip
    return Outcome("\n".join(lines), values)
