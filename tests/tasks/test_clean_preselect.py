"""Pre-selection with cleaning: asked for only, said, another run, and no raw pixel changed."""

import numpy as np

from moedal_gui.imaging.flat_field import FlatField
from moedal_gui.imaging.lamps import usable_flat
from moedal_gui.preselect.methods import clean_field
from moedal_gui.simulate.scan import SimulationParameters, simulate_foil
from moedal_gui.store.project import Project
from moedal_gui.tasks import info, ingest, preselect
from moedal_gui.tasks.loop import run


def test_cleaning_is_another_run_that_says_what_it_took(tmp_path):
    simulate_foil(tmp_path, SimulationParameters(
        seed=8, columns=2, rows=1, pits_low=4, pits_high=4, channels=4, candidates=1, both_sides=False, field_size=(192, 160),
    ))  # fmt: skip
    with Project.open(tmp_path / "p.moedal", write=True, create=True) as project:
        run(ingest.plan(project, ingest.IngestParameters((tmp_path / "c1",))))
        run(preselect.plan(project, preselect.PreselectParameters(method="divergence")), workers=1)
        scan = project.catalogue.scans()[0]
        rows = project.catalogue.field_rows(scan.scan_id)
        before = [project.images.read(r.batch, r.slot) for r in rows]
        plain = project.catalogue.current_run("preselect", scan.scan_id)
        assert "cleaned" not in plain.summary and "clean" not in plain.parameters
        told = run(
            preselect.plan(project, preselect.PreselectParameters(scan=scan.scan, method="divergence", clean=True)),
            workers=1,
        )
        found = project.catalogue.current_run("preselect", scan.scan_id)
        assert found.run_id != plain.run_id and found.parameters["clean"] == "yes"
        cleaned = told.values["scans"][0]["cleaned"]
        assert found.summary["cleaned"] == cleaned and cleaned["fields"] == len(rows)
        assert "raw pixels are unchanged" in info.of_project(project).sentence
        assert "raw pixels are unchanged" in told.sentence and f"{cleaned['filled']:.1%}" in told.sentence
        assert all(np.array_equal(a, project.images.read(r.batch, r.slot)) for a, r in zip(before, rows, strict=True))
        flat = FlatField.from_json(scan.flat)
        shares = [
            clean_field(p, scan.description, usable_flat(p, scan.description, flat, r.missing)).shares
            for p, r in zip(before, rows, strict=True)
        ]
        for name in ("dirt", "scratches", "filled"):
            assert np.isclose(cleaned[name], np.mean([s[name] for s in shares]))
