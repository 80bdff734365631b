"""The journal's labels to a file."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from moedal_gui.core.task import Plan, parameter
from moedal_gui.store.project import Project
from moedal_gui.tasks import export


@dataclass(frozen=True)
class LabelExportParameters:
    """What ``label export`` is told."""

    output: Path = field(
        metadata=parameter("the file to write; one of that name is replaced", short="-o", label="File to write")
    )


def plan(project: Project, parameters: LabelExportParameters) -> Plan[None, None]:
    """Write the labels in force; JSON where the file's name ends so, else CSV."""
    kind = "json" if parameters.output.suffix.lower() == ".json" else "csv"
    return export.plan(project, export.ExportParameters("labels", parameters.output, format=kind))
