"""Pits another program found, as a run of their own."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from moedal_gui import __version__
from moedal_gui.core.errors import TableError
from moedal_gui.core.pit import DETECTION_COLUMNS
from moedal_gui.core.task import Outcome, Plan, at_once, parameter
from moedal_gui.formats.point_list import read_pits
from moedal_gui.store.catalogue import ScanRecord
from moedal_gui.store.project import Project
from moedal_gui.tasks.fingerprint import digest
from moedal_gui.tasks.preselect import settle_pits


@dataclass(frozen=True)
class PitsImportParameters:
    """What ``pits import`` is told."""

    file: Path = field(
        metadata=parameter(
            "a CSV file with scan, field, x_px, y_px, or JSON lists by scan", positional=True, label="File of pits"
        )
    )
    run: str = field(
        metadata=parameter(
            "name of the run that these pits become; it is the current one from then on", label="Name of their run"
        )
    )


def plan(project: Project, parameters: PitsImportParameters) -> Plan[None, None]:
    """Read and check the whole file before anything is written."""
    pits = read_pits(parameters.file)
    names = {s.scan for s in project.catalogue.scans()} | {f"{s.foil}/{s.scan}" for s in project.catalogue.scans()}
    unknown = sorted(set(pits["scan"]) - names)
    if not len(pits):
        raise TableError("The file holds no pits", parameters.file, "check it")
    if unknown and len(unknown) == pits["scan"].nunique():
        raise TableError(
            f"None of the scans is in this project: {', '.join(unknown[:5])}", parameters.file, "ingest them first"
        )
    return at_once(lambda: _import(project, parameters, pits[~pits["scan"].isin(unknown)], unknown))


def _import(project: Project, parameters: PitsImportParameters, pits: pd.DataFrame, unknown: list[str]) -> Outcome:
    rows = []
    for name in dict.fromkeys(pits["scan"]):
        group = pits[pits["scan"] == name].reset_index(drop=True)
        rows.append(_import_scan(project, parameters, project.catalogue.scan(name), group))
    trouble = f"; scans not in the project left out: {', '.join(unknown)}" if unknown else ""
    sentence = "; ".join(f"{r['scan']}: {r['pits']} pits as run {r['run']}, {r['skipped']} left out" for r in rows)
    return Outcome(sentence + trouble, {"scans": rows, "unknown_scans": unknown})


def _import_scan(
    project: Project, parameters: PitsImportParameters, scan: ScanRecord, group: pd.DataFrame
) -> dict[str, Any]:
    rows = project.catalogue.field_rows(scan.scan_id)
    fields = {r.field: r.field_id for r in rows}
    size = {r.field: (r.width, r.height) for r in rows}
    x, y = group["x_px"].to_numpy(float), group["y_px"].to_numpy(float)
    wide, high = (np.array([size.get(f, (np.inf, np.inf))[k] for f in group["field"]], dtype=float) for k in (0, 1))
    group = group[(x >= -0.5) & (y >= -0.5) & (x <= wide - 0.5) & (y <= high - 0.5)].reset_index(drop=True)
    outside = len(x) - len(group)
    table = _detections(group)
    words = {"method": "import", "file": parameters.file.name}
    hashed = digest([table.to_csv(), list(group["field"])])
    run = project.catalogue.current_run("preselect", scan.scan_id, parameters.run)
    if run is None or run.input_hash != hashed:
        run = project.catalogue.open_run("preselect", scan.scan_id, words, hashed, __version__, parameters.run)
        done = project.catalogue.done_fields(run.run_id)
        # A field without a pit in the file is an empty one, not one that nobody looked at.
        for name in dict.fromkeys([*group["field"], *fields]):
            if name in fields and fields[name] not in done:
                project.catalogue.add_pits(run.run_id, fields[name], table[(group["field"] == name).to_numpy()])
        settle_pits(project, scan, run)
    kept = int(group["field"].isin(list(fields)).sum())
    strange = sorted(set(group["field"]) - set(fields))[:20]
    return {
        "scan": scan.scan,
        "run": run.name,
        "pits": kept,
        "unknown_fields": strange,
        "outside": outside,
        "skipped": len(group) - kept + outside,
    }


def _detections(group: pd.DataFrame) -> pd.DataFrame:
    """DETECTION_COLUMNS of an imported table; what it does not hold is missing."""
    columns = {}
    for name, dtype in DETECTION_COLUMNS.items():
        if name not in group.columns:
            columns[name] = (
                pd.Series([None] * len(group), dtype=object)
                if dtype == "str"
                else pd.Series(np.full(len(group), np.nan))
            )
        elif dtype == "str":
            columns[name] = pd.Series([v if v in ("top", "bottom") else None for v in group[name]], dtype=object)
        else:
            columns[name] = pd.Series(pd.to_numeric(group[name], errors="coerce").to_numpy(dtype=float))
    return pd.DataFrame(columns)
