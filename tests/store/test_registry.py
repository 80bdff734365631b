"""Versions are put in place whole; damage and foreign files are one clear sentence."""

import json
import zipfile
from pathlib import Path

import pytest

from moedal_gui.core.card import EnsembleCard, ExpertCard, FoldCard, StackerCard, from_plain, to_plain
from moedal_gui.core.errors import ExpertError, NotFoundError
from moedal_gui.core.recipe import Recipe
from moedal_gui.store.project import Project
from moedal_gui.store.registry import Entry, Registry, checked, file_hash, read_card


def small_card(folder: Path, name: str = "pits", version: str = "1") -> EnsembleCard:
    (folder / "top-bottom.onnx").write_bytes(b"weights")
    expert = ExpertCard(
        name="top-bottom", file="top-bottom.onnx", sha256=file_hash(folder / "top-bottom.onnx"), view="pit",
        recipe=Recipe(size=12), answers=("top", "bottom"), network="plain",
        folds=(FoldCard(0, "learned", 4, 3, 0.1, 0.95), FoldCard(1, "does not learn", 4, 3, float("inf"), 0.5)),
    )  # fmt: skip
    stacker = StackerCard(("top", "bottom"), ("top-bottom",), ((1.0,), (-1.0,)), (0.0, 0.0), 1.0)
    return EnsembleCard(name, version, "pits", ("top", "bottom"), (expert,), stacker, density_range=(10.0, 200.0))


def add(registry: Registry, name: str = "pits") -> Entry:
    return registry.add(name, lambda folder, version: small_card(folder, name, version))


def test_versions_count_up_and_one_is_in_force(tmp_path: Path) -> None:
    registry = Registry(tmp_path / "experts", write=True)
    assert registry.entries() == () and registry.current() is None
    assert [add(registry).version for _ in range(11)][-1] == "11"
    add(registry, "other")
    assert registry.entry("pits").version == "11" and registry.entry("pits/2").version == "2"
    registry.make_current("pits/3")
    current = Registry(tmp_path / "experts").current()
    assert current is not None and current.title == "pits/3"
    registry.remove("pits/3")
    current = registry.current()
    assert current is not None and current.title != "pits/3"
    with pytest.raises(NotFoundError, match="no ensemble called nobody"):
        registry.entry("nobody")


def test_a_version_that_failed_half_way_is_never_seen(tmp_path: Path) -> None:
    registry = Registry(tmp_path / "experts", write=True)

    def fails(folder: Path, _version: str) -> EnsembleCard:
        (folder / "half.onnx").write_bytes(b"half")
        raise OSError(28, "No space left on device")

    with pytest.raises(ExpertError, match="No space left"):
        registry.add("pits", fails)
    assert registry.entries() == () and not list((tmp_path / "experts").rglob("*"))


def test_a_reader_changes_nothing(tmp_path: Path) -> None:
    add(Registry(tmp_path / "experts", write=True))
    reader = Registry(tmp_path / "experts")
    for change in (lambda: add(reader), lambda: reader.make_current("pits"), lambda: reader.remove("pits")):
        with pytest.raises(ExpertError, match="can be changed here"):
            change()


def test_a_card_is_read_as_it_was_written(tmp_path: Path) -> None:
    card = small_card(tmp_path)
    words = json.loads(json.dumps(to_plain(card), allow_nan=False))
    again = from_plain(words)
    assert again.experts[0].recipe == card.experts[0].recipe and again.stacker == card.stacker
    assert again.experts[0].folds[0] == card.experts[0].folds[0] and not again.experts[0].folds[1].learned
    assert again.density_range == (10.0, 200.0)


@pytest.mark.parametrize("damage", ["cut", "no list", "no stacker", "wrong shape", "newer", "path", "recipe", "field"])
def test_a_damaged_card_is_one_sentence(tmp_path: Path, damage: str) -> None:
    entry = add(Registry(tmp_path / "experts", write=True))
    path = entry.folder / "card.json"
    words = json.loads(path.read_text())
    if damage == "no stacker":
        del words["stacker"]
    elif damage == "wrong shape":
        words["stacker"]["weights"] = [[1.0, 2.0]]
    elif damage == "newer":
        words["format"] = 99
    elif damage == "path":
        words["experts"][0]["file"] = "../../secret.onnx"
    elif damage == "recipe":
        words["experts"][0]["recipe"]["planes"] = ["moon"]
    elif damage == "field":
        words["surprise"] = 1
    path.write_text({"cut": json.dumps(words)[:100], "no list": "[]"}.get(damage, json.dumps(words)))
    with pytest.raises(ExpertError) as caught:
        read_card(entry.folder)
    assert "\n" not in str(caught.value) and str(path) in str(caught.value)


def test_a_foreign_network_is_refused(tmp_path: Path) -> None:
    entry = add(Registry(tmp_path / "experts", write=True))
    checked(entry.folder)
    (entry.folder / "top-bottom.onnx").write_bytes(b"another")
    with pytest.raises(ExpertError, match="is not the file its card was written for"):
        checked(entry.folder)
    (entry.folder / "top-bottom.onnx").unlink()
    with pytest.raises(ExpertError, match="is missing"):
        checked(entry.folder)


def test_a_version_goes_out_as_a_folder_or_a_zip(tmp_path: Path) -> None:
    registry = Registry(tmp_path / "experts", write=True)
    add(registry)
    out = registry.export("pits", tmp_path / "out")
    assert checked(out).name == "pits"
    archive = registry.export("pits/1", tmp_path / "pits.zip")
    assert set(zipfile.ZipFile(archive).namelist()) == {"pits/1/card.json", "pits/1/top-bottom.onnx"}
    with pytest.raises(ExpertError, match="cannot be copied there"):
        registry.export("pits", tmp_path / "out")


def test_a_project_knows_its_experts(tmp_path: Path) -> None:
    with Project.open(tmp_path / "p.moedal", write=True, create=True) as project:
        add(project.experts)
    with Project.open(tmp_path / "p.moedal") as project:
        current = project.experts.current()
        assert current is not None and project.experts.card(current.title).classes == ("top", "bottom")
