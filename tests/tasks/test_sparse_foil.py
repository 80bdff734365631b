"""A foil with a single track: the one that all the work is for."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from moedal_gui.simulate.scan import SimulationParameters, simulate_foil
from moedal_gui.store.project import Project
from moedal_gui.tasks.ingest import IngestParameters
from moedal_gui.tasks.ingest import plan as ingest
from moedal_gui.tasks.link import LinkParameters
from moedal_gui.tasks.link import plan as link
from moedal_gui.tasks.loop import run
from moedal_gui.tasks.pit_table import all_pits
from moedal_gui.tasks.preselect import PreselectParameters
from moedal_gui.tasks.preselect import plan as preselect


def test_the_only_track_of_a_foil_is_linked_and_its_pin_holes_are_named(tmp_path: Path) -> None:
    words = SimulationParameters(seed=77, columns=3, rows=2, channels=8, pits_low=0, pits_high=0, candidates=1)
    simulate_foil(tmp_path, words)
    truth = {scan: pd.read_csv(tmp_path / f"truth_{scan}.csv") for scan in ("c1", "cr")}
    with Project.open(tmp_path / "p.moedal", write=True, create=True) as project:
        run(ingest(project, IngestParameters((tmp_path / "c1", tmp_path / "cr"))))
        found = run(preselect(project, PreselectParameters()), workers=1)
        linked = run(link(project, LinkParameters()))
        pits = all_pits(project)
    assert linked.values["links"] == linked.values["candidates"] == 1
    rows = {row["scan"]: row for row in found.values["scans"]}
    holes = pits[pits["pit_id"].isin(rows["cr"]["at_datum"])]
    assert len(holes) == 3 and (holes["minor_px"] > 24).all(), "pin holes are twice as wide as these pits"
    assert "at the datum points, probably the pin holes" in found.sentence
    for scan, true in truth.items():
        mine = pits[pits["scan"] == scan]
        here = [
            ((mine["x_px"] - x).abs() < 4) & ((mine["y_px"] - y).abs() < 4)
            for x, y in true[["x_px", "y_px"]].to_numpy()
        ]
        assert len(true) == 2 and all(near.sum() == 1 for near in here)
