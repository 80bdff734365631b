"""Working points: moved, kept, put in force; what passes; queues, proposals and blind passes that go by scores."""

from __future__ import annotations

import json
import queue
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from fabricated import give_labels, give_scores, question, truth_of
from fabricated import scored as scored_pits

from moedal_gui.analysis.working_point import Rescan
from moedal_gui.app.curves import classes_of, curves_of, missing_labels
from moedal_gui.app.gallery_rows import SHOWN, opinions_of, rows_shown, sorts_of
from moedal_gui.app.own_labels import orphans
from moedal_gui.app.proposals import origin_of, proposals_of
from moedal_gui.app.queues import QUEUES, make_queue, missing
from moedal_gui.app.workbench import Workbench
from moedal_gui.core.cut import Decided, Passing
from moedal_gui.core.working_point import DEFAULT_NAME
from moedal_gui.store.project import Project


@pytest.fixture
def scored(opened: Workbench) -> Workbench:
    """The small project with made-up scores."""
    give_scores(opened)
    return opened


def test_a_working_point_survives_and_rules_what_is_exported(scored: Workbench, project_path: Path) -> None:
    deciding = scored.deciding
    deciding.move_to(0.73)
    deciding.weigh((2.0, 0.5, 1.0))
    assert deciding.save("rescan")
    assert deciding.save("  ") is False
    with Project.open(project_path) as project:
        kept = project.working_points.current
    assert (kept.name, kept.threshold, kept.weights, kept.by) == ("rescan", 0.73, (2.0, 0.5, 1.0), "ada")
    deciding.move_to(0.2)
    deciding.put_in_force("rescan")
    assert (deciding.threshold, deciding.weights) == (0.73, (2.0, 0.5, 1.0))
    scored.session.close()
    scored.session.open(project_path)
    assert deciding.threshold == 0.73
    deciding.put_in_force(DEFAULT_NAME)
    assert deciding.current is None
    assert deciding.weights == (1.0, 1.0, 1.0)
    deciding.remove("rescan")
    assert deciding.points() == {}


def test_the_border_follows_what_is_asked_for(scored: Workbench) -> None:
    deciding, refused = scored.deciding, []
    deciding.refused.connect(refused.append)
    assert not deciding.keep_signal(0.99)
    assert "labelled candidate" in refused[-1]
    give_labels(scored, 20)
    assert deciding.keep_signal(0.9)
    found = deciding.passing(Rescan())
    assert found.efficiency["value"] >= 0.9
    deciding.at_most(5)
    found = deciding.passing(Rescan(6, 2, 5))
    assert found.stops <= 5
    assert found.hours == pytest.approx(found.stops / 60)
    assert "5 rescan stops" in deciding.how


def test_the_default_keeps_the_signal_once_there_are_labels(scored: Workbench) -> None:
    assert scored.deciding.threshold == 0.1
    pits, kind = scored.session.pits, truth_of(scored.session.pits)
    rows = np.argsort(kind != 0, kind="stable")[:25].tolist()
    assert scored.labelling.confirm(dict.fromkeys(rows, "candidate"), {})
    scored.deciding.show(pits)
    kept = pits.scores[rows, 0] >= scored.deciding.threshold
    assert kept.mean() >= 0.99


def test_a_selection_of_what_passes_follows_the_border(scored: Workbench) -> None:
    deciding = scored.deciding
    deciding.move_to(0.5)
    deciding.select_passing()
    assert scored.selection.cut == Passing(0.5)
    deciding.move_to(0.9)
    assert scored.selection.cut == Passing(0.9)
    deciding.select_decided("top")
    deciding.weigh((1.0, 3.0, 1.0))
    assert scored.selection.cut == Decided("top", (1.0, 3.0, 1.0))
    table = scored.session.pits.table
    assert scored.selection.cut.mask(table).sum() > Decided("top").mask(table).sum()


def test_curves_say_which_labels_are_missing(scored: Workbench) -> None:
    sample, pits = scored.deciding.sample(), scored.session.pits
    found = curves_of(sample, pits, (1.0, 1.0, 1.0), "")
    assert found.roc is None
    assert "20 labelled candidate and 20 labelled top" in found.said
    give_labels(scored, 30)
    sample = scored.deciding.sample()
    found = curves_of(sample, pits, (1.0, 1.0, 1.0), "")
    assert found.roc.area > 0.8
    assert "bands are wide" in missing_labels(sample)
    right = classes_of(pits, (1.0, 1.0, 1.0)) == np.array(["candidate", "top", "bottom", "misc"])[truth_of(pits)]
    assert right.mean() > 0.6


def test_queues_say_what_they_need(opened: Workbench) -> None:
    labelling = opened.labelling
    lacking = {name for name in QUEUES if labelling.choose_queue(name)}
    assert lacking == {name for name, row in QUEUES.items() if row.needs}
    assert "needs scores" in labelling.choose_queue("ensemble entropy")
    assert labelling.queue.name == "random audit"
    give_scores(opened)
    assert not missing("expert disagreement", opened.session.pits, labelling.codes)
    assert missing("probably mislabelled", opened.session.pits, labelling.codes)


@pytest.mark.parametrize(
    ("name", "word"),
    [("ensemble entropy", "entropy"), ("smallest margin", "against"), ("expert disagreement", "Top or bottom"),
     ("symmetry spread", "turned and mirrored"), ("most signal-like", "candidate"), ("random audit", "at random")],
)  # fmt: skip
def test_every_queue_walks_through_unlabelled_pits_and_says_why(scored: Workbench, name: str, word: str) -> None:
    labelling = scored.labelling
    give_labels(scored, 10)
    labelled = set(np.flatnonzero(labelling.codes >= 0).tolist())
    assert labelling.choose_queue(name) == ""
    labelling.start()
    assert word in labelling.why()
    for _ in range(5):
        assert labelling.row not in labelled
        assert labelling.give("maybe", this_only=True)


def test_an_audit_is_ones_own_and_always_the_same(scored: Workbench) -> None:
    pits = scored.session.pits
    ada = make_queue("random audit", pits, annotator="ada").order
    assert (ada == make_queue("random audit", pits, annotator="ada").order).all()
    assert (ada != make_queue("random audit", pits, annotator="bo").order).any()
    assert sorted(ada.tolist()) == list(range(len(pits)))


def test_wrong_labels_come_up_for_review_and_each_once(scored: Workbench) -> None:
    give_scores(scored, sharp=6.0)
    give_labels(scored, 30, wrong=4)
    labelling = scored.labelling
    assert labelling.choose_queue("probably mislabelled") == ""
    labelling.start()
    first = labelling.row
    assert "labelled misc" in labelling.why()
    assert labelling.give("candidate", this_only=True)
    assert labelling.row != first
    assert set(np.flatnonzero(labelling.codes == 3)) & set(labelling.queue.order.tolist())


def test_scores_by_networks_that_never_saw_a_pit_count_more(scored: Workbench) -> None:
    give_labels(scored, 6)
    pits, labelling = scored.session.pits, scored.labelling
    row = int(np.flatnonzero(labelling.codes == 0)[0])
    pits.table["oof_class"], pits.table["oof_score"] = "", np.nan
    pits.table.loc[row, "oof_class"], pits.table.loc[row, "oof_score"] = "bottom", 0.97
    labelling.choose_queue("probably mislabelled")
    labelling.start()
    assert labelling.row == row
    assert "networks that never saw it" in labelling.why()
    shown = rows_shown(scored, pits, "worst mistakes", "mistake")
    assert shown[0] == row
    assert opinions_of(scored, pits, "worst mistakes", shown)[row] == ("bottom", 0.97)


def test_a_proposal_is_a_label_only_once_it_is_confirmed(scored: Workbench, project_path: Path) -> None:
    give_scores(scored, sharp=7.0)
    labelling, pits = scored.labelling, scored.session.pits
    found = proposals_of(pits, labelling.codes, 0.98)
    assert len(found.rows) > 5
    assert (np.diff(found.probability) <= 0).all()
    assert (labelling.codes < 0).all()
    named = {int(row): found.name_of(int(row)) for row in found.rows[:3]}
    origins = {row: origin_of(pits.ensemble, 0.99) for row in named}
    assert labelling.confirm(named, origins)
    with Project.open(project_path) as project:
        given = project.labels.in_force()
    assert set(given["annotator"]) == {"ada"}
    assert len(given) == 3
    assert json.loads(given["extra"].iloc[0])["proposed_by"] == "ensemble-5"
    assert len(proposals_of(pits, labelling.codes, 0.98).rows) == len(found.rows) - 3
    assert labelling.undo()
    assert (labelling.codes < 0).all()


def test_a_blind_pass_knows_nothing_of_the_others(scored: Workbench) -> None:
    labelling = scored.labelling
    labelling.choose_queue("as found")
    labelling.start()
    first = [labelling.row]
    for word in ("top", "misc"):
        labelling.give(word, this_only=True)
        first.append(labelling.row)
    scored.settings.change(annotator="bo", pass_name="second")
    labelling.go_blind(True)
    assert (labelling.codes_shown < 0).all()
    labelling.start()
    seen = [labelling.row]
    assert "Blind" in labelling.why()
    assert "top" not in labelling.why()
    labelling.give("maybe", this_only=True)
    seen.append(labelling.row)
    assert seen == first[:2]
    labelling.go_blind(False)
    assert labelling.codes_shown[first[0]] == 4
    scored.labelling.go_blind(True)
    labelling.start()
    assert labelling.row == first[1]  # what bo has labelled in this pass is done
    scored.settings.change(pass_name="third")
    labelling.start()
    assert labelling.row == first[0]  # and in another pass it is not


def test_the_gallery_has_an_order_for_every_column_that_is_known(opened: Workbench) -> None:
    pits = opened.session.pits
    assert "entropy" not in sorts_of(pits)
    pits = give_scores(opened)
    opened.labelling.choose_queue("ensemble entropy")
    for sort in sorts_of(pits):
        assert sorted(rows_shown(opened, pits, "all pits", sort)) == list(range(len(pits)))
    best = rows_shown(opened, pits, "all pits", "score_candidate")[0]
    assert pits.scores[best, 0] == pits.scores[:, 0].max()
    opened.deciding.move_to(0.5)
    assert (pits.scores[rows_shown(opened, pits, "passing the working point", "queue"), 0] >= 0.5).all()
    assert all(len(rows_shown(opened, pits, which, "queue")) <= len(pits) for which in SHOWN)


def test_labels_whose_pit_is_gone_are_found_again(scored: Workbench) -> None:
    labelling, session = scored.labelling, scored.session
    labelling.start()
    labelling.give("misc", this_only=True)
    assert not len(orphans(session.project, session.sheet, session.pits, "ada"))
    row = int(np.flatnonzero(labelling.codes >= 0)[0])
    moved = session.pits.table.copy()
    moved.loc[row, "x_px"] += 60
    lost = orphans(session.project, session.sheet, replace(session.pits, table=moved), "ada")
    assert lost["label"].tolist() == ["misc"]
    assert abs(lost["x_plane"].iloc[0] - session.pits.x[row]) < 1e-6
    assert not len(orphans(session.project, session.sheet, session.pits, "bo"))


def test_scores_of_the_project_reach_everything_that_goes_by_them(opened: Workbench) -> None:
    session = opened.session
    project, record = session.project, session.sheet.record
    made_up = scored_pits(session.pits)
    table = made_up.table.assign(
        others=[{} for _ in range(len(made_up))],
        experts=made_up.expert_scores.drop(columns="pit_id").to_dict("records"),
    )
    pit_run = project.catalogue.current_run("preselect", record.scan_id)
    words = {"ensemble": "shipped", "pit_run_id": pit_run.run_id}
    run = project.catalogue.open_run("score", record.scan_id, words, "test", "test")
    for field_id, part in table.groupby("field_id"):
        project.catalogue.scores.add(run.run_id, int(field_id), part)
    project.catalogue.finish_run(run.run_id, {})
    heard: queue.Queue[tuple[int, object]] = queue.Queue()
    session.loaded.connect(lambda generation, loaded: heard.put((generation, loaded)))
    session.refresh()
    session.take(*heard.get(timeout=20))
    pits = session.pits
    assert pits is not made_up
    assert np.allclose(pits.scores, made_up.scores, atol=1e-6)
    assert set(pits.opinions) == {"top-bottom", "candidate-top", "candidate-bottom", "misc-others"}
    assert pits.ensemble == "shipped"
    assert opened.state().scores
    assert opened.deciding.scored
    assert {name for name in QUEUES if missing(name, pits, opened.labelling.codes)} == {"probably mislabelled"}


def test_why_answers_first_what_is_known_and_then_what_must_be_tried(scored: Workbench) -> None:
    give_labels(scored, 12)
    pits, codes, row = scored.session.pits, scored.labelling.codes, len(scored.session.pits) - 1
    heard: queue.Queue[object] = queue.Queue()
    scored.why.answers.answered.connect(lambda _generation, found: heard.put(found))
    scored.why.ask(pits, codes, row)
    found = heard.get(timeout=20)
    assert found.occlusion is None
    assert {v.expert for v in found.votes} >= {"Top or bottom", "Misc or other"}
    assert (codes[found.neighbours] >= 0).all()
    assert (np.diff(found.distance) >= 0).all()
    said = heard.get(timeout=20)
    assert said.asked
    assert said.occlusion is None  # nothing of this project has scored it
    scored.why_source = question(scored)
    scored.why.ask(pits, codes, row)
    heard.get(timeout=20)
    tried = heard.get(timeout=20)
    assert tried.occlusion.pixels.shape == tried.question.planes.shape[1:]
    assert np.abs(tried.occlusion.planes).argmax() == 1
