"""A wrong lamp ring, polarity or side is noticed from the pits themselves."""

import re
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from moedal_gui.core.errors import ExpertError
from moedal_gui.core.field import seen_fields
from moedal_gui.preselect.place_fit import PlaceFit
from moedal_gui.store.catalogue import ScanRecord
from moedal_gui.store.project import Project
from moedal_gui.tasks import ingest, link, pits_import, preselect, score
from moedal_gui.tasks.corrections.put_right import add_pit
from moedal_gui.tasks.evaluation import evaluate
from moedal_gui.tasks.light_check import check_light, flooded
from moedal_gui.tasks.loop import run
from moedal_gui.tasks.pit_table import pit_table
from moedal_gui.tasks.placement.placing import placement_of


@pytest.fixture(scope="module")
def scan_and_pits(tmp_path_factory: pytest.TempPathFactory):  # type: ignore[no-untyped-def]
    from moedal_gui.simulate.scan import SimulationParameters, simulate_foil

    out = tmp_path_factory.mktemp("light")
    words = SimulationParameters(
        seed=21, columns=2, rows=1, pits_low=60, pits_high=70, candidates=5, channels=8, both_sides=False
    )
    simulate_foil(out, words)
    with Project.open(out / "p.moedal", write=True, create=True) as project:
        run(ingest.plan(project, ingest.IngestParameters((out / "c1",))))
        run(preselect.plan(project, preselect.PreselectParameters()))
        scan = project.catalogue.scan("c1")
        yield project, scan, pit_table(project, scan), {}


def _turned(scan: ScanRecord, by: float, flip: bool = False) -> ScanRecord:
    sign = -1 if flip else 1
    channels = tuple(
        replace(c, azimuth_deg=(sign * c.azimuth_deg + by) % 360) if c.azimuth_deg is not None else c
        for c in scan.description.channels
    )
    return replace(scan, description=replace(scan.description, channels=channels))


def test_a_right_description_raises_no_doubt(scan_and_pits) -> None:  # type: ignore[no-untyped-def]
    said = check_light(*scan_and_pits)
    assert said["doubts"] == [] and said["ring_coherence"] > 0.4 and said["sharper_surface"] in ("top", None)


def test_fields_full_of_pits_say_nothing_against_the_lamps(tmp_path: Path) -> None:
    from moedal_gui.simulate.scan import SimulationParameters, simulate_foil

    words = SimulationParameters(
        seed=21, columns=3, rows=1, pits_low=60, pits_high=1200, candidates=5, channels=8, both_sides=False
    )
    simulate_foil(tmp_path, words)
    with Project.open(tmp_path / "p.moedal", write=True, create=True) as project:
        run(ingest.plan(project, ingest.IngestParameters((tmp_path / "c1",))))
        told = run(preselect.plan(project, preselect.PreselectParameters())).values["scans"][0]
    assert told["pits"] > 1000 and told["light"]["doubts"] == []
    assert told["light"]["ring_coherence"] > 0.4


@pytest.mark.parametrize(("by", "flip"), [(90.0, False), (45.0, False), (0.0, True), (135.0, True)])
def test_a_wrong_ring_is_doubted(scan_and_pits, by: float, flip: bool) -> None:  # type: ignore[no-untyped-def]
    project, scan, pits, measures = scan_and_pits
    assert any("azimuths" in d for d in check_light(project, _turned(scan, by, flip), pits, measures)["doubts"])


@pytest.mark.parametrize(("every", "by"), [(1, 0.0), (2, 90.0)])
def test_a_ring_that_runs_the_other_way_round_is_told_as_one_and_what_is_told_fits(
    scan_and_pits, every: int, by: float
) -> None:  # type: ignore[no-untyped-def]
    project, scan, pits, measures = scan_and_pits
    kept = [c for k, c in enumerate(scan.description.channels) if k % every == 0 or c.kind != "rim"]
    wrong = _turned(scan, by, True)
    channels = tuple(c if c in kept else replace(c, kind="halo", azimuth_deg=None) for c in scan.description.channels)
    channels = tuple(
        replace(c, azimuth_deg=w.azimuth_deg) if c.kind == "rim" else c
        for c, w in zip(channels, wrong.description.channels, strict=True)
    )
    said = check_light(
        project, replace(scan, description=replace(scan.description, channels=channels)), pits, measures
    )["doubts"]
    (told,) = [d for d in said if "the other way round" in d]
    assert not any("order" in d for d in said)
    steps = {int(step): float(azimuth) for azimuth, step in re.findall(r"([\d.]+)° for step (\d+)", told)}
    right = {c.step: c.azimuth_deg for c in kept if c.kind == "rim"}
    assert set(steps) == set(right)
    off = {round((steps[step] - right[step]) % 360.0) for step in right}
    assert off in ({0}, {180})


def test_a_ring_turned_by_a_quarter_is_not_told_as_two_lamps_exchanged(scan_and_pits) -> None:  # type: ignore[no-untyped-def]
    project, scan, pits, measures = scan_and_pits
    said = check_light(project, _turned(scan, 90.0), pits, measures)["doubts"]
    assert any("turned by 90 degrees" in d for d in said) and not any("order" in d or "other way" in d for d in said)


@pytest.mark.parametrize(("first", "second"), [(0, 1), (2, 5), (1, 7)])
def test_two_lamps_taken_for_each_other_are_named(scan_and_pits, first: int, second: int) -> None:  # type: ignore[no-untyped-def]
    project, scan, pits, measures = scan_and_pits
    channels = list(scan.description.channels)
    at = [channels[k].azimuth_deg for k in (first, second)]
    channels[first], channels[second] = (
        replace(channels[k], azimuth_deg=a) for k, a in zip((first, second), at[::-1], strict=True)
    )
    wrong = replace(scan, description=replace(scan.description, channels=tuple(channels)))
    said = " ".join(check_light(project, wrong, pits, measures)["doubts"])
    assert f"{at[0]:g}° for step {channels[first].step} and {at[1]:g}° for step {channels[second].step}" in said


def test_two_lamps_at_one_place_are_named(scan_and_pits) -> None:  # type: ignore[no-untyped-def]
    project, scan, pits, measures = scan_and_pits
    channels = list(scan.description.channels)
    channels[1] = replace(channels[1], azimuth_deg=channels[0].azimuth_deg)
    wrong = replace(scan, description=replace(scan.description, channels=tuple(channels)))
    said = check_light(project, wrong, pits, measures)["doubts"]
    assert any(f"Steps {channels[0].step} and {channels[1].step} are all said" in d for d in said)


def test_swapped_surfaces_are_doubted(scan_and_pits) -> None:  # type: ignore[no-untyped-def]
    project, scan, pits, measures = scan_and_pits
    swapped = pits.assign(surface=pits["surface"].map({"top": "bottom", "bottom": "top"}))
    assert any("sharper" in doubt for doubt in check_light(project, scan, swapped, measures)["doubts"])


def test_a_lamp_that_is_out_and_fields_without_light_are_told_and_count_for_nothing(tmp_path: Path) -> None:
    from moedal_gui.simulate.scan import SimulationParameters, simulate_foil
    from moedal_gui.tasks import info

    words = SimulationParameters(
        seed=5, columns=4, rows=1, pits_low=60, pits_high=60, candidates=3, channels=8, both_sides=False
    )
    simulate_foil(tmp_path, words)
    rng = np.random.default_rng(0)
    for path in (tmp_path / "c1").glob("*.png"):
        field, step = path.stem.removeprefix("stackc1_s").split("_")
        # A lamp that never burned, a field with none, and one that went out for a while: what is left is the camera's noise.
        if step == "3" or field == "4" or (field == "2" and step == "6"):
            dark = rng.normal(1.5, 0.8, np.asarray(Image.open(path)).shape)
            Image.fromarray(np.clip(np.rint(dark), 0, 255).astype(np.uint8)).save(path)
    with Project.open(tmp_path / "p.moedal", write=True, create=True) as project:
        run(ingest.plan(project, ingest.IngestParameters((tmp_path / "c1",))))
        said = run(preselect.plan(project, preselect.PreselectParameters())).sentence
        assert "step 3 (rim" in said and "carries no picture" in said
        assert "No light to look by in 1 of 4 fields (4)" in said
        assert "Some lamps were out in 1 of 4 fields" in said
        assert "carries no picture" in info.of_project(project).sentence
        scan = project.catalogue.scan("c1")
        told = run(evaluate.plan(project, evaluate.EvaluateParameters(tmp_path / "truth_c1.csv"))).sentence
        assert "of the true pits lie in 1 field in which nothing was found (4)" in told
        # Put by hand where there was no light: there is nothing that an expert could have seen.
        add_pit(project, scan, "4", PlaceFit(50.0, 50.0, "top", None, 12.0, 12.0, None, None, 0.0, "black"), "ada")
        run(score.plan(project, score.ScoreParameters()))
        judged = pit_table(project, scan)
        dark = judged["field"] == "4"
        assert dark.sum() == 1 and not judged.loc[dark, "class"].item() and judged.loc[dark, "score_top"].isna().all()
        assert np.isfinite(judged.loc[~dark, "score_top"]).all()
        found = run(evaluate.plan(project, evaluate.EvaluateParameters(tmp_path / "truth_c1.csv"))).values["per_field"]
        assert all(found[n]["f1"]["value"] > 0.9 for n in ("1", "2", "3"))
        placement = placement_of(project, scan)
        density = pit_table(project, scan)["density_per_mm2"].to_numpy(float)
        area = np.prod(placement.size_px["1"]) * (placement.scale / 1000.0) ** 2
        usual = sum(found[n]["found"] for n in ("1", "2", "3")) / (3 * area)
        # As many as lie on the three fields seen: a fourth without any would thin them out by its border.
        assert np.isnan(density[dark]).all() and np.nanmedian(density) == pytest.approx(usual, rel=0.2)
        assert density[pit_table(project, scan)["field"] == "3"].min() > 0.5 * usual


def test_doubts_reach_the_person(foil: Path, tmp_path: Path) -> None:
    from moedal_gui.tasks import info

    with Project.open(tmp_path / "p.moedal", write=True, create=True) as project:
        azimuths = [c.azimuth_deg for c in _plain(foil).channels]
        wrong = ",".join(str((-(a or 0.0)) % 360) for a in azimuths)
        run(ingest.plan(project, ingest.IngestParameters((foil / "c1",), azimuths=wrong)))
        said = run(preselect.plan(project, preselect.PreselectParameters()))
        assert said.values["scans"][0]["pits"] > 0
        assert "azimuths do not fit" in said.sentence
        assert "azimuths do not fit" in info.of_project(project).sentence


def _plain(foil: Path):  # type: ignore[no-untyped-def]
    from moedal_gui.formats.reading import inspect

    return inspect(foil / "c1").description


def test_pits_seen_by_one_lamp_alone_are_found_and_never_scored(foil: Path, tmp_path: Path) -> None:
    shutil.copytree(foil / "c1", tmp_path / "c1")
    rng = np.random.default_rng(0)
    for path in (tmp_path / "c1").glob("*.png"):
        if not path.stem.endswith("_1"):
            dark = rng.normal(1.5, 0.8, np.asarray(Image.open(path)).shape)
            Image.fromarray(np.clip(np.rint(dark), 0, 255).astype(np.uint8)).save(path)
    with Project.open(tmp_path / "p.moedal", write=True, create=True) as project:
        run(ingest.plan(project, ingest.IngestParameters((tmp_path / "c1",))))
        said = run(preselect.plan(project, preselect.PreselectParameters()))
        assert said.values["scans"][0]["pits"] > 20 and "carry no picture" in said.sentence
        with pytest.raises(ExpertError, match="rim lamps carry a picture, too few for slopes"):
            score.plan(project, score.ScoreParameters())


def test_a_scan_of_nothing_but_the_camera_s_noise_is_told(foil: Path, tmp_path: Path) -> None:
    shutil.copytree(foil / "c1", tmp_path / "c1")
    rng = np.random.default_rng(0)
    for path in (tmp_path / "c1").glob("*.png"):
        Image.fromarray(np.rint(rng.normal(3.0, 1.0, (240, 320))).clip(0, 255).astype(np.uint8)).save(path)
    with Project.open(tmp_path / "p.moedal", write=True, create=True) as project:
        run(ingest.plan(project, ingest.IngestParameters((tmp_path / "c1",))))
        said = run(preselect.plan(project, preselect.PreselectParameters()))
        assert said.values["scans"][0]["pits"] == 0 and "nearly black in every channel" in said.sentence
        assert "no pits to score" in run(score.plan(project, score.ScoreParameters())).sentence


def test_fields_without_a_pit_in_an_imported_list_are_empty_not_unseen(scan_and_pits, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    project, scan, pits, _ = scan_and_pits
    here = pits[pits["field"] == "1"]
    here[["foil", "scan", "field", "x_px", "y_px", "surface"]].to_csv(tmp_path / "pits.csv", index=False)
    with Project.open(Path(shutil.copytree(project.path, tmp_path / "p.moedal")), write=True) as copy:
        run(pits_import.plan(copy, pits_import.PitsImportParameters(tmp_path / "pits.csv", run="others")))
        measures = copy.catalogue.measures(copy.catalogue.current_run("preselect", scan.scan_id, "others").run_id)
        assert seen_fields(["1", "2"], measures) == ["1", "2"]


def test_a_surface_full_of_doubtful_pits_is_told_and_a_few_are_not() -> None:
    sure, doubtful = np.full(100, 0.99), np.full(60, 0.6)
    pits = pd.DataFrame(
        {"surface": ["top"] * 160 + ["bottom"] * 110, "probability": [*sure, *doubtful, *sure, *np.full(10, 0.6)]}
    )
    (said,) = flooded(pits)
    assert said.startswith("60 of 160 pits on the top surface")
    assert flooded(pits.assign(probability=None)) == [] and flooded(pits.iloc[:0]) == []


def test_a_wrong_ring_makes_no_tracks_of_pits_told_on_both_surfaces(tmp_path: Path) -> None:
    """Where the ring is told the wrong way round, one pit shows as a top and a bottom one in the same place."""
    from moedal_gui.simulate.scan import SimulationParameters, simulate_foil

    words = SimulationParameters(
        seed=21, columns=2, rows=1, pits_low=60, pits_high=70, candidates=5, channels=8, both_sides=False
    )
    simulate_foil(tmp_path, words)
    path = tmp_path / "c1" / "scan.toml"
    text = re.sub(r"azimuth_deg = ([\d.]+)", lambda m: f"azimuth_deg = {(float(m[1]) + 90) % 360}", path.read_text())
    path.write_text(text)
    with Project.open(tmp_path / "p.moedal", write=True, create=True) as project:
        run(ingest.plan(project, ingest.IngestParameters((tmp_path / "c1",))))
        found = run(preselect.plan(project, preselect.PreselectParameters()))
        linked = run(link.plan(project, link.LinkParameters()))
    assert found.doubtful and linked.doubtful and "lamp azimuths do not fit" in linked.sentence
    row = linked.values["foils"][0]
    effective = row.get("weighed_by_px", {"surfaces_apart": row["surfaces_apart_px"]})["surfaces_apart"]
    assert effective >= 0.39 * row["surfaces_apart_px"]
