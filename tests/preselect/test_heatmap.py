"""Maps become pits: dirt and grain left out."""

import numpy as np
import pandas as pd
import pytest

from moedal_gui.analysis.matching import one_to_one
from moedal_gui.core.pit import DETECTION_COLUMNS, empty_detections
from moedal_gui.core.scan import ScanDescription
from moedal_gui.imaging.flat_field import estimate_flat_field
from moedal_gui.preselect.heatmap import without_dirt, without_faint
from moedal_gui.preselect.methods import detect, detector_planes
from moedal_gui.simulate.scan import SimulationParameters, simulate_field
from moedal_gui.tasks.training.detectors import detector_of, shipped_detector


@pytest.fixture(scope="module")
def field():
    words = SimulationParameters(pits_low=40, pits_high=40, candidates=4, channels=8, field_size=(400, 320), h_px=12.0)
    return simulate_field(words, np.random.default_rng(77))


def described(field):
    return ScanDescription("f", "s", field.channels, polarity=field.polarity)


def _one(**more):
    row = {"x_px": 60.0, "y_px": 60.0, "surface": "top", "surface_score": 1.0, "probability": 0.9, "major_px": 14.0, "minor_px": 13.0, "azimuth_deg": 0.0, "snr": 9.0} | more  # fmt: skip
    return empty_detections().reindex([0]).assign(**row).astype(DETECTION_COLUMNS)


@pytest.mark.parametrize("slope", [0.0, 0.2])
def test_what_every_lamp_shows_alike_is_no_pit(slope):
    planes = np.random.default_rng(1).normal(0, 0.03, (5, 120, 120)).astype(np.float32)
    y, x = np.mgrid[:120, :120]
    planes[0][np.hypot(x - 60, y - 60) < 7] = -4.0
    planes[1][np.hypot(x - 60, y - 60) < 7] += slope
    assert len(without_dirt(planes, _one())) == 0


def test_true_pits_are_no_dirt(field):
    planes = detector_planes(field.stack, described(field), estimate_flat_field([field.stack]), "slope")
    truth = field.truth[field.truth["label"] != "misc"].reset_index(drop=True)
    table = pd.concat(
        [_one(**{n: r[n] for n in ("x_px", "y_px", "major_px", "minor_px")}) for _, r in truth.iterrows()]
    )
    assert len(without_dirt(planes, table)) == len(truth)


def test_grain_beside_dark_pits_is_left_out_and_pits_half_as_dark_stay():
    table = pd.concat(
        [_one(snr=snr, probability=p) for snr, p in ((100.0, 0.99), (90.0, 0.98), (45.0, 0.6), (9.0, 0.5))]
    )
    assert list(without_faint(table)["snr"]) == [100.0, 90.0, 45.0]
    assert len(without_faint(table.iloc[:0])) == 0


def test_no_picture_has_no_pits(field):
    shipped = shipped_detector("slope")
    assert shipped is not None
    learned = detector_of(shipped.folder)
    black = np.zeros_like(field.stack)
    found = detect(black, described(field), estimate_flat_field([field.stack]), "heatmap", learned)
    assert list(found.columns) == list(DETECTION_COLUMNS)
    assert len(found) == 0


def test_a_field_half_black_keeps_the_pits_of_the_other_half(field):
    """Where most pixels say nothing, the median of the noise says nothing either."""
    shipped = shipped_detector("slope")
    assert shipped is not None
    learned = detector_of(shipped.folder)
    flat = estimate_flat_field([field.stack])
    half = field.stack.copy()
    half[:, :, :260] = 0
    whole, rest = (detect(stack, described(field), flat, "heatmap", learned) for stack in (field.stack, half))
    assert not rest["x_px"].between(0, 225).any()
    assert (rest["x_px"] > 295).sum() == (whole["x_px"] > 295).sum() > 2


@pytest.mark.parametrize("roughness", [0.01, 0.04])
def test_rough_ground_has_no_pits(roughness):
    """An etched surface is never quite smooth: its bumps, a hundredth of a pit's slopes, are many."""
    shipped = shipped_detector("slope")
    assert shipped is not None
    words = SimulationParameters(
        pits_low=25, pits_high=25, candidates=4, channels=8, field_size=(512, 512), h_px=12.0, roughness=roughness
    )
    for seed in (3, 4):
        rough = simulate_field(words, np.random.default_rng(seed))
        flat = estimate_flat_field([rough.stack])
        found = detect(rough.stack, described(rough), flat, "heatmap", detector_of(shipped.folder))
        truth = rough.truth[["x_px", "y_px"]].to_numpy(float)
        rows, _ = one_to_one(found[["x_px", "y_px"]].to_numpy(), truth, 4.0)
        assert len(rows) >= 0.85 * len(truth)
        assert len(found) - len(rows) <= 0.1 * len(truth) + 1


def test_ground_as_rough_as_shallow_pits_floods_nothing_but_a_list_that_shall_keep_all():
    shipped = shipped_detector("slope")
    assert shipped is not None
    words = SimulationParameters(
        pits_low=40, pits_high=40, candidates=4, channels=8, field_size=(512, 512), h_px=12.0, roughness=0.1
    )
    rough = simulate_field(words, np.random.default_rng(5))
    flat = estimate_flat_field([rough.stack])
    truth = rough.truth[["x_px", "y_px"]].to_numpy(float)
    counts = []
    for everything in (False, True):
        learned = detector_of(shipped.folder, everything=everything)
        found = detect(rough.stack, described(rough), flat, "heatmap", learned)
        rows, _ = one_to_one(found[["x_px", "y_px"]].to_numpy(), truth, 4.0)
        counts.append((len(rows), len(found) - len(rows)))
    (right, false), (most_right, most_false) = counts
    assert most_right >= right >= 0.75 * len(truth) and false <= 0.5 * len(truth) < most_false


def test_the_errors_stated_are_those_that_are_made(field):
    shipped = shipped_detector("slope")
    assert shipped is not None
    found = detect(
        field.stack, described(field), estimate_flat_field([field.stack]), "heatmap", detector_of(shipped.folder)
    )
    truth = field.truth[field.truth["label"] != "misc"]
    off = []
    for surface in ("top", "bottom"):
        mine, true = found[found["surface"] == surface], truth[truth["surface"] == surface]
        rows, columns = one_to_one(mine[["x_px", "y_px"]].to_numpy(), true[["x_px", "y_px"]].to_numpy(float), 4.0)
        for axis in ("major", "minor"):
            error = np.log(mine[f"{axis}_px"].to_numpy()[rows] / true[f"{axis}_px"].to_numpy(float)[columns])
            off.append(error / mine[f"{axis}_error"].to_numpy()[rows])
    every = np.concatenate(off)
    assert len(every) > 40
    assert 0.4 < 1.4826 * np.median(np.abs(every)) < 1.6


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
