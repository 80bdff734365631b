"""Lay the journal's corrections on the pits and links of the runs in force; doing it twice changes nothing."""

from __future__ import annotations

from typing import Any

from moedal_gui.analysis.corrections import fields_near, lay, standing
from moedal_gui.core.correction import PitCorrection
from moedal_gui.store.catalogue import RunRecord, ScanRecord
from moedal_gui.store.hand_rows import HandPit
from moedal_gui.store.project import Project
from moedal_gui.tasks.corrections.hand_links import settle_links
from moedal_gui.tasks.placement.placing import placement_of


def settle_corrections(project: Project) -> None:
    """Bring every scan's current pits and the links in force to what the journal says.

    The journal is written first: where a program died between the two, or labels came from another copy, this makes up for it.
    """
    mark = project.labels.corrections.mark()
    for scan in project.catalogue.scans():
        run = project.catalogue.current_run("preselect", scan.scan_id)
        if run is not None and project.catalogue.hand.mark(run.run_id) != mark:
            lay_on(project, scan, run)
    settle_links(project)


def lay_on(project: Project, scan: ScanRecord, run: RunRecord) -> dict[str, int]:
    """Lay the corrections of a scan on the pits of a run; returns counts for the run's summary, none where there is nothing."""
    journal = project.labels.corrections
    mark = journal.mark()
    own = [c for c in journal.in_force(("add", "remove", "move")) if (c.foil, c.at.scan) == (scan.foil, scan.scan)]
    before = project.catalogue.hand.mark(run.run_id)
    if not own and not before:
        return {}
    placement = placement_of(project, scan)
    what = standing(own, placement)
    found = project.catalogue.hand.found(run.run_id, sorted(fields_near(own, placement)))
    laid = lay(found, what, placement)
    ids = {row.field: row.field_id for row in project.catalogue.field_rows(scan.scan_id)}
    put = [hand_pit(c, ids[c.to.field]) for c in laid.put]
    project.catalogue.hand.settle(run.run_id, mark, laid.taken_out, put)
    return {"put": len(laid.put), "taken_out": len(laid.taken_out), "found_since": len(laid.found_since)}


def hand_pit(c: PitCorrection, field_id: int) -> HandPit:
    """The row of a pit put by hand: a person saw it, so it is one."""
    values: dict[str, Any] = {
        "x_px": c.to.x_px, "y_px": c.to.y_px, "surface": c.to.surface or None, "surface_score": c.mouth.surface_score,
        "probability": 1.0, "major_px": c.mouth.major_px, "minor_px": c.mouth.minor_px, "azimuth_deg": c.mouth.azimuth_deg,
        "snr": c.mouth.snr, "major_error": None, "minor_error": None,
    }  # fmt: skip
    return HandPit(c.correction_id, field_id, values)


def correction_words(counts: dict[str, int]) -> str:
    """What to say of corrections that were laid on a run; empty where there were none."""
    if not any(counts.values()):
        return ""
    since = f", {counts['found_since']} put by hand earlier were found this time" if counts["found_since"] else ""
    return f"corrections by hand kept: {counts['put']} pits put, {counts['taken_out']} taken out{since}"
