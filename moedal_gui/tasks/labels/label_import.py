"""Labels from a file into the journal."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from moedal_gui.core.errors import TableError
from moedal_gui.core.task import Outcome, Plan, at_once, parameter
from moedal_gui.formats.label_list import read_labels
from moedal_gui.store.project import Project
from moedal_gui.tasks.labels.label_table import label_table


@dataclass(frozen=True)
class LabelImportParameters:
    """What ``label import`` is told."""

    file: Path = field(
        metadata=parameter(
            "a CSV file, or the lab's JSON lists; what is in the project already is not taken twice",
            positional=True,
            label="File of labels",
        )
    )


def plan(project: Project, parameters: LabelImportParameters) -> Plan[None, None]:
    """Append what the journal does not hold yet."""
    scans = project.catalogue.scans()
    labels = read_labels(parameters.file, default_scan=scans[0].scan if len(scans) == 1 else None)
    foils: dict[str, list[str]] = {}
    for s in scans:
        foils.setdefault(s.scan, []).append(s.foil)
    nameless = labels[labels["foil"] == ""]
    for name in dict.fromkeys(nameless["scan"]):
        if len(foils.get(name, [])) > 1:
            raise TableError(
                f"More than one foil has a scan {name}, and the labels do not say which",
                parameters.file,
                "add a column foil",
            )
    labels["foil"] = [f or foils.get(s, [""])[0] for f, s in zip(labels["foil"], labels["scan"], strict=True)]
    known = {(s.foil, s.scan) for s in scans}
    if len(labels) and not any(pair in known for pair in zip(labels["foil"], labels["scan"], strict=True)):
        raise TableError(
            f"None of the labels is of a scan in this project ({labels['foil'].iloc[0]}/{labels['scan'].iloc[0]})", parameters.file,
            "ingest that scan first, or name the scan as in the project",
        )  # fmt: skip
    return at_once(lambda: _import(project, parameters, labels))


def _import(project: Project, parameters: LabelImportParameters, labels: pd.DataFrame) -> Outcome:
    added = project.labels.append_missing(labels, f"import:{parameters.file.name}")
    table = label_table(project)
    orphans = int(table["pit_id"].isna().sum())
    values = {
        "read": len(labels),
        "added": added,
        "labels": len(table),
        "orphans": orphans,
        "matched": len(table) - orphans,
    }
    return Outcome(
        f"{added} new labels of {len(labels)}; {orphans} of {len(table)} match no pit and are kept as orphans", values
    )
