"""Registration as a person sees it: which scans were tied and how well, and the maps of what is left."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from moedal_gui.analysis.intervals import Fraction, fraction
from moedal_gui.analysis.residuals import FEWEST, REACH_PX, ResidualField, histogram
from moedal_gui.store.project import Project
from moedal_gui.tasks.placement.register import input_hash
from moedal_gui.tasks.placement.residuals import PairResiduals, pair_residuals

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Tied:
    """Two scans of one foil and what the newest registration kept of them (the row of ``register --json``)."""

    foil: str
    a: str
    b: str
    row: Mapping[str, Any]

    @property
    def title(self) -> str:
        """How the pair is called."""
        return f"{self.foil}: {self.a} – {self.b}"

    @property
    def state(self) -> str:
        """How it stands, in a word or two: the share within 2 px, or why there is none."""
        refined = self.row.get("refined")
        if refined:
            return f"{refined['within_2px']:.0%}"
        return "datum only" if self.row.get("tied_by") else "not tied"


@dataclass(frozen=True)
class Registered:
    """The newest registration of a project.

    Attributes
    ----------
    run
        Its name; empty when nothing was registered yet.
    pairs
        Every two scans of a foil; before any registration with an empty row.
    overlaps, datum
        What `register` keeps of the overlaps of each scan and of the datum points of each foil.
    stale
        Why it should be made anew; empty when it need not.
    """

    run: str
    pairs: tuple[Tied, ...]
    overlaps: tuple[Mapping[str, Any], ...]
    datum: tuple[Mapping[str, Any], ...]
    stale: str


def read_registration(project: Project) -> Registered:
    """What the newest registration of a project says, and whether it still holds."""
    scans = project.catalogue.scans()
    run = project.catalogue.current_run("register")
    known = {(r["foil"], r["a"], r["b"]): r for r in (run.summary.get("pairs", []) if run else [])}
    pairs = tuple(
        Tied(a.foil, a.scan, b.scan, known.get((a.foil, a.scan, b.scan), {}))
        for i, a in enumerate(scans) for b in scans[i + 1 :] if a.foil == b.foil
    )  # fmt: skip
    if run is None:
        return Registered("", pairs, (), (), "The scans were not registered yet.")
    stale = ""
    if run.input_hash != input_hash(project):
        stale = "Pits or datum points have changed since: register again."
    overlaps, datum = run.summary.get("overlaps", []), run.summary.get("datum", [])
    return Registered(run.name, pairs, tuple(overlaps), tuple(datum), stale)


def residuals_of(project: Project, pair: Tied) -> PairResiduals | None:
    """The pair's partner pits, measured anew; None where the two share no frame or no pits."""
    scans = {(s.foil, s.scan): s for s in project.catalogue.scans()}
    a, b = scans.get((pair.foil, pair.a)), scans.get((pair.foil, pair.b))
    return pair_residuals(project, a, b) if a is not None and b is not None else None


@dataclass(frozen=True)
class ResidualMap:
    """A map a person can choose; ``values`` gives (rows, columns), of what is ``counted``; ``both_ways`` where they go either side of 0."""

    key: str
    title: str
    explain: str
    values: Callable[[ResidualField], Floats]
    both_ways: bool = False
    arrows: bool = False
    counted: str = "px"


RESIDUAL_MAPS: tuple[ResidualMap, ...] = (
    ResidualMap("arrows", "Arrows", "Median offset of the second scan's pits, magnified; ground: its median length",
                lambda f: f.length, arrows=True),
    ResidualMap("length", "Length |d|, px", "Median distance of partner pits, px", lambda f: f.length),
    ResidualMap("dx", "Offset dx, px", "Median offset along x, px: second scan minus first", lambda f: f.dx, both_ways=True),
    ResidualMap("dy", "Offset dy, px", "Median offset along y, px: second scan minus first", lambda f: f.dy, both_ways=True),
    ResidualMap("counts", "Partners", "Partner pits in each cell",
                lambda f: np.where(f.counts >= FEWEST, f.counts, np.nan).astype(float), counted="pits"),
)  # fmt: skip


def headline(pair: Tied, found: PairResiduals) -> str:
    """One line on how well the two scans lie on each other now: the share within 2 px, its 95 % interval, and datum points that do not fit."""
    share = found.within
    rms = f", rms {found.rms_px:.2f} px" if np.isfinite(found.rms_px) else ""
    datum = ""
    if pair.row.get("datum_left_out") is not None:
        datum = f"Without datum point {pair.row['datum_left_out']}: "
    elif pair.row.get("datum_misfit"):
        datum = "Datum points do not fit: "
    return f"{datum}{_range(share)} within 2 px{rms}"


def partner_words(pair: Tied, found: PairResiduals) -> str:
    """A sentence on what the maps are drawn from."""
    how = {"pits": "Tied by the pits", "datum": "Tied by the datum points"}.get(
        str(pair.row.get("tied_by")), "Not tied"
    )
    a, b = found.pits
    return f"{how}. {len(found.found.places):,} partners among {a:,} pits of {pair.a} and {b:,} of {pair.b}."


def _range(share: Fraction) -> str:
    value, low, high = (100 * (v or 0.0) for v in (share["value"], share["low"], share["high"]))
    return f"{value:.1f}% ({low:.1f} to {high:.1f})"


def told_of(registered: Registered, pair: Tied) -> tuple[str, ...]:
    """Sentences on what the registration kept of a pair, its doubts among them."""
    row = pair.row
    lines = [registered.stale] if registered.stale else []
    for name, words in (("datum", "By datum points alone"), ("refined", "Refined by the pits")):
        figures = row.get(name)
        if figures:
            share = fraction(round(figures["within_2px"] * figures["pits"]), figures["pits"])
            rms = f", rms {figures['rms_px']:.2f} px" if figures.get("rms_px") is not None else ""
            lines.append(
                f"{words}: {_range(share)} of {figures['pits']:,} pits of {pair.a} have a pit of {pair.b} within 2 px{rms}; "
                f"{figures['shifted_within_6px']:.1%} within 6 px by accident."
            )
    if row.get("doubt"):
        lines.append(f"{row['doubt']}.")
    if row.get("reason"):
        lines.append(f"{str(row['reason']).capitalize()}.")
    lines += _datum_lines(registered, pair)
    lines += [
        f"Fields of {o['scan']} moved by what {o['seams']} of {o['pairs']} overlaps show: misfit {o['before_px']:.2f} px before, "
        f"{o['after_px']:.2f} px after."
        for o in registered.overlaps
        if o["foil"] == pair.foil and o["scan"] in (pair.a, pair.b) and o["after_px"] < o["before_px"]
    ]
    lines += [
        f"{o['doubt']}."
        for o in registered.overlaps
        if o["foil"] == pair.foil and o["scan"] in (pair.a, pair.b) and o.get("doubt")
    ]
    return tuple(lines)


def _datum_lines(registered: Registered, pair: Tied) -> list[str]:
    row, lines = pair.row, []
    # Under other numbers they are not each other's partners.
    points = [] if row.get("datum_numbers") else row.get("datum_points") or []
    known = [(k, p) for k, p in enumerate(points) if p["fitted_px"] is not None]
    if known:
        each = ", ".join(
            f"{k} by {p['fitted_px']:.1f} px" + (f" ({p['alone_px']:.1f})" if p["alone_px"] is not None else "")
            for k, p in known
        )  # fmt: skip
        lines.append(
            f"Datum points after a rigid fit (and where the others put them), counted from 0, are off: {each}."
        )
    if row.get("datum_left_out") is not None:
        lines.append(f"Datum point {row['datum_left_out']} was left out: it does not fit the others.")
    elif row.get("datum_misfit"):
        lines.append("The datum points of the two scans do not fit each other.")
    notes = [str(d["note"]) for d in registered.datum if d["foil"] == pair.foil]
    # The name of a scan is written as it is.
    return lines + [f"{'The' + n[3:] if n.startswith('the ') else n}." for n in notes]


def pair_table(registered: Registered) -> pd.DataFrame:
    """One row a pair: foil, a, b, tied_by, within_2px with its interval, rms_px, datum_left_out, doubt."""
    rows = []
    for pair in registered.pairs:
        figures = pair.row.get("refined") or pair.row.get("datum") or {}
        pits = int(figures.get("pits", 0))
        share = fraction(round(figures.get("within_2px", 0.0) * pits), pits)
        rms = figures.get("rms_px")
        left_out = pair.row.get("datum_left_out")
        doubt = "datum points do not fit" if pair.row.get("datum_misfit") else ""
        rows.append({
            "foil": pair.foil, "a": pair.a, "b": pair.b, "tied_by": pair.row.get("tied_by") or "",
            "within_2px": share["value"], "within_2px_low": share["low"], "within_2px_high": share["high"],
            "rms_px": np.nan if rms is None else rms, "pits": pits,
            "datum_left_out": np.nan if left_out is None else left_out,
            "doubt": doubt or str(pair.row.get("reason", "")), "run": registered.run,
        })  # fmt: skip
    return pd.DataFrame(rows)


def histogram_table(found: PairResiduals) -> pd.DataFrame:
    """Bins of the partners' distances, px, up to the gate of 6 px, and what accident gives."""
    edges, counts, accidents = histogram(found.found, REACH_PX)
    return pd.DataFrame({"from_px": edges[:-1], "to_px": edges[1:], "partners": counts, "by_accident": accidents})
