"""The planes of a recipe: every scan speaks alike, nothing turns without its lamps."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moedal_gui.core.errors import RecipeError
from moedal_gui.core.examples import Examples
from moedal_gui.core.recipe import PAIR_NUMBERS, Recipe, from_plain, to_plain
from moedal_gui.core.scan import Channel, ScanDescription
from moedal_gui.imaging.flat_field import FlatField, estimate_flat_field
from moedal_gui.imaging.planes import (
    pair_crops,
    picture_crop,
    pit_crops,
    plane_group,
    planes_of,
    recipe_for,
    refusal,
)

EIGHT = tuple(45.0 * k for k in range(8))
FOUR = (0.0, 90.0, 180.0, 270.0)
RECIPES = (
    Recipe(),
    Recipe(("slope", "backlit")),
    Recipe(("rim",), azimuths_deg=EIGHT),
    Recipe(("rim", "halo"), azimuths_deg=FOUR),
    Recipe(view="pair"),
    Recipe(("rim",), azimuths_deg=EIGHT, view="pair"),
)


def _scan(azimuths: tuple[float, ...] = EIGHT, **words: object) -> ScanDescription:
    channels = tuple(Channel(k + 1, "rim", a) for k, a in enumerate(azimuths))
    return ScanDescription("f", "s", (*channels, Channel(len(channels) + 1, "backlit")), **words)  # type: ignore[arg-type]


def _field(scan: ScanDescription, size: tuple[int, int] = (96, 96)) -> tuple[np.ndarray, FlatField]:
    """A smooth bump under every lamp, as 8-bit pixels."""
    rng = np.random.default_rng(3)
    y, x = np.mgrid[: size[0], : size[1]]
    height = sum(
        np.exp(-((x - a) ** 2 + (y - b) ** 2) / 60.0) * c
        for a, b, c in zip(rng.uniform(10, 86, 9), rng.uniform(10, 86, 9), rng.choice([-1, 1], 9), strict=True)
    )
    gy, gx = np.gradient(height)
    pictures = [
        100 + 200 * (gx * np.cos(np.radians(c.azimuth_deg)) + gy * np.sin(np.radians(c.azimuth_deg)))
        if c.azimuth_deg is not None
        else 150 - 50 * np.abs(height)
        for c in scan.channels
    ]
    stack = np.clip(np.rint(np.stack(pictures)), 0, 255).astype(np.uint8)
    flat = estimate_flat_field([stack])
    # One grey everywhere and one contrast, so that the flat field itself has no direction.
    return stack, FlatField(tuple(replace(c, background=_even(c.background), contrast=40.0) for c in flat.channels))


def _even(grid: tuple[tuple[float, ...], ...]) -> tuple[tuple[float, ...], ...]:
    return tuple(tuple(100.0 for _ in row) for row in grid)


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda r: f"{'+'.join(r.planes)}-{r.view}-{len(r.azimuths_deg)}")
def test_exact_symmetries_compose_to_the_identity(recipe: Recipe) -> None:
    rng = np.random.default_rng(0)
    shape = (2, recipe.views, recipe.channels, 12, 12)
    examples = Examples(rng.normal(size=shape).astype("f"), rng.normal(size=(2, len(recipe.numbers))).astype("f"))
    for element in plane_group(recipe, resampling=False):
        seen = examples
        for _ in range(4):  # every element of the group of a square has an order that divides 4
            seen = element.applied(seen)
        np.testing.assert_array_equal(seen.pictures, examples.pictures)
        np.testing.assert_array_equal(seen.numbers, examples.numbers)


def test_a_pair_keeps_only_the_mirroring_at_its_line_and_the_rest_angle_changes_sign() -> None:
    first, mirror = plane_group(Recipe(view="pair"))
    numbers = np.ones((1, len(PAIR_NUMBERS)), np.float32)
    seen = mirror.applied(Examples(np.zeros((1, 2, 3, 8, 8), np.float32), numbers)).numbers[0]
    assert first.move.exact and seen[PAIR_NUMBERS.index("rest_sin")] == -1.0
    assert (np.delete(seen, PAIR_NUMBERS.index("rest_sin")) == 1.0).all()


@pytest.mark.parametrize("planes", [("slope",), ("rim",), ("rim", "slope", "backlit")])
def test_turning_a_scene_with_its_lamps_turns_the_planes(planes: tuple[str, ...]) -> None:
    scan = _scan()
    stack, flat = _field(scan)
    recipe = recipe_for(Recipe(planes), scan)  # type: ignore[arg-type]
    plain = planes_of(stack, scan, flat, recipe)
    for element in plane_group(recipe, resampling=False):
        matrix = element.move.matrix
        turned = [
            Channel(c.step, c.kind, None if c.azimuth_deg is None else _turned(c.azimuth_deg, matrix))
            for c in scan.channels
        ]
        pixels = np.stack([_moved(p, matrix) for p in stack])
        seen = planes_of(pixels, replace(scan, channels=tuple(turned)), flat, recipe)
        np.testing.assert_allclose(seen, element.moved(plain), atol=5e-3)


def _turned(azimuth: float, matrix: np.ndarray) -> float:
    x, y = matrix @ [np.cos(np.radians(azimuth)), np.sin(np.radians(azimuth))]
    return round(float(np.degrees(np.arctan2(y, x)) % 360.0), 6) % 360.0


def _moved(picture: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """A square picture moved point by point."""
    half = (len(picture) - 1) / 2
    y, x = np.mgrid[: len(picture), : len(picture)]
    back = np.linalg.inv(matrix) @ np.stack([(x - half).ravel(), (y - half).ravel()])
    columns, rows = np.rint(back + half).astype(int)
    return picture[rows, columns].reshape(picture.shape)


@pytest.mark.parametrize("change", [{"polarity": "inverted"}, {"orientation": "reverse"}])
@pytest.mark.parametrize("planes", [("slope",), ("rim",)])
def test_inverted_and_reverse_scans_speak_like_normal_ones(change: dict[str, str], planes: tuple[str, ...]) -> None:
    scan = _scan()
    stack, flat = _field(scan)
    plain = planes_of(stack, scan, flat, recipe_for(Recipe(planes), scan))  # type: ignore[arg-type]
    # Where walls shine the other way, each lamp shows what the opposite lamp shows elsewhere.
    order = [4, 5, 6, 7, 0, 1, 2, 3, 8]
    other = _scan(**change)
    swapped = FlatField(tuple(flat.channels[i] for i in order))
    seen = planes_of(stack[order], other, swapped, recipe_for(Recipe(planes), other))  # type: ignore[arg-type]
    np.testing.assert_allclose(seen, plain, atol=1e-4)


@settings(max_examples=40, deadline=None)
@given(st.floats(0, 359.9), st.floats(12, 40))
def test_the_partner_lies_ahead(direction: float, distance: float) -> None:
    planes = np.zeros((3, 160, 160), np.float32)
    step = distance * np.array([np.cos(np.radians(direction)), np.sin(np.radians(direction))])
    x, y = np.rint(80 + step).astype(int)
    planes[0, y, x] = 1.0
    recipe = Recipe(size=96, view="pair")
    crops, rest = pair_crops(planes, np.array([[80.0, 80.0]]), step[None], recipe)
    assert abs(rest[0]) <= np.pi / 4 + 1e-6
    row, column = np.argwhere(crops[0, 0, 0])[0] - 48
    seen = np.arctan2(row, column)
    assert abs((seen - rest[0] + np.pi) % (2 * np.pi) - np.pi) <= 2.0 / distance
    assert np.abs(np.argwhere(crops[0, 1, 0])[0] - 48).max() <= 1  # and in the middle of its own crop


def test_a_partner_outside_the_field_has_an_empty_crop() -> None:
    planes = np.ones((3, 60, 60), np.float32)
    crops, _ = pair_crops(planes, np.array([[50.0, 30.0]]), np.array([[40.0, 0.0]]), Recipe(view="pair"))
    assert crops[0, 0].any() and not crops[0, 1].any()


def test_a_lamp_that_is_missing_is_filled_in_from_the_others() -> None:
    scan = _scan()
    stack, flat = _field(scan)
    recipe = recipe_for(Recipe(("rim",)), scan)
    whole = planes_of(stack, scan, flat, recipe)
    broken = stack.copy()
    broken[2] = 0
    seen = planes_of(broken, scan, flat, recipe, missing=(3,))
    assert np.corrcoef(seen[2].ravel(), whole[2].ravel())[0, 1] > 0.95
    np.testing.assert_array_equal(np.delete(seen, 2, axis=0), np.delete(whole, 2, axis=0))


def test_one_lamp_alone_has_the_mirroring_at_its_own_line() -> None:
    scan = _scan()
    stack, flat = _field(scan)
    alone = Recipe(("rim",), azimuths_deg=(90.0,))
    assert refusal(alone, scan) == "" and len(plane_group(alone)) == 2
    whole = planes_of(stack, scan, flat, recipe_for(Recipe(("rim",)), scan))
    np.testing.assert_array_equal(planes_of(stack, scan, flat, alone)[0], whole[2])
    assert "lamps at" in refusal(Recipe(("rim",), azimuths_deg=(100.0,)), scan)


def test_what_a_recipe_refuses() -> None:
    rim = Recipe(("rim",), azimuths_deg=EIGHT)
    assert refusal(rim, _scan()) == "" and "lamps at" in refusal(rim, _scan(FOUR))
    assert refusal(Recipe(), _scan((10.0, 130.0, 250.0))) == ""
    assert "halo" in refusal(Recipe(("halo",)), _scan())
    assert "pixel size" in refusal(Recipe(size_um=180.0), _scan())
    assert refusal(Recipe(size_um=180.0), _scan(pixel_size_um=6.45)) == ""
    stack, flat = _field(_scan(FOUR))
    with pytest.raises(RecipeError, match="lamps at"):
        planes_of(stack, _scan(FOUR), flat, rim)


def test_um_recipes_see_the_same_piece_of_foil_at_any_magnification() -> None:
    y, x = np.mgrid[:200, :200]
    fine = np.exp(-((x - 100) ** 2 + (y - 100) ** 2) / 800.0)[None].astype(np.float32)
    coarse = np.exp(-((x - 50) ** 2 + (y - 50) ** 2) / 200.0)[None, :100, :100].astype(np.float32)
    recipe = Recipe(("single",), size=24, size_um=120.0)
    a = pit_crops(fine, [[100, 100]], recipe, pixel_size_um=1.5)
    b = pit_crops(coarse, [[50, 50]], recipe, pixel_size_um=3.0)
    np.testing.assert_allclose(a, b, atol=0.06)


def test_pictures_are_halved_and_padded_as_the_recipe_says() -> None:
    picture = np.arange(60 * 60, dtype=np.float32).reshape(60, 60)
    halved = picture_crop(picture, Recipe(("single",), size=32, fit="halve"))
    assert halved.shape == (1, 32, 32) and halved[0, 1, 1] == picture[:2, :2].mean()
    padded = picture_crop(picture[:10, :12], Recipe(("single",), size=32, fit="pad"))
    np.testing.assert_array_equal(padded[0, 11:21, 10:22], picture[:10, :12])
    cut = picture_crop(picture, Recipe(("single",), size=20, fit="cut", level=10.0, spread=2.0))
    np.testing.assert_array_equal(cut[0], (picture[20:40, 20:40] - 10.0) / 2.0)


@pytest.mark.parametrize("recipe", RECIPES, ids=str)
def test_recipes_go_to_plain_values_and_back(recipe: Recipe) -> None:
    assert from_plain(to_plain(recipe)) == recipe and len({r.hash for r in RECIPES}) == len(RECIPES)


def test_a_recipe_that_cannot_be_read_says_so() -> None:
    with pytest.raises(RecipeError):
        from_plain({"planes": ["slopes"], "azimuths_deg": []})
    with pytest.raises(RecipeError):
        from_plain({"size": 28})
