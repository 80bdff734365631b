"""The table of candidates as people and files see it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from moedal_gui.analysis.corrections import followed, since
from moedal_gui.analysis.density import regime
from moedal_gui.core.candidate import CANDIDATE_COLUMNS, TRACK_COLUMNS
from moedal_gui.core.correction import PUT, Spot
from moedal_gui.core.errors import NotFoundError
from moedal_gui.core.placement import ScanPlacement
from moedal_gui.core.scan import UM_PER_UNIT, ScanDescription
from moedal_gui.core.working_point import WorkingPoint
from moedal_gui.store.catalogue import RunRecord, ScanRecord
from moedal_gui.store.project import Project
from moedal_gui.tasks.pit_table import all_pits, borders_of, linked_pit_runs, pit_run, put_right_in
from moedal_gui.tasks.placement.placing import placement_of

EXTRA_COLUMNS = (
    "passes",
    "verdict",
    "signal_score",
    "residual_px",
    "entry_scan",
    "exit_scan",
    "entry_stage_scan",
    "exit_stage_scan",
    *TRACK_COLUMNS,
    "isolated_fraction",
    "by_hand",
)
"""What the window and the lists need besides the exported columns; ``*_stage_scan`` names whose stage a place is in."""

_VERDICT_REACH_PX = 4.0
_SAME_SPOT_PX = 0.5


def link_run(project: Project, run: str | None = None) -> RunRecord | None:
    """The links in force: the newest whole run, or the one of that name.

    ``run`` may also name a pre-selection: then the newest links made from it.
    """
    if run is None:
        return project.catalogue.current_run("link")
    named = project.catalogue.runs_named(run)
    if named[0].task == "link":
        return named[0]
    wanted = {r.run_id for r in named}
    made = [r for r in project.catalogue.runs("link") if r.finished and wanted & set(linked_pit_runs(r).values())]
    return made[-1] if made else None


def candidate_table(
    project: Project,
    run: str | None = None,
    everything: bool = False,
    stage_unit: str | None = None,
    stage_of: str | None = None,
    point: WorkingPoint | None = None,
) -> pd.DataFrame:
    """Candidates, best score first: CANDIDATE_COLUMNS, then EXTRA_COLUMNS.

    Parameters
    ----------
    everything
        The whole one-to-one assignment instead of what passes the working point (rejected ones left out).
    stage_unit
        Unit of the stage places; the scan's own by default.
    stage_of
        Give both ends in the stage of this scan; by default each end in the scan that sees its surface.
    point
        The working point that decides what passes, by the mean score of both ends; by default expected purity.
    """
    record = link_run(project, run)
    if record is None:
        return _empty()
    links = project.catalogue.links.of_run(record.run_id)
    pits = pits_of_links(project, record)
    moved = moved_ends(project, record, {int(i) for i in (*links["entry_pit"], *links["exit_pit"])} - set(pits.index))
    links = _with_moved(links, moved) if moved else links
    links = links[links["entry_pit"].isin(pits.index) & links["exit_pit"].isin(pits.index)].reset_index(drop=True)
    if not len(links):
        return _empty()
    table = links.rename(columns={"link_id": "candidate_id"})
    entry, exit_ = pits.loc[table["entry_pit"]], pits.loc[table["exit_pit"]]
    table["foil"], table["run"] = entry["foil"].to_numpy(), record.name
    for prefix, end in (("", entry), ("exit_", exit_)):
        table[f"{prefix}x_um"], table[f"{prefix}y_um"] = end["x_um"].to_numpy(), end["y_um"].to_numpy()
    table["entry_scan"], table["exit_scan"] = entry["scan"].to_numpy(), exit_["scan"].to_numpy()
    table["density_per_mm2"] = entry["density_per_mm2"].to_numpy()
    table["isolated_fraction"] = entry["isolated_fraction"].to_numpy(float)
    # As the project draws the borders now, which may be elsewhere than when the links were made.
    placed = regime(table["isolated_fraction"], borders_of(project))
    table["regime"] = np.where(placed != "", placed, table["regime"].fillna(""))
    notes = zip(entry["score_note"], exit_["score_note"], strict=True)
    table["score_note"] = [a or b for a, b in notes]
    table["signal_score"] = _both_ends(entry, exit_, "score_candidate")
    if point is not None:
        # A pair nobody has scored cannot fail a border on scores: it passes as it would without one.
        said = _both_ends(entry, exit_, point.column)
        passes = np.where(np.isfinite(said), said >= point.threshold, table["passes"].astype(bool))
        table["passes"] = passes | (table["by_hand"] == 1).to_numpy(bool)
    table["label"] = [
        a if a == b or not b else (b if not a else "") for a, b in zip(entry["label"], exit_["label"], strict=True)
    ]
    table["verdict"] = _verdicts(project, entry, exit_)
    _add_tracks(project, record, table)
    _add_stage(project, table, entry, exit_, stage_unit, stage_of)
    if not everything:
        table = table[(table["passes"] & (table["verdict"] != "rejected")) | (table["verdict"] == "accepted")]
    return table[[*CANDIDATE_COLUMNS, *EXTRA_COLUMNS]].reset_index(drop=True)


def _add_tracks(project: Project, record: RunRecord, table: pd.DataFrame) -> None:
    """`TRACK_COLUMNS`; empty for a foil in no stack that was looked through."""
    sheets = [s["foil"] for one in record.summary.get("stacks", []) if "reason" not in one for s in one["sheets"]]
    known = project.catalogue.links.tracks(record.run_id).set_index("link_id")
    own = known.reindex(table["candidate_id"])
    through = own["track"].map(known.groupby("track").size())
    table["sheets"] = np.where(table["foil"].isin(sheets), through.fillna(1).to_numpy(float), np.nan)
    table["track_id"] = own["track"].to_numpy(float)
    table["track_accidental_probability"] = 1 - own["score"].to_numpy(float)


def _both_ends(entry: pd.DataFrame, exit_: pd.DataFrame, column: str) -> np.ndarray:
    """Mean of a column over the ends that have it; NaN where neither has."""
    both = np.stack([end[column].to_numpy(dtype=float) for end in (entry, exit_)])
    known = np.isfinite(both)
    total = np.where(known, both, 0.0).sum(axis=0)
    return np.where(known.any(axis=0), total / np.maximum(known.sum(axis=0), 1), np.nan)


def pits_of_links(project: Project, record: RunRecord) -> pd.DataFrame:
    """The pits a link run was made from, indexed by pit_id."""
    return all_pits(project, record.name).set_index("pit_id", drop=False)


def out_of_date(project: Project, record: RunRecord) -> str:
    """What to say when a link run is of other pits than those current now, or older than what people put right of them; else empty."""
    paired = linked_pit_runs(record)
    for scan in project.catalogue.scans():
        current = pit_run(project, scan)
        if current is not None and paired.get(scan.scan_id) != current.run_id:
            return f"the links {record.name} were made from other pits of {scan.scan}: run link again"
    before = record.summary.get("put_right")
    if before is not None and before != put_right_in(project, paired.values()):
        return f"pits were put right by hand since the links {record.name} were made: run link again"
    return ""


def _with_moved(links: pd.DataFrame, moved: Mapping[int, int]) -> pd.DataFrame:
    """Links between the pits that stand now; what people linked themselves goes before what the program had linked."""
    ends = ["entry_pit", "exit_pit"]
    links = links.assign(**{end: links[end].replace(dict(moved)) for end in ends})
    hand = links["by_hand"] == PUT
    said = set(links.loc[hand, ends].to_numpy().ravel().tolist())
    return links[hand | ~links[ends].isin(said).any(axis=1)].reset_index(drop=True)


def moved_ends(project: Project, record: RunRecord, lost: set[int]) -> dict[int, int]:
    """Which pit stands now for each of the ``lost`` pits of a link run, where somebody has moved it since."""
    moves = project.labels.corrections.in_force(("move",)) if lost else []
    found: dict[int, int] = {}
    for scan in project.catalogue.scans() if moves else ():
        run = linked_pit_runs(record).get(scan.scan_id)
        own = [m for m in moves if (m.foil, m.at.scan) == (scan.foil, scan.scan)]
        if run is None or not own:
            continue
        hand = project.catalogue.hand.of_run(run)
        put = hand[(hand["by_hand"] == PUT) & hand["correction"].isin([m.correction_id for m in own])]
        gone = hand[hand["pit_id"].isin(list(lost))]
        for pit in gone.fillna({"surface": ""}).to_dict("records"):
            spot = Spot(scan.scan, str(pit["field"]), float(pit["x_px"]), float(pit["y_px"]), str(pit["surface"]))
            now = followed(spot, own)
            there = put[put["field"].astype(str) == now.field]
            away = np.hypot(there["x_px"].to_numpy(float) - now.x_px, there["y_px"].to_numpy(float) - now.y_px)
            if len(away) and away.min() < _SAME_SPOT_PX:
                found[int(pit["pit_id"])] = int(there["pit_id"].iloc[int(away.argmin())])
    return found


def _empty() -> pd.DataFrame:
    return pd.DataFrame(columns=[*CANDIDATE_COLUMNS, *EXTRA_COLUMNS])


def _verdicts(project: Project, entry: pd.DataFrame, exit_: pd.DataFrame) -> list[str]:
    """The newest verdict on each pair: it is pinned to places, so it outlives a new pre-selection.

    It goes with a pit that was moved by hand since.
    """
    given = project.labels.verdicts()
    words = [""] * len(entry)
    if not len(given):
        return words
    moves = project.labels.corrections.in_force(("move",))
    for row in given.itertuples():
        same = np.ones(len(entry), dtype=bool)
        own = since([m for m in moves if m.foil == row.foil], str(row.when))
        for prefix, end, surface in (("entry", entry, "top"), ("exit", exit_, "bottom")):
            scan, field, x, y = (getattr(row, f"{prefix}_{name}") for name in ("scan", "field", "x_px", "y_px"))
            spot = followed(Spot(str(scan), str(field), float(x), float(y), surface), own)
            same &= (end["scan"] == spot.scan).to_numpy(bool) & (end["field"] == spot.field).to_numpy(bool)
            away = end[["x_px", "y_px"]].to_numpy(float) - (spot.x_px, spot.y_px)
            same &= np.hypot(away[:, 0], away[:, 1]) <= _VERDICT_REACH_PX
        for index in np.flatnonzero(same):
            words[int(index)] = str(row.verdict)
    return words


def stage_places(
    placement: ScanPlacement, description: ScanDescription, fields: pd.DataFrame, places: np.ndarray, unit: str
) -> np.ndarray:
    """Stage coordinates (N, 2) in ``unit`` of places (N, 2) of the frame, in one scan's stage.

    NaN where the scan has no stage positions or lengths cannot be compared.
    """
    firm = fields[fields["stage_x"].notna() & fields["stage_y"].notna()]
    size = description.pixel_size_um
    if not len(firm) or (size is None and description.stage_unit != unit):
        return np.full((len(places), 2), np.nan)
    first = firm.iloc[0]
    pixel = placement.to_pixel(str(first["field"]), places)
    if placement.mirrored:
        pixel[:, 0] = first["width"] - 1 - pixel[:, 0]
    offset = pixel - np.array([(first["width"] - 1) / 2, (first["height"] - 1) / 2])
    per_stage = 1.0 if description.stage_unit == "px" else UM_PER_UNIT[description.stage_unit]
    per_pixel = 1.0 if description.stage_unit == "px" else float(size or np.nan)
    up = -1.0 if description.stage_y_up else 1.0
    stage = (
        np.array([first["stage_x"], first["stage_y"]], dtype=float)
        + offset * np.array([1.0, up]) * per_pixel / per_stage
    )
    if unit == description.stage_unit:
        return stage
    per_unit = float(size or np.nan) if unit == "px" else UM_PER_UNIT[unit]
    stage_um = stage * (float(size or np.nan) if description.stage_unit == "px" else per_stage)
    return stage_um / per_unit


def _add_stage(
    project: Project,
    table: pd.DataFrame,
    entry: pd.DataFrame,
    exit_: pd.DataFrame,
    unit: str | None,
    stage_of: str | None,
) -> None:
    scans = {(s.foil, s.scan): s for s in project.catalogue.scans()}
    placements = {key: placement_of(project, s) for key, s in scans.items()}
    fields = {key: project.catalogue.fields(s.scan_id) for key, s in scans.items()}
    wanted = project.catalogue.scan(stage_of) if stage_of is not None else None
    units = np.full(len(table), "", dtype=object)
    for prefix, end, surface in (("", entry, "top"), ("exit_", exit_, "bottom")):
        result = np.full((len(table), 2), np.nan)
        stage_scans = np.full(len(table), "", dtype=object)
        for (foil, scan), group in end.reset_index(drop=True).groupby(["foil", "scan"], sort=False):
            own = scans[(str(foil), str(scan))]
            seen_by = wanted or _seeing(scans, placements, own, surface)
            if not placements[(seen_by.foil, seen_by.scan)].lies_on(placements[(own.foil, own.scan)]):
                if wanted is not None:
                    raise NotFoundError(
                        f"Scans {wanted.scan} and {own.scan} do not lie on each other",
                        remedy="register them first, or leave --stage-of out",
                    )
                seen_by = own
            rows = group.index.to_numpy()
            places = placements[(own.foil, own.scan)].to_frame(group["field"], group["x_px"], group["y_px"])
            loose = group["field"].isin(placements[(own.foil, own.scan)].loose).to_numpy()
            key = (seen_by.foil, seen_by.scan)
            used = unit or seen_by.description.stage_unit
            stage = stage_places(placements[key], seen_by.description, fields[key], places, used)
            stage[loose] = np.nan
            result[rows] = stage
            units[rows] = used
            stage_scans[rows] = seen_by.scan
        table[f"{prefix}stage_x"], table[f"{prefix}stage_y"] = result[:, 0], result[:, 1]
        table[f"{'entry' if surface == 'top' else 'exit'}_stage_scan"] = stage_scans
    table["stage_unit"] = np.where(np.isfinite(table["stage_x"].to_numpy(float)), units, "")


def _seeing(
    scans: Mapping[tuple[str, str], ScanRecord],
    placements: Mapping[tuple[str, str], ScanPlacement],
    own: ScanRecord,
    surface: str,
) -> ScanRecord:
    """The scan of the same frame whose camera faces a surface; the pit's own if there is none."""
    if own.description.near_surface == surface:
        return own
    mine = placements[(own.foil, own.scan)]
    for key, scan in scans.items():
        if scan.foil == own.foil and scan.description.near_surface == surface and placements[key].lies_on(mine):
            return scan
    return own
