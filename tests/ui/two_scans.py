"""A small simulated foil scanned from both sides, with its true pits in place of found ones, registered."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from moedal_gui.store.project import Project
from moedal_gui.tasks import ingest
from moedal_gui.tasks.loop import run
from moedal_gui.tasks.placement import register
from moedal_gui.tasks.simulate import SimulateParameters, draw


def make_two_scans(folder: Path) -> Path:
    """A project with scans c1 and cr."""
    scans = draw(SimulateParameters(
        folder / "scans", seed=11, columns=2, rows=2, pits_low=60.0, pits_high=90.0, candidates=4, channels="1", both_sides=True,
    ))  # fmt: skip
    target = folder / "two.moedal"
    with Project.open(target, write=True, create=True) as project:
        run(ingest.plan(project, ingest.IngestParameters(tuple(scans))))
        for record in project.catalogue.scans():
            truth = pd.read_csv(folder / "scans" / f"truth_{record.scan}.csv", dtype={"field": str})
            found = project.catalogue.open_run("preselect", record.scan_id, {"method": "auto"}, "test", "test")
            for row in project.catalogue.fields(record.scan_id).itertuples():
                mine = truth[truth["field"] == row.field]
                project.catalogue.add_pits(
                    found.run_id,
                    int(row.field_id),
                    mine.assign(surface_score=0.9, probability=0.9, snr=np.float64(9.0)),
                )
            project.catalogue.finish_run(found.run_id, {"pits": len(truth)})
        run(register.plan(project, register.RegisterParameters()))
    return target
