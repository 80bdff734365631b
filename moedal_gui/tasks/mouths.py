"""The mouths of a foil: every physical pit once, in one frame, and what the etching of the sheet fixes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from moedal_gui.analysis.density import density_map
from moedal_gui.analysis.ellipse_errors import with_errors
from moedal_gui.analysis.geometry_estimate import SheetGeometry, sheet_geometry
from moedal_gui.analysis.matching import one_to_one
from moedal_gui.analysis.pairing import Mouths
from moedal_gui.core.field import seen_fields
from moedal_gui.store.catalogue import ScanRecord
from moedal_gui.store.project import Project
from moedal_gui.tasks.pit_table import pit_run
from moedal_gui.tasks.placement.placing import placement_of

_TWIN_PX = 6.0
_FEWEST = 1
_COLUMNS = [
    "pit_id",
    "frame",
    "surface",
    "major_px",
    "minor_px",
    "u",
    "v",
    "density",
    "direction",
    "scan_id",
    "probability",
    "major_error",
    "minor_error",
]


@dataclass(frozen=True)
class FoilMouths:
    """Opposite pits of one foil, ready to be paired.

    Attributes
    ----------
    top_pits, bottom_pits
        Tables of `foil_pits`, row by row as ``top`` and ``bottom``.
    sheet
        How the sheet was etched; None where it is neither stated nor could be estimated.
    reason
        Why nothing can be paired; empty when it can.
    pixel_um
        um of one px of the frame, where that is known.
    """

    top_pits: pd.DataFrame
    bottom_pits: pd.DataFrame
    top: Mouths
    bottom: Mouths
    sheet: SheetGeometry | None
    reason: str
    pixel_um: float | None = None


def foil_mouths(pits: pd.DataFrame, scans: list[ScanRecord]) -> FoilMouths:
    """The pits of `foil_pits` as two surfaces and one geometry."""
    usable = pits if len(pits) else pd.DataFrame(columns=_COLUMNS)
    usable = usable.assign(frame_number=pd.factorize(usable["frame"])[0])
    top_pits, bottom_pits = (usable[usable["surface"] == s].reset_index(drop=True) for s in ("top", "bottom"))
    chances = [pd.to_numeric(p["probability"]).to_numpy(float) for p in (top_pits, bottom_pits)]
    top, bottom = with_errors(_mouths(top_pits), _mouths(bottom_pits), (chances[0], chances[1]))
    if not len(pits):
        return FoilMouths(top_pits, bottom_pits, top, bottom, None, "no pits with a surface and an ellipse")
    if len(top) < _FEWEST or len(bottom) < _FEWEST:
        return FoilMouths(top_pits, bottom_pits, top, bottom, None, "too few pits on one of the surfaces")
    sheet, pixel_um = _sheet(scans, usable, top, bottom)
    unknown = "bulk etch and thickness are not stated and could not be estimated from these pits"
    return FoilMouths(top_pits, bottom_pits, top, bottom, sheet, "" if sheet else unknown, pixel_um)


def foil_pits(project: Project, scans: list[ScanRecord], run: str | None) -> pd.DataFrame:
    """Every physical pit of a foil once, measured in the scan that sees it sharply, places in px of its frame.

    A pit that two scans of one frame show keeps the sharp scan's ellipse and id, and the first scan's place, so that
    two ends are compared within one picture wherever both are seen there.
    """
    parts = [t for s in scans if (t := scan_pits(project, s, run)) is not None]
    if not parts:
        return pd.DataFrame(columns=_COLUMNS)
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


def scan_pits(project: Project, scan: ScanRecord, run: str | None) -> pd.DataFrame | None:
    """Pits of a scan that have a surface and an ellipse, with their place (u, v) in px of the frame; None for none."""
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
    seen = seen_fields(placement.centres, project.catalogue.measures(record.run_id))
    for surface in ("top", "bottom"):
        rows = np.flatnonzero(pits["surface"] == surface)
        for name, members in _groups(pits["field"].iloc[rows], placement.loose):
            inside = rows[members]
            fields = [n for n in seen if n not in placement.loose] if name is None else [name]
            density[inside] = density_map(places[inside], placement, fields).beside(places[inside])
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
    stated = pits[["major_error", "minor_error"]].astype(float).to_numpy()
    frame = pits["frame_number"].to_numpy(np.intp)
    return Mouths(pits[["u", "v"]].to_numpy(float), axes, direction, density, frame, stated_errors=stated)


def _sheet(
    scans: list[ScanRecord], pits: pd.DataFrame, top: Mouths, bottom: Mouths
) -> tuple[SheetGeometry | None, float | None]:
    """h and T' as stated and as the pits have it, and the size of a px where it is known."""
    members = [s.description for s in scans if s.scan_id in set(pits["scan_id"])]
    pixel = next((d.pixel_size_um for d in members if d.pixel_size_um), None)
    h = next((d.bulk_etch_um for d in members if d.bulk_etch_um), None)
    apart = next((d.foil_thickness_um for d in members if d.foil_thickness_um), None)
    known = [value / pixel if value and pixel else None for value in (h, apart)]
    return sheet_geometry(top, bottom, *known), pixel
