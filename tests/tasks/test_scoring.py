"""Labelled pits to experts to scores, and what depends on them, on a small simulated foil."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from moedal_gui import paths
from moedal_gui.core.errors import ArgumentError, CancelledError, ExpertError, ExportError, TrainingError
from moedal_gui.core.label import Label
from moedal_gui.core.recipe import PAIR_NUMBERS
from moedal_gui.core.working_point import WorkingPoint
from moedal_gui.store.project import Project
from moedal_gui.tasks import export, info, pit_table, preselect, remove, score
from moedal_gui.tasks.beside import run_beside
from moedal_gui.tasks.labels import label_import
from moedal_gui.tasks.loop import run
from moedal_gui.tasks.partners import FoilPartners
from moedal_gui.tasks.training import labelled, train
from moedal_gui.tasks.training.examples import fields_of, read_examples
from moedal_gui.tasks.training.out_of_fold import with_out_of_fold
from moedal_gui.tasks.training.train_parameters import TrainParameters
from moedal_gui.tasks.why import Asking

QUICK = TrainParameters(folds=2, epochs=3, start="none", width=8)


@pytest.fixture(scope="session")
def labelled_project(worked: Path, foil: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The worked project with its truth as labels."""
    path = Path(shutil.copytree(worked, tmp_path_factory.mktemp("labelled") / "foil.moedal"))
    with Project.open(path, write=True) as project:
        for scan in ("c1", "cr"):
            run(label_import.plan(project, label_import.LabelImportParameters(foil / f"truth_{scan}.csv")))
    return path


@pytest.fixture(scope="session")
def trained(labelled_project: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """That project with an ensemble trained in little time, and scored by it."""
    path = Path(shutil.copytree(labelled_project, tmp_path_factory.mktemp("trained") / "foil.moedal"))
    with Project.open(path, write=True) as project:
        outcome = run(train.plan(project, QUICK))
        assert outcome.values["learns"], outcome.sentence
        run(score.plan(project, score.ScoreParameters()))
    return path


@pytest.fixture
def copy(trained: Path, tmp_path: Path) -> Path:
    """A copy of the trained project that a test may write to."""
    return Path(shutil.copytree(trained, tmp_path / "copy.moedal"))


def test_crops_that_teach_are_the_crops_that_are_scored_bit_for_bit(labelled_project: Path) -> None:
    with Project.open(labelled_project) as project:
        taught = labelled.training_set(project, labelled.LabelChoice())
        row_of = {int(i): n for n, i in enumerate(taught.ids)}
        compared = 0
        for scan in project.catalogue.scans():
            pits = project.catalogue.pits(project.catalogue.current_run("preselect", scan.scan_id).run_id)  # type: ignore[union-attr]
            partners = FoilPartners(project, scan.foil).of(scan, pits)
            for field in fields_of(project, scan, pits, partners):
                examples = read_examples(field, taught.recipes)
                for n, pit in enumerate(pits["pit_id"].to_numpy()[field.rows]):
                    row = row_of.get(int(pit))
                    if row is None:
                        continue
                    compared += 1
                    for view, part in examples.items():
                        assert part.pictures[n].tobytes() == taught.examples[view].pictures[row].tobytes()
                        assert part.numbers[n].tobytes() == taught.examples[view].numbers[row].tobytes()
        assert compared == len(taught) > 60


def test_a_candidate_is_told_of_its_partner_and_neighbours_share_a_group(labelled_project: Path) -> None:
    with Project.open(labelled_project) as project:
        taught = labelled.training_set(project, labelled.LabelChoice())
    found = taught.examples["pair"].numbers[:, PAIR_NUMBERS.index("found")]
    candidates = taught.labels == "candidate"
    twins = [np.flatnonzero(taught.ids == str(int(t))) for t in _twins(labelled_project, taught.ids)]
    assert sum(len(t) for t in twins) > 20  # both pictures of a pit teach, and never in two folds
    assert found[candidates].mean() > found[~candidates].mean() + 0.2
    assert len(set(taught.groups.tolist())) >= 6
    assert {e.name for e in taught.experts} >= {"top-bottom", "candidate-top", "candidate-bottom"}


def _twins(path: Path, ids: np.ndarray) -> list[float]:
    with Project.open(path) as project:
        table = pit_table.all_pits(project).set_index("pit_id")["twin_id"]
    return [t for t in table.reindex(ids.astype(int)) if np.isfinite(t)]


def test_which_labels_teach(labelled_project: Path, tmp_path: Path) -> None:
    path = Path(shutil.copytree(labelled_project, tmp_path / "p.moedal"))
    with Project.open(path, write=True) as project:
        every = labelled.labelled_pits(project, labelled.LabelChoice())
        first = every[every["named"] == every["pit_id"]].iloc[0]  # labelled itself, not only its twin in the other scan
        other = "misc" if first["word"] != "misc" else "top"
        place = Label(
            first["foil"], first["scan"], first["field"], first["x_px"], first["y_px"], "", first["surface"], "ada"
        )
        project.labels.give([replace(place, label=other)])
        project.labels.give([replace(place, label="candidate", annotator="ensemble")])

        def word(**words: object) -> list[str]:
            choice = labelled.LabelChoice(**words)  # type: ignore[arg-type]
            table = labelled.labelled_pits(project, choice)
            return [str(w) for w in table.loc[table["pit_id"] == first["pit_id"], "word"]]

        assert word() == [other]
        assert word(annotators=("simulation",)) == [first["word"]]
        assert word(agreement="unanimous") == [] and word(agreement="majority") == []
        with pytest.raises(TrainingError, match="no labels"):
            labelled.labelled_pits(project, labelled.LabelChoice(annotators=("nobody",)))


def test_every_pit_has_scores_once(copy: Path) -> None:
    with Project.open(copy, write=True) as project:
        table = pit_table.all_pits(project)
        names = ["score_candidate", "score_top", "score_bottom", "score_misc"]
        total = table[names].fillna(0.0).sum(axis=1)
        np.testing.assert_allclose(total, 1.0, atol=1e-5)
        assert table["score_uncertainty"].between(0, 0.5).all()
        assert (
            table["class"] == [names[i][6:] for i in np.nanargmax(table[names].fillna(-1).to_numpy(), axis=1)]
        ).all()
        sure = table[table["label"].isin(["top", "bottom"])]
        assert ((sure["score_top"] > sure["score_bottom"]) == (sure["label"] == "top")).mean() > 0.7
        again = score.plan(project, score.ScoreParameters())
        assert not again.units
        run(score.plan(project, score.ScoreParameters(ensemble="pits")))
        other = pit_table.all_pits(project)["score_candidate"]
        assert not np.allclose(other, table["score_candidate"])
        run(again)  # what was asked for last is shown, also where nothing was left to compute
        np.testing.assert_allclose(pit_table.all_pits(project)["score_candidate"], table["score_candidate"])
        votes = project.catalogue.scores.by_expert(project.catalogue.current_run("score").run_id)  # type: ignore[union-attr]
        assert "top-bottom" in votes.columns


def test_only_what_is_missing_or_out_of_date_is_scored(copy: Path) -> None:
    with Project.open(copy, write=True) as project:
        shown = pit_table.all_pits(project)
        plan = score.plan(project, score.ScoreParameters(ensemble="experts/1"))
        assert not plan.units
        run(preselect.plan(project, preselect.PreselectParameters(method="blob", scan="c1")))
        plan = score.plan(project, score.ScoreParameters(scan="c1"))
        assert len(plan.units) == 6

        calls = iter([False] * 4 + [True] * 100)
        with pytest.raises(CancelledError):
            run(plan, ordered_map=map, cancelled=lambda: next(calls))
        assert not np.isfinite(pit_table.all_pits(project).query("scan == 'c1'")["score_top"]).any()
        rest = score.plan(project, score.ScoreParameters(scan="c1"))
        assert 0 < len(rest.units) < 6
        run(rest, ordered_map=map)
        assert np.isfinite(pit_table.all_pits(project).query("scan == 'c1'")["score_top"]).all()
        assert len(shown) > 0


def test_another_projects_ensemble_judges_here_and_a_rim_one_only_its_own_lamps(
    trained: Path, project_copy: Path
) -> None:
    with Project.open(project_copy, write=True) as project:
        outcome = run(score.plan(project, score.ScoreParameters(ensemble=str(trained))), ordered_map=map)
        assert outcome.values["ensemble"] == "experts" and {r["scan"] for r in outcome.values["scans"]} == {"c1", "cr"}
        with pytest.raises(ExpertError, match="no ensemble called"):
            score.plan(project, score.ScoreParameters(ensemble="unheard of"))
        with pytest.raises(ArgumentError):
            score.plan(project, score.ScoreParameters(from_="boxes:x"))


def test_a_foreign_network_is_refused(copy: Path) -> None:
    with Project.open(copy, write=True) as project:
        entry = project.experts.current()
        assert entry is not None
        network = next(entry.folder.glob("*.onnx"))
        network.write_bytes(network.read_bytes()[:-10])
        with pytest.raises(ExpertError, match="not the file"):
            score.plan(project, score.ScoreParameters())
        assert run(info.plan(None, info.InfoParameters(copy))).values["ensembles"]


def test_labels_are_judged_by_folds_that_did_not_see_them(copy: Path) -> None:
    with Project.open(copy) as project:
        table = with_out_of_fold(project, pit_table.all_pits(project))
        known = np.isfinite(table["oof_score"])
        # A pit that nobody labelled in this scan's picture is taught by the label of its twin in the other's.
        by_id = table.set_index("pit_id")["label"]
        label = table["label"].where(table["label"] != "", table["twin_id"].map(by_id))
        assert known.sum() > 20 and label[known].isin(["candidate", "top", "bottom", "misc"]).all()
        assert (table["oof_class"][known] == label[known]).mean() > 0.5
        assert "oof_candidate" not in table
        fair = with_out_of_fold(project, table, project.catalogue.current_run("score"))["oof_candidate"]
        assert (np.isfinite(fair) == known).all() and not np.allclose(fair[known], table["score_candidate"][known])


def test_what_a_score_hangs_on_can_be_asked(copy: Path) -> None:
    with Project.open(copy) as project:
        table = pit_table.all_pits(project)
        asking = Asking(project)
        for name in ("candidate", "top"):
            rows = table[(table["class"] == name) & (table["scan"] == "c1")]
            if not len(rows):
                continue
            pit = rows.iloc[0]
            asked = asking.of(f"{pit['foil']}/c1", int(pit["pit_id"]))
            assert asked is not None and asked.asked == name and len(asked.planes) == len(asked.names)
            both = asked.score(np.stack([asked.planes, np.zeros_like(asked.planes)]))
            assert both.shape == (2,) and abs(both[0] - pit[f"score_{name}"]) < 0.35 and both[0] != both[1]


def test_a_working_point_decides_what_is_exported(copy: Path, tmp_path: Path) -> None:
    with Project.open(copy, write=True) as project:
        table = pit_table.all_pits(project)
        border = float(table["score_candidate"].quantile(0.8))
        project.working_points.save(WorkingPoint("mine", threshold=border))
        words = export.ExportParameters("pits", tmp_path / "p.csv", working_point="mine")
        outcome = run(export.plan(project, words))
        assert outcome.values["rows"] == int((table["score_candidate"] >= border).sum())
        assert outcome.values["working_point"] == "mine"
        project.working_points.make_current("mine")
        assert (
            run(export.plan(project, export.ExportParameters("pits", tmp_path / "q.csv"))).values["working_point"]
            == "mine"
        )
        strict = WorkingPoint("nothing", threshold=1.1)
        project.working_points.save(strict)
        none = export.ExportParameters("candidates", tmp_path / "c.csv", working_point="nothing")
        assert run(export.plan(project, none)).values["rows"] == 0


def test_a_working_point_on_pits_without_scores_says_so(project_copy: Path, tmp_path: Path) -> None:
    with Project.open(project_copy, write=True) as project:
        project.working_points.save(WorkingPoint("mine"))
        with pytest.raises(ExportError, match="needs scores"):
            run(export.plan(project, export.ExportParameters("pits", tmp_path / "p.csv", working_point="mine")))


def test_an_expert_is_removed_and_its_scores_stay(copy: Path) -> None:
    with Project.open(copy, write=True) as project:
        said = run(remove.plan(project, remove.RemoveParameters("expert", "experts")))
        assert said.values["freed_bytes"] > 0 and said.values["score_runs_kept"]
        assert project.experts.current() is None
        assert np.isfinite(pit_table.all_pits(project)["score_top"]).all()


def test_training_beside_a_window_needs_no_lock(labelled_project: Path, tmp_path: Path) -> None:
    path = Path(shutil.copytree(labelled_project, tmp_path / "p.moedal"))
    seen: list[tuple[int, int]] = []
    with Project.open(path, write=True) as project:  # as the window holds it
        outcome = run_beside(
            path,
            "train",
            replace(QUICK, experts="top-bottom"),
            progress=lambda *w: seen.append(w),
            cancelled=lambda: False,
        )
        assert outcome.values["learns"] and seen[-1] == (2, 2)
        assert [e.title for e in project.experts.entries()] == ["experts/1"]


def test_a_refusal_beside_the_window_comes_back_as_it_was_said(project_copy: Path) -> None:
    with pytest.raises(TrainingError, match="no labels"):
        run_beside(project_copy, "train", QUICK, progress=lambda *_: None, cancelled=lambda: False)


def test_cancelling_beside_the_window_stops_inside_a_fold(labelled_project: Path, tmp_path: Path) -> None:
    path = Path(shutil.copytree(labelled_project, tmp_path / "p.moedal"))
    long = replace(QUICK, experts="top-bottom", epochs=5000, patience=5000)
    begun: list[bool] = []
    with pytest.raises(CancelledError):
        run_beside(
            path, "train", long, progress=lambda *_: begun.append(True),
            cancelled=lambda: bool(begun) and any(path.glob("training/*/*/fold-0/checkpoint.npz")),
        )  # fmt: skip
    assert any(path.glob("training/*/*/fold-0/checkpoint.npz"))


def test_a_search_for_settings_says_the_best_and_trains_nothing(labelled_project: Path, tmp_path: Path) -> None:
    path = Path(shutil.copytree(labelled_project, tmp_path / "p.moedal"))
    with Project.open(path, write=True) as project:
        words = replace(QUICK, experts="top-bottom", search=2, epochs=2)
        outcome = run(train.plan(project, words))
        assert set(outcome.values["best"]) == {"learning_rate", "weight_decay", "dropout", "schedule", "width"}
        assert "--learning-rate" in outcome.sentence and not project.experts.entries()


def test_the_shipped_networks_are_whole_small_and_say_where_they_come_from(
    labelled_project: Path, tmp_path: Path
) -> None:
    files = [p for p in paths.models().rglob("*") if p.is_file()]
    assert sum(p.stat().st_size for p in files) < 20e6
    assert not [p for p in files if p.suffix not in (".onnx", ".json", ".npz")]
    path = Path(shutil.copytree(labelled_project, tmp_path / "p.moedal"))
    with Project.open(path, write=True) as project:
        outcome = run(score.plan(project, score.ScoreParameters()))
        assert outcome.values["provenance"] == "trained on simulation" and "trained on simulation" in outcome.sentence
        table = pit_table.all_pits(project)
        sided = table[table["label"].isin(["top", "bottom"])]
        assert ((sided["score_top"] > sided["score_bottom"]) == (sided["label"] == "top")).mean() > 0.95
        signal = table["label"] == "candidate"
        assert table["score_candidate"][signal].median() > 10 * table["score_candidate"][~signal].median()
