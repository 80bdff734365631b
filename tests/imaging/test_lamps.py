"""Lamps that are out are told from weak ones, and two taken for each other from a ring that is right."""

from __future__ import annotations

import numpy as np
import pytest

from moedal_gui.imaging.flat_field import FlatField, estimate_flat_field
from moedal_gui.imaging.lamps import out_here
from moedal_gui.imaging.light_check import lamp_offsets, likely_exchange, ring_products
from moedal_gui.imaging.normalise import normalise
from moedal_gui.simulate.scan import SimulationParameters, simulate_field


@pytest.fixture(scope="module")
def seen() -> tuple[np.ndarray, FlatField, list[float]]:
    """A field of eight lamps on grey ground, the flat field, and where the lamps stand."""
    words = SimulationParameters(pits_low=60, pits_high=60, candidates=3, channels=8, field_size=(384, 320))
    field = simulate_field(words, np.random.default_rng(5))
    return field.stack, estimate_flat_field([field.stack]), [float(c.azimuth_deg or 0.0) for c in field.channels]


def _dark(stack: np.ndarray, which: list[int]) -> np.ndarray:
    rng = np.random.default_rng(1)
    noisy = stack.copy()
    for k in which:
        noisy[k] = np.clip(np.rint(rng.normal(1.5, 0.8, stack.shape[1:])), 0, 255).astype(stack.dtype)
    return noisy


@pytest.mark.parametrize("which", [[], [2], [0, 3, 4, 5, 6], list(range(8))])
def test_noise_near_black_is_no_picture_however_many_lamps_are_out(seen, which: list[int]) -> None:  # type: ignore[no-untyped-def]
    stack, flat, _ = seen
    assert [k for k, out in enumerate(out_here(_dark(stack, which), flat)) if out] == which


@pytest.mark.parametrize("which", [[], [2], [0, 3, 4, 5, 6], [0, 1, 2, 3, 4, 6, 7]])
def test_a_scan_knows_which_of_its_lamps_never_burned(seen, which: list[int]) -> None:  # type: ignore[no-untyped-def]
    stack, _, _ = seen
    flat = estimate_flat_field([_dark(stack, which)] * 2)
    assert [k for k, channel in enumerate(flat.channels) if not channel.usable] == which


def test_a_weak_lamp_is_used(seen) -> None:  # type: ignore[no-untyped-def]
    stack, _, _ = seen
    weak = stack.copy()
    weak[1] = (0.2 * stack[1]).astype(stack.dtype)
    flat = estimate_flat_field([weak])
    assert all(channel.usable for channel in flat.channels) and not any(out_here(weak, flat))


@pytest.mark.parametrize("which", [[], [2], [1, 6]])
def test_on_black_ground_a_lamp_that_shows_no_pit_is_out_and_a_weak_one_is_not(seen, which: list[int]) -> None:  # type: ignore[no-untyped-def]
    stack, _, _ = seen
    ground = np.median(stack, axis=(1, 2), keepdims=True)
    night = np.clip(stack - ground + 2.0, 0, 255)
    night[4] = np.clip(0.4 * (night[4] - 2.0) + 2.0, 0, 255)
    night = np.rint(night + np.random.default_rng(2).normal(0, 0.8, night.shape)).clip(0, 255).astype(np.uint8)
    flat = estimate_flat_field([night])
    assert all(c.usable and not c.divides for c in flat.channels)
    assert [k for k, out in enumerate(out_here(_dark(night, which), flat)) if out] == which


def test_the_half_of_a_field_beside_the_sheet_puts_no_lamp_out(seen) -> None:  # type: ignore[no-untyped-def]
    stack, flat, _ = seen
    half = stack.copy()
    half[:, :, : stack.shape[2] * 6 // 10] = 1
    assert not any(out_here(half, flat))


def test_any_two_lamps_taken_for_each_other_are_found_and_a_right_ring_is_left_alone(seen) -> None:  # type: ignore[no-untyped-def]
    stack, flat, azimuths = seen
    products = ring_products(normalise(stack, flat))
    assert likely_exchange(products, azimuths) is None
    assert np.abs(lamp_offsets(products, azimuths)).max() < 25.0
    for i in range(8):
        for j in range(i):
            wrong = list(azimuths)
            wrong[i], wrong[j] = wrong[j], wrong[i]
            assert likely_exchange(products, wrong) == (j, i)


def test_a_ring_that_cannot_spare_a_lamp_is_judged_without_an_error(seen) -> None:  # type: ignore[no-untyped-def]
    stack, flat, _ = seen
    products = ring_products(normalise(stack, flat)[:6])
    assert lamp_offsets(products, [0.0, 10.0, 20.0, 30.0, 40.0, 180.0])[5] == 0.0
