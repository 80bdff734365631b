"""Tracks through the sheets of a stack: which foils lie in one, and the links that go on from sheet to sheet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from moedal_gui.analysis.links import Linking
from moedal_gui.analysis.tracks import Continued, Segments, continued, segments, tracks_through
from moedal_gui.store.catalogue import ScanRecord
from moedal_gui.tasks.mouths import FoilMouths

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Sheet:
    """The links of one foil of a stack.

    Attributes
    ----------
    foil, number
        Its name and place in the stack.
    lines
        Its links in the frame of the pin holes, px of ``pixel_um``; those of fields that the datum points tie.
    rows
        (N,): row of each in the foil's table of links.
    """

    foil: str
    number: int
    lines: Segments
    rows: npt.NDArray[np.intp]
    pixel_um: float | None


def stack_of(scans: Sequence[ScanRecord]) -> tuple[str, int] | None:
    """The stack a foil lies in and its place there, as any of its scans says; None in none."""
    said = [(d.stack, d.sheet) for s in scans if (d := s.description).stack is not None and d.sheet is not None]
    return (str(said[0][0]), int(said[0][1] or 0)) if said else None


def sheet_of(foil: str, number: int, found: FoilMouths, linking: Linking) -> Sheet:
    """The links of a foil as lines."""
    i, j = linking.pairs.top, linking.pairs.bottom
    frames = found.top_pits["frame"].to_numpy(dtype=object)[i]
    rows = np.flatnonzero(frames == foil)  # a frame named after the foil is that of its pin holes
    sizes = found.top_pits["pixel_um"].dropna().to_numpy(dtype=float)
    geometry = found.sheet.measured_by(linking.geometry) if found.sheet is not None else linking.geometry
    minor = np.exp(np.stack([found.top.log_axes[i, 1], found.bottom.log_axes[j, 1]], axis=1))[rows]
    lines = segments(
        found.top.places[i][rows], found.bottom.places[j][rows], minor, geometry.surfaces_apart, geometry.bulk_etch,
        geometry.mouth_share,
    )  # fmt: skip
    return Sheet(foil, number, lines, rows, float(sizes[0]) if len(sizes) else None)


def through_stack(stack: str, sheets: Sequence[Sheet], before: dict[str, int]) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Tracks through the sheets of a stack.

    Parameters
    ----------
    sheets
        In any order; neighbours are those whose numbers follow each other.
    before
        Foil -> how many links stand before its own in the run's table.

    Returns
    -------
    table
        A row for each link of a track: row in the run's table, track (from 1), sheet, score, residual_px, bend_deg.
    summary
        For ``--json``.
    """
    ordered = sorted(sheets, key=lambda s: s.number)
    summary: dict[str, Any] = {
        "stack": stack, "sheets": [{"sheet": s.number, "foil": s.foil, "links": len(s.lines)} for s in ordered],
        "joints": [], "tracks": 0, "through": {}, "expected_accidentals": 0.0,
    }  # fmt: skip
    problem = _problem(ordered)
    if problem:
        return pd.DataFrame(), {**summary, "reason": problem}
    steps = [_step(a, b) for a, b in pairwise(ordered)]
    found = tracks_through(steps)
    summary["joints"] = [_joint(a, b, step) for (a, b), step in zip(pairwise(ordered), steps, strict=True)]
    lengths = [len(t.links) for t in found]
    summary |= {
        "tracks": len(found), "through": {str(n): lengths.count(n) for n in sorted(set(lengths))},
        "expected_accidentals": round(sum(1 - t.score for t in found), 3),
    }  # fmt: skip
    rows = [
        (before[ordered[t.first + k].foil] + int(ordered[t.first + k].rows[link]), number, ordered[t.first + k].number, t.score,
         t.residual[k - 1] if k else np.nan, t.bend_deg[k - 1] if k else np.nan)
        for number, t in enumerate(found, start=1) for k, link in enumerate(t.links)
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=["row", "track", "sheet", "score", "residual_px", "bend_deg"]), summary


def _problem(sheets: Sequence[Sheet]) -> str:
    numbers = [s.number for s in sheets]
    if len(sheets) < 2:
        return "only one sheet of this stack is here"
    if len(set(numbers)) < len(numbers):
        return "two foils of this stack say they are the same sheet"
    if len({round(s.pixel_um, 4) for s in sheets if s.pixel_um is not None}) > 1:
        return "the sheets of this stack were scanned with different pixel sizes"
    return ""


def _step(a: Sheet, b: Sheet) -> Continued:
    """Links of two neighbours; none where a sheet between them is not here."""
    if b.number - a.number != 1:
        nothing = np.zeros((0, 2))
        return continued(a.lines, Segments(nothing, nothing, b.lines.apart, b.lines.bulk_etch))
    return continued(a.lines, b.lines)


def _joint(a: Sheet, b: Sheet, step: Continued) -> dict[str, Any]:
    joint = step.joint
    row: dict[str, Any] = {
        "from": a.foil, "to": b.foil, "links": len(step.score), "gap_px": round(joint.gap, 2),
        "offset_px": [round(v, 2) for v in joint.offset], "turn_rad": round(joint.turn_rad, 6),
        "error_scale": round(joint.scale, 3), "measured_on": joint.pairs,
        "expected_accidentals": round(step.expected_accidents, 2),
    }  # fmt: skip
    if b.number - a.number != 1:
        row["reason"] = "the sheet between them is not here"
    elif not joint.pairs:
        row["reason"] = "too few lines go on to measure how the sheets lie: they are taken to touch"
    return row


def stack_words(told: dict[str, Any]) -> str:
    """A phrase on the tracks of a stack."""
    if told.get("reason"):
        return f"stack {told['stack']}: {told['reason']}"
    through = ", ".join(f"{count} through {n}" for n, count in told["through"].items())
    listed = f" ({through})" if through else ""
    return (
        f"stack {told['stack']}: {told['tracks']} tracks{listed} of {len(told['sheets'])} sheets, about "
        f"{told['expected_accidentals']:.1f} of them by accident"
    )
