"""A small simulated foil as a project, with its true pits in place of found ones; made once a test run."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from moedal_gui.store.catalogue import ScanRecord
from moedal_gui.store.project import Project
from moedal_gui.tasks import ingest
from moedal_gui.tasks.loop import run
from moedal_gui.tasks.simulate import SimulateParameters, draw


def make_foil(folder: Path) -> tuple[Path, Path]:
    """A scan folder and a project holding it; returns both."""
    draw(SimulateParameters(folder / "scans", seed=7, columns=2, rows=2, pits_low=18.0, pits_high=30.0, candidates=6))
    scan = next(p.parent for p in sorted((folder / "scans").rglob("scan.toml")))
    truth = pd.read_csv(next((folder / "scans").rglob("truth_*.csv")), dtype={"field": str})
    target = folder / "foil.moedal"
    with Project.open(target, write=True, create=True) as project:
        run(ingest.plan(project, ingest.IngestParameters((scan,))))
        record = project.catalogue.scans()[0]
        _enter_pits(project, record, truth)
    return scan, target


def _enter_pits(project: Project, record: ScanRecord, truth: pd.DataFrame) -> None:
    random = np.random.default_rng(3)
    catalogue = project.catalogue
    found = catalogue.open_run("preselect", record.scan_id, {"method": "auto"}, "test", "test")
    pairs: list[float] = []
    for row in catalogue.fields(record.scan_id).itertuples():
        mine = truth[truth["field"] == row.field].copy()
        mine["surface_score"] = random.uniform(0.5, 1.0, len(mine))
        mine["probability"], mine["snr"] = 0.9, random.lognormal(2.5, 0.5, len(mine))
        catalogue.add_pits(found.run_id, int(row.field_id), mine)
        pairs += mine["pair"].tolist()
    catalogue.finish_run(found.run_id, {"pits": len(truth)})
    pits = catalogue.pits(found.run_id).assign(pair=pairs)
    links = [
        _link(pair)
        for _, pair in pits.dropna(subset="pair").groupby("pair")
        if set(pair["surface"]) == {"top", "bottom"}
    ]
    linked = catalogue.open_run("link", None, {}, "test", "test")
    catalogue.links.add(linked.run_id, pd.DataFrame(links))
    pit_runs = {str(record.scan_id): found.run_id}
    catalogue.finish_run(linked.run_id, {"links": len(links), "pit_runs": pit_runs})


def _link(pair: pd.DataFrame) -> dict[str, object]:
    entry, leave = pair[pair["surface"] == "top"].iloc[0], pair[pair["surface"] == "bottom"].iloc[0]
    return {
        "entry_pit": int(entry["pit_id"]), "exit_pit": int(leave["pit_id"]), "dx_px": 5.0, "dy_px": 5.0, "residual_px": 1.0,
        "dip_deg": 60.0, "azimuth_deg": 10.0, "size_ratio": 1.0, "score": 0.9, "accidental_probability": 0.02,
        "regime": "low", "passes": True,
    }  # fmt: skip
