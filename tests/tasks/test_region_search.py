"""Regions to look at: what was put into a foil too dense to be listed is found, kept, marked and written."""

import json

import cv2
import numpy as np
import pandas as pd
import pytest

from moedal_gui.core.errors import ArgumentError
from moedal_gui.simulate.scan import SimulationParameters, simulate_foil
from moedal_gui.store.project import Project
from moedal_gui.tasks import export, ingest, preselect, regions
from moedal_gui.tasks.loop import run

AT = (250, 130)


@pytest.fixture(scope="module")
def dense(tmp_path_factory):
    folder = tmp_path_factory.mktemp("dense")
    simulate_foil(folder, SimulationParameters(
        seed=8, columns=1, rows=1, pits_low=420, pits_high=420, channels=4, candidates=1, both_sides=False,
        field_size=(400, 320), h_px=14.0,
    ))  # fmt: skip
    for picture in (folder / "c1").glob("*.png"):  # something bright under every lamp alike
        grey = cv2.imread(str(picture), cv2.IMREAD_UNCHANGED)
        cv2.circle(grey, AT, 16, 120, -1)
        cv2.imwrite(str(picture), grey)
    with Project.open(folder / "p.moedal", write=True, create=True) as project:
        run(ingest.plan(project, ingest.IngestParameters((folder / "c1",))))
        run(preselect.plan(project, preselect.PreselectParameters()))
        found = run(regions.plan(project, regions.RegionsParameters()))
    return folder, found


def test_what_stands_out_is_found_where_it_is(dense):
    _folder, found = dense
    told = found.values["scans"][0]
    first = told["regions"][0]
    assert abs(first["x_px"] - AT[0]) <= first["width_px"] / 2 and abs(first["y_px"] - AT[1]) <= first["height_px"] / 2
    assert first["z"] > told["threshold"] and told["tested"] > 60 and "stand out" in found.sentence


def test_a_look_is_kept_with_the_place_and_outlives_another_search(dense, tmp_path):
    folder, found = dense
    with Project.open(folder / "p.moedal", write=True) as project:
        plan = regions.plan(project, regions.RegionsParameters())
        assert not plan.units  # the same pits and borders: nothing is measured twice
        table = regions.region_table(project)
        assert (table["looked_at_by"] == "").all()
        project.catalogue.looks.add("SIM-8", "c1", table["field"].iat[0], AT[0], AT[1], "ada")
        project.density_borders.keep((0.9, 0.6))
        again = run(regions.plan(project, regions.RegionsParameters()))
        assert again.values["scans"][0]["run"] != found.values["scans"][0]["run"]
        table = regions.region_table(project)
        assert table["looked_at_by"].iat[0] == "ada" and table["looked_at_when"].iat[0].startswith("20")


def test_regions_go_out_as_a_table_and_as_shapes_on_the_foil(dense, tmp_path):
    folder, _ = dense
    with Project.open(folder / "p.moedal") as project:
        for kind in ("csv", "geojson"):
            run(export.plan(project, export.ExportParameters("regions", tmp_path / f"r.{kind}", format=kind)))
        table, shapes = pd.read_csv(tmp_path / "r.csv"), json.loads((tmp_path / "r.geojson").read_text())
        assert tuple(table.columns) == regions.REGION_COLUMNS and len(table) == len(shapes["features"]) > 0
        ring = np.array(shapes["features"][0]["geometry"]["coordinates"][0])
        assert (
            np.allclose(ring[:4].mean(axis=0), table[["x_um", "y_um"]].iloc[0], atol=0.05)
            and (ring[0] == ring[4]).all()
        )
        um = float(project.catalogue.scans()[0].description.pixel_size_um)
        assert np.isclose(np.hypot(*(ring[1] - ring[0])), table["width_px"].iat[0] * um, rtol=1e-3)
        with pytest.raises(ArgumentError):
            export.plan(project, export.ExportParameters("regions", tmp_path / "r.pos", format="micromanager"))


def test_a_thin_foil_has_nothing_to_search(project_copy):
    with Project.open(project_copy, write=True) as project:
        found = run(regions.plan(project, regions.RegionsParameters()))
        assert all(row["tested"] == 0 for row in found.values["scans"]) and "nothing to search" in found.sentence
