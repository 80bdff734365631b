"""A wrong lamp ring, polarity or side is noticed from the pits themselves."""

from dataclasses import replace
from pathlib import Path

import pytest

from moedal_gui.store.catalogue import ScanRecord
from moedal_gui.store.project import Project
from moedal_gui.tasks.light_check import check_light
from moedal_gui.tasks.pit_table import pit_table


@pytest.fixture(scope="module")
def scan_and_pits(tmp_path_factory: pytest.TempPathFactory):  # type: ignore[no-untyped-def]
    from moedal_gui.simulate.scan import SimulationParameters, simulate_foil
    from moedal_gui.tasks import ingest, preselect
    from moedal_gui.tasks.loop import run

    out = tmp_path_factory.mktemp("light")
    words = SimulationParameters(
        seed=21, columns=2, rows=1, pits_low=60, pits_high=70, candidates=5, channels=8, both_sides=False
    )
    simulate_foil(out, words)
    with Project.open(out / "p.moedal", write=True, create=True) as project:
        run(ingest.plan(project, ingest.IngestParameters((out / "c1",))))
        run(preselect.plan(project, preselect.PreselectParameters()))
        scan = project.catalogue.scan("c1")
        yield project, scan, pit_table(project, scan)


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


@pytest.mark.parametrize(("by", "flip"), [(90.0, False), (45.0, False), (0.0, True), (135.0, True)])
def test_a_wrong_ring_is_doubted(scan_and_pits, by: float, flip: bool) -> None:  # type: ignore[no-untyped-def]
    project, scan, pits = scan_and_pits
    assert any("azimuths" in doubt for doubt in check_light(project, _turned(scan, by, flip), pits)["doubts"])


def test_swapped_surfaces_are_doubted(scan_and_pits) -> None:  # type: ignore[no-untyped-def]
    project, scan, pits = scan_and_pits
    swapped = pits.assign(surface=pits["surface"].map({"top": "bottom", "bottom": "top"}))
    assert any("sharper" in doubt for doubt in check_light(project, scan, swapped)["doubts"])


def test_doubts_reach_the_person(foil: Path, tmp_path: Path) -> None:
    from moedal_gui.tasks import info, ingest, preselect
    from moedal_gui.tasks.loop import run

    with Project.open(tmp_path / "p.moedal", write=True, create=True) as project:
        azimuths = [c.azimuth_deg for c in _plain(foil).channels]
        wrong = ",".join(str((-(a or 0.0)) % 360) for a in azimuths)
        run(ingest.plan(project, ingest.IngestParameters((foil / "c1",), azimuths=wrong)))
        said = run(preselect.plan(project, preselect.PreselectParameters()))
        if said.values["scans"][0]["pits"]:
            assert "azimuths do not fit" in said.sentence
            assert "azimuths do not fit" in info.of_project(project).sentence


def _plain(foil: Path):  # type: ignore[no-untyped-def]
    from moedal_gui.formats.reading import inspect

    return inspect(foil / "c1").description
