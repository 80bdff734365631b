"""Where pits crowd beyond what a list can hold, pre-selection says so."""

import pytest

from moedal_gui.simulate.scan import SimulationParameters, simulate_foil
from moedal_gui.store.project import Project
from moedal_gui.tasks import ingest, preselect
from moedal_gui.tasks.loop import run


@pytest.mark.parametrize(("pits", "regime"), [(3, "low"), (260, "high")])
def test_the_regime_is_said_where_it_matters(tmp_path, pits, regime):
    words = SimulationParameters(
        seed=8, columns=1, rows=1, pits_low=pits, pits_high=pits, channels=4, candidates=1, both_sides=False,
        field_size=(256, 224), h_px=7.0 if regime == "low" else 14.0,
    )  # fmt: skip
    simulate_foil(tmp_path, words)
    with Project.open(tmp_path / "p.moedal", write=True, create=True) as project:
        run(ingest.plan(project, ingest.IngestParameters((tmp_path / "c1",))))
        outcome = run(preselect.plan(project, preselect.PreselectParameters()))
    regimes = outcome.values["scans"][0]["regimes"]
    assert max(regimes, key=lambda name: regimes[name]) == regime
    assert ("says nothing about tracks" in outcome.sentence) == (regime == "high")
