"""What was put right by hand is on disk, in one order with the labels, and in every copy."""

import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from moedal_gui.core.correction import Mouth, PitCorrection, Spot
from moedal_gui.core.label import Label
from moedal_gui.store.database import Database
from moedal_gui.store.labels import LabelJournal
from moedal_gui.store.project import Project
from moedal_gui.store.schema import CATALOGUE, LABELS


def _add(x: float, who: str = "ada") -> PitCorrection:
    spot = Spot("c1", "1", x, 20.0, "top")
    return PitCorrection("add", "F", spot, spot, Mouth(14.0, 10.0, 30.0, 0.9, 12.0), who)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=30)
@given(moves=st.lists(st.sampled_from(["label", "add", "undo", "redo", "reopen"]), max_size=20))
def test_labels_and_corrections_are_undone_in_one_order(tmp_path: Path, moves: list[str]) -> None:
    path = tmp_path / f"{abs(hash(tuple(moves)))}.sqlite"
    path.unlink(missing_ok=True)
    journal = LabelJournal(path, write=True)
    done: list[tuple[str, float]] = []
    undone: list[tuple[str, float]] = []
    for number, move in enumerate(moves):
        x = float(number)
        if move == "reopen":
            journal.close()
            journal = LabelJournal(path, write=True)
        elif move in ("label", "add"):
            if move == "add":
                journal.corrections.give(_add(x))
            else:
                journal.give([Label("F", "c1", "1", x, 20.0, "top", annotator="ada")])
            done.append((move, x))
            undone.clear()
        else:
            source, target = (done, undone) if move == "undo" else (undone, done)
            rows = journal.undo("ada") if move == "undo" else journal.redo("ada")
            assert (rows is not None) == bool(source)
            if source:
                target.append(source.pop())
                turned = journal.corrections.turned()
                assert ([c.at.x_px for c in turned] or list(rows["x_px"])) == [target[-1][1]]
                assert bool(turned) == (target[-1][0] == "add")
    assert [c.at.x_px for c in journal.corrections.in_force()] == sorted(x for kind, x in done if kind == "add")
    assert sorted(journal.in_force()["x_px"]) == sorted(x for kind, x in done if kind == "label")
    journal.close()


def test_everything_said_comes_back_as_it_was_and_never_changes(tmp_path: Path) -> None:
    journal = LabelJournal(tmp_path / "l.sqlite", write=True)
    move = PitCorrection(
        "move", "F", Spot("c1", "1", 1.5, 2.25, "top"), Spot("c1", "2", 3.125, 4.0, "top"), Mouth(9.0, 8.0), "ada"
    )
    journal.corrections.give(move)
    back = journal.corrections.in_force()[0]
    assert (back.kind, back.foil, back.at, back.to, back.mouth, back.annotator) == (
        "move", "F", move.at, move.to, move.mouth, "ada",
    )  # fmt: skip
    assert back.when
    journal.close()
    raw = sqlite3.connect(tmp_path / "l.sqlite")
    for words in ("UPDATE corrections SET kind = 'add'", "DELETE FROM corrections"):
        with pytest.raises(sqlite3.IntegrityError):
            raw.execute(words)
    raw.close()


def test_kill_9_loses_no_correction_that_was_reported(tmp_path: Path) -> None:
    path = tmp_path / "l.sqlite"
    script = (
        "import sys; from pathlib import Path; from moedal_gui.store.labels import LabelJournal\n"
        "from moedal_gui.core.correction import PitCorrection, Spot\n"
        "j = LabelJournal(Path(sys.argv[1]), write=True)\n"
        "for n in range(100000):\n"
        "    s = Spot('c1', '1', float(n), 0.0); j.corrections.give(PitCorrection('add', 'F', s, s, annotator='ada')); print(n, flush=True)\n"
    )
    child = subprocess.Popen([sys.executable, "-c", script, str(path)], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    said = [int(child.stdout.readline()) for _ in range(40)]
    os.kill(child.pid, signal.SIGKILL)
    child.wait()
    journal = LabelJournal(path, write=True)
    kept = [c.at.x_px for c in journal.corrections.in_force()]
    assert kept[: len(said)] == [float(n) for n in said]
    assert journal.undo("ada") is not None
    assert len(journal.corrections.in_force()) == len(kept) - 1
    journal.close()


def test_two_copies_of_a_journal_merge_and_what_was_undone_stays_undone(tmp_path: Path) -> None:
    ours = LabelJournal(tmp_path / "ours.sqlite", write=True)
    ours.corrections.give(_add(1.0))
    ours.corrections.give(_add(2.0))
    copy = ours.copy_to(tmp_path / "copies", "foil")
    ours.undo("ada")
    other = LabelJournal(copy, write=True)
    other.corrections.give(_add(3.0, "bob"))
    other.close()
    assert ours.restore_from(copy) == 1
    assert ours.restore_from(copy) == 0
    assert [c.at.x_px for c in ours.corrections.in_force()] == [1.0, 3.0]
    assert ours.undo("bob") is None, "what came from a copy is nobody's last stroke"
    ours.close()


def test_a_reader_opens_a_project_of_the_version_before_and_leaves_it_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "old.moedal"
    Project.open(path, write=True, create=True).close()
    for name, scripts in (("catalogue.sqlite", CATALOGUE[:5]), ("labels.sqlite", LABELS[:1])):
        (path / name).unlink()
        Database(path / name, scripts, write=True).close()
    raw = sqlite3.connect(path / "labels.sqlite")
    raw.execute("INSERT INTO strokes (annotator, kind, \"when\") VALUES ('ada', 'give', 'then')")
    raw.execute("INSERT INTO labels VALUES (1, 'F', 'c1', '1', 5, 6, 'top', 'misc', 'ada', 'then', '', '', 'hand', 1)")
    raw.commit()
    raw.close()
    before = {name: (path / name).read_bytes() for name in ("catalogue.sqlite", "labels.sqlite")}
    with Project.open(path) as project:
        assert list(project.labels.in_force()["label"]) == ["misc"]
        assert project.labels.corrections.in_force() == []
        assert isinstance(project.catalogue.pits(1), pd.DataFrame)
    assert before == {name: (path / name).read_bytes() for name in before}
    with Project.open(path, write=True) as project:
        project.labels.corrections.give(_add(1.0))
        assert list(project.labels.in_force()["label"]) == ["misc"]
