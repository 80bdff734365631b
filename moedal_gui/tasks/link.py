"""Links: entry-exit pairs of every foil."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from moedal_gui import __version__
from moedal_gui.analysis.density import isolated_fraction, regime
from moedal_gui.analysis.geometry_estimate import SheetGeometry
from moedal_gui.analysis.links import Linking, link
from moedal_gui.core.candidate import LINK_COLUMNS
from moedal_gui.core.counted import counted
from moedal_gui.core.task import Outcome, Plan, at_once, parameter
from moedal_gui.store.catalogue import RunRecord, ScanRecord
from moedal_gui.store.project import Project
from moedal_gui.tasks.corrections.hand_links import hand_links, places_of, settle_links, without
from moedal_gui.tasks.corrections.settle import settle_corrections
from moedal_gui.tasks.crowding import dense_scans
from moedal_gui.tasks.fingerprint import digest
from moedal_gui.tasks.light_check import without_scale
from moedal_gui.tasks.mouths import FoilMouths, foil_mouths, foil_pits
from moedal_gui.tasks.pit_table import pit_run, put_right_in
from moedal_gui.tasks.placement.register import input_hash, register
from moedal_gui.tasks.scan_words import light_doubts
from moedal_gui.tasks.sheet_words import disagreement, sheet_values, sheet_words
from moedal_gui.tasks.stacks import Sheet, sheet_of, stack_of, stack_words, through_stack

_SURE_TRACK = 0.9


@dataclass(frozen=True)
class LinkParameters:
    """What ``link`` is told."""

    run: str | None = field(
        default=None,
        metadata=parameter(
            "pair the pits of this run instead of the current ones", label="Pits of run", unset="the current pits"
        ),
    )


def plan(project: Project, parameters: LinkParameters) -> Plan[None, None]:
    """Pair the current pits; a registration older than they are is made anew first."""
    return at_once(lambda: _link(project, parameters))


@dataclass
class _LinkedFoils:
    """What linking foil by foil brings: tables and rows, what is said and doubted, sheets by stack, and each foil's first row."""

    tables: list[pd.DataFrame] = field(default_factory=list)
    rows: list[dict[str, Any]] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)
    stacks: dict[str, list[Sheet]] = field(default_factory=dict)
    before: dict[str, int] = field(default_factory=dict)

    def links(self) -> pd.DataFrame:
        """All of them in one table."""
        return pd.concat(self.tables, ignore_index=True) if self.tables else pd.DataFrame(columns=list(LINK_COLUMNS))


def _link(project: Project, parameters: LinkParameters) -> Outcome:
    pit_runs = {
        s.scan_id: r.run_id for s in project.catalogue.scans() if (r := pit_run(project, s, parameters.run)) is not None
    }
    settle_corrections(project)
    anew = _refresh_registration(project)
    run = project.catalogue.open_run("link", None, {"run": parameters.run}, made_from(project, parameters), __version__)
    said, lost = hand_links(project, pit_runs, {})
    foils = _linked_foils(
        project, parameters.run, places_of(project, pit_runs, {*said["entry_pit"], *said["exit_pit"]})
    )
    links = foils.links()
    tracks, told = _tracks(foils.stacks, foils.before)
    probable = with_tracks(links, tracks)
    found = int(links["passes"].sum()) if len(links) else 0
    accidents = float((1 - probable[links["passes"].to_numpy(bool)]).sum()) if len(links) else 0.0
    values: dict[str, Any] = {
        "run": run.name, "links": len(links), "candidates": found, "expected_accidentals": round(accidents, 3),
        "foils": foils.rows, "stacks": told, "by_hand": len(said), "by_hand_lost": lost,
        "too_dense": dense_scans(project, pit_runs),
    }  # fmt: skip
    kept = {**values, "pit_runs": pit_runs, "put_right": put_right_in(project, pit_runs.values())}
    project.catalogue.links.add(run.run_id, links, kept, tracks)
    settle_links(project)
    registered = project.catalogue.current_run("register")
    pairs = registered.summary.get("pairs", []) if registered else []
    doubts = [*foils.doubts, *values["too_dense"], *(str(pair["doubt"]) for pair in pairs if pair.get("doubt"))]
    sentence = "\n".join([_sentence(values, anew), *foils.remarks, *doubts])
    doubtful = len(doubts) > len(values["too_dense"]) or any("weighed_by_px" in row for row in foils.rows)
    return Outcome(sentence, values, doubtful)


def _linked_foils(project: Project, run: str | None, taken: pd.DataFrame) -> _LinkedFoils:
    """Link every foil; pits at the places ``taken`` are linked by hand, and left out."""
    foils = _LinkedFoils()
    for foil in dict.fromkeys(s.foil for s in project.catalogue.scans()):
        scans = [s for s in project.catalogue.scans() if s.foil == foil]
        mouths = foil_mouths(without(foil_pits(project, scans, run), taken), scans)
        linking, table, row = _link_foil(mouths)
        foils.before[foil] = sum(len(t) for t in foils.tables)
        if linking is not None and (place := stack_of(scans)) is not None:
            foils.stacks.setdefault(place[0], []).append(sheet_of(foil, place[1], mouths, linking))
        foils.tables.append(table)
        words = sheet_words(mouths.sheet, mouths.pixel_um) if mouths.sheet is not None else f"no links, {mouths.reason}"
        foils.rows.append({"foil": foil, **row, **({"etching": words} if words else {})})
        foils.remarks += [f"{foil}: {sentence}" for sentence in (words, disagreement(scans)) if sentence]
        foils.doubts += _doubts_of_pits(project, scans, run)
    return foils


def _sentence(values: dict[str, Any], anew: bool) -> str:
    """How many links there are, and all that is to be known of how they came about."""
    accidents = values["expected_accidentals"]
    parts = [
        f"{counted(values['candidates'], 'candidate')} (about {accidents:.1f} by accident) among {counted(values['links'], 'link')}"
    ]
    if anew:
        parts.append("the scans were registered anew first: their pits or places are others")
    if values["by_hand"]:
        parts.append(f"{values['by_hand']} linked by hand")
    if lost := values["by_hand_lost"]:
        parts.append(f"links by hand that find one of their pits no more: {lost} (put it back with A)")
    return "; ".join([*parts, *(stack_words(one) for one in values["stacks"])])


def _doubts_of_pits(project: Project, scans: Sequence[ScanRecord], run: str | None) -> list[str]:
    """What speaks against the light and the scale of the scans whose pits are linked."""
    return [
        f"{scan.scan}: {doubt}"
        for scan in scans
        for doubt in dict.fromkeys([*light_doubts(pit_run(project, scan, run)), *without_scale(project, scan)])
    ]


def _tracks(stacks: dict[str, list[Sheet]], before: dict[str, int]) -> tuple[pd.DataFrame, list[dict[str, Any]]]:
    """Tracks of all stacks, numbered on from one to the next, and what to say of each stack."""
    parts: list[pd.DataFrame] = []
    told: list[dict[str, Any]] = []
    for stack, sheets in stacks.items():
        table, summary = through_stack(stack, sheets, before)
        if len(table):
            parts.append(table.assign(track=table["track"] + sum(int(one["tracks"]) for one in told)))
        told.append(summary)
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(), told


def with_tracks(links: pd.DataFrame, tracks: pd.DataFrame) -> npt.NDArray[np.float64]:
    """Probability of each link, by itself or as part of a track; a sure track makes candidates of all its links."""
    probable = links["score"].to_numpy(dtype=float, copy=True)
    if len(tracks):
        rows, score = tracks["row"].to_numpy(np.intp), tracks["score"].to_numpy(float)
        probable[rows] = np.maximum(probable[rows], score)
        links.loc[rows[score >= _SURE_TRACK], "passes"] = True
    return probable


def linked(project: Project, parameters: LinkParameters) -> RunRecord | None:
    """The links in force, where this version made them from just these pits and places; else None."""
    newest = project.catalogue.current_run("link")
    if newest is None or newest.version != __version__ or newest.input_hash != made_from(project, parameters):
        return None
    return newest


def made_from(project: Project, parameters: LinkParameters) -> str:
    """Of all that links are made from: pits and places, the sheets' order, and what people put right."""
    sheets = [(s.description.stack, s.description.sheet) for s in project.catalogue.scans()]
    said = [sheets] if any(stack for stack, _ in sheets) else []
    # Corrections change neither runs nor geometry, but they change what is to be paired.
    hand = project.labels.corrections.mark()
    return digest([input_hash(project), parameters.run, *said, *([hand] if hand else [])])


def _refresh_registration(project: Project) -> bool:
    """Register where pits or scans are others than before; whether that was so."""
    newest = project.catalogue.current_run("register")
    if len(project.catalogue.scans()) < 2 or (newest is not None and newest.input_hash == input_hash(project)):
        return False
    register(project)
    return newest is not None


def _link_foil(found: FoilMouths) -> tuple[Linking | None, pd.DataFrame, dict[str, Any]]:
    sheet = found.sheet
    if sheet is None:
        return None, pd.DataFrame(columns=list(LINK_COLUMNS)), {"links": 0, "reason": found.reason}
    linking = link(found.top, found.bottom, sheet.weighed_by)
    table = _table(linking, sheet, found)
    frames = pd.concat([found.top_pits["frame_number"], found.bottom_pits["frame_number"]]).nunique()
    row = {
        "links": len(table), "frames": int(frames), "expected_accidentals": round(linking.expected_accidents, 2),
        **sheet_values(sheet), "axis_error_scale": linking.geometry.scale, "axis_bias": linking.geometry.bias,
        "mouth_share": linking.geometry.mouth_share,
    }  # fmt: skip
    return linking, table, row


def _table(linking: Linking, sheet: SheetGeometry, found: FoilMouths) -> pd.DataFrame:
    top, bottom, top_pits, bottom_pits = found.top, found.bottom, found.top_pits, found.bottom_pits
    i, j = linking.pairs.top, linking.pairs.bottom
    displacement = bottom.places[j] - top.places[i]
    dip = linking.pairs.dip
    if sheet.dips_as_stated:
        dip = np.arctan2(sheet.surfaces_apart, np.hypot(displacement[:, 0], displacement[:, 1]))
    both = np.concatenate([top.log_axes, bottom.log_axes])
    usual = float(np.exp(np.median(both.mean(axis=1))))
    isolated = isolated_fraction(top.density[i] + bottom.density[j], usual)
    return pd.DataFrame({
        "entry_pit": top_pits["pit_id"].to_numpy()[i], "exit_pit": bottom_pits["pit_id"].to_numpy()[j],
        "dx_px": displacement[:, 0], "dy_px": displacement[:, 1], "residual_px": linking.pairs.residual,
        "dip_deg": np.rad2deg(dip),
        "azimuth_deg": np.rad2deg(np.arctan2(displacement[:, 1], displacement[:, 0])) % 360.0,
        "size_ratio": np.exp(bottom.log_axes[j, 1] - top.log_axes[i, 1]), "score": linking.score,
        "accidental_probability": 1 - linking.score, "regime": regime(isolated),
        "passes": linking.passes,
    })  # fmt: skip
