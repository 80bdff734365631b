"""One self-contained page: pictures, counts, density, candidates with crops, provenance."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from moedal_gui import __version__, paths
from moedal_gui.analysis.density import DensityMap, density_map
from moedal_gui.core.counted import counted
from moedal_gui.core.errors import ExportError
from moedal_gui.core.field import seen_fields
from moedal_gui.core.label import now
from moedal_gui.core.task import Outcome, Plan, at_once, parameter
from moedal_gui.formats.tables import write_text
from moedal_gui.imaging.crops import cut_crop
from moedal_gui.store.catalogue import FieldRow, RunRecord, ScanRecord
from moedal_gui.store.project import Project
from moedal_gui.tasks.candidate_table import candidate_table, link_run, out_of_date, pits_of_links
from moedal_gui.tasks.crowding import dense_scans
from moedal_gui.tasks.labels.label_table import label_table
from moedal_gui.tasks.pit_table import all_pits, linked_pit_runs, pit_run
from moedal_gui.tasks.placement.placing import canvas_placement, placement_of
from moedal_gui.tasks.runs import RunsParameters, parameter_words
from moedal_gui.tasks.runs import plan as list_runs
from moedal_gui.tasks.scan_words import scan_words
from moedal_gui.tasks.sheet_words import doubts_of_links

_MOST_CANDIDATES = 60
_PICTURE_PX = 1400
_CROP_PX = 48
_MOST_MARKS = 4000
# Okabe-Ito
_TOP, _BOTTOM = "#0072B2", "#D55E00"


@dataclass(frozen=True)
class ReportParameters:
    """What ``report`` is told."""

    output: Path = field(
        metadata=parameter("the page to write (.html); one of that name is replaced", short="-o", label="Page to write")
    )
    run: str | None = field(
        default=None,
        metadata=parameter("rows of this run instead of the current one", label="Rows of run", unset="the current one"),
    )


def plan(project: Project, parameters: ReportParameters) -> Plan[None, None]:
    """Write one page."""
    if not parameters.output.parent.is_dir():
        raise ExportError("There is no such folder", parameters.output.parent, "make it first")
    return at_once(lambda: _report(project, parameters))


def _report(project: Project, parameters: ReportParameters) -> Outcome:
    from jinja2 import Environment, FileSystemLoader, select_autoescape

    pits = all_pits(project, parameters.run)
    links = link_run(project, parameters.run)
    scans = [
        _scan(
            project, s, pits[(pits["scan"] == s.scan) & (pits["foil"] == s.foil)], pit_run(project, s, parameters.run)
        )
        for s in project.catalogue.scans()
    ]
    table = candidate_table(project, parameters.run)
    candidates = _candidates(project, table, pits_of_links(project, links)) if links is not None else []
    labels = label_table(project)
    counts = sorted(labels["label"].value_counts().items()) if len(labels) else []
    accidents = float(table["accidental_probability"].sum()) if len(table) else 0.0
    page = Environment(loader=FileSystemLoader(paths.resources()), autoescape=select_autoescape()).get_template(
        "report.html"
    )
    text = page.render(
        project=project.name, when=now(), version=__version__, scans=scans, candidates=candidates, n_candidates=len(table),
        shown=min(_MOST_CANDIDATES, len(table)), accidents=f"{accidents:.1f}", linked=links is not None, stale=out_of_date(project, links) if links is not None else "", labels=counts,
        doubts=doubts_of_links(links) if links is not None else [],
        too_dense=dense_scans(project, linked_pit_runs(links)) if links is not None else [],
        tiles=[("scans", len(scans)), ("pits", len(pits)), ("candidates", len(table)), ("labels", len(labels))],
        runs=[{**r, "words": parameter_words(r["parameters"])} for r in list_runs(project, RunsParameters()).finish().values["runs"]],
    )  # fmt: skip
    write_text(parameters.output, text)
    values = {
        "file": str(parameters.output),
        "scans": len(scans),
        "pits": len(pits),
        "candidates": len(table),
        "bytes": len(text.encode()),
    }
    return Outcome(
        f"Report of {counted(len(scans), 'scan')}, {counted(len(pits), 'pit')} and {counted(len(table), 'candidate')} written to {parameters.output}",
        values,
    )


def _scan(project: Project, scan: ScanRecord, pits: pd.DataFrame, run: RunRecord | None) -> dict[str, Any]:
    placement = placement_of(project, scan)
    rows = project.catalogue.field_rows(scan.scan_id)
    measures = project.catalogue.measures(run.run_id) if run is not None else {}
    firm = seen_fields((r.field for r in rows if r.field not in placement.loose), measures)
    mapped = None
    density = "-"
    if firm and len(pits):
        inside = pits[~pits["field"].isin(placement.loose)]
        places = (
            placement.to_frame(inside["field"], inside["x_px"], inside["y_px"]) if len(inside) else np.zeros((0, 2))
        )
        mapped = density_map(places, placement, firm)
        area_mm2 = float(mapped.cover.sum()) * (mapped.cell / 1000) ** 2
        density = f"{len(inside) / area_mm2:.2f}" if placement.unit == "um" and area_mm2 > 0 else "-"
    return {
        "foil": scan.foil, "scan": scan.scan, "orientation": scan.description.orientation, "fields": len(rows), "pits": len(pits),
        "top": int((pits["surface"] == "top").sum()), "bottom": int((pits["surface"] == "bottom").sum()), "density": density,
        "assumed": sorted(scan.description.assumed), "notes": scan_words(project, scan, run), "picture": _mosaic(project, scan, rows, pits),
        "map": _map_picture(mapped) if mapped is not None else "", "map_unit": "mm2" if placement.unit == "um" else "px2",
    }  # fmt: skip


def _mosaic(project: Project, scan: ScanRecord, rows: list[FieldRow], pits: pd.DataFrame) -> str:
    """The whole scan at the level that fits the page, pits over it; empty without pictures."""
    pictured = [r for r in rows if r.batch is not None]
    if not pictured:
        return ""
    placement = canvas_placement(project, scan)
    corners = np.concatenate([_corners(placement, r) for r in pictured]) / placement.scale
    low, extent = corners.min(axis=0), np.ptp(corners, axis=0)
    level = max(0, int(np.ceil(np.log2(max(extent.max() / _PICTURE_PX, 1.0)))))
    canvas = np.zeros((int(extent[1] / 2**level) + 2, int(extent[0] / 2**level) + 2), dtype=np.float32)
    rim = scan.description.rim or (0,)
    for row in pictured:
        assert row.batch is not None
        small = project.images.read(row.batch, row.slot, level=level)[list(rim)].mean(axis=0)
        picture = small[:, ::-1] if placement.mirrored else small
        turned = np.asarray(placement.matrix)[0, 0] < 0
        picture = picture[:, ::-1] if turned else picture
        x, y = ((_corners(placement, row) / placement.scale).min(axis=0) - low) / 2**level
        top, left = round(float(y)), round(float(x))
        part = canvas[top : top + picture.shape[0], left : left + picture.shape[1]]
        part[...] = picture[: part.shape[0], : part.shape[1]]
    return _drawn(canvas, pits, placement, low, 2**level)


def _corners(placement: Any, row: FieldRow) -> npt.NDArray[np.float64]:
    xs, ys = [0, row.width - 1, row.width - 1, 0], [0, 0, row.height - 1, row.height - 1]
    return np.asarray(placement.to_frame([row.field] * 4, xs, ys))


def _drawn(
    canvas: npt.NDArray[np.float32], pits: pd.DataFrame, placement: Any, low: npt.NDArray[np.float64], factor: int
) -> str:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(canvas.shape[1] / 100, canvas.shape[0] / 100), dpi=100)
    axes = figure.add_axes((0, 0, 1, 1))
    filled = canvas[canvas > 0]
    limits = np.percentile(filled, [1, 99.5]) if len(filled) else np.array([0.0, 1.0])
    axes.imshow(canvas, cmap="gray", vmin=float(limits[0]), vmax=float(limits[1]), interpolation="nearest")
    marked = pits.sort_values("snr", ascending=False).head(_MOST_MARKS) if len(pits) else pits
    for surface, colour, shape in (("top", _TOP, "o"), ("bottom", _BOTTOM, "s")):
        some = marked[marked["surface"] == surface]
        if len(some):
            at = (placement.to_frame(some["field"], some["x_px"], some["y_px"]) / placement.scale - low) / factor
            axes.scatter(at[:, 0], at[:, 1], s=26, marker=shape, facecolors="none", edgecolors=colour, linewidths=0.9)
    axes.set_axis_off()
    return _png(figure)


def _map_picture(mapped: DensityMap) -> str:
    from matplotlib.figure import Figure

    figure = Figure(
        figsize=(9, max(2.5, 9 * mapped.density.shape[0] / max(1, mapped.density.shape[1]))),
        dpi=100,
        layout="constrained",
    )
    axes = figure.add_subplot()
    values = mapped.per_mm2 if mapped.per_mm2 is not None else mapped.density
    scale = mapped.pixel * 1000 if mapped.unit == "px" else 1000.0
    x, y = np.asarray(mapped.origin) / scale
    extent = (
        x,
        x + mapped.density.shape[1] * mapped.cell / scale,
        y + mapped.density.shape[0] * mapped.cell / scale,
        y,
    )
    shown = axes.imshow(values, extent=extent, cmap="viridis", vmin=0)
    unit = "mm" if mapped.unit == "um" else "1000 px"
    axes.set_xlabel(f"x on the foil, {unit}")
    axes.set_ylabel(f"y, {unit}")
    figure.colorbar(shown, ax=axes, label="pits per mm$^2$" if mapped.unit == "um" else "pits per px$^2$")
    return _png(figure)


def _png(figure: Any) -> str:
    import io

    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    return base64.b64encode(buffer.getvalue()).decode()


def _known(value: float, digits: int) -> str:
    return f"{value:.{digits}f}" if np.isfinite(value) else "-"


def _candidates(project: Project, table: pd.DataFrame, pits: pd.DataFrame) -> list[dict[str, Any]]:
    by_id = {int(p["pit_id"]): p for p in pits.to_dict("records")}
    fields = {
        (s.foil, s.scan): (s, {r.field: r for r in project.catalogue.field_rows(s.scan_id)})
        for s in project.catalogue.scans()
    }
    result: list[dict[str, Any]] = []
    for row in table.head(_MOST_CANDIDATES).to_dict("records"):
        stage = f"{row['stage_x']:.5g}, {row['stage_y']:.5g} {row['stage_unit']}" if row["stage_unit"] else "-"
        result.append({
            "candidate_id": row["candidate_id"], "score": f"{row['score']:.3f}", "accident": "by hand" if row["by_hand"] == 1 else _known(row["accidental_probability"], 3),
            "dip": _known(row["dip_deg"], 0), "ratio": _known(row["size_ratio"], 2),
            "residual": _known(row["residual_px"], 1), "stage": stage,
            "regime": row["regime"] or "-", "entry_crop": _crop(project, fields, by_id[int(row["entry_pit"])]),
            "exit_crop": _crop(project, fields, by_id[int(row["exit_pit"])]),
        })  # fmt: skip
    return result + [{}] * (len(table) - len(result))


def _crop(project: Project, fields: dict[tuple[str, str], tuple[ScanRecord, dict[str, FieldRow]]], pit: Any) -> str:
    import cv2

    scan, rows = fields[(pit["foil"], pit["scan"])]
    row = rows[pit["field"]]
    if row.batch is None:
        return ""
    stack = project.images.read(row.batch, row.slot)[list(scan.description.rim or (0,))]
    crop = cut_crop(stack, float(pit["x_px"]), float(pit["y_px"]), _CROP_PX).astype(np.float32).mean(axis=0)
    low, high = np.percentile(crop, [0.5, 99.5])
    grey = np.clip((crop - low) / max(high - low, 1e-6) * 255, 0, 255).astype(np.uint8)
    done, encoded = cv2.imencode(".png", grey)
    return base64.b64encode(encoded.tobytes()).decode() if done else ""
