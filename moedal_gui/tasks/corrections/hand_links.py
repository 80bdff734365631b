"""Links people made: from the journal's places to pits, and over the links a run found."""

from __future__ import annotations

import numpy as np
import pandas as pd

from moedal_gui import __version__
from moedal_gui.analysis.corrections import followed, nearest_pit, since
from moedal_gui.analysis.density import regime
from moedal_gui.core.candidate import LINK_COLUMNS
from moedal_gui.core.correction import Spot
from moedal_gui.store.catalogue import RunRecord, ScanRecord
from moedal_gui.store.project import Project
from moedal_gui.tasks.pit_table import borders_of, linked_pit_runs, with_density
from moedal_gui.tasks.placement.placing import placement_of

_TWIN_PX = 6.0


def settle_links(project: Project) -> None:
    """Lay the links people made on the links in force; where nobody has linked yet, they are the links.

    Where the links in force were made from older pits, the links by hand are laid on those; links that are by hand alone
    are laid on the current pits anew.
    """
    hand = project.labels.corrections.in_force(("link",))
    run = project.catalogue.current_run("link")
    if run is None and not hand:
        return
    alone = run is None or run.parameters.get("by") == "hand"
    if run is None or (alone and hand and linked_pit_runs(run) != current_pits(project)):
        run = _first_links(project)
    mark = project.labels.corrections.mark()
    if project.catalogue.hand.mark(run.run_id) != mark:
        lay_links_on(project, run)


def lay_links_on(project: Project, run: RunRecord) -> int:
    """Lay the links people made on one link run; returns how many there are."""
    pit_runs = linked_pit_runs(run)
    table, _ = hand_links(project, pit_runs, _apart(run))
    ends = {int(pit) for name in ("entry_pit", "exit_pit") for pit in table[name]}
    claimed = ends | _as_others_see(project, run, ends) if ends else ends
    project.catalogue.hand.settle_links(run.run_id, project.labels.corrections.mark(), table, claimed)
    return len(table)


def hand_links(project: Project, pit_runs: dict[int, int], apart_px: dict[str, float]) -> tuple[pd.DataFrame, int]:
    """Links people made, between pits of the given runs (scan id -> run id).

    A later link takes its pits from an earlier one. ``apart_px`` is the distance of the surfaces, by foil, where it is known.

    Returns
    -------
    LINK_COLUMNS, and how many links find one of their pits no more.
    """
    lost = 0
    moves = project.labels.corrections.in_force(("move",))
    scans = {(s.foil, s.scan): s for s in project.catalogue.scans() if s.scan_id in pit_runs}
    pits: dict[str, pd.DataFrame] = {}
    rows: dict[tuple[int, int], dict[str, object]] = {}
    for one in project.labels.corrections.in_force(("link",)):
        scan = scans.get((one.foil, one.at.scan))
        if scan is None or one.to.scan != one.at.scan:
            continue
        if scan.scan not in pits:
            pits[scan.scan] = with_density(project, scan, pit_runs[scan.scan_id])
        own = [m for m in moves if (m.foil, m.at.scan) == (scan.foil, scan.scan)]
        own = since(own, one.when, one.stroke)
        ends = [_pit_at(project, scan, followed(s, own), pits[scan.scan]) for s in (one.at, one.to)]
        if None in ends:
            lost += 1
            continue
        pair = (int(ends[0] or 0), int(ends[1] or 0))
        rows = {kept: row for kept, row in rows.items() if not set(kept) & set(pair)}
        rows[pair] = _row(project, scan, pits[scan.scan].set_index("pit_id"), pair, apart_px.get(scan.foil))
    return pd.DataFrame(list(rows.values()), columns=list(LINK_COLUMNS)), lost


def places_of(project: Project, pit_runs: dict[int, int], ids: set[int]) -> pd.DataFrame:
    """Where pits lie, px of their frames: columns pit_id, scan_id, frame, surface, u, v."""
    parts = [pd.DataFrame(columns=["pit_id", "scan_id", "frame", "surface", "u", "v"])]
    for scan in project.catalogue.scans() if ids else ():
        if scan.scan_id not in pit_runs:
            continue
        pits = project.catalogue.pits(pit_runs[scan.scan_id])
        mine = pits[pits["pit_id"].isin(list(ids))]
        if len(mine):
            placement = placement_of(project, scan)
            places = placement.to_frame(mine["field"], mine["x_px"], mine["y_px"]) / placement.scale
            columns = {"pit_id": mine["pit_id"], "scan_id": scan.scan_id, "surface": mine["surface"]}
            frames = [placement.frame_of(str(f)) for f in mine["field"]]
            parts.append(pd.DataFrame({**columns, "frame": frames, "u": places[:, 0], "v": places[:, 1]}))
    return pd.concat(parts[1:] or parts, ignore_index=True)


def without(pits: pd.DataFrame, places: pd.DataFrame) -> pd.DataFrame:
    """A foil's pits (scan_id, frame, surface, u, v) without those at some places, as whichever scan sees them."""
    keep = np.ones(len(pits), dtype=bool)
    for frame, surface, u, v in places[["frame", "surface", "u", "v"]].itertuples(index=False, name=None):
        like = (pits["frame"] == frame).to_numpy(bool) & (pits["surface"] == surface).to_numpy(bool)
        apart = np.hypot(pits["u"].to_numpy(float) - u, pits["v"].to_numpy(float) - v)
        scans = pits["scan_id"].to_numpy()
        for scan in set(scans[like & (apart <= _TWIN_PX)]):
            keep[int(np.where(like & (scans == scan), apart, np.inf).argmin())] = False
    return pits[keep].reset_index(drop=True)


def _as_others_see(project: Project, run: RunRecord, ends: set[int]) -> set[int]:
    """Ids of the pits in a run's links that are some pits, as other scans of the project see them."""
    pit_runs = linked_pit_runs(run)
    if len(pit_runs) < 2:
        return set()
    links = project.catalogue.links.of_run(run.run_id, everything=True)
    linked = {int(pit) for name in ("entry_pit", "exit_pit") for pit in links[name]}
    places = places_of(project, pit_runs, linked)
    return set(places["pit_id"]) - set(without(places, places_of(project, pit_runs, ends))["pit_id"])


def entry_and_exit(one: Spot, other: Spot) -> tuple[Spot, Spot] | None:
    """Two spots as entry (top) and exit (bottom); None where their surfaces do not tell which is which."""
    if one.surface == other.surface:
        return None
    return (one, other) if one.surface == "top" or other.surface == "bottom" else (other, one)


def _pit_at(project: Project, scan: ScanRecord, spot: Spot, pits: pd.DataFrame) -> int | None:
    placement = placement_of(project, scan)
    return nearest_pit(spot, pits, placement, None) if spot.field in placement.centres else None


def _row(
    project: Project, scan: ScanRecord, pits: pd.DataFrame, pair: tuple[int, int], apart_px: float | None
) -> dict[str, object]:
    """What is known of a pair: its displacement and sizes; no residual and no accident, for nobody measured them."""
    placement = placement_of(project, scan)
    ends = pits.loc[list(pair)]
    places = placement.to_frame(ends["field"], ends["x_px"], ends["y_px"]) / placement.scale
    dx, dy = (float(v) for v in places[1] - places[0])
    apart = float(np.hypot(dx, dy))
    minor = ends["minor_px"].to_numpy(float)
    isolated = ends["isolated_fraction"].to_numpy(float)[:1]
    return {
        "entry_pit": pair[0], "exit_pit": pair[1], "dx_px": dx, "dy_px": dy, "residual_px": np.nan,
        "dip_deg": float(np.degrees(np.arctan2(apart_px, apart))) if apart_px else np.nan,
        "azimuth_deg": float(np.degrees(np.arctan2(dy, dx)) % 360.0), "size_ratio": float(minor[1] / minor[0]) if minor[0] else np.nan,
        "score": 1.0, "accidental_probability": np.nan, "regime": str(regime(isolated, borders_of(project))[0]), "passes": True,
    }  # fmt: skip


def _apart(run: RunRecord) -> dict[str, float]:
    """Distance of the two surfaces (px) by foil, as a link run used it."""
    told = run.summary.get("foils", [])
    return {str(f["foil"]): float(f["surfaces_apart_px"]) for f in told if f.get("surfaces_apart_px")}


def current_pits(project: Project) -> dict[int, int]:
    """Scan id -> id of the pre-selection in force."""
    scans = project.catalogue.scans()
    current = {s.scan_id: project.catalogue.current_run("preselect", s.scan_id) for s in scans}
    return {scan_id: r.run_id for scan_id, r in current.items() if r is not None}


def _first_links(project: Project) -> RunRecord:
    """A link run that holds nothing but what people link."""
    pit_runs = current_pits(project)
    run = project.catalogue.open_run("link", None, {"run": None, "by": "hand"}, "by hand", __version__)
    empty = pd.DataFrame(columns=list(LINK_COLUMNS))
    project.catalogue.links.add(run.run_id, empty, {"run": run.name, "links": 0, "pit_runs": pit_runs})
    return next(r for r in project.catalogue.runs("link") if r.run_id == run.run_id)
