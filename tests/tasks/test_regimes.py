"""Where pits crowd beyond what a list can hold, pre-selection says so."""

import numpy as np
import pandas as pd
import pytest

from moedal_gui.core.errors import ReadOnlyError
from moedal_gui.simulate.scan import SimulationParameters, simulate_foil
from moedal_gui.store.project import Project
from moedal_gui.tasks import export, info, ingest, preselect
from moedal_gui.tasks.loop import run
from moedal_gui.tasks.pit_table import pit_table


@pytest.mark.parametrize(("pits", "regime"), [(3, "low"), (260, "high")])
def test_the_regime_is_said_where_it_matters(tmp_path, pits, regime):
    words = SimulationParameters(
        seed=8, columns=1, rows=1, pits_low=pits, pits_high=pits, channels=4, candidates=1, both_sides=False,
        field_size=(384, 320) if regime == "low" else (256, 224), h_px=7.0 if regime == "low" else 14.0,
    )  # fmt: skip
    simulate_foil(tmp_path, words)
    with Project.open(tmp_path / "p.moedal", write=True, create=True) as project:
        run(ingest.plan(project, ingest.IngestParameters((tmp_path / "c1",))))
        outcome = run(preselect.plan(project, preselect.PreselectParameters()))
    regimes = outcome.values["scans"][0]["regimes"]
    assert max(regimes, key=lambda name: regimes[name]) == regime
    assert ("says nothing about tracks" in outcome.sentence) == (regime == "high")


def test_the_regime_of_a_place_follows_the_projects_borders(project_copy, tmp_path):
    def exported(project, what):
        run(export.plan(project, export.ExportParameters(what, tmp_path / "x.csv", all=True)))
        return pd.read_csv(tmp_path / "x.csv", keep_default_na=False)

    with Project.open(project_copy, write=True) as project:
        before = exported(project, "pits")
        assert not any("so densely" in note for note in info.of_project(project).values["notes"])
        assert set(before["regime"]) == {"low"}
        entries = exported(project, "candidates")["entry_pit"]
        values = np.sort(before.set_index("pit_id")["isolated_fraction"].loc[entries].to_numpy(float))
        gap = int(np.argmax(np.diff(values)))  # well between two: files keep seven digits
        middle = float(values[gap : gap + 2].mean())
        project.density_borders.keep((1.0, middle))
        pits, candidates = exported(project, "pits"), exported(project, "candidates")
        isolated = pits["isolated_fraction"].to_numpy(float)
        assert (pits["regime"] == np.where(isolated < middle, "high", "medium")).all()
        of_pit = pits.set_index("pit_id")["regime"]
        assert candidates["regime"].tolist() == of_pit.loc[candidates["entry_pit"]].tolist()
        assert set(candidates["regime"]) == {"high", "medium"}
        assert any("so densely" in note for note in info.of_project(project).values["notes"])
        words = export.ExportParameters("candidates", tmp_path / "x.csv")
        assert "so densely" in run(export.plan(project, words)).sentence
    with Project.open(project_copy) as project:
        assert project.density_borders.now == (1.0, middle)
        with pytest.raises(ReadOnlyError):
            project.density_borders.keep((0.5, 0.4))


def test_scores_where_no_example_lay_carry_a_note(project_copy):
    with Project.open(project_copy, write=True) as project:
        scan = project.catalogue.scans()[0]
        found = project.catalogue.current_run("preselect", scan.scan_id)
        density = pit_table(project, scan)["density_per_mm2"].to_numpy(float)
        border = float(np.median(density))
        scores = project.catalogue.open_run("score", scan.scan_id, {"pit_run_id": found.run_id}, "test", "test")
        pits = project.catalogue.pits(found.run_id)
        for field_id, mine in pits.groupby("field_id"):
            words = {f"score_{name}": 0.25 for name in ("candidate", "top", "bottom", "misc")}
            rows = pd.DataFrame({"pit_id": mine["pit_id"], **words, "score_uncertainty": 0.1, "class": "top"})
            rows["others"], rows["experts"] = [{}] * len(rows), [{}] * len(rows)
            project.catalogue.scores.add(scores.run_id, int(field_id), rows)
        project.catalogue.finish_run(scores.run_id, {"trained_density": [0.0, border]})
        table = pit_table(project, scan)
        assert ((table["score_note"] != "") == (density > border)).all() and (density > border).any()
        other = pit_table(project, project.catalogue.scans()[1])
        assert (other["score_note"] == "").all()  # nothing was scored there
