"""The threshold of a learned detector by the share of pits that it shall keep."""

from pathlib import Path

import pytest

from moedal_gui.core.errors import ArgumentError, ExpertError
from moedal_gui.simulate.scan import SimulationParameters, simulate_foil
from moedal_gui.store.project import Project
from moedal_gui.tasks import export, ingest, preselect
from moedal_gui.tasks.loop import run
from moedal_gui.tasks.training.detectors import chosen_detector


def test_fewer_pits_are_kept_where_fewer_are_asked_for_and_lists_follow(tmp_path: Path) -> None:
    simulate_foil(tmp_path, SimulationParameters(
        seed=8, columns=1, rows=1, pits_low=60, pits_high=60, channels=4, candidates=1, both_sides=False, field_size=(320, 240),
    ))  # fmt: skip
    with Project.open(tmp_path / "p.moedal", write=True, create=True) as project:
        run(ingest.plan(project, ingest.IngestParameters((tmp_path / "c1",))))
        card = chosen_detector(project, None, "slope").card
        counts = []
        for keep in (0.7, 0.95, 0.96):
            run(preselect.plan(project, preselect.PreselectParameters(keep=keep)), workers=1)
            found = project.catalogue.current_run("preselect", project.catalogue.scans()[0].scan_id)
            assert found is not None
            least = card.keeping(keep)
            assert found.summary["working_point"] == least
            pits = project.catalogue.pits(found.run_id)
            assert pits["probability"].min() >= least
            told = run(export.plan(project, export.ExportParameters("pits", tmp_path / f"{keep}.csv"))).values
            assert told["rows"] == len(pits)
            counts.append(len(pits))
        assert counts[0] < counts[1] <= counts[2] and card.keeping(0.96) < card.working_point
        for words, error, said in (
            (preselect.PreselectParameters(keep=1.0), ExpertError, "keeps fewer pits than 1"),
            (preselect.PreselectParameters(keep=97.0), ArgumentError, "is no share"),
            (preselect.PreselectParameters(keep=0.9, method="blob"), ArgumentError, "does not go with"),
        ):
            with pytest.raises(error, match=said):
                preselect.plan(project, words)
