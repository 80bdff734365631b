"""Links: entry-exit pairs of every foil."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from moedal_gui import __version__
from moedal_gui.analysis.density import density_map, isolated_fraction, regime
from moedal_gui.analysis.geometry_estimate import estimate_geometry
from moedal_gui.analysis.links import WANTED_PURITY, Linking, link, passing
from moedal_gui.analysis.matching import one_to_one
from moedal_gui.analysis.pairing import Geometry, Mouths
from moedal_gui.core.candidate import LINK_COLUMNS
from moedal_gui.core.task import Outcome, Plan, at_once, parameter
from moedal_gui.store.catalogue import ScanRecord
from moedal_gui.store.project import Project
from moedal_gui.tasks.fingerprint import digest
from moedal_gui.tasks.pit_table import pit_run
from moedal_gui.tasks.placing import placement_of
from moedal_gui.tasks.register import input_hash, register

_TWIN_PX = 6.0
_FEWEST = 2


@dataclass(frozen=True)
class LinkParameters:
    """What ``link`` is told."""

    run: str | None = field(default=None, metadata=parameter("pits of this run instead of the current ones"))


def plan(project: Project, parameters: LinkParameters) -> Plan[None, None]:
    """Pair the current pits; a registration older than they are is made anew first."""
    return at_once(lambda: _link(project, parameters))


def _link(project: Project, parameters: LinkParameters) -> Outcome:
    pit_runs = {
        s.scan_id: r.run_id for s in project.catalogue.scans() if (r := pit_run(project, s, parameters.run)) is not None
    }
    _refresh_registration(project)
    run = project.catalogue.open_run(
        "link", None, {"run": parameters.run}, digest([input_hash(project), parameters.run]), __version__
    )
    tables: list[pd.DataFrame] = []
    rows: list[dict[str, Any]] = []
    for foil in dict.fromkeys(s.foil for s in project.catalogue.scans()):
        scans = [s for s in project.catalogue.scans() if s.foil == foil]
        pits = _foil_pits(project, scans, parameters.run)
        table, row = _link_foil(pits, scans)
        tables.append(table)
        rows.append({"foil": foil, **row})
    links = pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=list(LINK_COLUMNS))
    project.catalogue.add_links(run.run_id, links)
    found = int(links["passes"].sum()) if len(links) else 0
    accidents = float((1 - links.loc[links["passes"].astype(bool), "score"]).sum()) if len(links) else 0.0
    values = {
        "run": run.name, "links": len(links), "candidates": found, "expected_accidentals": round(accidents, 3),
        "foils": rows,
    }  # fmt: skip
    project.catalogue.finish_run(run.run_id, {**values, "pit_runs": pit_runs})
    return Outcome(f"{found} candidates (about {accidents:.1f} of them by accident) among {len(links)} links", values)


def _refresh_registration(project: Project) -> None:
    newest = project.catalogue.current_run("register")
    if len(project.catalogue.scans()) > 1 and (newest is None or newest.input_hash != input_hash(project)):
        register(project)


def _foil_pits(project: Project, scans: list[ScanRecord], run: str | None) -> pd.DataFrame:
    """Every physical pit of a foil once, measured in the scan that sees it sharply, places in px of its frame.

    A pit that two scans of one frame show keeps the sharp scan's ellipse and id, and the first scan's place, so that
    two ends are compared within one picture wherever both are seen there.
    """
    parts = [t for s in scans if (t := _scan_pits(project, s, run)) is not None]
    if not parts:
        return pd.DataFrame(columns=["frame"])
    every = pd.concat(parts, ignore_index=True)
    kept: list[pd.DataFrame] = []
    for (_, surface), group in every.groupby(["frame", "surface"], sort=False):
        ordered = sorted(group["scan_id"].unique(), key=lambda i: (_near(scans, i) != surface, i))
        held = group[group["scan_id"] == ordered[0]]
        for scan_id in ordered[1:]:
            held = _joined(held, group[group["scan_id"] == scan_id])
        kept.append(held)
    return pd.concat(kept, ignore_index=True)


def _near(scans: list[ScanRecord], scan_id: int) -> str:
    return next(s.description.near_surface for s in scans if s.scan_id == scan_id)


def _joined(held: pd.DataFrame, more: pd.DataFrame) -> pd.DataFrame:
    rows, columns = one_to_one(held[["u", "v"]].to_numpy(float), more[["u", "v"]].to_numpy(float), _TWIN_PX)
    held = held.copy()
    earlier = more["scan_id"].iloc[0] < held["scan_id"].to_numpy()[rows] if len(more) else np.zeros(0, bool)
    where = held.index[rows[earlier]]
    held.loc[where, ["u", "v"]] = more[["u", "v"]].to_numpy(float)[columns[earlier]]
    rest = more.iloc[np.setdiff1d(np.arange(len(more)), columns)]
    return pd.concat([held, rest], ignore_index=True)


def _scan_pits(project: Project, scan: ScanRecord, run: str | None) -> pd.DataFrame | None:
    record = pit_run(project, scan, run)
    if record is None:
        return None
    pits = project.catalogue.pits(record.run_id)
    pits = pits[pits["surface"].isin(["top", "bottom"]) & (pits["minor_px"] > 0) & (pits["major_px"] > 0)]
    pits = pits[np.isfinite(pits["azimuth_deg"])].reset_index(drop=True)
    if not len(pits):
        return None
    placement = placement_of(project, scan)
    places = placement.to_frame(pits["field"], pits["x_px"], pits["y_px"])
    density = np.full(len(pits), np.nan)
    for surface in ("top", "bottom"):
        rows = np.flatnonzero(pits["surface"] == surface)
        for name, members in _groups(pits["field"].iloc[rows], placement.loose):
            inside = rows[members]
            fields = [n for n in placement.centres if n not in placement.loose] if name is None else [name]
            density[inside] = density_map(places[inside], placement, fields).at(places[inside])
    scale = placement.scale
    frame = [placement.frame_of(str(f)) for f in pits["field"]]
    return pits.assign(
        scan_id=scan.scan_id, frame=frame, u=places[:, 0] / scale, v=places[:, 1] / scale, density=density,
        direction=placement.direction(pits["azimuth_deg"].to_numpy(float)), pixel_um=scan.description.pixel_size_um,
    )  # fmt: skip


def _groups(fields: pd.Series, loose: frozenset[str]) -> list[tuple[str | None, npt.NDArray[np.intp]]]:
    """Rows whose fields share the scan's frame (None), and rows of each field with a frame of its own."""
    names = fields.astype(str).to_numpy()
    own = np.isin(names, list(loose))
    groups: list[tuple[str | None, npt.NDArray[np.intp]]] = [(None, np.flatnonzero(~own))] if (~own).any() else []
    return groups + [(str(n), np.flatnonzero(names == n)) for n in np.unique(names[own])]


def _mouths(pits: pd.DataFrame) -> Mouths:
    major, minor = pits["major_px"].to_numpy(float), pits["minor_px"].to_numpy(float)
    axes = np.log(np.stack([np.maximum(major, minor), np.minimum(major, minor)], axis=1))
    density = np.nan_to_num(pits["density"].to_numpy(float), nan=1e-6)
    direction = np.deg2rad(pits["direction"].to_numpy(float))
    return Mouths(pits[["u", "v"]].to_numpy(float), axes, direction, density, pits["frame_number"].to_numpy(np.intp))


def _geometry(scans: list[ScanRecord], pits: pd.DataFrame, top: Mouths, bottom: Mouths) -> tuple[Geometry | None, bool]:
    """h and T' in px as stated, else estimated from the pits; and whether they were estimated."""
    members = [s for s in scans if s.scan_id in set(pits["scan_id"])]
    pixel = next((s.description.pixel_size_um for s in members if s.description.pixel_size_um), None)
    h = next((s.description.bulk_etch_um for s in members if s.description.bulk_etch_um), None)
    apart = next((s.description.foil_thickness_um for s in members if s.description.foil_thickness_um), None)
    known_h = h / pixel if h and pixel else None
    known_apart = apart / pixel if apart and pixel else None
    if known_h is not None and known_apart is not None:
        return Geometry(known_h, known_apart), False
    return estimate_geometry(top, bottom, known_h, known_apart), True


def _link_foil(pits: pd.DataFrame, scans: list[ScanRecord]) -> tuple[pd.DataFrame, dict[str, Any]]:
    empty = pd.DataFrame(columns=list(LINK_COLUMNS))
    if not len(pits):
        return empty, {"links": 0, "reason": "no pits with a surface and an ellipse"}
    pits = pits.assign(frame_number=pd.factorize(pits["frame"])[0])
    top_pits = pits[pits["surface"] == "top"].reset_index(drop=True)
    bottom_pits = pits[pits["surface"] == "bottom"].reset_index(drop=True)
    if len(top_pits) < _FEWEST or len(bottom_pits) < _FEWEST:
        return empty, {"links": 0, "reason": "too few pits on one of the surfaces"}
    top, bottom = _mouths(top_pits), _mouths(bottom_pits)
    geometry, estimated = _geometry(scans, pits, top, bottom)
    if geometry is None:
        return empty, {
            "links": 0,
            "reason": "bulk etch and thickness are not stated and could not be estimated from these pits",
        }
    linking = link(top, bottom, geometry)
    table = _table(linking, top_pits, bottom_pits, top, bottom)
    row = {
        "links": len(table), "frames": int(pits["frame_number"].nunique()), "expected_accidentals": round(linking.expected_accidents, 2), "bulk_etch_px": round(geometry.bulk_etch, 3),
        "surfaces_apart_px": round(geometry.surfaces_apart, 3), "estimated": estimated,
        "axis_error_scale": linking.geometry.scale, "axis_bias": linking.geometry.bias, "mouth_share": linking.geometry.mouth_share,
    }  # fmt: skip
    return table, row


def _table(
    linking: Linking, top_pits: pd.DataFrame, bottom_pits: pd.DataFrame, top: Mouths, bottom: Mouths
) -> pd.DataFrame:
    i, j = linking.pairs.top, linking.pairs.bottom
    displacement = bottom.places[j] - top.places[i]
    both = np.concatenate([top.log_axes, bottom.log_axes])
    usual = float(np.exp(np.median(both.mean(axis=1))))
    isolated = isolated_fraction(top.density[i] + bottom.density[j], usual)
    return pd.DataFrame({
        "entry_pit": top_pits["pit_id"].to_numpy()[i], "exit_pit": bottom_pits["pit_id"].to_numpy()[j],
        "dx_px": displacement[:, 0], "dy_px": displacement[:, 1], "residual_px": linking.pairs.residual,
        "dip_deg": np.rad2deg(linking.pairs.dip),
        "azimuth_deg": np.rad2deg(np.arctan2(displacement[:, 1], displacement[:, 0])) % 360.0,
        "size_ratio": np.exp(bottom.log_axes[j, 1] - top.log_axes[i, 1]), "score": linking.score,
        "accidental_probability": 1 - linking.score, "regime": regime(isolated),
        "passes": passing(linking.score, WANTED_PURITY),
    })  # fmt: skip
