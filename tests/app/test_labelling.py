"""Labels: on disk before they are shown, undone across restarts, kept at both ends of a link."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from moedal_gui.app.labelling import UNLABELLED
from moedal_gui.app.workbench import Workbench
from moedal_gui.core.cut import Between
from moedal_gui.store.project import Project


def on_disk(path: Path) -> list[str]:
    with Project.open(path) as project:
        return [str(word) for word in project.labels.in_force()["label"]]


def test_nothing_is_announced_before_it_is_on_disk(opened: Workbench, project_path: Path) -> None:
    seen: list[int] = []
    opened.labelling.changed.connect(lambda _change: seen.append(len(on_disk(project_path))))
    opened.labelling.start()
    assert opened.labelling.give("misc", this_only=True)
    assert seen == [1]


def test_undo_works_across_restarts(
    workbench: Workbench, opened: Workbench, project_path: Path, tmp_path: Path
) -> None:
    opened.labelling.start()
    for word in ("misc", "maybe", "misc"):
        opened.labelling.give(word, this_only=True)
    workbench.session.close()
    again = Workbench(tmp_path / "settings.json", tmp_path / "copies")
    again.session.open(project_path)
    assert again.labelling.count("misc") == 2
    assert again.labelling.undo()
    assert again.labelling.undo()
    assert on_disk(project_path) == ["misc"]
    assert again.labelling.redo()
    assert on_disk(project_path) == ["misc", "maybe"]
    again.close()


def test_undo_takes_back_ones_own_alone(opened: Workbench, project_path: Path) -> None:
    opened.labelling.start()
    opened.labelling.give("misc", this_only=True)
    opened.settings.change(annotator="bo")
    assert not opened.labelling.undo()
    assert on_disk(project_path) == ["misc"]


def test_meters_count_places_not_key_strokes(opened: Workbench) -> None:
    labelling = opened.labelling
    labelling.start()
    row = labelling.row
    labelling.give("misc", this_only=True)
    labelling.go_to(int(labelling.pits.ids[row]))
    labelling.give("maybe", this_only=True)
    assert (labelling.count("misc"), labelling.count("maybe")) == (0, 1)
    labelling.go_to(int(labelling.pits.ids[row]))
    labelling.give("", this_only=True)
    assert (labelling.count("misc"), labelling.count("maybe")) == (0, 0)
    assert labelling.codes[row] == UNLABELLED


def test_the_other_end_of_a_link_gets_the_other_surface(opened: Workbench) -> None:
    labelling = opened.labelling
    row = int(np.flatnonzero(labelling.pits.partner >= 0)[0])
    labelling.go_to(int(labelling.pits.ids[row]))
    labelling.give("top")
    assert labelling.codes[row] == 1
    assert labelling.codes[labelling.pits.partner[row]] == 2
    assert labelling.undo()
    assert labelling.codes[row] == labelling.codes[labelling.pits.partner[row]] == UNLABELLED


def test_queues_order_pits_and_say_why(opened: Workbench) -> None:
    labelling = opened.labelling
    labelling.choose_queue("most uncertain")
    labelling.start()
    doubt = labelling.queue.doubt[labelling.queue.order]
    assert (np.diff(doubt) <= 1e-12).all()
    assert "In doubt, 1 of" in labelling.why()
    labelling.choose_queue("as found")
    labelling.start()
    assert "As found: pit 1 of" in labelling.why()


def test_a_selection_is_a_rule_and_the_focus_follows_both_ways(opened: Workbench) -> None:
    pit = int(opened.session.pits.ids[4])
    opened.selection.pick(pit)
    assert opened.labelling.row == 4
    opened.labelling.step(1)
    assert opened.selection.focus == int(opened.session.pits.ids[opened.labelling.row])
    opened.selection.take(Between("snr", 10.0))
    assert opened.selection.cut.mask(opened.session.pits.table).sum() == (opened.session.pits.table["snr"] >= 10).sum()


def test_a_copy_of_the_journal_brings_labels_back(opened: Workbench, project_path: Path) -> None:
    opened.labelling.start()
    opened.labelling.give("misc", this_only=True)
    opened.keep_copy()
    copies = opened.copies.of(opened.session.project)
    assert len(copies) == 1
    opened.keep_copy()
    assert len(opened.copies.of(opened.session.project)) == 1
    opened.session.close()
    for file in project_path.glob("labels.sqlite*"):
        file.unlink()
    opened.session.open(project_path)
    assert opened.labelling.count("misc") == 0
    assert opened.session.project.labels.restore_from(copies[0].path) == 1
    assert on_disk(project_path) == ["misc"]
