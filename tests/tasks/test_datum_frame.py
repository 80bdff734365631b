"""The frame of a foil follows the datum points that the scans agree on, wherever the wrong one is."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from drawn_scans import drawn_pits, on_foil, project_of
from scipy.spatial import cKDTree

from moedal_gui.store.project import Project
from moedal_gui.tasks import info, ingest, pits_import
from moedal_gui.tasks.loop import run
from moedal_gui.tasks.placement import register
from moedal_gui.tasks.placement.placing import placement_of

OFF = (40.0, 60.0)
FINE: dict[int, tuple[float, float]] = {}


def _registered(path: Path, pits: np.ndarray) -> tuple[dict[str, Any], str, float]:
    """The finding, the sentence, and the farthest (um) that any scan's pits lie from where they truly are."""
    with Project.open(path, write=True) as project:
        told = run(register.plan(project, register.RegisterParameters()))
        away = []
        for scan in project.catalogue.scans():
            table = project.catalogue.pits(project.catalogue.current_run("preselect", scan.scan_id).run_id)
            placed = placement_of(project, scan).to_frame(table["field"], table["x_px"], table["y_px"])
            away.append(float(cKDTree(on_foil(pits)).query(placed)[0].max()))
    return dict(told.values), told.sentence, max(away)


@pytest.mark.parametrize("point", [0, 1, 2])
def test_a_wrong_point_of_the_first_scan_does_not_turn_the_foil(tmp_path: Path, point: int) -> None:
    pits = drawn_pits()
    scans = {"a": (1.4, {point: OFF}), "b": (-1.2, FINE), "c": (0.6, FINE)}
    values, sentence, away = _registered(project_of(tmp_path, scans, pits), pits)
    (finding,) = values["datum"]
    assert finding["reference"] != "a" and [w["scan"] for w in finding["wrong"]] == ["a"]
    assert [p["point"] for p in finding["wrong"][0]["points"]] == [point]
    assert abs(finding["wrong"][0]["points"][0]["off_px"] - np.hypot(*OFF)) < 4
    assert "follow" in sentence and away < 8.0  # um; a turned frame would be off by a hundred


def test_points_all_wrong_alike_are_found_by_the_pits(tmp_path: Path) -> None:
    pits = drawn_pits()
    scans = {"a": (0.0, dict.fromkeys(range(3), OFF)), "b": (-1.2, FINE), "c": (0.6, FINE)}
    values, _, away = _registered(project_of(tmp_path, scans, pits), pits)
    (finding,) = values["datum"]
    assert finding["wrong"][0]["scan"] == "a" and len(finding["wrong"][0]["points"]) == 3 and away < 8.0


def test_two_scans_alone_cannot_tell_whose_is_wrong(tmp_path: Path) -> None:
    pits = drawn_pits()
    values, sentence, _ = _registered(project_of(tmp_path, {"a": (0.5, {2: OFF}), "b": (-1.0, FINE)}, pits), pits)
    (finding,) = values["datum"]
    assert not finding["wrong"] and {u["scan"] for u in finding["undecided"]} == {"a", "b"}
    assert [p["point"] for p in finding["undecided"][0]["points"]] == [2]
    assert "no majority" in sentence


def test_what_is_said_of_points_goes_with_them(tmp_path: Path) -> None:
    path = project_of(tmp_path, {"a": (0.5, {2: OFF}), "b": (-1.0, FINE)}, drawn_pits())
    with Project.open(path, write=True) as project:
        run(register.plan(project, register.RegisterParameters()))
        assert any("no majority" in note for note in info.of_project(project).values["notes"])
        scan = project.catalogue.scan("a")
        first, second, third = scan.description.datum
        points = (first, second, replace(third, x_px=third.x_px - OFF[0], y_px=third.y_px - OFF[1]))
        project.catalogue.datum.set(scan.scan_id, scan.description, points, "ada", "hand")
        assert info.of_project(project).values["notes"] == [] and info.doubts_of(project) == []
        run(register.plan(project, register.RegisterParameters()))
        assert info.of_project(project).values["notes"] == []


def test_one_scan_has_nothing_to_be_checked_against(tmp_path: Path) -> None:
    pits = drawn_pits()
    values, sentence, _ = _registered(project_of(tmp_path, {"a": (0.5, FINE)}, pits), pits)
    assert values["datum"][0]["checked"] is False and "cannot be checked" in sentence


def test_nothing_is_said_where_all_agree(tmp_path: Path) -> None:
    pits = drawn_pits()
    values, _, away = _registered(project_of(tmp_path, {"a": (1.4, FINE), "b": (-1.2, FINE)}, pits), pits)
    assert values["datum"] == [] and away < 8.0
    assert all(p["fitted_px"] < 3 and p["alone_px"] < 5 for p in values["pairs"][0]["datum_points"])


@pytest.mark.parametrize("numbers", [(2, 1, 0), (1, 2), (1, 0, 2), (0, 2), (0, 1)])
@pytest.mark.parametrize("odd", ["a", "b"])
def test_points_under_other_numbers_are_no_wrong_points(tmp_path: Path, numbers: tuple[int, ...], odd: str) -> None:
    pits = drawn_pits()
    path = project_of(tmp_path, {"a": (0.5, FINE), "b": (-1.0, FINE)}, pits)
    _state(path, odd, numbers)
    values, sentence, _ = _registered(path, pits)
    (finding,) = values["datum"]
    assert not finding["wrong"] and not finding["undecided"]
    assert "the pits tell which is which" in sentence and "against the datum points" not in sentence
    said = " and ".join([", ".join(str(k) for k in numbers[:-1]), str(numbers[-1])])
    other = {"a": "b", "b": "a"}[odd]
    if len(numbers) < 3:
        assert f"{odd} has only datum points {said} (counted from 0) of {other}" in sentence
    else:
        # Two scans: the first gives the numbers; and an exchange undoes itself.
        assert f"b has the datum points {said} (counted from 0) of a" in sentence
    assert values["pairs"][0]["refined"]["within_2px"] > 0.95


def _state(path: Path, name: str, numbers: tuple[int, ...]) -> None:
    """Take a scan in again with some of its datum points, in another order."""
    toml = path.parent / name / "scan.toml"
    text = toml.read_text()
    stated = json.loads(text.split("datum = ")[1].split("\n")[0])
    toml.write_text(text.replace(json.dumps(stated), json.dumps([stated[k] for k in numbers])))
    with Project.open(path, write=True) as project:
        run(ingest.plan(project, ingest.IngestParameters((path.parent / name,))))


def test_a_wrong_point_is_told_beside_points_under_other_numbers(tmp_path: Path) -> None:
    pits = drawn_pits()
    path = project_of(tmp_path, {"a": (0.5, FINE), "b": (-1.0, FINE), "c": (0.2, {1: OFF})}, pits)
    _state(path, "b", (2, 1, 0))
    values, sentence, _ = _registered(path, pits)
    (finding,) = values["datum"]
    assert [(w["scan"], [p["point"] for p in w["points"]]) for w in finding["wrong"]] == [("c", [1])]
    assert "b has the datum points 2, 1 and 0" in sentence
    rows = {(r["a"], r["b"]): r for r in values["pairs"]}
    assert rows["a", "b"].get("datum_numbers") and not rows["a", "c"].get("datum_numbers")


@pytest.mark.parametrize("count", [2, 3])
def test_a_wrong_point_that_the_first_scan_lacks_is_told(tmp_path: Path, count: int) -> None:
    pits = drawn_pits()
    others: dict[str, tuple[float, dict[int, tuple[float, float]]]] = {
        "b": (-1.0, FINE),
        "c": (0.2, FINE),
        "d": (0.4, {1: OFF}),
    }
    kept = dict(list(others.items())[-count:])
    path = project_of(tmp_path, {"a": (0.5, FINE), **kept}, pits)
    _state(path, "a", (0, 2))
    values, sentence, _ = _registered(path, pits)
    (finding,) = values["datum"]
    assert "a has only datum points 0 and 2" in sentence
    told = {row["scan"]: [p["point"] for p in row["points"]] for row in (*finding["wrong"], *finding["undecided"])}
    assert told["d"] == [1]
    assert count == 2 or [w["scan"] for w in finding["wrong"]] == ["d"]


def test_a_wrong_point_of_a_shorter_list_is_told(tmp_path: Path) -> None:
    pits = drawn_pits()
    path = project_of(tmp_path, {"a": (0.5, FINE), "b": (-1.0, {2: (190.0, 0.0)})}, pits)
    _state(path, "b", (0, 2))
    values, sentence, _ = _registered(path, pits)
    assert "the datum points of b and a are not the same holes" in sentence
    assert values["datum"][0]["checked"]


@pytest.mark.parametrize("order", [(2, 1, 0), (1, 0, 2)])
def test_a_right_scan_that_the_pits_do_not_tie_is_not_accused_for_the_others_order(
    tmp_path: Path, order: tuple[int, ...]
) -> None:
    pits = drawn_pits()
    path = project_of(tmp_path, {"a": (0.5, FINE), "b": (-1.0, FINE), "c": (0.2, FINE)}, pits)
    found = json.loads((tmp_path / "pits.json").read_text())
    (tmp_path / "none.json").write_text(json.dumps({**found, "c": []}))
    with Project.open(path, write=True) as project:
        run(pits_import.plan(project, pits_import.PitsImportParameters(tmp_path / "none.json", "none")))
    _state(path, "a", order)
    values, sentence, _ = _registered(path, pits)
    (finding,) = values["datum"]
    assert not finding["wrong"] and not finding["undecided"], sentence
    assert "a has the datum points" in sentence and "of b, in this order" in sentence
