"""Datum points set by hand: kept with what was before, alive after another reading of the files, held against other scans."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from drawn_scans import drawn_pits, project_of

from moedal_gui.core.scan import DatumPoint
from moedal_gui.store.project import Project
from moedal_gui.tasks import ingest
from moedal_gui.tasks.loop import run
from moedal_gui.tasks.placement import register
from moedal_gui.tasks.placement.datum_points import check_datum, others_with_datum

HAND = (DatumPoint("1", 300.0, 200.0), DatumPoint("12", 100.0, 90.0))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    at = tmp_path_factory.mktemp("datum")
    path = project_of(at, {"a": (1.4, {}), "b": (-1.2, {2: (40.0, 60.0)}), "c": (0.4, {})}, drawn_pits())
    with Project.open(path, write=True) as project:
        run(register.plan(project, register.RegisterParameters()))
    return at


@pytest.fixture
def at(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "at"))


def _again(project: Project, at: Path, **words: object) -> None:
    run(ingest.plan(project, ingest.IngestParameters((at / "a",), **words)))  # type: ignore[arg-type]


def test_points_set_by_hand_outlive_another_reading(at: Path) -> None:
    with Project.open(at / "p.moedal", write=True) as project:
        scan = project.catalogue.scan("a")
        project.catalogue.datum.set(scan.scan_id, scan.description, HAND, "ada", "hand")
        _again(project, at)
        _again(project, at, polarity="inverted")
        now = project.catalogue.scan("a").description
        assert now.datum == HAND and now.polarity == "inverted"
        assert project.catalogue.datum.confirmed(now).annotator == "ada"


def test_files_that_say_others_win_and_both_are_kept(at: Path) -> None:
    with Project.open(at / "p.moedal", write=True) as project:
        scan = project.catalogue.scan("a")
        project.catalogue.datum.set(scan.scan_id, scan.description, HAND, "ada", "hand")
        toml = at / "a" / "scan.toml"
        lines = [
            "datum = [[1, 9, 9], [2, 7, 7]]" if x.startswith("datum") else x for x in toml.read_text().splitlines()
        ]
        toml.write_text("\n".join(lines))
        _again(project, at)
        now = project.catalogue.scan("a").description
        assert now.datum == (DatumPoint("1", 9, 9), DatumPoint("2", 7, 7))
        first, second = project.catalogue.datum.changes("F", "a")
        assert (first.after, second.before, second.origin) == (
            HAND,
            HAND,
            "files",
        ) and first.before == scan.description.datum
        assert project.catalogue.datum.confirmed(now) is None


def test_the_journal_takes_nothing_back(at: Path) -> None:
    with Project.open(at / "p.moedal", write=True) as project:
        scan = project.catalogue.scan("a")
        project.catalogue.datum.set(scan.scan_id, scan.description, HAND, "ada", "hand")
        project.catalogue.remove_scan(scan.scan_id)
        assert len(project.catalogue.datum.changes("F", "a")) == 1


def test_other_points_make_the_registration_out_of_date(at: Path) -> None:
    with Project.open(at / "p.moedal", write=True) as project:
        run_of = project.catalogue.current_run("register")
        assert run_of is not None and run_of.input_hash == register.input_hash(project)
        scan = project.catalogue.scan("a")
        project.catalogue.datum.set(scan.scan_id, scan.description, HAND, "ada", "hand")
        assert run_of.input_hash != register.input_hash(project)


def test_a_mark_that_is_off_is_told_by_how_much_and_where_it_should_be(at: Path) -> None:
    with Project.open(at / "p.moedal") as project:
        scan = project.catalogue.scan("a")
        assert [s.scan for s in others_with_datum(project, scan)] == ["c", "b"]  # the doubted one last
        right = scan.description.datum
        points = (right[0], replace(right[1], x_px=right[1].x_px + 50.0), right[2])
        told = check_datum(project, scan, points, project.catalogue.scan("c"))
        assert told.misfits is not None and 1 in told.misfits.doubted
        assert told.by_pits[[0, 2]].max() < 4 and abs(told.by_pits[1] - 50.0) < 4
        wanted = next(p for p in right if p is right[1])
        assert told.expected_fields[1] == wanted.field
        assert np.hypot(*(told.expected[1] - [wanted.x_px, wanted.y_px])) < 4
        assert check_datum(project, scan, points, None).misfits is None
