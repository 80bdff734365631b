"""Maps become pits: measured again on the slopes, with dirt left out."""

import numpy as np
import pytest

from moedal_gui.core.pit import DETECTION_COLUMNS, empty_detections
from moedal_gui.core.scan import ScanDescription
from moedal_gui.imaging.flat_field import estimate_flat_field
from moedal_gui.preselect.methods import detect, detector_planes
from moedal_gui.preselect.shape_refit import refitted
from moedal_gui.simulate.scan import SimulationParameters, simulate_field
from moedal_gui.tasks.training.detectors import detector_of, shipped_detector


@pytest.fixture(scope="module")
def field():
    words = SimulationParameters(pits_low=40, pits_high=40, candidates=4, channels=8, field_size=(400, 320), h_px=12.0)
    return simulate_field(words, np.random.default_rng(77))


def described(field):
    return ScanDescription("f", "s", field.channels, polarity=field.polarity)


def test_a_wrong_mouth_is_put_right_by_the_slopes(field):
    """Axes that are 15 % off and centres off by a pixel come back to the truth."""
    planes = detector_planes(field.stack, described(field), estimate_flat_field([field.stack]), "slope")
    truth = field.truth[
        (field.truth["label"] != "misc") & field.truth["x_px"].between(25, 375) & field.truth["y_px"].between(25, 295)
    ]
    alone = [
        np.sort(np.hypot(field.truth["x_px"] - r.x_px, field.truth["y_px"] - r.y_px))[1] > 30
        for r in truth.itertuples()
    ]
    clear = truth[np.array(alone) & (truth["minor_px"] > 7)].reset_index(drop=True)
    assert len(clear) >= 5
    guess = empty_detections().reindex(range(len(clear)))
    for name in ("x_px", "y_px", "azimuth_deg", "surface"):
        guess[name] = clear[name]
    guess["x_px"] += 1.0
    guess["major_px"], guess["minor_px"] = 1.15 * clear["major_px"], 1.15 * clear["minor_px"]
    guess = guess.fillna({"surface_score": 1.0, "probability": 0.9, "snr": 1.0}).astype(DETECTION_COLUMNS)
    found = refitted(planes, guess, (clear["surface"] == "top").to_numpy())
    for name in ("major_px", "minor_px"):
        before = np.median(np.abs(np.log(guess[name] / clear[name])))
        assert np.median(np.abs(np.log(found[name] / clear[name]))) < 0.5 * before
    assert np.median(np.hypot(found["x_px"] - clear["x_px"], found["y_px"] - clear["y_px"])) < 0.5


@pytest.mark.parametrize("slope", [0.0, 0.1])
def test_what_every_lamp_shows_alike_is_no_pit(slope):
    planes = np.random.default_rng(1).normal(0, 0.03, (5, 120, 120)).astype(np.float32)
    y, x = np.mgrid[:120, :120]
    planes[0][np.hypot(x - 60, y - 60) < 7] = -4.0
    planes[1][np.hypot(x - 60, y - 60) < 7] += slope
    row = {"x_px": 60.0, "y_px": 60.0, "surface": "top", "surface_score": 1.0, "probability": 0.9, "major_px": 14.0, "minor_px": 13.0, "azimuth_deg": 0.0, "snr": 9.0}  # fmt: skip
    table = empty_detections().reindex([0]).assign(**row).astype(DETECTION_COLUMNS)
    assert len(refitted(planes, table, np.array([True]))) == 0


def test_no_picture_has_no_pits(field):
    shipped = shipped_detector("slope")
    assert shipped is not None
    learned = detector_of(shipped.folder)
    black = np.zeros_like(field.stack)
    found = detect(black, described(field), estimate_flat_field([field.stack]), "heatmap", learned)
    assert list(found.columns) == list(DETECTION_COLUMNS)
    assert len(found) == 0


def test_the_same_pits_whatever_the_lamps_order_and_zero(field):
    """Lamps in another order are the same field."""
    shipped = shipped_detector("slope")
    assert shipped is not None
    learned = detector_of(shipped.folder)
    first = detect(field.stack, described(field), estimate_flat_field([field.stack]), "heatmap", learned)
    order = np.random.default_rng(0).permutation(len(field.channels))
    turned = ScanDescription("f", "s", tuple(field.channels[i] for i in order), polarity=field.polarity)
    stack = field.stack[order]
    again = detect(stack, turned, estimate_flat_field([stack]), "heatmap", learned)
    assert len(first) > 20
    np.testing.assert_allclose(again["x_px"], first["x_px"], atol=1e-2)
    assert list(again["surface"]) == list(first["surface"])
