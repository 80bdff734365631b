"""A mouth is fitted where somebody points, on the right surface; where nothing is, nothing is made up."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from moedal_gui.core.scan import Channel, ScanDescription
from moedal_gui.imaging.flat_field import ChannelFlat, FlatField, estimate_flat_field
from moedal_gui.preselect.place_fit import fit_place
from moedal_gui.store.project import Project


@pytest.mark.parametrize("name", ["c1", "cr"])
def test_true_pits_are_fitted_from_a_few_px_off(worked: Path, foil: Path, name: str) -> None:
    truth = pd.read_csv(foil / f"truth_{name}.csv", dtype={"field": str})
    inside = truth[truth["x_px"].between(20, 300) & truth["y_px"].between(20, 220) & (truth["minor_px"] > 7)].head(8)
    aside = np.random.default_rng(1).uniform(-3, 3, (len(inside), 2))
    with Project.open(worked) as project:
        scan = project.catalogue.scan(name)
        rows = {r.field: r for r in project.catalogue.field_rows(scan.scan_id)}
        flat = FlatField.from_json(scan.flat)
        for pit, step in zip(inside.itertuples(), aside, strict=True):
            others = truth[(truth["field"] == pit.field) & (truth["id"] != pit.id)]
            if np.hypot(others["x_px"] - pit.x_px, others["y_px"] - pit.y_px).min() < 15:
                continue
            stack = project.images.read(rows[pit.field].batch, rows[pit.field].slot)
            place = (pit.x_px + step[0], pit.y_px + step[1])
            fit = fit_place(stack, scan.description, flat, place, 14.0, "", others)
            assert fit.why == "slopes" and fit.surface == pit.surface
            assert fit.surface_score is not None and fit.surface_score > 0.8
            assert np.hypot(fit.x_px - pit.x_px, fit.y_px - pit.y_px) < 2.0
            assert fit.minor_px / pit.minor_px == pytest.approx(1.0, abs=0.3)


def test_where_no_pit_is_a_round_mouth_stands_for_what_nobody_measured(worked: Path, foil: Path) -> None:
    truth = pd.read_csv(foil / "truth_c1.csv", dtype={"field": str})
    mine = truth[truth["field"] == "1"]
    grid = [(x, y) for x in range(30, 300, 15) for y in range(30, 220, 15)]
    empty = max(grid, key=lambda p: float(np.hypot(mine["x_px"] - p[0], mine["y_px"] - p[1]).min()))
    with Project.open(worked) as project:
        scan = project.catalogue.scan("c1")
        row = next(r for r in project.catalogue.field_rows(scan.scan_id) if r.field == "1")
        stack, flat = project.images.read(row.batch, row.slot), FlatField.from_json(scan.flat)
        fit = fit_place(stack, scan.description, flat, empty, 12.0)
    assert (fit.why, fit.surface, fit.major_px, fit.minor_px) == ("nothing explains them", "", 12.0, 12.0)
    assert (fit.x_px, fit.y_px, fit.azimuth_deg, fit.snr) == (*empty, None, None)
    assert "surface unknown" in fit.words


def test_a_single_picture_has_no_slopes_and_says_so() -> None:
    stack = np.random.default_rng(0).integers(90, 110, (1, 60, 80)).astype(np.uint8)
    description = ScanDescription("F", "s", (Channel(1, "single"),))
    fit = fit_place(stack, description, estimate_flat_field([stack]), (30.0, 20.0), 15.0, "top")
    assert (fit.why, fit.surface, fit.minor_px) == ("no slopes", "top", 15.0)
    assert "no slopes" in fit.words


def test_a_mouth_fitted_round_has_a_direction_as_pre_selection_tells_one() -> None:
    channels = tuple(Channel(k + 1, "rim", 90.0 * k) for k in range(4))
    flat = FlatField((ChannelFlat(((100.0, 100.0), (100.0, 100.0)), 20.0, 0.5, True, True),) * 4)
    y, x = np.mgrid[:120, :120] - 60.0
    wall = np.exp(-((np.hypot(x, y) - 4.0) ** 2) / 6.0) / np.maximum(np.hypot(x, y), 1.0)
    phi = np.radians([c.azimuth_deg for c in channels])[:, None, None]
    for seed in range(4):
        noise = np.random.default_rng(seed).normal(0, 0.5, (4, 120, 120))
        stack = 100.0 + 20.0 * wall * (x * np.cos(phi) + y * np.sin(phi)) + noise
        fit = fit_place(stack, ScanDescription("F", "s", channels), flat, (60.5, 59.5), 12.0)
        assert fit.why == "slopes" and fit.major_px < 1.3 * fit.minor_px
        assert fit.azimuth_deg is not None, "link leaves out mouths without a direction"
