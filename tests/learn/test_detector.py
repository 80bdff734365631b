"""What a detector is taught: turned windows keep their pits, maps say what was put into them, training goes on."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from moedal_gui.core.detector_card import MAPS, STRIDE, DetectorCard
from moedal_gui.core.errors import CancelledError, ExpertError, TrainingError
from moedal_gui.infer.detector import Detector
from moedal_gui.learn.detector.calibration import Found, calibrated, figures, look, plain_card, thresholds
from moedal_gui.learn.detector.examples import (
    AZIMUTH,
    MAJOR,
    MINOR,
    Targets,
    TaughtField,
    X,
    Y,
    boxed_targets,
    rough_slopes,
    targets,
    window,
)
from moedal_gui.learn.detector.loss import losses
from moedal_gui.learn.detector.network import DetectorNetwork
from moedal_gui.learn.detector.outcome import put_in_place, torch_maps, write_detector
from moedal_gui.learn.detector.settings import WIDTHS_TO_BOXES, DetectorSettings
from moedal_gui.learn.detector.trainer import DetectorTraining
from moedal_gui.learn.detector.whole_numbers import in_whole_numbers, write_whole_numbers
from moedal_gui.preselect.heatmap import LearnedDetector, detect_by_heatmap, probability
from moedal_gui.store.registry import Registry, checked_detector
from moedal_gui.store.training_folder import TrainingFolder


def cone_field(seed: int = 0, size: int = 160, count: int = 12) -> TaughtField:
    """Round pits whose slopes point to their centres (near) or away from them (far)."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[:size, :size].astype(np.float32)
    planes = random.normal(0.0, 0.05, (5, size, size)).astype(np.float32)
    planes[3:] = 0.0
    pits = []
    for k in range(count):
        cx, cy, radius, side = *random.uniform(8, size - 8, 2), random.uniform(4, 8), k % 2
        dx, dy = cx - x, cy - y
        distance = np.hypot(dx, dy) + 1e-6
        inside = distance < radius
        for plane, way in ((1, dx), (2, dy)):
            planes[plane][inside] += ((1.0 if side == 0 else -1.0) * way / distance)[inside]
        pits.append([cx, cy, radius, radius, 0.0, side])
    return TaughtField(planes, np.array(pits, np.float32))


def read_back(heat: np.ndarray, shape: np.ndarray, near: np.ndarray) -> np.ndarray:
    """The detector's own reading of maps that say exactly what was taught."""
    maps = np.zeros((2 * len(MAPS) + 1, *heat.shape[1:]), np.float32)
    for side in range(2):
        exact = np.clip(heat[side], 1e-6, 1 - 1e-6)
        maps[side * len(MAPS)] = np.log(exact / (1 - exact))
        maps[side * len(MAPS) + 1 : (side + 1) * len(MAPS)] = shape[side]
    del near
    planes = np.ones((5, heat.shape[1] * STRIDE, heat.shape[2] * STRIDE), np.float32)
    card = plain_card("slope", 2)
    return detect_by_heatmap(planes, LearnedDetector(card, lambda _planes: maps), ("top", "bottom"), 0.9)


@given(
    x=st.floats(10, 110), y=st.floats(10, 110), major=st.floats(4, 15), ratio=st.floats(1.1, 2.5), angle=st.floats(-3, 3),
    side=st.integers(0, 1),
)  # fmt: skip
@settings(max_examples=60, deadline=None)
def test_what_the_maps_are_taught_is_what_is_read_from_them(x, y, major, ratio, angle, side):
    pits = np.array([[x, y, major, major / ratio, angle, side]], np.float32)
    table = read_back(*targets(pits, 2, (64, 64)))
    assert len(table) == 1
    (found,) = table.to_dict("records")
    assert (found["x_px"], found["y_px"]) == pytest.approx((x, y), abs=0.01)
    assert (found["major_px"], found["minor_px"]) == pytest.approx((2 * major, 2 * major / ratio), rel=1e-3)
    assert np.cos(np.radians(found["azimuth_deg"]) - angle) == pytest.approx(1.0, abs=1e-3)
    assert found["surface"] == ("top", "bottom")[side]


@given(
    x=st.floats(40, 90), y=st.floats(40, 90), major=st.floats(4, 30), ratio=st.floats(1.1, 6.0), angle=st.floats(-3, 3),
)  # fmt: skip
@settings(max_examples=40, deadline=None)
def test_of_boxed_pits_place_and_shape_are_read_as_taught_and_the_tip_is_left_alone(x, y, major, ratio, angle):
    row = [x, y, major, major / ratio, angle, 0]

    def loss(*changed: float) -> float:
        heat, shape, near = (part[None] for part in boxed_targets(np.array([row], np.float32), 1, (64, 64)))
        said = boxed_targets(np.array([changed], np.float32), 1, (64, 64))[1]
        blank = np.zeros((1, 64, 64), np.float32)
        maps = np.concatenate([np.full((1, 64, 64), -4.0, np.float32), said[0], blank])[None]
        return losses(torch.from_numpy(maps), Targets(heat, shape, near, blank - 1, blank + 1), 1, boxed=True).shape

    assert loss(*row) < 1e-4
    assert loss(*row[:4], angle + np.pi, 0) < 1e-3
    assert loss(x, y, 1.5 * major, major / ratio, angle, 0) > 0.05
    heat, shape, _ = boxed_targets(np.array([row], np.float32), 1, (64, 64))
    top = np.unravel_index(np.argmax(heat[0]), heat[0].shape)
    dx, dy = shape[0, :2, top[0], top[1]]
    assert (STRIDE * (top[1] + dx) + 0.5, STRIDE * (top[0] + dy) + 0.5) == pytest.approx((x, y), abs=0.01)


@given(seed=st.integers(0, 10_000))
@settings(max_examples=25, deadline=None)
def test_a_turned_window_shows_its_pits_where_it_says(seed):
    """At the place a target names, the slopes still point to it (near) or away from it (far)."""
    field = cone_field(3)
    planes, wanted = window(field, 96, 2, np.random.default_rng(seed), True)
    y, x = np.mgrid[:96, :96].astype(np.float32)
    for side, sign in ((0, 1.0), (1, -1.0)):
        for row, column in np.argwhere(wanted.near[side] == 1.0):
            dx, dy, size = wanted.shape[side][:3, row, column]
            cx, cy = (STRIDE * (v + d) + 0.5 * (STRIDE - 1) for v, d in ((column, dx), (row, dy)))
            away = np.hypot(cx - x, cy - y)
            ring = (away < 0.8 * np.exp(size)) & (away > 1.5)
            others = [
                p for p in np.argwhere(wanted.near.max(axis=0) == 1.0) if np.hypot(2 * p[1] - cx, 2 * p[0] - cy) < 22
            ]
            if ring.sum() < 20 or len(others) > 1:
                continue
            inward = (planes[1] * (cx - x) + planes[2] * (cy - y))[ring] / away[ring]
            assert sign * inward.mean() > 0.1


def test_a_mirrored_window_keeps_the_sense_of_the_azimuth():
    field = TaughtField(np.zeros((5, 64, 64), np.float32), np.array([[32, 32, 9, 5, 0.7, 0]], np.float32))
    seen = set()
    for seed in range(100):
        _, wanted = window(field, 64, 2, np.random.default_rng(seed), True)
        at = np.argwhere(wanted.near[0] == 1.0)
        if len(at):
            sense = wanted.shape[0][5:, at[0][0], at[0][1]]
            seen.add(round(float(np.degrees(np.arctan2(sense[1], sense[0]))) % 360.0, 0))
    azimuth = float(np.degrees(np.float32(0.7)))
    eight = {round((s * azimuth + 90 * k) % 360.0, 0) for s in (1, -1) for k in range(4)}
    assert eight <= seen and len(seen) < 100


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = TrainingFolder(tmp_path_factory.mktemp("training"))
    fields = [cone_field(k) for k in range(8)]
    settings = DetectorSettings(steps=100, batch=3, window_px=64, learning_rate=4e-3)
    training = DetectorTraining(folder, fields, settings, threads=2)
    training.until(1.0)
    return folder, fields, settings, training


def test_it_learns_pits_of_both_surfaces_and_knows_how_sure_it_is(trained, tmp_path):
    *_, training = trained
    held = [cone_field(100 + k) for k in range(6)]
    entry = put_in_place(training.run, Registry(tmp_path / "detectors", write=True), "d", "slope", held, {}, "drawn")
    card = checked_detector(entry.folder)
    assert card.metrics["f1"]["value"] > 0.8
    assert card.onnx_difference < 1e-3
    detector = Detector(card, entry.folder / card.file, threads=1)
    fields = [cone_field(500 + k) for k in range(4)]
    table = pd.concat(
        [
            detect_by_heatmap(f.planes, LearnedDetector(card, detector.maps), ("top", "bottom")).assign(field=k)
            for k, f in enumerate(fields)
        ]
    )
    right = []
    for row in table.to_dict("records"):
        pits = fields[row["field"]].pits
        nearest = pits[np.argmin(np.hypot(pits[:, X] - row["x_px"], pits[:, Y] - row["y_px"]))]
        right.append(row["surface"] == ("top", "bottom")[int(nearest[5])])
    assert len(right) > 10 and np.mean(right) > 0.9
    chances = [p for _, p in card.probability]
    assert chances == sorted(chances)
    found = look(LearnedDetector(plain_card("slope", 2), detector.maps), held)
    chance = probability(card, found.logit)
    assert abs(chance.sum() - found.right.sum()) < 0.15 * found.right.sum()


def test_whole_numbers_say_what_fractions_say(trained, tmp_path):
    *_, training = trained
    network = training.run.network()
    exact, whole = tmp_path / "exact.onnx", tmp_path / "whole.onnx"
    write_detector(network, 5, exact)
    shown = [{"planes": np.asarray(cone_field(200 + k).planes, np.float32)[None]} for k in range(4)]
    write_whole_numbers(exact, whole, shown)
    assert in_whole_numbers(whole) and not in_whole_numbers(exact)
    assert whole.stat().st_size < 0.4 * exact.stat().st_size
    planes = np.asarray(cone_field(300).planes, np.float32)
    one, other = (Detector(plain_card("slope", 2), path, threads=1).maps(planes) for path in (exact, whole))
    there = one[0] > -1.0
    assert there.sum() > 5
    assert np.abs(one[0] - other[0])[there].mean() < 0.3


def test_a_network_that_cannot_be_shown_anything_is_refused_in_one_sentence(trained, tmp_path):
    exact = tmp_path / "exact.onnx"
    write_detector(trained[-1].run.network(), 5, exact)
    with pytest.raises(TrainingError, match="whole numbers"):
        write_whole_numbers(exact, tmp_path / "whole.onnx", [])


def test_tiles_change_nothing(trained):
    *_, training = trained
    network = training.run.network()
    path = Path(trained[0].path) / "tiles.onnx"
    write_detector(network, 5, path)
    planes = np.random.default_rng(0).normal(0, 1, (5, 301, 517)).astype(np.float32)
    detector = Detector(plain_card("slope", 2), path, threads=1)
    whole = detector.maps(planes, tile_px=1024)
    assert whole.shape == (17, 151, 259)
    assert np.abs(detector.maps(planes, tile_px=128) - whole).max() < 1e-3
    assert np.abs(torch_maps(network, planes) - whole).max() < 1e-3


def test_a_training_cut_short_goes_on_as_if_it_had_not_been(tmp_path):
    fields = [cone_field(k, size=96, count=4) for k in range(2)]
    settings = DetectorSettings(steps=100, batch=2, window_px=64)
    whole = DetectorTraining(TrainingFolder(tmp_path / "a"), fields, settings, threads=1)
    whole.until(1.0)
    half = DetectorTraining(TrainingFolder(tmp_path / "b"), fields, settings, threads=1)
    half.until(0.5)
    again = DetectorTraining(TrainingFolder(tmp_path / "b"), fields, settings, threads=1)
    assert again.run.share == 0.5
    again.until(1.0)
    for name, values in whole.run.weights.items():
        assert np.allclose(again.run.weights[name], values, atol=1e-6), name


def test_cancel_stops_between_steps_and_keeps_the_last_round(tmp_path):
    folder = TrainingFolder(tmp_path)
    training = DetectorTraining(
        folder, [cone_field(0, size=96, count=4)], DetectorSettings(steps=100, batch=2, window_px=64)
    )
    training.until(0.5)
    folder.cancel()
    with pytest.raises(CancelledError):
        training.until(1.0)
    assert folder.fold("detector", 0).checkpoint()[1]["step"] == 50


def test_nothing_is_taught_where_nobody_has_looked():
    field = cone_field(1, size=96)
    known = np.zeros((96, 96), dtype=bool)
    known[:, :48] = True
    for seed in range(8):
        _, wanted = window(replace(field, known=known), 96, 2, np.random.default_rng(seed), True)
        assert 0.1 < wanted.seen.mean() < 0.75


def test_the_calibration_is_honest_about_a_detector_that_guesses():
    field = cone_field(2)
    random = np.random.default_rng(0)

    def guesses(planes):
        maps = np.zeros((17, planes.shape[1] // 2, planes.shape[2] // 2), np.float32)
        maps[[0, 8]] = random.normal(0, 2, (2, *maps.shape[1:]))
        return maps

    found = look(LearnedDetector(plain_card("slope", 2), guesses), [field] * 3)
    knots = calibrated(found)
    assert max(p for _, p in knots) < 0.3
    chance = probability(replace(plain_card("slope", 2), probability=knots), found.logit)
    points = thresholds(found, chance)
    assert figures(found, chance, points["best_f1"])["f1"]["value"] < 0.3


def test_what_a_detector_keeps_is_counted_where_a_list_can_be_had():
    """Of a thin field all pits are sure, of a dense one half are missed: that half says nothing about thin fields."""
    right = np.ones(150, dtype=bool)
    chance = np.concatenate([np.linspace(0.6, 0.99, 50), np.full(100, 0.3)])
    field = np.repeat([0, 1], [50, 100])
    found = Found(np.zeros(150), right, field, np.array([50, 200]), np.array([50.0, 2000.0]))
    points = thresholds(found, chance)
    card = replace(plain_card("slope", 2), thresholds=points)
    assert card.keeping(0.9) >= 0.6 and (chance[:50] >= card.keeping(0.9)).mean() >= 0.9
    assert card.keeping(0.9) >= card.keeping(0.96) == points["keeps_0.96"]
    with pytest.raises(ExpertError, match="keeps fewer pits than 1"):
        card.keeping(1.0)


@pytest.mark.parametrize("widths", [(), (4, 6, 8, 10, 12)])
def test_a_network_sees_no_farther_than_it_says(widths):
    """Tiles overlap by that much; and the last column of an odd number of cells counts, too."""
    torch.manual_seed(0)
    network = DetectorNetwork(1, 1, widths).eval()
    side = 2 * network.reach_px + 48
    planes = torch.rand(1, 1, side, side, requires_grad=True)
    middle = side // 4
    network(planes)[0, :, middle, middle].sum().backward()
    assert planes.grad is not None
    rows = np.flatnonzero(planes.grad[0, 0].abs().numpy().max(axis=1))
    assert network.reach_px % 32 == 0
    for end in (rows[0], rows[-1]):
        assert 0.4 * network.reach_px < abs(end - 2 * middle) <= network.reach_px
    assert network(torch.rand(1, 1, 80, 48)).shape == (1, 9, 40, 24)


def test_the_network_stays_small():
    for network in (DetectorNetwork(5, 2), DetectorNetwork(1, 1, WIDTHS_TO_BOXES)):
        assert sum(p.numel() for p in network.parameters()) < 2_500_000
    assert isinstance(plain_card("picture", 1), DetectorCard)
    assert MAJOR < MINOR < AZIMUTH


def test_weights_of_another_view_are_refused_in_words() -> None:
    from moedal_gui.learn.detector.run import DetectorRun

    slopes = DetectorRun(5, DetectorSettings(seed=1)).weights
    assert np.array_equal(
        DetectorRun(5, DetectorSettings(seed=2), slopes).weights["stem.0.0.weight"], slopes["stem.0.0.weight"]
    )
    with pytest.raises(TrainingError, match="another network"):
        DetectorRun(1, DetectorSettings(surfaces=1, seed=2), slopes)


@given(seed=st.integers(0, 10_000))
@settings(max_examples=20, deadline=None)
def test_rough_ground_is_a_surface(seed):
    """Its slopes are those of one height: no closed way leads uphill; and they have the strength that is said."""
    slopes = rough_slopes((96, 128), np.random.default_rng(seed)).astype(np.float64)
    assert np.sqrt((slopes**2).mean()) == pytest.approx(1.0, abs=1e-3)
    ky, kx = 2 * np.pi * np.fft.fftfreq(96)[:, None], 2 * np.pi * np.fft.fftfreq(128)[None, :]
    wave = np.fft.fft2(slopes)
    turning = np.abs(kx * wave[1] - ky * wave[0])[:48, :64]
    assert turning.max() < 0.02 * np.abs(np.hypot(kx, ky) * np.abs(wave).max()).max()
