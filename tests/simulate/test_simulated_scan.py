from __future__ import annotations

import json
import tomllib
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest

from moedal_gui.core.etching import partner_distance, track_from_mouth
from moedal_gui.imaging.harmonics import first_harmonic
from moedal_gui.imaging.normalise import estimate_flat_field, normalise
from moedal_gui.simulate.ground import rough_ground
from moedal_gui.simulate.scan import SimulationParameters, simulate_field, simulate_foil

SMALL = SimulationParameters(
    seed=5, columns=2, rows=2, pits_low=8, pits_high=30, candidates=12, field_size=(240, 180), h_px=8.0,
    surfaces_apart_px=60.0,
)  # fmt: skip


@pytest.fixture(scope="module")
def foil(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("fo il ü")
    calls: list[tuple[int, int]] = []
    folders = simulate_foil(out, SMALL, lambda done, total: calls.append((done, total)))
    assert [f.name for f in folders] == ["c1", "cr"]
    assert calls == [(k, 8) for k in range(1, 9)]
    return out


def _truth(out: Path, scan: str) -> pd.DataFrame:
    return pd.read_csv(out / f"truth_{scan}.csv", dtype={"field": str})


@pytest.mark.parametrize("scan", ["c1", "cr"])
def test_the_folder_is_what_the_lab_writes(foil, scan):
    text = tomllib.loads((foil / scan / "scan.toml").read_text(encoding="utf-8"))
    assert text["orientation"] == ("normal" if scan == "c1" else "reverse")
    assert len(text["channels"]) == 10
    assert len(text["datum"]) == 3
    positions = json.loads((foil / scan / text["positions"]["file"]).read_text())[scan]
    assert set(positions) == {"1", "2", "3", "4"}
    # Column by column, stage y up: field 2 lies below field 1, field 3 to the right of it.
    assert positions["2"][1] - positions["1"][1] == pytest.approx(-165 * 0.000254)
    assert positions["3"][0] - positions["1"][0] == pytest.approx(220 * 0.000254)
    for field in positions:
        for channel in text["channels"]:
            name = text["files"].format(field=field, step=channel["step"])
            picture = cv2.imdecode(np.fromfile(foil / scan / name, np.uint8), cv2.IMREAD_UNCHANGED)
            assert picture.shape == (180, 240)
            assert picture.dtype == np.uint8


def test_truth_is_a_label_file_and_doubles_share_their_id(foil):
    truth = _truth(foil, "c1")
    columns = [
        "foil", "scan", "field", "x_px", "y_px", "surface", "label", "annotator", "when", "pass",
        "id", "pair", "major_px", "minor_px",
    ]  # fmt: skip
    assert list(truth.columns)[: len(columns)] == columns
    assert set(truth["label"]) <= {"candidate", "top", "bottom", "misc"}
    assert truth["pair"].notna().equals(truth["label"] == "candidate")
    seen = truth.groupby("id")["field"].nunique()
    assert (seen > 1).any()
    again = truth.drop_duplicates(["id", "field"])
    assert len(again) == len(truth)


def test_pairs_lie_where_their_ellipse_says(foil):
    truth = _truth(foil, "c1")
    corner = {"1": (0, 0), "2": (0, 165), "3": (220, 0), "4": (220, 165)}
    whole = truth.drop_duplicates("id").copy()
    whole["x"] = whole["x_px"] + whole["field"].map(lambda f: corner[f][0])
    whole["y"] = whole["y_px"] + whole["field"].map(lambda f: corner[f][1])
    pairs = [g.sort_values("surface") for _, g in whole[whole["pair"].notna()].groupby("pair") if len(g) == 2]
    assert len(pairs) >= 3
    for pair in pairs:
        leaving, entry = pair.iloc[0], pair.iloc[1]
        _, dip = track_from_mouth(entry["major_px"], entry["minor_px"], 8.0)
        way = np.hypot(leaving["x"] - entry["x"], leaving["y"] - entry["y"])
        assert way == pytest.approx(float(partner_distance(dip, 60.0)), abs=3.0)
        assert entry["major_px"] == pytest.approx(leaving["major_px"])
        if way > 10:
            direction = np.degrees(np.arctan2(leaving["y"] - entry["y"], leaving["x"] - entry["x"]))
            assert abs((direction - entry["azimuth_deg"] + 180) % 360 - 180) < 15


def test_both_sides_show_the_same_pits_mirrored(foil):
    normal, reverse = (_truth(foil, s).drop_duplicates("id").set_index("id") for s in ("c1", "cr"))
    common = normal.index.intersection(reverse.index)
    assert len(common) > 0.6 * len(normal)
    assert (normal.loc[common, "surface"] == reverse.loc[common, "surface"]).all()
    turn = np.degrees(normal.loc[common, "azimuth_deg"] * np.pi / 180) + reverse.loc[common, "azimuth_deg"]
    assert (((turn - 180 + 180) % 360 - 180).abs() < 5).all()


def test_the_same_seed_gives_the_same_pixels_with_or_without_the_reverse_side(foil, tmp_path):
    one = SimulationParameters(**{**vars(SMALL), "both_sides": False})
    simulate_foil(tmp_path, one)
    name = "stackc1_s3_4.png"
    assert (tmp_path / "c1" / name).read_bytes() == (foil / "c1" / name).read_bytes()
    assert not (tmp_path / "cr").exists()


@pytest.mark.parametrize("channels", [10, 8, 4, 1])
@pytest.mark.parametrize("bits", [8, 16])
def test_channels_and_bits(channels, bits):
    parameters = SimulationParameters(channels=channels, bits=bits, field_size=(160, 120), candidates=0)
    field = simulate_field(parameters, np.random.default_rng(3))
    assert field.stack.shape == (channels, 120, 160)
    assert field.stack.dtype == (np.uint8 if bits == 8 else np.uint16)
    assert [c.kind for c in field.channels].count("rim") == {10: 8, 8: 8, 4: 4, 1: 0}[channels]


@pytest.mark.parametrize("seed", [11, 12, 13, 14])
def test_pits_of_the_two_surfaces_bend_light_oppositely(seed):
    parameters = SimulationParameters(pits_low=15, pits_high=15, candidates=0, field_size=(320, 240))
    field = simulate_field(parameters, np.random.default_rng(seed))
    rim = [i for i, c in enumerate(field.channels) if c.kind == "rim"]
    levelled = normalise(field.stack, estimate_flat_field([field.stack]))[rim]
    slope = first_harmonic(levelled, [field.channels[i].azimuth_deg or 0.0 for i in rim])
    smooth = [cv2.GaussianBlur(s, (0, 0), 2.5) for s in (slope.slope_x, slope.slope_y)]
    divergence = np.gradient(smooth[0], axis=1) + np.gradient(smooth[1], axis=0)
    inner = field.truth[field.truth["x_px"].between(8, 311) & field.truth["y_px"].between(8, 231)]
    at = divergence[np.rint(inner["y_px"]).astype(int), np.rint(inner["x_px"]).astype(int)]
    near = np.where(inner["surface"] == "top", -1, 1) * (1 if field.polarity == "lit" else -1)
    assert np.mean(np.sign(at) == near) > 0.7


def test_no_pits_is_a_field_too():
    parameters = SimulationParameters(pits_low=0, pits_high=0, candidates=0, field_size=(160, 120))
    field = simulate_field(parameters, np.random.default_rng(1))
    assert len(field.truth) == 0
    assert field.stack.any()


def test_rough_ground_is_as_rough_as_was_asked_and_moves_no_pit():
    heights = rough_ground(np.random.default_rng(3), (120, 160), 2, 0.03, 2.5)
    down, right = np.gradient(heights.astype(float), 0.5)
    assert np.sqrt((right**2).mean()) == pytest.approx(0.03, rel=0.1)
    assert np.sqrt((down**2).mean()) == pytest.approx(0.03, rel=0.2)
    smooth, rough = (
        simulate_field(replace(SMALL, channels=8, roughness=r), np.random.default_rng(7)) for r in (0.0, 0.03)
    )
    pd.testing.assert_frame_equal(smooth.truth, rough.truth)
    assert smooth.channels == rough.channels
    steps = [np.diff(cv2.GaussianBlur(f.stack[0].astype(float), (0, 0), 2.0), axis=1) for f in (smooth, rough)]
    noise = [float(np.median(np.abs(step))) for step in steps]
    assert noise[1] > 1.2 * noise[0]
