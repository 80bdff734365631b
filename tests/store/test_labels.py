"""What was shown as given is on disk, and can be taken back for ever."""

import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from moedal_gui.core.errors import ReadOnlyError
from moedal_gui.core.label import Label
from moedal_gui.store.labels import LabelJournal


def _label(word: str, x: float = 10.0, who: str = "ada") -> Label:
    return Label("F", "c1", "1", x, 20.0, word, annotator=who)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=40)
@given(moves=st.lists(st.sampled_from(["top", "bottom", "undo", "redo", "reopen"]), max_size=25))
def test_undo_and_redo_follow_a_plain_stack(tmp_path: Path, moves: list[str]) -> None:
    path = tmp_path / f"{abs(hash(tuple(moves)))}.sqlite"
    path.unlink(missing_ok=True)
    journal = LabelJournal(path, write=True)
    done: list[float] = []
    undone: list[float] = []
    for number, move in enumerate(moves):
        if move in ("top", "bottom"):
            journal.give([_label(move, float(number))])
            done.append(float(number))
            undone.clear()
        elif move == "undo":
            assert (journal.undo("ada") is not None) == bool(done)
            if done:
                undone.append(done.pop())
        elif move == "redo":
            assert (journal.redo("ada") is not None) == bool(undone)
            if undone:
                done.append(undone.pop())
        else:
            journal.close()
            journal = LabelJournal(path, write=True)
    assert sorted(journal.in_force()["x_px"]) == sorted(done)
    journal.close()


def test_undo_takes_back_ones_own_only(tmp_path: Path) -> None:
    journal = LabelJournal(tmp_path / "l.sqlite", write=True)
    journal.give([_label("top", 1.0, "ada")])
    journal.give([_label("bottom", 2.0, "bob")])
    journal.undo("ada")
    assert list(journal.in_force()["annotator"]) == ["bob"]
    journal.close()


def test_nothing_given_is_ever_changed_or_deleted(tmp_path: Path) -> None:
    journal = LabelJournal(tmp_path / "l.sqlite", write=True)
    journal.give([_label("top")])
    journal.undo("ada")
    journal.close()
    raw = sqlite3.connect(tmp_path / "l.sqlite")
    for words in ("UPDATE labels SET label = 'misc'", "DELETE FROM labels", "DELETE FROM strokes"):
        with pytest.raises(sqlite3.IntegrityError):
            raw.execute(words)
    assert raw.execute("SELECT count(*) FROM labels").fetchone() == (1,)
    raw.close()


def test_kill_9_loses_nothing_that_was_reported(tmp_path: Path) -> None:
    path = tmp_path / "l.sqlite"
    script = (
        "import sys; from pathlib import Path; from moedal_gui.store.labels import LabelJournal; from moedal_gui.core.label import Label\n"
        "j = LabelJournal(Path(sys.argv[1]), write=True)\n"
        "for n in range(100000):\n"
        "    j.give([Label('F', 'c1', '1', float(n), 0.0, 'top', annotator='ada')]); print(n, flush=True)\n"
    )
    child = subprocess.Popen([sys.executable, "-c", script, str(path)], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    seen = [int(child.stdout.readline()) for _ in range(40)]
    os.kill(child.pid, signal.SIGKILL)
    seen += [int(line) for line in child.stdout.read().split("\n")[:-1] if line]
    child.wait()
    journal = LabelJournal(path, write=True)
    assert set(journal.in_force()["x_px"]) >= set(seen)
    journal.close()


def test_a_reader_in_a_folder_that_cannot_be_written_sees_the_newest_rows(tmp_path: Path) -> None:
    folder = tmp_path / "locked"
    folder.mkdir()
    writer = LabelJournal(folder / "l.sqlite", write=True)
    writer.give([_label("top")])
    # The row is in the WAL only: a reader that ignored it would show an older state as the truth.
    copy = tmp_path / "copy"
    copy.mkdir()
    for file in folder.iterdir():
        if not file.name.endswith("-shm"):
            (copy / file.name).write_bytes(file.read_bytes())
    assert (copy / "l.sqlite-wal").stat().st_size > 0
    for file in copy.iterdir():
        file.chmod(0o444)
    copy.chmod(0o555)
    script = (
        "import os, sys; from pathlib import Path\n"
        "import pandas.io.sql, sqlite3, tempfile\n"
        "from moedal_gui.store.labels import LabelJournal\n"
        "if os.geteuid() == 0: os.setgid(65534); os.setuid(65534)\n"
        "print(len(LabelJournal(Path(sys.argv[1]), write=False).in_force()))"
    )
    for parent in [copy, *copy.parents]:
        if parent.owner() == "root" and parent != Path("/"):
            parent.chmod(parent.stat().st_mode | 0o055)
        if parent.name.startswith("pytest-of-"):
            break
    done = subprocess.run(
        [sys.executable, "-c", script, str(copy / "l.sqlite")], capture_output=True, text=True, check=False
    )
    copy.chmod(0o755)
    writer.close()
    assert done.stdout.strip() == "1", done.stderr[-500:]


def test_a_reader_cannot_write(tmp_path: Path) -> None:
    LabelJournal(tmp_path / "l.sqlite", write=True).close()
    reader = LabelJournal(tmp_path / "l.sqlite", write=False)
    with pytest.raises(ReadOnlyError):
        reader.give([_label("top")])
    reader.close()


def test_a_dated_copy_brings_back_what_is_missing_once(tmp_path: Path) -> None:
    journal = LabelJournal(tmp_path / "l.sqlite", write=True)
    journal.give([_label("top", 1.0)])
    copy = journal.copy_to(tmp_path / "copies", "foil")
    journal.close()
    other = LabelJournal(tmp_path / "new.sqlite", write=True)
    assert other.restore_from(copy) == 1
    assert other.restore_from(copy) == 0
    assert list(other.in_force()["label"]) == ["top"]
    other.close()
