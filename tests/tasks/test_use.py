"""Going back to an earlier run: what was found stays found, and comes back with what was made from it."""

from pathlib import Path

import pytest

from moedal_gui.core.errors import ArgumentError, NotFoundError
from moedal_gui.store.project import Project
from moedal_gui.tasks import info, ingest, link, preselect, remove, use
from moedal_gui.tasks.candidate_table import candidate_table, out_of_date
from moedal_gui.tasks.loop import run
from moedal_gui.tasks.pit_table import all_pits


def _search(project: Project, method: str = "divergence"):
    return run(preselect.plan(project, preselect.PreselectParameters(method=method)), workers=1)


def _use(project: Project, name: str, scan: str | None = None):
    return run(use.plan(project, use.UseParameters(name, scan)))


def _current(project: Project, task: str = "preselect", scan: str | None = None) -> str:
    of = project.catalogue.scan(scan).scan_id if scan else None
    return project.catalogue.current_run(task, of).name  # type: ignore[union-attr]


@pytest.fixture
def searched_twice(project_copy: Path):
    """A project with two pre-selections of each scan and links of the first only; yields it with the first one's names."""
    with Project.open(project_copy, write=True) as project:
        first = {scan: _current(project, scan=scan) for scan in ("c1", "cr")}
        _search(project)
        yield project, first


def test_the_same_words_take_up_what_they_found_and_search_nothing(searched_twice) -> None:
    project, first = searched_twice
    before = len(project.catalogue.runs("preselect"))
    assert _current(project, scan="c1") != first["c1"]
    plan = preselect.plan(project, preselect.PreselectParameters())
    assert not plan.units
    told = run(plan)
    assert {s["scan"]: s["run"] for s in told.values["scans"]} == first
    assert {scan: _current(project, scan=scan) for scan in first} == first
    assert len(project.catalogue.runs("preselect")) == before
    assert "nothing was searched" in told.sentence and first["c1"] in told.sentence


def test_pits_found_before_are_merged_anew_where_fields_have_moved(searched_twice, foil: Path, tmp_path: Path) -> None:
    """Which pits two fields show depends on where the fields lie, not on the pictures alone."""
    project, first = searched_twice
    _use(project, first["c1"], "c1")
    before = len(
        project.catalogue.pits(project.catalogue.current_run("preselect", project.catalogue.scan("c1").scan_id).run_id)
    )
    wide = tmp_path / "wide.toml"
    pixel = project.catalogue.scan("c1").description.pixel_size_um
    wide.write_text(f"pixel_size_um = {pixel / 2}\n", encoding="utf-8")
    run(ingest.plan(project, ingest.IngestParameters((foil / "c1",), describe=wide)))
    run(preselect.plan(project, preselect.PreselectParameters(scan="c1")))
    assert _current(project, scan="c1") == first["c1"]
    run_id = project.catalogue.current_run("preselect", project.catalogue.scan("c1").scan_id).run_id
    assert len(project.catalogue.pits(run_id)) > before


def test_links_and_places_come_back_with_the_pits_they_were_made_of(searched_twice) -> None:
    project, first = searched_twice
    made = _current(project, "link")
    table = candidate_table(project)
    run(link.plan(project, link.LinkParameters()))
    assert _current(project, "link") != made
    for name in first.values():
        told = _use(project, name)
    assert _current(project, "link") == made and not told.values["out_of_date"]
    assert candidate_table(project).equals(table)
    assert info.doubts_of(project) == [] or all("other pits" not in words for words in info.doubts_of(project))


def test_links_bring_their_pits_with_them(searched_twice) -> None:
    project, first = searched_twice
    made = _current(project, "link")
    run(link.plan(project, link.LinkParameters()))
    newer = {scan: _current(project, scan=scan) for scan in first}
    told = _use(project, made)
    assert {scan: _current(project, scan=scan) for scan in first} == first
    assert set(told.values["taken_up"]) >= {made, *first.values()}
    assert not out_of_date(project, project.catalogue.current_run("link"))
    assert set(all_pits(project)["run"]) == set(first.values()) != set(newer.values())


def test_links_of_other_pits_are_told_where_none_were_made_of_these(searched_twice) -> None:
    project, first = searched_twice
    newer = _current(project, scan="c1")
    _use(project, first["c1"])
    told = _use(project, newer)
    assert "run link again" in told.sentence and told.values["out_of_date"] and told.doubtful


def test_a_run_found_later_is_the_current_one_again(searched_twice) -> None:
    project, first = searched_twice
    _use(project, first["c1"])
    _search(project, "blob")
    assert _current(project, scan="c1") not in first.values()
    remove_one = remove.plan(project, remove.RemoveParameters("run", _current(project, scan="c1")))
    run(remove_one)
    assert _current(project, scan="c1") == first["c1"]


def test_what_cannot_be_gone_back_to_is_refused_and_nothing_changes(searched_twice) -> None:
    project, first = searched_twice
    newer = _current(project, scan="c1")
    with pytest.raises(NotFoundError):
        _use(project, "no-such-run")
    with pytest.raises(ArgumentError):
        _use(project, _current(project, "register"))
    with pytest.raises(NotFoundError):
        _use(project, first["c1"], "cr")
    half = project.catalogue.open_run("preselect", project.catalogue.scan("c1").scan_id, {"method": "x"}, "h", "v")
    with pytest.raises(ArgumentError):
        _use(project, half.name)
    assert _current(project, scan="c1") == newer
