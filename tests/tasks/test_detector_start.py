"""What a detector's training begins with."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from moedal_gui import paths
from moedal_gui.learn.detector.settings import WIDTHS_TO_BOXES
from moedal_gui.tasks.training.detector_start import from_bytes, in_bytes, start_for_boxes, start_of
from moedal_gui.tasks.training.detectors import shipped_detector


@given(seed=st.integers(0, 1000), power=st.floats(-20, 20))
@settings(max_examples=40, deadline=None)
def test_weights_come_back_from_eight_bits_within_half_a_step(seed: int, power: float) -> None:
    random = np.random.default_rng(seed)
    weights = {
        "conv.weight": (10.0**power * random.normal(0, 1, (6, 3, 3, 3))).astype(np.float32),
        "nothing.weight": np.zeros((2, 4, 1, 1), np.float32),
        "norm.bias": random.normal(0, 1, 6).astype(np.float32),
        "norm.count": np.array(7),
    }
    packed = in_bytes(weights)
    back = from_bytes(packed)
    assert set(back) == set(weights) and packed["bytes/conv.weight"].dtype == np.int8
    step = np.abs(weights["conv.weight"]).max(axis=(1, 2, 3), keepdims=True) / 127
    assert (np.abs(back["conv.weight"] - weights["conv.weight"]) <= 0.501 * step + 1e-12).all()
    for name in ("nothing.weight", "norm.bias", "norm.count"):
        assert np.array_equal(back[name], weights[name])


def test_boxes_begin_with_shipped_weights_of_the_deeper_network() -> None:
    from moedal_gui.learn.detector.run import DetectorRun
    from moedal_gui.learn.detector.settings import DetectorSettings

    start = start_for_boxes()
    assert start is not None and start.widths == WIDTHS_TO_BOXES
    weights = start.weights()
    assert weights is not None
    run = DetectorRun(1, DetectorSettings(surfaces=1, widths=start.widths), weights)
    assert np.array_equal(run.weights["stem.0.0.weight"], weights["stem.0.0.weight"])
    shipped = shipped_detector("slope")
    assert shipped is not None
    assert start_of(shipped).widths == () and start_of(shipped).second is not None


def test_what_is_shipped_stays_small() -> None:
    files = [p for folder in (paths.models(), paths.detectors()) for p in folder.rglob("*") if p.is_file()]
    assert sum(p.stat().st_size for p in files) < 20e6
