"""A fold goes on where it was cut short, stops when told, and says when it learns nothing."""

import errno
import os
import signal
import subprocess
import sys
import threading
import time
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from drawn_examples import QUICK, drawn_set, frozen, shuffled

from moedal_gui.core.errors import CancelledError, TrainingError
from moedal_gui.learn.trainer import train_fold
from moedal_gui.learn.unit import FoldUnit
from moedal_gui.store.training_folder import FoldFolder, TrainingFolder

EXPERT = "top-bottom"


def unit(folder: TrainingFolder, **rest: object) -> FoldUnit:
    return FoldUnit(**{"folder": folder.path, "expert": EXPERT, "fold": 0, "settings": QUICK, "seed": 3, **rest})


def until(so: object, seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not so():  # type: ignore[operator]
        assert time.monotonic() < end, "it never came to be so"
        time.sleep(0.02)


def stop_after(monkeypatch: pytest.MonkeyPatch, folder: TrainingFolder, epochs: int) -> None:
    """Cancel as soon as that many epochs are whole."""
    keep = FoldFolder.save_checkpoint

    def kept(self: FoldFolder, arrays: object, words: dict) -> None:
        keep(self, arrays, words)
        if len(words["curve"]) == epochs:
            folder.cancel()

    monkeypatch.setattr(FoldFolder, "save_checkpoint", kept)


def weights(folder: TrainingFolder) -> dict[str, np.ndarray]:
    return folder.fold(EXPERT, 0).weights()


def test_a_fold_that_was_stopped_ends_as_if_it_had_not_been(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole, broken = frozen(tmp_path / "whole", drawn_set()), frozen(tmp_path / "broken", drawn_set())
    result = train_fold(unit(whole))
    assert result.status == "learned" and result.balanced_accuracy > 0.9
    with monkeypatch.context() as patched:
        stop_after(patched, broken, 2)
        with pytest.raises(CancelledError):
            train_fold(unit(broken))
    assert len(broken.fold(EXPERT, 0).curve()) == 2 and broken.fold(EXPERT, 0).result() is None
    broken.cancel(False)
    again = train_fold(unit(broken))
    assert replace(again, seconds=0.0) == replace(result, seconds=0.0)
    for name, values in weights(whole).items():
        assert np.array_equal(values, weights(broken)[name]), name
    rows = broken.fold(EXPERT, 0).curve()
    assert [row["epoch"] for row in rows] == list(range(1, 7))
    assert {"train_loss", "validation_loss", "accuracy", "seconds", "learning_rate"} <= set(rows[0])
    assert train_fold(unit(broken)) == again


def test_kill_nine_loses_one_epoch_at_most(tmp_path: Path) -> None:
    folder = frozen(tmp_path / "t", drawn_set(240), replace(QUICK, epochs=400, patience=400))
    place = folder.fold(EXPERT, 0)
    words = (
        "from pathlib import Path; from dataclasses import replace; from drawn_examples import QUICK\n"
        "from moedal_gui.learn.trainer import train_fold; from moedal_gui.learn.unit import FoldUnit\n"
        f"train_fold(FoldUnit(Path({str(folder.path)!r}), {EXPERT!r}, 0, replace(QUICK, epochs=400, patience=400), 3))"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent)}
    child = subprocess.Popen([sys.executable, "-c", words], env=environment)
    until(lambda: len(place.curve()) >= 3 or child.poll() is not None)
    os.kill(child.pid, signal.SIGKILL)
    child.wait()
    seen = len(place.curve())
    assert seen >= 3 and place.result() is None
    stored = place.checkpoint()
    assert stored is not None and len(stored[1]["curve"]) >= seen - 1
    settings = replace(QUICK, epochs=len(stored[1]["curve"]) + 1, patience=400)
    assert train_fold(unit(folder, settings=settings)).epochs == settings.epochs


def test_nothing_on_disk_is_a_pickle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = frozen(tmp_path / "t", drawn_set())
    stop_after(monkeypatch, folder, 1)
    with pytest.raises(CancelledError):
        train_fold(unit(folder))
    folder.cancel(False)
    monkeypatch.undo()
    kinds = {path.suffix for path in folder.path.rglob("*") if path.is_file()}
    train_fold(unit(folder))
    kinds |= {path.suffix for path in folder.path.rglob("*") if path.is_file()}
    assert kinds <= {".npz", ".json", ".jsonl"}
    for path in folder.path.rglob("*.npz"):
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                assert archive.open(name).read(6) == b"\x93NUMPY"
        with np.load(path, allow_pickle=False) as stored:
            assert all(stored[name].dtype != object for name in stored.files)


@pytest.mark.parametrize("damage", ["cut", "foreign"])
def test_a_damaged_checkpoint_is_said_and_the_fold_begins_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, damage: str
) -> None:
    folder = frozen(tmp_path / "t", drawn_set())
    with monkeypatch.context() as patched:
        stop_after(patched, folder, 2)
        with pytest.raises(CancelledError):
            train_fold(unit(folder))
    folder.cancel(False)
    path = folder.fold(EXPERT, 0).path / "checkpoint.npz"
    if damage == "cut":
        path.write_bytes(path.read_bytes()[:-200])
    else:
        np.savez(path, something=np.zeros(3))
    result = train_fold(unit(folder))
    assert result.status == "learned"
    rows = folder.fold(EXPERT, 0).curve()
    assert "checkpoint" in rows[0]["note"] and "begins again" in rows[0]["note"]
    assert rows[1]["epoch"] == 1


def test_a_pause_holds_and_a_cancel_ends_between_batches(tmp_path: Path) -> None:
    folder = frozen(tmp_path / "t", drawn_set(), replace(QUICK, epochs=500, patience=500))
    place = folder.fold(EXPERT, 0)
    ended: list[BaseException] = []

    def work() -> None:
        try:
            train_fold(unit(folder, settings=replace(QUICK, epochs=500, patience=500)))
        except CancelledError as error:
            ended.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    until(lambda: len(place.curve()) >= 2)
    folder.pause(True)
    time.sleep(0.5)
    held = len(place.curve())
    time.sleep(0.5)
    assert len(place.curve()) == held
    folder.pause(False)
    until(lambda: len(place.curve()) > held)
    folder.cancel()
    thread.join(10)
    assert not thread.is_alive() and ended


def test_a_fold_of_shuffled_labels_is_tried_twice_and_kept_out(tmp_path: Path) -> None:
    folder = frozen(tmp_path / "t", shuffled(drawn_set(240)))
    result = train_fold(unit(folder))
    assert result.status == "does not learn" and result.seed == 1003
    note, *rows = folder.fold(EXPERT, 0).curve()
    assert "another seed" in note["note"] and {row["attempt"] for row in rows} == {1}


def test_a_full_disk_is_one_sentence_and_the_next_try_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = frozen(tmp_path / "t", drawn_set())
    keep = os.fsync
    calls = []

    def full(number: int) -> None:
        calls.append(number)
        if len(calls) > 4:
            raise OSError(errno.ENOSPC, "No space left on device")
        keep(number)

    with monkeypatch.context() as patched:
        patched.setattr("moedal_gui.store.array_files.os.fsync", full)
        with pytest.raises(TrainingError, match="No space left"):
            train_fold(unit(folder))
    assert not list(folder.path.rglob("*.part"))
    assert folder.fold(EXPERT, 0).checkpoint() is not None
    assert train_fold(unit(folder)).status == "learned"


def test_a_training_that_does_not_fit_its_start_is_refused(tmp_path: Path) -> None:
    folder = frozen(tmp_path / "t", drawn_set())
    start = tmp_path / "weights.npz"
    np.savez(start, **{"fold-0/other": np.zeros(3)})
    with pytest.raises(TrainingError, match="another network"):
        train_fold(unit(folder, start=start))


@pytest.mark.parametrize(
    "choice",
    [{"optimiser": "sgd"}, {"optimiser": "adam", "schedule": "constant"}, {"loss": "focal"}, {"loss": "signal-price"},
     {"balance": "sampling"}, {"norm": "group", "initialisation": "orthogonal", "dropout": 0.2}],
)  # fmt: skip
def test_every_choice_learns(tmp_path: Path, choice: dict[str, object]) -> None:
    settings = replace(QUICK, epochs=8, **choice)
    if choice.get("optimiser") == "sgd":
        settings = replace(settings, learning_rate=0.05)
    folder = frozen(tmp_path / "t", drawn_set(), settings)
    assert train_fold(unit(folder, settings=settings)).status == "learned"


def test_two_trainings_in_one_folder_are_refused(tmp_path: Path) -> None:
    folder = TrainingFolder(tmp_path / "t")
    lock = folder.lock()
    words = f"from pathlib import Path; from moedal_gui.store.training_folder import TrainingFolder; TrainingFolder(Path({str(folder.path)!r})).lock()"
    done = subprocess.run([sys.executable, "-c", words], capture_output=True, text=True, check=False)
    assert "Another program trains here already" in done.stderr
    lock.release()
    folder.lock().release()


def test_the_step_falls_along_a_cosine(tmp_path: Path) -> None:
    folder = frozen(tmp_path / "t", drawn_set())
    train_fold(unit(folder))
    rates = [row["learning_rate"] for row in folder.fold(EXPERT, 0).curve()]
    assert rates[-1] < rates[2] < rates[1] <= QUICK.learning_rate
