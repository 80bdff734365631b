"""Scores and working points in a project."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from moedal_gui.core.errors import NotFoundError, ProjectError, ReadOnlyError
from moedal_gui.core.score import SCORE_COLUMNS
from moedal_gui.core.working_point import WorkingPoint
from moedal_gui.store.project import Project


def _scores(ids: np.ndarray) -> pd.DataFrame:
    table = pd.DataFrame({"pit_id": ids} | {name: np.linspace(0, 1, len(ids)) for name in SCORE_COLUMNS})
    table["score_misc"] = np.nan
    return table.assign(
        **{"class": "top", "others": [{"star": 0.5}] * len(ids), "experts": [{"top-bottom": 0.9}] * len(ids)}
    )


def test_scores_come_back_as_given_and_go_with_their_run(project_copy: Path) -> None:
    with Project.open(project_copy, write=True) as project:
        scan = project.catalogue.scans()[0]
        pits = project.catalogue.pits(project.catalogue.current_run("preselect", scan.scan_id).run_id)  # type: ignore[union-attr]
        run = project.catalogue.open_run("score", scan.scan_id, {}, "", "1")
        for field_id, group in pits.groupby("field_id"):
            project.catalogue.scores.add(run.run_id, int(field_id), _scores(group["pit_id"].to_numpy()))
        said = project.catalogue.scores.of_run(run.run_id)
        assert set(said["pit_id"]) == set(pits["pit_id"]) and said["score_misc"].isna().all()
        assert project.catalogue.scores.by_expert(run.run_id)["top-bottom"].eq(0.9).all()
        assert project.catalogue.done_fields(run.run_id) == set(pits["field_id"])
        project.catalogue.remove_run(run.run_id)
        assert not len(project.catalogue.scores.of_run(run.run_id))


def test_working_points_are_kept_by_name(project_copy: Path) -> None:
    with Project.open(project_copy, write=True) as project:
        points = project.working_points
        assert points.all() == {} and points.current is None
        points.save(WorkingPoint("careful", threshold=0.2, weights=(2.0, 1.0, 1.0), how="keep 99 % of signal", by="ä"))
        points.save(WorkingPoint("strict", threshold=0.9))
        points.make_current("careful")
    with Project.open(project_copy) as project:
        assert project.working_points.current == WorkingPoint(
            "careful", threshold=0.2, weights=(2.0, 1.0, 1.0), how="keep 99 % of signal", by="ä"
        )
        assert project.working_points.named("default") is None
        with pytest.raises(NotFoundError, match="strict"):
            project.working_points.named("stricter")
        with pytest.raises(ReadOnlyError):
            project.working_points.save(WorkingPoint("x"))


def test_the_default_is_in_force_again_when_the_current_one_goes(project_copy: Path) -> None:
    with Project.open(project_copy, write=True) as project:
        project.working_points.save(WorkingPoint("a"))
        project.working_points.make_current("a")
        project.working_points.remove("a")
        assert project.working_points.current is None
        with pytest.raises(NotFoundError):
            project.working_points.save(WorkingPoint("default"))
        (project_copy / "working_points.json").write_text('{"points": [{"name": "x"')
        with pytest.raises(ProjectError, match="damaged"):
            project.working_points.all()
