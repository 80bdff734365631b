"""Positions read the wrong way are told from what the pictures show where they overlap."""

import json
import shutil
from pathlib import Path

import pytest

from moedal_gui.simulate.scan import SimulationParameters, simulate_foil
from moedal_gui.store.project import Project
from moedal_gui.tasks import info, ingest
from moedal_gui.tasks.loop import run
from moedal_gui.tasks.placement import register


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One simulated scan of four by three fields that overlap, y upwards, positions in inch."""
    out = tmp_path_factory.mktemp("drawn")
    words = SimulationParameters(
        seed=5, columns=4, rows=3, pits_low=60, pits_high=120, candidates=5, channels=4, both_sides=False
    )
    simulate_foil(out, words)
    return out / "c1"


def _told(drawn: Path, folder: Path, *changes: tuple[str, str]) -> tuple[str, list[str]]:
    """What `register` says of the scan, and what `info` doubts, when its description is changed so."""
    shutil.copytree(drawn, folder / "c1")
    description = folder / "c1" / "scan.toml"
    for before, after in changes:
        text = description.read_text(encoding="utf-8")
        assert before in text
        description.write_text(text.replace(before, after), encoding="utf-8")
    with Project.open(folder / "p.moedal", write=True, create=True) as project:
        run(ingest.plan(project, ingest.IngestParameters((folder / "c1",))))
        said = run(register.plan(project, register.RegisterParameters())).sentence
        return said, info.doubts_of(project)


UP, PLAIN, INCH = 'y_axis = "up"', "mirrored = false", 'unit = "inch"'
DOWN, TURNED, MM = 'y_axis = "down"', "mirrored = true", 'unit = "mm"'


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ([(UP, DOWN)], "if the stage's y axis points up"),
        ([(PLAIN, TURNED)], "if they are not mirrored"),
        ([(UP, DOWN), (PLAIN, TURNED)], "if they are not mirrored and the stage's y axis points up"),
        ([(INCH, MM)], "if the positions are in inch"),
    ],
)
def test_what_would_suit_the_pictures_is_named(
    drawn: Path, tmp_path: Path, changes: list[tuple[str, str]], words: str
) -> None:
    said, doubts = _told(drawn, tmp_path, *changes)
    assert f"{words}: check" in said
    assert any(words in doubt for doubt in doubts)


def test_a_single_row_in_another_unit_is_named(tmp_path: Path) -> None:
    words = SimulationParameters(
        seed=5, columns=8, rows=1, pits_low=60, pits_high=120, candidates=5, channels=4, both_sides=False
    )
    simulate_foil(tmp_path / "row", words)
    said, _ = _told(tmp_path / "row" / "c1", tmp_path, (INCH, MM))
    assert "if the positions are in inch: check" in said


def test_few_fields_on_top_of_each_other_are_told_where_hardly_anything_is_seen(tmp_path: Path) -> None:
    words = SimulationParameters(
        seed=5, columns=3, rows=2, pits_low=4, pits_high=5, candidates=1, channels=1, both_sides=False
    )
    simulate_foil(tmp_path / "few", words)
    said, doubts = _told(tmp_path / "few" / "c1", tmp_path, (INCH, MM))
    assert "nearly all on top of each other: check" in said and len(doubts) == 1


def test_fields_far_apart_are_not_said_to_overlap(drawn: Path, tmp_path: Path) -> None:
    far = shutil.copytree(drawn, tmp_path / "far")
    positions = json.loads((far / "positions.json").read_text(encoding="utf-8"))
    scaled = {scan: {f: [25.4 * v for v in at] for f, at in fields.items()} for scan, fields in positions.items()}
    (far / "positions.json").write_text(json.dumps(scaled), encoding="utf-8")
    said, _ = _told(far, tmp_path)
    assert "c1: no two fields overlap as their positions are read; the pictures would fit" in said
    assert "if the positions are in mm: check" in said


def test_a_doubt_goes_with_what_was_wrong(drawn: Path, tmp_path: Path) -> None:
    _told(drawn, tmp_path, (UP, DOWN))
    description = tmp_path / "c1" / "scan.toml"
    description.write_text(description.read_text(encoding="utf-8").replace(DOWN, UP), encoding="utf-8")
    with Project.open(tmp_path / "p.moedal", write=True) as project:
        assert any("fit together" in doubt for doubt in info.doubts_of(project))
        said = run(ingest.plan(project, ingest.IngestParameters((tmp_path / "c1",)))).sentence
        assert said.endswith("changed: y_axis of positions from down to up")
        assert not any("fit together" in doubt for doubt in info.doubts_of(project))


def test_right_positions_are_not_doubted(drawn: Path, tmp_path: Path) -> None:
    said, doubts = _told(drawn, tmp_path)
    assert "fit together" not in said and doubts == []
