"""Corrections by hand reach the tables, outlive another pre-selection, and come and go with undo."""

import json
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from moedal_gui.cli.main import main
from moedal_gui.core.correction import Mouth, PitCorrection, Spot
from moedal_gui.core.errors import CorrectionError
from moedal_gui.core.field import Field
from moedal_gui.core.label import Label
from moedal_gui.core.scan import Channel, ScanDescription
from moedal_gui.preselect.place_fit import PlaceFit
from moedal_gui.store.catalogue import ScanRecord
from moedal_gui.store.labels import LabelJournal
from moedal_gui.store.project import Project
from moedal_gui.tasks import export, info, link
from moedal_gui.tasks.candidate_table import candidate_table
from moedal_gui.tasks.corrections.put_right import add_pit, link_pits, move_pit, propose, remove_pit
from moedal_gui.tasks.corrections.settle import settle_corrections
from moedal_gui.tasks.labels.label_table import label_table
from moedal_gui.tasks.loop import run
from moedal_gui.tasks.pit_table import pit_table
from moedal_gui.tasks.preselect import settle_pits
from moedal_gui.tasks.training import detector_set

GRID = [(float(x), float(y)) for x in range(40, 440, 60) for y in range(40, 300, 60)]
FOUND = GRID[::2]


def _project(path: Path) -> Project:
    """A scan of two fields without pictures; the second overlaps the first by 100 px."""
    project = Project.open(path, write=True, create=True)
    channels = (Channel(1, "rim", 0.0), Channel(2, "rim", 120.0), Channel(3, "rim", 240.0))
    scan = project.catalogue.add_scan(ScanDescription("F", "c1", channels, pixel_size_um=1.0), "nowhere")
    fields = [Field("1", 480, 320, 0.0, 0.0), Field("2", 480, 320, 380.0, 0.0)]
    project.catalogue.add_fields(scan.scan_id, fields, None)
    _look_through(project, FOUND)
    return project


def _look_through(
    project: Project, places: list[tuple[float, float]], surface: str = "top", field: str = "1", minor_px: float = 10.0
) -> None:
    """Another pre-selection, which finds these pits."""
    scan = project.catalogue.scan("c1")
    number = len(project.catalogue.runs("preselect"))
    words = {"method": "test", "number": number}
    run_ = project.catalogue.open_run("preselect", scan.scan_id, words, str(number), "test")
    table = pd.DataFrame({"x_px": [p[0] for p in places], "y_px": [p[1] for p in places]})
    table = table.assign(
        surface=surface,
        surface_score=0.9,
        probability=0.9,
        major_px=minor_px + 2.0,
        minor_px=minor_px,
        azimuth_deg=0.0,
        snr=20.0,
    )
    row = next(r for r in project.catalogue.field_rows(scan.scan_id) if r.field == field)
    project.catalogue.add_pits(run_.run_id, row.field_id, table)
    settle_pits(project, scan, run_)


def _fit(x: float, y: float, surface: str = "top") -> PlaceFit:
    return PlaceFit(x, y, surface, 0.9, 12.0, 10.0, 30.0, 15.0, 0.9, "slopes")


def _seen(project: Project) -> pd.DataFrame:
    return project.catalogue.pits(project.catalogue.current_run("preselect").run_id)  # type: ignore[union-attr]


def _places(project: Project) -> set[tuple[float, float]]:
    """Places of the grid that carry a pit."""
    grid = np.array(GRID)
    seen = _seen(project)[["x_px", "y_px"]].to_numpy(float)
    return {GRID[int(np.hypot(*(grid - p).T).argmin())] for p in seen}


def _pit_at(project: Project, place: tuple[float, float]) -> int:
    seen = _seen(project)
    return int(seen["pit_id"].to_numpy()[np.hypot(seen["x_px"] - place[0], seen["y_px"] - place[1]).argmin()])


STEP = st.tuples(st.sampled_from(["add", "remove", "move", "undo", "redo", "look", "reopen"]), st.integers(0, 10_000))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=8)
@given(steps=st.lists(STEP, min_size=3, max_size=14), seed=st.integers(0, 1_000_000))
def test_corrections_follow_a_plain_model_through_undo_and_new_pre_selections(
    tmp_path: Path, steps: list[tuple[str, int]], seed: int
) -> None:
    path = tmp_path / f"{seed}_{abs(hash(tuple(steps)))}.moedal"
    project, jitter = _project(path), np.random.default_rng(seed)
    shown, done, undone = set(FOUND), [], []
    for way, number in steps:
        scan = project.catalogue.scan("c1")
        free = sorted(set(GRID) - shown)
        one = sorted(shown)[number % len(shown)] if shown else None
        to = free[number % len(free)] if free else None
        before = set(shown)
        if way == "add" and to:
            add_pit(project, scan, "1", _fit(*to), "ada")
            shown.add(to)
        elif way == "remove" and one:
            remove_pit(project, scan, _pit_at(project, one), "ada")
            shown.remove(one)
        elif way == "move" and one and to:
            move_pit(project, scan, _pit_at(project, one), Spot("c1", "1", *to), "ada")
            shown = (shown - {one}) | {to}
        elif way in ("undo", "redo"):
            source, target = (done, undone) if way == "undo" else (undone, done)
            assert (getattr(project.labels, way)("ada") is not None) == bool(source)
            settle_corrections(project)
            if source:
                target.append(shown)
                shown = source.pop()
            before = shown
        elif way == "look":
            _look_through(
                project,
                [
                    (x + dx, y + dy)
                    for (x, y), (dx, dy) in zip(FOUND, jitter.uniform(-1, 1, (len(FOUND), 2)), strict=True)
                ],
            )
        elif way == "reopen":
            project.close()
            project = Project.open(path, write=True)
        if way not in ("undo", "redo") and shown != before:
            done.append(before)
            undone.clear()
        assert _places(project) == shown
        assert len(_seen(project)) == len(shown), "no pit is there twice"
    project.close()


def test_a_pit_the_detector_finds_later_is_not_doubled_and_comes_back_with_the_detector_that_misses_it(
    tmp_path: Path,
) -> None:
    with _project(tmp_path / "p.moedal") as project:
        scan = project.catalogue.scan("c1")
        missed = GRID[1]
        made = add_pit(project, scan, "1", _fit(*missed), "ada")
        assert made.pit_id is not None and _seen(project)["by_hand"].sum() == 1
        _look_through(project, [*FOUND, (missed[0] + 2, missed[1])])
        assert _places(project) == {*FOUND, missed} and _seen(project)["by_hand"].sum() == 0
        newest = project.catalogue.current_run("preselect")
        assert newest is not None and newest.summary["corrections"] == {"put": 0, "taken_out": 0, "found_since": 1}
        _look_through(project, [*FOUND, (missed[0] + 2, missed[1])], "bottom")
        assert _seen(project)["by_hand"].sum() == 1, "a pit of the other surface is another pit"
        _look_through(project, FOUND)
        assert _places(project) == {*FOUND, missed} and _seen(project)["by_hand"].sum() == 1


def test_no_pit_said_of_what_a_later_detector_found_takes_the_one_put_by_hand_along(tmp_path: Path) -> None:
    with _project(tmp_path / "p.moedal") as project:
        scan = project.catalogue.scan("c1")
        add_pit(project, scan, "1", _fit(*GRID[1]), "ada")
        _look_through(project, [*FOUND, (GRID[1][0] + 2, GRID[1][1])])
        remove_pit(project, scan, _pit_at(project, GRID[1]), "ada")
        assert _places(project) == set(FOUND)
        _look_through(project, FOUND)
        assert _places(project) == set(FOUND)


def test_a_pit_found_where_one_was_put_by_hand_to_a_hair_goes_when_it_is_taken_out(tmp_path: Path) -> None:
    with _project(tmp_path / "p.moedal") as project:
        scan, (x, y) = project.catalogue.scan("c1"), GRID[1]
        add_pit(project, scan, "1", _fit(x, y), "ada")
        _look_through(project, [*FOUND, (x + 0.2, y)])
        remove_pit(project, scan, _pit_at(project, GRID[1]), "ada")
        assert _places(project) == set(FOUND)


def test_taking_out_a_large_find_leaves_the_small_pits_put_within_it(tmp_path: Path) -> None:
    with _project(tmp_path / "p.moedal") as project:
        scan, (x, y) = project.catalogue.scan("c1"), GRID[1]
        _look_through(project, [(x, y)], minor_px=40.0)
        large = _pit_at(project, GRID[1])
        for aside in (-7.0, 7.0):
            add_pit(project, scan, "1", _fit(x + aside, y), "ada")
        remove_pit(project, scan, large, "ada")
        assert sorted(_seen(project).query("by_hand == 1")["x_px"]) == [x - 7, x + 7]
        _look_through(project, FOUND)
        assert sorted(_seen(project).query("by_hand == 1")["x_px"]) == [x - 7, x + 7]


def test_one_find_between_two_pits_put_by_hand_is_one_of_them(tmp_path: Path) -> None:
    with _project(tmp_path / "p.moedal") as project:
        scan, (x, y) = project.catalogue.scan("c1"), GRID[1]
        for aside in (0.0, 7.0):
            add_pit(project, scan, "1", _fit(x + aside, y), "ada")
        _look_through(project, [*FOUND, (x + 4.0, y)])
        near = _seen(project).query("abs(x_px - @x) < 20 and abs(y_px - @y) < 20")
        assert sorted(near["x_px"]) == [x, x + 4.0], "the nearer one is the find, the other stays"


def test_a_pit_that_two_people_put_in_their_copies_is_there_once_when_the_copies_merge(tmp_path: Path) -> None:
    with _project(tmp_path / "p.moedal") as project:
        scan, (x, y) = project.catalogue.scan("c1"), GRID[1]
        copy = project.labels.copy_to(tmp_path / "copies", "p")
        other = LabelJournal(copy, write=True)
        spot = Spot("c1", "1", x + 1.0, y, "top")
        other.corrections.give(PitCorrection("add", "F", spot, spot, Mouth(12.0, 10.0, 0.0), "bob"))
        other.close()
        add_pit(project, scan, "1", _fit(x, y), "ada")
        project.labels.restore_from(copy)
        settle_corrections(project)
        assert len(project.labels.corrections.in_force()) == 2 and _seen(project)["by_hand"].sum() == 1
        project.labels.undo("ada")
        settle_corrections(project)
        assert _seen(project)["by_hand"].sum() == 1, "bob still says so"


def test_a_removal_holds_in_the_field_next_door_that_sees_the_same_place(tmp_path: Path) -> None:
    with _project(tmp_path / "p.moedal") as project:
        _look_through(project, [(430.0, 100.0)])
        remove_pit(project, project.catalogue.scan("c1"), int(_seen(project)["pit_id"].iloc[0]), "ada")
        _look_through(project, [(51.0, 100.0)], field="2")
        assert len(_seen(project)) == 0


def test_a_second_pit_on_top_of_one_is_refused_but_not_on_the_other_surface(tmp_path: Path) -> None:
    with _project(tmp_path / "p.moedal") as project:
        scan, (x, y) = project.catalogue.scan("c1"), FOUND[0]
        with pytest.raises(CorrectionError, match="is there already"):
            add_pit(project, scan, "1", _fit(x + 3, y), "ada")
        with pytest.raises(CorrectionError, match="is there already"):
            move_pit(project, scan, _pit_at(project, FOUND[1]), Spot("c1", "1", x, y + 2), "ada")
        assert project.labels.corrections.in_force() == []
        add_pit(project, scan, "1", _fit(x + 3, y, "bottom"), "ada")
        with pytest.raises(CorrectionError, match="no picture of field 1"):
            propose(project, scan, Spot("c1", "1", 5.0, 5.0))


def test_labels_go_with_a_pit_that_is_moved_and_come_back_with_undo(tmp_path: Path) -> None:
    with _project(tmp_path / "p.moedal") as project:
        scan = project.catalogue.scan("c1")
        project.labels.give([Label("F", "c1", "1", *FOUND[0], "misc", "top", "bob")])
        made = move_pit(project, scan, _pit_at(project, FOUND[0]), Spot("c1", "1", *GRID[1]), "ada")
        table = pit_table(project, scan).set_index("pit_id")
        assert table["label"].to_dict()[made.pit_id] == "misc" and (table["label"] == "misc").sum() == 1
        told = label_table(project).iloc[0]
        assert (told["x_px"], told["y_px"]) == FOUND[0] and told["pit_id"] == made.pit_id
        project.labels.undo("ada")
        settle_corrections(project)
        assert pit_table(project, scan).set_index("pit_id")["label"].to_dict()[_pit_at(project, FOUND[0])] == "misc"


def test_a_label_given_before_a_move_goes_with_the_pit_though_it_comes_from_a_copy_later(tmp_path: Path) -> None:
    with _project(tmp_path / "p.moedal") as project:
        scan = project.catalogue.scan("c1")
        copy = project.labels.copy_to(tmp_path / "copies", "p")
        other = LabelJournal(copy, write=True)
        other.give([Label("F", "c1", "1", *FOUND[0], "misc", "top", "bob")])
        other.close()
        time.sleep(0.005)
        made = move_pit(project, scan, _pit_at(project, FOUND[0]), Spot("c1", "1", *GRID[1]), "ada")
        project.labels.restore_from(copy)
        assert pit_table(project, scan).set_index("pit_id")["label"].to_dict()[made.pit_id] == "misc"


def test_what_died_between_journal_and_tables_is_made_up_for(tmp_path: Path) -> None:
    with _project(tmp_path / "p.moedal") as project:
        spot = Spot("c1", "1", *GRID[1], "top")
        project.labels.corrections.give(PitCorrection("add", "F", spot, spot, Mouth(12.0, 10.0, 0.0), "ada"))
    with Project.open(tmp_path / "p.moedal", write=True) as project:
        settle_corrections(project)
        assert _places(project) == {*FOUND, GRID[1]}
        before = _seen(project)["pit_id"].tolist()
        settle_corrections(project)
        assert _seen(project)["pit_id"].tolist() == before


def _opposite(project: Project) -> tuple[ScanRecord, int, int, int]:
    """The scan of the first link, its top pit, a bottom pit of another track, and the partner the program gave the top one."""
    first = candidate_table(project, everything=True).iloc[0]
    scan = project.catalogue.scan(str(first["entry_scan"]))
    pits = pit_table(project, scan)
    other = pits[(pits["surface"] == "bottom") & (pits["pit_id"] != first["exit_pit"]) & (pits["minor_px"] > 0)]
    return scan, int(first["entry_pit"]), int(other["pit_id"].iloc[0]), int(first["exit_pit"])


def test_a_link_by_hand_wins_over_the_program_in_every_later_run(project_copy: Path) -> None:
    with Project.open(project_copy, write=True) as project:
        scan, entry, leave, was = _opposite(project)
        link_pits(project, scan, leave, entry, "ada")
        for _ in range(2):
            table = candidate_table(project)
            mine = table[(table["entry_pit"] == entry) | (table["exit_pit"] == leave)]
            assert list(zip(mine["entry_pit"], mine["exit_pit"], mine["score"], mine["by_hand"], strict=True)) == [
                (entry, leave, 1.0, 1)
            ]
            assert mine["dip_deg"].between(0, 90).all()
            assert mine["accidental_probability"].isna().all(), "nobody measured it"
            run(link.plan(project, link.LinkParameters()))
        remove_pit(project, scan, leave, "ada")
        assert "find one of their pits no more: 1" in run(link.plan(project, link.LinkParameters())).sentence
        for _ in range(2):
            project.labels.undo("ada")
        settle_corrections(project)
        run(link.plan(project, link.LinkParameters()))
        table = candidate_table(project, everything=True)
        assert ((table["entry_pit"] == entry) & (table["exit_pit"] == was)).any() and (table["by_hand"] == 0).all()
        with pytest.raises(CorrectionError, match="both on top"):
            link_pits(
                project,
                scan,
                entry,
                int(pit_table(project, scan).query("surface == 'top' and pit_id != @entry")["pit_id"].iloc[0]),
                "ada",
            )


def test_a_link_by_hand_where_nobody_linked_otherwise_outlives_a_new_pre_selection(tmp_path: Path) -> None:
    with _project(tmp_path / "p.moedal") as project:
        scan = project.catalogue.scan("c1")
        bottom = add_pit(project, scan, "1", _fit(*GRID[1], "bottom"), "ada").pit_id
        assert bottom is not None
        link_pits(project, scan, bottom, _pit_at(project, FOUND[0]), "ada")
        told = info.of_project(project)
        assert "1 linked by hand" in told.sentence and "None" not in told.sentence
        assert told.values["scans"][0]["pits"] == len(_seen(project))
        before = project.catalogue.current_run("link")
        _look_through(project, FOUND)
        now = project.catalogue.current_run("link")
        assert before is not None and now is not None and before.run_id != now.run_id
        table = candidate_table(project)
        ends = list(zip(table["entry_pit"], table["exit_pit"], strict=True))
        assert ends == [(_pit_at(project, FOUND[0]), _pit_at(project, GRID[1]))]


def test_a_verdict_goes_with_a_pit_that_is_moved(project_copy: Path) -> None:
    with Project.open(project_copy, write=True) as project:
        scan, entry, leave, _was = _opposite(project)
        link_pits(project, scan, entry, leave, "ada")
        pits = pit_table(project, scan).set_index("pit_id")
        names = ["field", "x_px", "y_px"]
        ends = [(scan.scan, *pits.loc[pit, names]) for pit in (entry, leave)]
        project.labels.give_verdict(scan.foil, *ends, "accepted", "bob")
        field, x, y = ends[0][1:]
        beside = Spot(scan.scan, str(field), float(x) + (11.0 if x < 100 else -11.0), float(y))
        moved = move_pit(project, scan, entry, beside, "ada")
        table = candidate_table(project)
        mine = table[table["entry_pit"] == moved.pit_id]
        assert list(zip(mine["exit_pit"], mine["verdict"], strict=True)) == [(leave, "accepted")]


def test_a_candidate_stays_when_its_pit_is_moved_a_little_and_all_say_that_links_are_older(
    project_copy: Path, tmp_path: Path
) -> None:
    with Project.open(project_copy, write=True) as project:
        before = candidate_table(project)
        one = before.iloc[0]
        scan = project.catalogue.scan(str(one["entry_scan"]))
        pit = pit_table(project, scan).set_index("pit_id").loc[int(one["entry_pit"])]
        to = Spot(scan.scan, str(pit["field"]), float(pit["x_px"]) + 1.0, float(pit["y_px"]), "top")
        moved = move_pit(project, scan, int(one["entry_pit"]), to, "ada")
        after = candidate_table(project)
        assert len(after) == len(before)
        assert after.set_index("candidate_id").loc[one["candidate_id"], "entry_pit"] == moved.pit_id
        back = move_pit(project, scan, moved.pit_id, replace(to, x_px=float(pit["x_px"])), "ada")
        after = candidate_table(project)
        assert after.set_index("candidate_id").loc[one["candidate_id"], "entry_pit"] == back.pit_id
        words = export.ExportParameters("candidates", tmp_path / "c.csv")
        assert "put right by hand since the links" in run(export.plan(project, words)).sentence
        assert "put right by hand since the links" in info.of_project(project).sentence
        run(link.plan(project, link.LinkParameters()))
        assert "put right by hand" not in info.of_project(project).sentence
        remove_pit(project, scan, int(candidate_table(project).iloc[0]["entry_pit"]), "ada")
        assert "put right by hand since the links" in info.of_project(project).sentence


def test_corrections_teach_the_detector_round_about_where_nobody_labelled(project_copy: Path) -> None:
    with Project.open(project_copy, write=True) as project:
        scan = project.catalogue.scan("c1")
        pits = pit_table(project, scan)
        one = pits[(pits["field"] == "2") & pits["x_px"].between(60, 260) & pits["y_px"].between(60, 180)].iloc[0]
        remove_pit(project, scan, int(one["pit_id"]), "ada")
        made = add_pit(project, scan, "3", _fit(150.0, 100.0, scan.description.near_surface), "ada")
        taught = detector_set.from_labels(project)
        whole = [p for p in (*taught.taught, *taught.held) if p.known is not None and p.known.any()]
        seen = sum(int(p.known.sum()) for p in whole if p.known is not None)
        circle = np.pi * detector_set.LOOKED_AT_PX**2
        assert 0.5 * circle < seen < 2.2 * circle
        size = [p.planes.shape[1:] for p in whole]
        inside = [
            p.pits[(p.pits[:, 0] > 0) & (p.pits[:, 1] > 0) & (p.pits[:, 0] < w) & (p.pits[:, 1] < h)]
            for p, (h, w) in zip(whole, size, strict=True)
        ]
        rows = np.concatenate(inside)
        assert made.pit_id is not None
        assert (np.isclose(rows[:, 2], 6.0) & np.isclose(rows[:, 3], 5.0)).sum() == 1, (
            "the mouth that was fitted is taught"
        )
        assert not np.isclose(rows[:, 2], 0.5 * float(one["major_px"])).any(), "what was taken out is no pit"


def test_a_pit_without_a_direction_and_a_label_of_a_pit_taken_out_teach_nothing_wrong(project_copy: Path) -> None:
    with Project.open(project_copy, write=True) as project:
        scan = project.catalogue.scan("c1")
        pits = pit_table(project, scan)
        one = pits[(pits["field"] == "2") & pits["x_px"].between(60, 260) & pits["y_px"].between(60, 180)].iloc[0]
        surface = scan.description.near_surface
        where = float(one["x_px"]), float(one["y_px"])
        project.labels.give([Label(scan.foil, "c1", "2", *where, "misc", str(one["surface"]), "bob")])
        remove_pit(project, scan, int(one["pit_id"]), "ada")
        plain = PlaceFit(150.0, 100.0, surface, None, 14.0, 14.0, None, None, 0.0, "no slopes")
        add_pit(project, scan, "3", plain, "ada")
        taught = detector_set.from_labels(project)
        rows = np.concatenate([p.pits for p in (*taught.taught, *taught.held)])
        assert np.isfinite(rows).all() and (np.isclose(rows[:, 2], 7.0) & np.isclose(rows[:, 3], 7.0)).any()
        assert not (np.hypot(rows[:, 0] - where[0], rows[:, 1] - where[1]) < 1.0).any(), "it was taken out"


def test_the_verb_puts_right_and_the_export_says_what_is_by_hand(
    project_copy: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def correct(*words: str, status: int = 0) -> dict[str, object]:
        with pytest.raises(SystemExit) as left:
            main(["correct", str(project_copy), "--scan", "c1", "--json", "--who", "ada", *words])
        assert left.value.code == status
        return dict(json.loads(capsys.readouterr().out)) if status == 0 else {}

    with Project.open(project_copy) as project:
        pits = pit_table(project, project.catalogue.scan("c1"))
        apart = [
            np.sort(np.hypot(pits["x_px"] - x, pits["y_px"] - y))[1]
            for x, y in zip(pits["x_px"], pits["y_px"], strict=True)
        ]
        one = pits[
            (np.array(apart) > 25)
            & pits["x_px"].between(40, 280)
            & pits["y_px"].between(40, 200)
            & (pits["minor_px"] > 9)
        ].iloc[0]
    field, place = str(one["field"]), f"{one['x_px']:.1f},{one['y_px']:.1f}"
    assert correct("--field", field, "--remove", place)["pit_id"] is None
    again = correct("--field", field, "--add", place)
    assert again["surface"] == one["surface"] and abs(float(str(again["minor_px"])) - one["minor_px"]) < 2.5
    moved = correct("--field", field, "--move", place, "5,5")
    assert (moved["x_px"], moved["y_px"], moved["minor_px"]) == (5.0, 5.0, again["minor_px"])
    correct("--field", field, "--add", "5", status=2)
    correct("--field", field, "--add", "9,9", "--remove", "5,5", status=2)
    correct("--field", field, "--remove", "319,239", status=1)
    target = tmp_path / "pits.csv"
    with Project.open(project_copy) as project:
        run(export.plan(project, export.ExportParameters("pits", target)))
    table = pd.read_csv(target)
    mine = table[table["by_hand"] == 1]
    assert "by_hand" in table.columns and list(mine["pit_id"]) == [moved["pit_id"]]
    assert mine["probability"].item() == 1.0 and one["pit_id"] not in set(table["pit_id"])
