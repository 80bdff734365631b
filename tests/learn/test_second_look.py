"""The second look: what it is taught is what is read from it, whatever way a pit lies, and its files are checked."""

import json

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from moedal_gui import paths
from moedal_gui.core.errors import ExpertError
from moedal_gui.core.second_look import ANSWERS, FACTS, SIDE
from moedal_gui.infer.detector import SecondLook
from moedal_gui.learn.detector.calibration import plain_card
from moedal_gui.learn.detector.second_look import (
    PICTURES,
    SecondLookNetwork,
    lesson,
    second_loss,
    turned,
    write_second_look,
)
from moedal_gui.preselect.heatmap import LearnedDetector, detect_by_heatmap
from moedal_gui.preselect.second_look import corrected, views
from moedal_gui.store.registry import Registry, checked_detector


def seen_as(x: float, y: float, half_major: float, half_minor: float, azimuth: float, far: bool = False) -> dict:
    """A row as the detector's maps give it."""
    return {
        "x_px": x, "y_px": y, "major_px": 2 * half_major, "minor_px": 2 * half_minor,
        "azimuth_deg": np.degrees(azimuth), "far": far, "logit": 2.0, "rival": -4.0,
    }  # fmt: skip


def cone(planes: np.ndarray, x: float, y: float, half_major: float, half_minor: float, azimuth: float) -> None:
    """Slopes of an elliptic cone, drawn into planes (5, H, W)."""
    rows, columns = np.mgrid[: planes.shape[1], : planes.shape[2]].astype(np.float64)
    dx, dy = columns - x, rows - y
    u = (dx * np.cos(azimuth) + dy * np.sin(azimuth)) / half_major
    v = (dy * np.cos(azimuth) - dx * np.sin(azimuth)) / half_minor
    rho = np.hypot(u, v) + 1e-9
    inside = 1.0 / (1.0 + np.exp(np.clip((rho - 1.0) * 12.0, -50, 50)))
    along, across = -u / rho / half_major, -v / rho / half_minor
    scale = half_minor * inside
    planes[1] += (along * np.cos(azimuth) - across * np.sin(azimuth)) * scale
    planes[2] += (along * np.sin(azimuth) + across * np.cos(azimuth)) * scale


@given(
    half_minor=st.floats(3, 12), ratio=st.floats(1.15, 2.5), azimuth=st.floats(-3.1, 3.1), wrong=st.floats(-0.25, 0.25),
    wrong_length=st.floats(-0.2, 0.2), off=st.floats(-0.3, 0.3), turn=st.floats(-0.3, 0.3), seed=st.integers(0, 99),
)  # fmt: skip
@settings(max_examples=60, deadline=None)
def test_the_answers_that_are_taught_bring_a_pit_to_its_true_mouth(
    half_minor, ratio, azimuth, wrong, wrong_length, off, turn, seed
):
    half_major = half_minor * ratio
    true = np.array([[50.0, 48.0, half_major, half_minor, azimuth, 0]], np.float32)
    table = pd.DataFrame(
        [
            seen_as(
                50.0 + off * half_minor, 48.0 - off * half_minor, half_major * np.exp(wrong + wrong_length),
                half_minor * np.exp(wrong), azimuth + turn,
            )
        ]
    )  # fmt: skip
    planes = np.random.default_rng(seed).normal(0, 0.05, (5, 100, 100)).astype(np.float32)
    taught = lesson(planes, true, table, 10)
    answers = np.zeros((1, len(ANSWERS)), np.float32)
    answers[:, :8] = taught.right
    assert taught.right[0, 0] == 1.0
    (found,) = corrected(table, answers).to_dict("records")
    assert (found["x_px"], found["y_px"]) == pytest.approx((50.0, 48.0), abs=1e-3)
    assert (found["major_px"], found["minor_px"]) == pytest.approx((2 * half_major, 2 * half_minor), rel=1e-3)
    assert np.cos(np.radians(found["azimuth_deg"]) - azimuth) == pytest.approx(1.0, abs=1e-3)


@given(azimuth=st.floats(-3.1, 3.1), half_minor=st.floats(5, 11), ratio=st.floats(1.0, 2.0), seed=st.integers(0, 99))
@settings(max_examples=25, deadline=None)
def test_pits_of_any_size_and_direction_look_alike(azimuth, half_minor, ratio, seed):
    random = np.random.default_rng(seed)
    looks = []
    for way, size in ((azimuth, half_minor), (0.0, 8.0)):
        planes = np.zeros((5, 120, 120), np.float32)
        planes[:3] += random.normal(0, 0.01, (3, 120, 120))
        cone(planes, 60.0, 60.0, size * ratio, size, way)
        looks.append(views(planes, pd.DataFrame([seen_as(60.0, 60.0, size * ratio, size, way)])).pictures[0, 1:3])
    assert np.corrcoef(looks[0].ravel(), looks[1].ravel())[0, 1] > 0.97


def test_a_neighbour_claims_its_ground_on_its_own_surface_only():
    planes = np.random.default_rng(0).normal(0, 0.05, (5, 100, 100)).astype(np.float32)
    rows = [seen_as(50, 50, 8, 6, 0.0), seen_as(60, 50, 8, 6, 0.0), seen_as(50, 60, 8, 6, 0.0, far=True)]
    same, other = views(planes, pd.DataFrame(rows)).pictures[0, 5:7]
    right, below = (slice(None), slice(-4, None)), (slice(-4, None), slice(None))
    assert same[right][SIDE // 2].min() > 0.5
    assert same[below][:, SIDE // 4].max() == 0.0
    assert other[below][:, SIDE // 2].min() > 0.5
    assert other[right][: SIDE // 4].max() == 0.0


def test_a_mirrored_or_turned_view_is_the_view_of_the_mirrored_or_turned_pit():
    """The mirror image of a picture, seen from the mirrored frame, is what `turned` makes of the view."""
    planes = np.zeros((5, 101, 101), np.float32)
    planes[:] = np.random.default_rng(1).normal(0, 0.02, planes.shape)
    cone(planes, 50.0, 50.0, 12.0, 7.0, 0.0)
    cone(planes, 62.0, 58.0, 9.0, 8.0, 1.0)
    mirrored = planes[:, ::-1].copy()
    mirrored[2] *= -1.0
    true = np.array([[51.0, 51.0, 11.0, 8.0, 0.4, 0]], np.float32)
    image = np.array([[51.0, 49.0, 11.0, 8.0, -0.4, 0]], np.float32)
    table = pd.DataFrame([seen_as(50, 50, 12, 7, 0.0)])
    plain, other = lesson(planes, true, table, 1), lesson(mirrored, image, table, 1)
    for seed in range(60):
        pictures, right = turned(plain.seen.pictures, plain.right, np.random.default_rng(seed))
        if np.allclose(right, other.right, atol=1e-4):
            assert np.abs(pictures - other.seen.pictures).max() < 1e-2
            return
    pytest.fail("no draw mirrored the view")


@pytest.fixture(scope="module")
def taught():
    """A network that has learnt to see how large round pits are."""
    random = np.random.default_rng(0)
    planes = random.normal(0, 0.02, (5, 400, 400)).astype(np.float32)
    pits, rows = [], []
    for y in range(20, 400, 40):
        for x in range(20, 400, 40):
            size = random.uniform(5, 12)
            cone(planes, x, y, size * 1.01, size, 0.0)
            pits.append([x, y, size * 1.01, size, 0.0, 0])
            guess = size * np.exp(random.normal(0, 0.2))
            rows.append(seen_as(x, y, guess * 1.01, guess, 0.0))
    true, table = np.array(pits, np.float32), pd.DataFrame(rows)
    lessons = [lesson(planes, true, table, 100, random) for _ in range(4)]
    pictures, facts, right = (
        torch.from_numpy(np.concatenate(parts))
        for parts in zip(*((one.seen.pictures, one.seen.facts, one.right) for one in lessons), strict=True)
    )
    torch.manual_seed(0)
    network = SecondLookNetwork()
    optimiser = torch.optim.AdamW(network.parameters(), lr=4e-3)
    for step in range(80):
        for group in optimiser.param_groups:
            group["lr"] = 4e-3 * (1.0 - step / 80)
        batch = torch.randint(len(right), (96,))
        loss = second_loss(network(pictures[batch], facts[batch]), right[batch])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    return network, planes, true, table


def test_it_brings_wrong_sizes_right(taught, tmp_path):
    network, planes, true, table = taught
    write_second_look(network, tmp_path / "s.onnx")
    seen = views(planes, table)
    found = corrected(table, SecondLook(plain_card("slope", 2), tmp_path / "s.onnx").answers(seen.pictures, seen.facts))
    before, after = (np.abs(np.log(t["minor_px"].to_numpy() / (2 * true[:, 3]))) for t in (table, found))
    assert np.median(after) < 0.5 * np.median(before)


def test_a_damaged_or_foreign_second_network_is_refused(taught, tmp_path):
    network, *_ = taught
    folder = tmp_path / "detectors" / "d" / "1"
    folder.mkdir(parents=True)
    shipped = Registry(paths.detectors()).entry("slopes")
    for file in shipped.folder.iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    card = checked_detector(folder)
    assert card.second
    (folder / card.second).write_bytes(b"not a network")
    with pytest.raises(ExpertError, match="not the file its card was written for"):
        checked_detector(folder)
    plain = json.loads((folder / "card.json").read_text())
    (folder / "card.json").write_text(json.dumps({**plain, "second": "../elsewhere.onnx"}))
    with pytest.raises(ExpertError, match="damaged"):
        checked_detector(folder)
    network.head[-1] = torch.nn.Linear(96, 4)
    write_second_look(network, tmp_path / "other.onnx")
    with pytest.raises(ExpertError, match="answers something else"):
        SecondLook(card, tmp_path / "other.onnx").answers(
            np.zeros((2, PICTURES, SIDE, SIDE), np.float32), np.zeros((2, len(FACTS)), np.float32)
        )


def test_a_field_of_noise_without_a_proposal_needs_no_second_look():
    maps = np.full((17, 32, 32), -9.0, np.float32)
    asked = LearnedDetector(plain_card("slope", 2), lambda _planes: maps, lambda *_: pytest.fail("asked of nothing"))
    planes = np.random.default_rng(0).normal(0, 1, (5, 64, 64)).astype(np.float32)
    assert detect_by_heatmap(planes, asked, ("top", "bottom")).empty
