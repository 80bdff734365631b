"""Pits, labels and candidates to files for people and other programs."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from moedal_gui.analysis.route import travel_order
from moedal_gui.core.candidate import CANDIDATE_COLUMNS, PIT_COLUMNS, TRACK_COLUMNS
from moedal_gui.core.errors import ArgumentError, ExportError, NotFoundError
from moedal_gui.core.label import LABEL_COLUMNS
from moedal_gui.core.task import Outcome, Plan, at_once, parameter
from moedal_gui.core.working_point import DEFAULT_NAME, WorkingPoint
from moedal_gui.formats import candidate_list
from moedal_gui.formats.candidate_list import StagePlace
from moedal_gui.formats.tables import rows, write_csv, write_json
from moedal_gui.store.project import Project
from moedal_gui.tasks.candidate_table import candidate_table, link_run, out_of_date, stage_places
from moedal_gui.tasks.crowding import dense_scans
from moedal_gui.tasks.labels.label_table import label_table
from moedal_gui.tasks.pit_table import all_pits, linked_pit_runs, pit_run
from moedal_gui.tasks.placement.placing import placement_of
from moedal_gui.tasks.regions import REGION_COLUMNS, region_table

WHAT = ("pits", "labels", "candidates", "regions")
FORMATS = ("csv", "json", "geojson", "micromanager", "stage")
UNITS = ("inch", "mm", "um")
_PROBABLE = 0.5


@dataclass(frozen=True)
class ExportParameters:
    """What ``export`` is told."""

    what: str = field(
        metadata=parameter(
            "pits with their scores, labels in force, candidates for a rescan, or regions to look at by film",
            positional=True,
            choices=WHAT,
            label="What",
        )
    )
    output: Path = field(
        metadata=parameter("the file to write; one of that name is replaced", short="-o", label="File to write")
    )
    format: str = field(default="csv", metadata=parameter("kind of file", choices=FORMATS, label="Format"))
    all: bool = field(
        default=False,
        metadata=parameter(
            "everything with its score, not only what passes the working point", label="Everything, passing or not"
        ),
    )
    working_point: str | None = field(
        default=None, metadata=parameter("a working point by name", label="Working point", unset="the one in force")
    )
    stage_unit: str | None = field(
        default=None,
        metadata=parameter("unit of stage places", choices=UNITS, label="Unit of stage places", unset="the scan's own"),
    )
    stage_of: str | None = field(
        default=None,
        metadata=parameter(
            "give stage places in this scan's stage",
            label="Places in the stage of",
            unset="the scan that sees each end",
        ),
    )
    run: str | None = field(
        default=None,
        metadata=parameter("rows of this run instead of the current one", label="Rows of run", unset="the current one"),
    )
    xy_stage: str = field(
        default="XYStage", metadata=parameter("name of the stage in Micro-Manager", label="Stage in Micro-Manager")
    )


def plan(project: Project, parameters: ExportParameters) -> Plan[None, None]:
    """Write one file."""
    if parameters.what in ("labels", "regions") and parameters.format in ("micromanager", "stage"):
        raise ArgumentError(
            f"{parameters.what.capitalize()} have no stage list",
            remedy=f"export pits or candidates, or {parameters.what} as csv, json or geojson",
        )
    point = _working_point(project, parameters)
    if not parameters.output.parent.is_dir():
        raise ExportError("There is no such folder", parameters.output.parent, "make it first")
    return at_once(lambda: _export(project, parameters, point))


def _working_point(project: Project, parameters: ExportParameters) -> WorkingPoint | None:
    """The one that is named, else the one in force; None for the list's own default."""
    if parameters.working_point is not None:
        return project.working_points.named(parameters.working_point)
    return project.working_points.current


def _export(project: Project, parameters: ExportParameters, point: WorkingPoint | None) -> Outcome:
    table = _table(project, parameters, point)
    shown = table[_candidate_columns(table)] if parameters.what == "candidates" else table
    if parameters.what == "regions" and parameters.format != "geojson":
        shown = table[list(REGION_COLUMNS)]
    if parameters.format == "csv":
        write_csv(shown, parameters.output)
    elif parameters.format == "json":
        write_json(rows(shown), parameters.output)
    elif parameters.format == "geojson":
        write_json(candidate_list.feature_collection(_features(parameters.what, shown), "um"), parameters.output)
    else:
        places = _stops(project, parameters, table)
        if parameters.format == "stage":
            write_csv(candidate_list.stage_table(places), parameters.output)
        else:
            write_json(candidate_list.position_list(places, parameters.xy_stage), parameters.output)
    values: dict[str, Any] = {
        "what": parameters.what, "format": parameters.format, "file": str(parameters.output), "rows": len(table),
        "working_point": "all" if parameters.all or parameters.what in ("labels", "regions") else (point.name if point else DEFAULT_NAME),
    }  # fmt: skip
    sentence = f"{len(table)} {parameters.what} written to {parameters.output}"
    links = link_run(project, parameters.run) if parameters.what == "candidates" else None
    if links is not None:
        sentence = "; ".join([sentence, *dense_scans(project, linked_pit_runs(links))])
    if links is not None and (stale := out_of_date(project, links)):
        values["out_of_date"] = stale
        sentence += f"; {stale}"
    return Outcome(sentence, values)


def _candidate_columns(table: pd.DataFrame) -> list[str]:
    """The columns of a list of candidates; those of tracks only where foils lie in stacks."""
    return [*CANDIDATE_COLUMNS, *(TRACK_COLUMNS if table["sheets"].notna().any() else ())]


def _table(project: Project, parameters: ExportParameters, point: WorkingPoint | None) -> pd.DataFrame:
    if parameters.what == "labels":
        labels = label_table(project)
        table = _with_extras(labels)
        # A map needs their places on the foil, those of pits that were moved since where these are now.
        return table.assign(x_um=labels["x_um"], y_um=labels["y_um"]) if parameters.format == "geojson" else table
    if parameters.what == "regions":
        return region_table(project)
    if parameters.what == "candidates":
        unit = "um" if parameters.format == "micromanager" else parameters.stage_unit
        return candidate_table(project, parameters.run, parameters.all, unit, parameters.stage_of, point)
    table = all_pits(project, parameters.run)[list(PIT_COLUMNS)]
    if parameters.all or not len(table):
        return table
    if point is not None:
        said = table[point.column].to_numpy(dtype=float)
        if not np.isfinite(said).any():
            raise ExportError(
                f"The working point {point.name} needs scores, and these pits have none", parameters.output,
                "run score first, or name the working point default",
            )  # fmt: skip
        return table[said >= point.threshold].reset_index(drop=True)
    # A pit another program found states no probability: it was found, and passes.
    probability = table["probability"].to_numpy(dtype=float)
    return table[~(probability < _least_probability(project, table, parameters.run))].reset_index(drop=True)


def _least_probability(project: Project, table: pd.DataFrame, run: str | None) -> npt.NDArray[np.float64]:
    """The detector's own working point for each pit, as its run says."""
    points = {}
    for scan in project.catalogue.scans():
        record = pit_run(project, scan, run)
        points[scan.foil, scan.scan] = float(record.summary.get("working_point", _PROBABLE)) if record else _PROBABLE
    return np.array([points[f, s] for f, s in zip(table["foil"], table["scan"], strict=True)])


def _with_extras(labels: pd.DataFrame) -> pd.DataFrame:
    """LABEL_COLUMNS, then the columns that came with labels from elsewhere."""
    said = [json.loads(text) if text else {} for text in labels["extra"]] if len(labels) else []
    names = list(dict.fromkeys(n for row in said for n in row if n not in LABEL_COLUMNS))
    table = labels[list(LABEL_COLUMNS)].copy()
    for name in names:
        table[name] = [row.get(name, "") for row in said]
    return table


def _features(what: str, table: pd.DataFrame) -> list[dict[str, Any]]:
    features = []
    for row in rows(table):
        if what == "candidates":
            ends = [[row["x_um"], row["y_um"]], [row["exit_x_um"], row["exit_y_um"]]]
            features.append(candidate_list.line(ends, row))
        elif what == "regions":
            features.append(candidate_list.polygon(row.pop("corners_um") or [[None, None]], row))
        else:
            features.append(candidate_list.point(row.get("x_um"), row.get("y_um"), row))
    return features


def _stops(project: Project, parameters: ExportParameters, table: pd.DataFrame) -> list[StagePlace]:
    """Stage places in travel order: both ends of a candidate, or one place a pit.

    Places of one mounting of the sheet follow each other: nobody turns the foil over between two stops.
    """
    make = _candidate_stops if parameters.what == "candidates" else _pit_stops
    mountings = make(project, parameters, table)
    stops = [s for mounting in mountings for s in mounting]
    lost = [s for s in stops if not np.isfinite([s.x, s.y]).all()]
    if lost:
        raise ExportError(
            f"{len(lost)} of {len(stops)} places have no stage position", parameters.output,
            "give the scan its positions and pixel size, then ingest it again",
        )  # fmt: skip
    ordered: list[StagePlace] = []
    for mounting in mountings:
        order = travel_order(np.array([[s.x, s.y] for s in mounting], dtype=float).reshape(-1, 2))
        ordered += [mounting[int(i)] for i in order]
    return ordered


def _candidate_stops(project: Project, parameters: ExportParameters, table: pd.DataFrame) -> list[list[StagePlace]]:
    del project
    mountings: dict[str, list[StagePlace]] = {}
    ends = (
        ("entry", "stage_x", "stage_y", "entry_stage_scan"),
        ("exit", "exit_stage_x", "exit_stage_y", "exit_stage_scan"),
    )
    for row in table.to_dict("records"):
        for end, x, y, scan in ends:
            mounting = parameters.stage_of or str(row[scan])
            mountings.setdefault(mounting, []).append(
                StagePlace(f"c{row['candidate_id']}_{end}", float(row[x]), float(row[y]))
            )
    return list(mountings.values())


def _pit_stops(project: Project, parameters: ExportParameters, table: pd.DataFrame) -> list[list[StagePlace]]:
    wanted = project.catalogue.scan(parameters.stage_of) if parameters.stage_of else None
    mountings: dict[int, list[StagePlace]] = {}
    for (foil, scan), group in table.groupby(["foil", "scan"], sort=False):
        own = project.catalogue.scan(f"{foil}/{scan}")
        seen_by = wanted or own
        placement = placement_of(project, seen_by)
        places = placement_of(project, own).to_frame(group["field"], group["x_px"], group["y_px"])
        fields = project.catalogue.fields(seen_by.scan_id)
        unit = (
            "um" if parameters.format == "micromanager" else (parameters.stage_unit or seen_by.description.stage_unit)
        )
        if not placement.lies_on(placement_of(project, own)):
            raise NotFoundError(
                f"Scans {seen_by.scan} and {own.scan} do not lie on each other",
                remedy="register them first, or leave --stage-of out",
            )
        stage = stage_places(placement, seen_by.description, fields, places, unit)
        stage[group["field"].isin(placement.loose).to_numpy()] = np.nan
        stops = [StagePlace(f"p{p}", float(x), float(y)) for p, (x, y) in zip(group["pit_id"], stage, strict=True)]
        mountings.setdefault(seen_by.scan_id, []).extend(stops)
    return list(mountings.values())
