"""Every network takes every recipe it says it takes, stays small, and the equivariant one is what it says."""

from pathlib import Path

import numpy as np
import pytest
import torch
from drawn_examples import PAIR, PIT

from moedal_gui.core.card import ExpertCard
from moedal_gui.core.errors import TrainingError
from moedal_gui.core.examples import Examples
from moedal_gui.core.recipe import PAIR_NUMBERS, Recipe
from moedal_gui.imaging.planes import plane_group
from moedal_gui.infer.expert import Expert
from moedal_gui.learn.input_symmetry import invariant_scale
from moedal_gui.learn.networks import build, described, multiplications
from moedal_gui.learn.outputs import logits_of
from moedal_gui.learn.settings import NETWORKS, TrainingSettings
from moedal_gui.learn.to_onnx import write_onnx
from moedal_gui.learn.trunks import TRUNKS

EIGHT = tuple(float(a) for a in range(0, 360, 45))
RIM = Recipe(planes=("rim", "backlit"), size=12, azimuths_deg=EIGHT)
RIM_PAIR = Recipe(planes=("rim", "slope"), size=12, azimuths_deg=EIGHT, view="pair")
PICTURE = Recipe(planes=("single",), size=20, normalisation="picture", level=8.0, spread=30.0)


def random_examples(recipe: Recipe, count: int = 6, seed: int = 0) -> Examples:
    random = np.random.default_rng(seed)
    shape = (count, recipe.views, recipe.channels, recipe.size, recipe.size)
    numbers = random.normal(size=(count, len(recipe.numbers)))
    return Examples(random.normal(0.3, 1.0, shape).astype(np.float32), numbers.astype(np.float32))


def made(name: str, recipe: Recipe, classes: int = 3) -> torch.nn.Module:
    torch.manual_seed(5)
    network = build(recipe, TrainingSettings(network=name, width=4), classes)
    network.learn_scale(random_examples(recipe, 40, 9), recipe)
    return network.eval()


@pytest.mark.parametrize("name", [row.name for row in NETWORKS])
@pytest.mark.parametrize(
    "recipe", [PIT, PAIR, RIM, RIM_PAIR, PICTURE], ids=["pit", "pair", "rim", "rim pair", "picture"]
)
def test_onnx_says_what_torch_says(name: str, recipe: Recipe, tmp_path: Path) -> None:
    if name == "ring" and "rim" not in recipe.planes:
        with pytest.raises(TrainingError, match="no rim planes"):
            made(name, recipe)
        return
    networks = [made(name, recipe), made(name, recipe)]
    with torch.no_grad():
        for parameter in networks[1].parameters():
            parameter.mul_(0.9)
    path = tmp_path / "expert.onnx"
    write_onnx(networks, recipe, path)
    assert [p.name for p in tmp_path.iterdir()] == ["expert.onnx"]
    expert = Expert(ExpertCard("e", path.name, "", recipe.view, recipe, ("a", "b", "c"), name), path, threads=1)
    examples = random_examples(recipe, 70)
    mean, each = expert.logits(examples)
    torch_says = np.stack([logits_of(network, examples) for network in networks])
    assert np.abs(each - torch_says).max() < 1e-4
    assert np.abs(mean - torch_says.mean(axis=0)).max() < 1e-4


@pytest.mark.parametrize(
    "recipe", [PIT, PAIR, RIM, RIM_PAIR, PICTURE], ids=["pit", "pair", "rim", "rim pair", "picture"]
)
def test_the_equivariant_network_is_blind_to_every_exact_symmetry(recipe: Recipe) -> None:
    network, plain = made("equivariant", recipe), made("plain", recipe)
    examples = random_examples(recipe)
    elements = plane_group(recipe, resampling=False)
    assert len(elements) == (2 if recipe.view == "pair" else 8)
    before = logits_of(network, examples)
    assert np.ptp(before, axis=0).max() > 1e-3
    for element in elements[1:]:
        assert np.abs(logits_of(network, element.applied(examples)) - before).max() < 1e-4
    assert np.abs(logits_of(plain, elements[-1].applied(examples)) - logits_of(plain, examples)).max() > 1e-3


def test_the_ring_network_tells_which_lamp_is_which() -> None:
    network = made("ring", RIM)
    examples = random_examples(RIM)
    rolled = examples.pictures.copy()
    rolled[:, :, :8] = np.roll(rolled[:, :, :8], 4, axis=2)
    assert np.abs(logits_of(network, Examples(rolled, examples.numbers)) - logits_of(network, examples)).max() > 1e-3


def test_the_scale_is_the_same_however_examples_are_turned() -> None:
    examples = random_examples(RIM_PAIR, 30)
    for element in plane_group(RIM_PAIR, resampling=False):
        for a, b in zip(
            invariant_scale(examples, RIM_PAIR), invariant_scale(element.applied(examples), RIM_PAIR), strict=True
        ):
            assert np.allclose(a, b, atol=1e-4)
    assert invariant_scale(examples, RIM_PAIR)[2][PAIR_NUMBERS.index("rest_sin")] == pytest.approx(0.0, abs=1e-6)


def test_a_number_nobody_measured_does_not_spoil_the_answer() -> None:
    network = made("plain", PAIR)
    examples = random_examples(PAIR)
    numbers = examples.numbers.copy()
    numbers[:, 4] = np.nan
    assert np.isfinite(logits_of(network, Examples(examples.pictures, numbers))).all()


def test_the_plain_network_is_small_and_every_network_describes_itself() -> None:
    assert set(TRUNKS) == {row.name for row in NETWORKS}
    assert 2 * multiplications(described(Recipe(size=28), TrainingSettings(), 2)) <= 5e6
    for row in NETWORKS:
        recipe = Recipe(planes=("rim",), size=28, azimuths_deg=EIGHT)
        lines = described(recipe, TrainingSettings(network=row.name), 4)
        assert lines[-1].shape == (4,) and sum(line.weights for line in lines) > 0
