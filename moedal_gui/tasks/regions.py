"""Regions of interest to look at by film: where no list of pits holds, what stands out of the continuous maps."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from moedal_gui import __version__
from moedal_gui.analysis.density import density_map, isolated_fraction
from moedal_gui.analysis.regions import Region, find_regions
from moedal_gui.core.errors import NotFoundError
from moedal_gui.core.field import seen_fields
from moedal_gui.core.placement import ScanPlacement
from moedal_gui.core.scan import ScanDescription
from moedal_gui.core.task import Outcome, Plan, parameter
from moedal_gui.imaging.flat_field import FlatField
from moedal_gui.imaging.lamps import usable_flat
from moedal_gui.imaging.tile_measures import TILE_PX
from moedal_gui.preselect.methods import tiles_of
from moedal_gui.store.catalogue import FieldRow, RunRecord, ScanRecord
from moedal_gui.store.images import ImageStore
from moedal_gui.store.project import Project
from moedal_gui.tasks.fingerprint import digest
from moedal_gui.tasks.pit_table import borders_of, pit_run
from moedal_gui.tasks.placement.placing import canvas_placement

Floats = npt.NDArray[np.float64]

REGION_COLUMNS: tuple[str, ...] = (
    "region_id", "foil", "scan", "field", "x_px", "y_px", "x_um", "y_um", "width_px", "height_px", "area_mm2", "measure",
    "z", "probability", "looked_at_by", "looked_at_when", "run",
)  # fmt: skip


@dataclass(frozen=True)
class RegionsParameters:
    """What ``regions`` is told."""

    scan: str | None = field(
        default=None,
        metadata=parameter(
            "look at this scan only; at all with pits by default", label="Scan", unset="all scans with pits"
        ),
    )


@dataclass(frozen=True)
class _FieldUnit:
    """One field to measure; small, so that it travels to another process."""

    pixels: Path
    batch: str
    slot: int
    run_id: int
    field: str
    missing: tuple[int, ...]
    description: ScanDescription
    flat: FlatField


@dataclass(frozen=True)
class _Sought:
    """A scan that is searched: where it is too dense, and the run that keeps what is found."""

    scan: ScanRecord
    run: RunRecord
    placement: ScanPlacement
    tiles: pd.DataFrame


def plan(project: Project, parameters: RegionsParameters) -> Plan[_FieldUnit, dict[str, Floats]]:
    """Measure the fields in and round the too dense ones, tile by tile, and tell what stands out."""
    scans = [project.catalogue.scan(parameters.scan)] if parameters.scan else project.catalogue.scans()
    found = {s.scan_id: r for s in scans if s.flat is not None and (r := pit_run(project, s))}
    if not found:
        raise NotFoundError("There are no pits that say where it is too dense", project.path, "run preselect first")
    sought = [_sought(project, s, found[s.scan_id]) for s in scans if s.scan_id in found]
    units = [u for one in sought if one.run.finished is None for u in _units(project, one)]
    measured: dict[int, list[pd.DataFrame]] = {one.run.run_id: [] for one in sought}

    def commit(unit: _FieldUnit, values: dict[str, Floats]) -> None:
        measured[unit.run_id].append(_tile_rows(unit.field, values))

    def finish() -> Outcome:
        return _finish(project, sought, measured)

    return Plan(units, measure, commit, finish, where="processes")


def measure(unit: _FieldUnit) -> dict[str, Floats]:
    """The measures of one field's tiles."""
    images = ImageStore(unit.pixels)
    try:
        stack = images.read(unit.batch, unit.slot)
    finally:
        images.close()
    return tiles_of(stack, unit.description, usable_flat(stack, unit.description, unit.flat, unit.missing), TILE_PX)


def region_table(project: Project, scans: list[ScanRecord] | None = None) -> pd.DataFrame:
    """REGION_COLUMNS of the newest searches, then ``corners_um`` (4, 2) on the foil; farthest out first."""
    rows: list[dict[str, Any]] = []
    looks = project.catalogue.looks.all()
    for scan in scans if scans is not None else project.catalogue.scans():
        run = project.catalogue.current_run("regions", scan.scan_id)
        for row in run.summary.get("regions", []) if run is not None else []:
            seen = looks[_within(looks, scan, row)]
            last = seen.iloc[-1] if len(seen) else None
            told = {
                "looked_at_by": "" if last is None else last["annotator"],
                "looked_at_when": "" if last is None else last["when"],
            }
            rows.append({**row, "foil": scan.foil, "scan": scan.scan, "run": run.name if run else "", **told})
    table = pd.DataFrame(rows, columns=[*REGION_COLUMNS, "corners_um"])
    for number in ("x_um", "y_um", "area_mm2"):
        table[number] = table[number].astype(float)
    return table


def _within(looks: pd.DataFrame, scan: ScanRecord, row: dict[str, Any]) -> npt.NDArray[np.bool_]:
    """Looks that fell inside a region: they are pinned to pixels, and outlive a new search."""
    same = (looks["foil"] == scan.foil) & (looks["scan"] == scan.scan) & (looks["field"] == row["field"])
    wide, tall = (max(row[name], TILE_PX) / 2 for name in ("width_px", "height_px"))
    near = ((looks["x_px"] - row["x_px"]).abs() <= wide) & ((looks["y_px"] - row["y_px"]).abs() <= tall)
    return np.asarray(same & near, dtype=bool)


def _sought(project: Project, scan: ScanRecord, pits: RunRecord) -> _Sought:
    placement = canvas_placement(project, scan)
    borders = borders_of(project)
    hashed = digest([pits.run_id, list(borders)])
    words = {"pit_run": pits.name, "tile_px": TILE_PX, "border": borders[1]}
    newest = project.catalogue.current_run("regions", scan.scan_id)
    same = newest is not None and newest.input_hash == hashed and newest.version == __version__
    run = (
        newest
        if same and newest is not None
        else project.catalogue.open_run("regions", scan.scan_id, words, hashed, __version__)
    )
    return _Sought(scan, run, placement, _tiles(project, scan, placement, pits.run_id, borders[1]))


def _tiles(project: Project, scan: ScanRecord, placement: ScanPlacement, run_id: int, border: float) -> pd.DataFrame:
    """Every tile that a run could look at: field, row, column, its middle in px, whether it lies where a list of pits is not valid."""
    fields = project.catalogue.field_rows(scan.scan_id)
    pits, names = (
        project.catalogue.pits(run_id),
        seen_fields((f.field for f in fields), project.catalogue.measures(run_id)),
    )
    size = np.sqrt(pits["major_px"].to_numpy(float) * pits["minor_px"].to_numpy(float))
    usual = float(np.nanmedian(size)) if np.isfinite(size).any() else np.nan
    density = density_map(placement.to_frame(pits["field"], pits["x_px"], pits["y_px"]), placement, names)
    parts = []
    for name in names:
        width, height = placement.size_px[name]
        row, column = (v.ravel() for v in np.indices((height // TILE_PX, width // TILE_PX)))
        x, y = ((v + 0.5) * TILE_PX - 0.5 for v in (column, row))
        place = placement.to_frame([name] * len(x), x, y)
        with np.errstate(invalid="ignore"):
            dense = isolated_fraction(density.at(place), usual) < border
        upright = place @ np.linalg.inv(np.asarray(placement.matrix)).T
        parts.append(pd.DataFrame({
            "field": name, "row": row, "column": column, "x_px": x, "y_px": y, "x": place[:, 0], "y": place[:, 1],
            "across": upright[:, 0], "down": upright[:, 1], "dense": dense,
        }))  # fmt: skip
    return pd.concat(parts, ignore_index=True)


def _units(project: Project, sought: _Sought) -> list[_FieldUnit]:
    """Fields with too dense tiles, and those about them: they are the surroundings."""
    assert sought.scan.flat is not None
    tiles, flat = sought.tiles, FlatField.from_json(sought.scan.flat)
    dense = tiles[tiles["dense"]]
    if not len(dense):
        return []
    from scipy.spatial import cKDTree

    reach = 5.0 * TILE_PX
    near, _ = cKDTree(dense[["across", "down"]]).query(tiles[["across", "down"]], distance_upper_bound=reach)
    wanted = set(tiles["field"][np.isfinite(near)])
    rows: list[FieldRow] = [r for r in project.catalogue.field_rows(sought.scan.scan_id) if r.field in wanted]
    pixels = project.path / "pixels"
    return [
        _FieldUnit(pixels, r.batch, r.slot, sought.run.run_id, r.field, r.missing, sought.scan.description, flat)
        for r in rows if r.batch is not None
    ]  # fmt: skip


def _tile_rows(name: str, values: dict[str, Floats]) -> pd.DataFrame:
    if not values:
        return pd.DataFrame({"field": [], "row": [], "column": []}).astype({"field": object, "row": int, "column": int})
    first = next(iter(values.values()))
    row, column = (v.ravel() for v in np.indices(first.shape))
    return pd.DataFrame({"field": name, "row": row, "column": column, **{k: v.ravel() for k, v in values.items()}})


def _finish(project: Project, sought: list[_Sought], measured: dict[int, list[pd.DataFrame]]) -> Outcome:
    told: list[dict[str, Any]] = []
    for one in sought:
        run = one.run
        summary = dict(run.summary) if run.finished is not None else _searched(one, measured[run.run_id])
        project.catalogue.finish_run(run.run_id, summary)
        told.append({"foil": one.scan.foil, "scan": one.scan.scan, "run": run.name, **summary})
    return Outcome("\n".join(_words(row) for row in told), {"scans": told})


def _words(row: dict[str, Any]) -> str:
    if not row["tested"]:
        return f"{row['scan']}: nowhere so dense that a list of pits is not valid; nothing to search"
    mirrored = f"; {row['mirrored']} tiles lie as far below their surroundings" if row["mirrored"] else ""
    return (
        f"{row['scan']}: {len(row['regions'])} regions stand out where no list of pits is valid "
        f"({row['tested']} tests, from {row['threshold']:.1f} deviations){mirrored}"
    )


def _searched(sought: _Sought, parts: list[pd.DataFrame]) -> dict[str, Any]:
    if not parts:
        return {"regions": [], "tested": 0, "threshold": None, "mirrored": 0}
    tiles = pd.concat(parts, ignore_index=True).merge(sought.tiles, on=["field", "row", "column"])
    names = [n for n in ("slope_energy", "difference") if n in tiles]
    down, across = (np.floor((tiles[a] - tiles[a].min()) / TILE_PX + 0.5).astype(int) for a in ("down", "across"))
    shape = (int(down.max()) + 1, int(across.max()) + 1)
    # Where fields overlap a cell holds two tiles; it is known by the first, so that each measure is of one picture.
    cells = tiles.assign(cell=down * shape[1] + across).drop_duplicates("cell").set_index("cell")
    at = cells.index.to_numpy()
    maps: dict[str, Floats] = {}
    for name in names:
        maps[name] = np.full(shape[0] * shape[1], np.nan)
        maps[name][at] = cells[name].to_numpy(float)
    among = np.zeros(shape[0] * shape[1], dtype=bool)
    among[at] = cells["dense"].to_numpy(bool)
    search = find_regions({k: v.reshape(shape) for k, v in maps.items()}, among.reshape(shape))
    rows = [_row(number, r, cells, shape, sought.placement) for number, r in enumerate(search.regions, start=1)]
    threshold = search.threshold if search.tested else None
    return {"regions": rows, "tested": search.tested, "threshold": threshold, "mirrored": search.mirrored}


def _row(
    number: int, region: Region, cells: pd.DataFrame, shape: tuple[int, int], placement: ScanPlacement
) -> dict[str, Any]:
    mine = cells.loc[region.tiles[:, 0] * shape[1] + region.tiles[:, 1]]
    low, high = region.tiles.min(axis=0), region.tiles.max(axis=0)
    tall, wide = ((high - low + 1) * TILE_PX).tolist()
    centre = (
        np.array([[(mine[a].min() + mine[a].max()) / 2 for a in ("across", "down")]]) @ np.asarray(placement.matrix).T
    )
    home = mine.iloc[int(((mine[["x", "y"]].to_numpy(float) - centre) ** 2).sum(axis=1).argmin())]
    x_px, y_px = placement.to_pixel(str(home["field"]), centre)[0]
    # A field without a position has no place on the foil.
    known = placement.unit == "um" and str(home["field"]) not in placement.loose
    half = np.array([[-wide, -tall], [wide, -tall], [wide, tall], [-wide, tall]]) / 2
    corners = centre + half @ np.asarray(placement.matrix).T
    return {
        "region_id": number, "field": str(home["field"]), "x_px": round(float(x_px), 2), "y_px": round(float(y_px), 2),
        "x_um": round(float(centre[0, 0]), 2) if known else None, "y_um": round(float(centre[0, 1]), 2) if known else None,
        "width_px": int(wide), "height_px": int(tall),
        "area_mm2": len(mine) * (TILE_PX * placement.scale / 1000.0) ** 2 if known else None,
        "corners_um": np.round(corners, 2).tolist() if known else None, "measure": region.measure, "z": round(region.z, 3), "probability": region.probability,
    }  # fmt: skip
