from __future__ import annotations

import dataclasses
import pickle
import subprocess
import sys
import warnings

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist

from moedal_gui.core.errors import DetectionError
from moedal_gui.core.pit import DETECTION_COLUMNS
from moedal_gui.core.scan import Channel, ScanDescription
from moedal_gui.imaging.normalise import estimate_flat_field
from moedal_gui.preselect.methods import chosen_method, detect
from moedal_gui.simulate.field import SimulatedField
from moedal_gui.simulate.scan import SimulationParameters, simulate_field


def _field(seed: int, pits: float = 10, channels: int = 10) -> SimulatedField:
    parameters = SimulationParameters(
        pits_low=4 * pits, pits_high=4 * pits, candidates=0, field_size=(320, 240), channels=channels
    )  # type: ignore[arg-type]
    return simulate_field(parameters, np.random.default_rng(seed))


def _description(field: SimulatedField, **changes: object) -> ScanDescription:
    plain = ScanDescription("foil", "scan", field.channels, polarity=field.polarity)
    return dataclasses.replace(plain, **changes)  # type: ignore[arg-type]


def _pairs(found: pd.DataFrame, truth: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    distance = cdist(found[["x_px", "y_px"]], truth[["x_px", "y_px"]])
    rows, columns = linear_sum_assignment(np.minimum(distance, 8.0))
    near = distance[rows, columns] < 8.0
    return rows[near], columns[near]


SEEDS = (103, 104, 108)


@pytest.fixture(scope="module")
def detected() -> dict[int, tuple[SimulatedField, pd.DataFrame]]:
    answers = {}
    for seed in SEEDS:
        field = _field(seed)
        answers[seed] = (field, detect(field.stack, _description(field), estimate_flat_field([field.stack])))
    return answers


def test_table_has_the_agreed_columns_and_ranges(detected):
    for _, found in detected.values():
        assert list(found.columns) == list(DETECTION_COLUMNS)
        assert {c: str(t) for c, t in found.dtypes.items()} == DETECTION_COLUMNS
        assert found.drop(columns=["major_error", "minor_error"]).notna().all().all()
        assert found["probability"].between(0.5, 1).all()
        assert found["surface_score"].between(0.5, 1).all()
        assert found["azimuth_deg"].between(0, 360, inclusive="left").all()
        assert (found["major_px"] >= found["minor_px"]).all()
        assert found["x_px"].between(-0.5, 319.5).all()


def test_pits_are_found_on_the_right_surface_and_dirt_is_not(detected):
    true = found_count = matched = right = 0
    for field, found in detected.values():
        rows, columns = _pairs(found, field.truth)
        true, found_count, matched = true + len(field.truth), found_count + len(found), matched + len(rows)
        names = found["surface"].to_numpy()[rows] == field.truth["surface"].to_numpy()[columns]
        right += int(names.sum())
    assert matched / true > 0.88
    assert matched / found_count > 0.88
    assert right / matched > 0.97


def test_ellipses_are_measured(detected):
    errors = []
    for field, found in detected.values():
        rows, columns = _pairs(found, field.truth)
        cone = (field.truth["label"] != "misc").to_numpy()[columns]
        mine, theirs = found.iloc[rows[cone]], field.truth.iloc[columns[cone]]
        errors.append(mine[["major_px", "minor_px"]].to_numpy() / theirs[["major_px", "minor_px"]].to_numpy() - 1)
    assert np.median(np.abs(np.concatenate(errors))) < 0.06


def test_polarity_and_orientation_name_the_surface(detected):
    field, found = detected[SEEDS[0]]
    flat = estimate_flat_field([field.stack])
    other = "inverted" if field.polarity == "lit" else "lit"
    swapped = {"top": "bottom", "bottom": "top"}
    for changes in ({"polarity": other}, {"orientation": "reverse"}):
        again = detect(field.stack, _description(field, **changes), flat)
        assert (again["surface"] == found["surface"].map(swapped)).all()


def test_four_lamps_a_dead_lamp_and_any_order_of_channels():
    field = _field(108, channels=4)
    found = detect(field.stack, _description(field), estimate_flat_field([field.stack]))
    assert len(_pairs(found, field.truth)[0]) > 0.75 * len(field.truth)
    field = _field(108)
    stack = field.stack.copy()
    stack[2], stack[5] = 0, 255
    order = np.random.default_rng(0).permutation(10)
    channels = tuple(field.channels[k] for k in order)
    description = _description(field, channels=channels)
    found = detect(stack[order], description, estimate_flat_field([stack[order]]))
    rows, columns = _pairs(found, field.truth)
    assert len(rows) > 0.8 * len(field.truth)
    assert (found["surface"].to_numpy()[rows] == field.truth["surface"].to_numpy()[columns]).mean() > 0.95


def test_a_field_of_nothing_gives_an_empty_table_without_a_word():
    field = _field(103)
    flat = estimate_flat_field([field.stack])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for value in (0, 255):
            stack = np.full_like(field.stack, value)
            for known in (flat, estimate_flat_field([stack])):
                found = detect(stack, _description(field), known)
                assert list(found.columns) == list(DETECTION_COLUMNS)
                assert len(found) == 0


def test_noise_alone_is_no_pit():
    field = _field(103)
    rng = np.random.default_rng(2)
    stack = np.clip(rng.normal(90, 3, field.stack.shape), 0, 255).astype(np.uint8)
    assert len(detect(stack, _description(field), estimate_flat_field([stack]))) <= 1


def test_method_follows_the_lamps():
    field = _field(103)
    flat = estimate_flat_field([field.stack])
    assert chosen_method("auto", _description(field), flat) == "divergence"
    one = _field(103, channels=1)
    assert chosen_method("auto", _description(one), estimate_flat_field([one.stack])) == "blob"
    with pytest.raises(DetectionError):
        detect(field.stack, _description(field), flat, "magic")  # type: ignore[arg-type]
    with pytest.raises(DetectionError):
        detect(one.stack, _description(one), estimate_flat_field([one.stack]), "divergence")
    with pytest.raises(DetectionError):
        detect(field.stack[:3], _description(field), flat)


@pytest.mark.parametrize("bright", [False, True])
def test_blobs_dark_or_bright_touching_or_alone(bright):
    y, x = np.mgrid[:200, :260].astype(float)
    centres = [(40, 50), (120, 60), (147, 60), (200, 140), (60, 150)]
    picture = np.full((200, 260), 150.0)
    for cx, cy in centres:
        picture -= 90 * np.clip(15.0 - np.hypot(x - cx, y - cy), 0, 1) * np.where(picture > 100, 1, 0)
    picture = (255 - picture if bright else picture) + np.random.default_rng(0).normal(0, 2, picture.shape)
    stack = np.clip(picture, 0, 255).astype(np.uint8)[None]
    description = ScanDescription("foil", "scan", (Channel(1, "single"),))
    found = detect(stack, description, estimate_flat_field([stack]))
    assert len(found) == 5
    assert cdist(found[["x_px", "y_px"]], centres).min(axis=0).max() < 2.0
    assert found["major_px"].between(26, 34).all()
    assert found["surface"].isna().all()
    assert {c: str(t) for c, t in found.dtypes.items()} == DETECTION_COLUMNS


def test_detect_can_be_sent_to_another_process_and_loads_nothing_heavy():
    assert pickle.loads(pickle.dumps(detect)) is detect
    code = "import sys, moedal_gui.preselect.methods; print([m for m in ('PySide6', 'torch', 'napari') if m in sys.modules])"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"
