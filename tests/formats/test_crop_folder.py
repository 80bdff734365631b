"""A folder of crops is read whatever ordinary pictures lie in it."""

from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

from moedal_gui.core.errors import PictureError
from moedal_gui.formats.crop_folder import examples_of, read_crops, recipe_of


def mixed_folder(folder: Path) -> Path:
    random = np.random.default_rng(0)
    for name in ("dot", "line"):
        (folder / name / "deeper").mkdir(parents=True)
    grey = random.integers(0, 255, (30, 30), dtype=np.uint8)
    Image.fromarray(grey).save(folder / "dot" / "a.png")
    Image.fromarray(np.stack([grey] * 3, axis=-1)).save(folder / "dot" / "b.bmp")
    Image.fromarray(grey > 128).save(folder / "dot" / "c.png")
    tifffile.imwrite(folder / "line" / "d.tif", grey.astype(np.uint16) * 257)
    Image.fromarray(random.integers(0, 255, (22, 41, 3), dtype=np.uint8)).save(folder / "line" / "deeper" / "e.jpg")
    (folder / "line" / "bad.png").write_bytes(b"\x89PNG and nothing else")
    (folder / "line" / "notes.txt").write_text("no picture")
    Image.fromarray(grey).save(folder / "loose.png")
    return folder


def test_every_kind_of_picture_is_taken_and_damage_is_counted(tmp_path: Path) -> None:
    crops = read_crops(mixed_folder(tmp_path))
    found = dict(zip(crops.paths, crops.classes, strict=True))
    assert found == {
        "dot/a.png": "dot", "dot/b.bmp": "dot", "dot/c.png": "dot", "line/d.tif": "line", "line/deeper/e.jpg": "line",
        "loose.png": "",
    }  # fmt: skip
    assert (
        crops.damaged == ("line/bad.png",)
        and crops.complaint == "1 picture is damaged and left out (the first: line/bad.png)"
    )
    same = [
        p
        for name, p in zip(crops.paths, crops.pictures, strict=True)
        if name in ("dot/a.png", "dot/b.bmp", "line/d.tif")
    ]
    assert all(np.abs(p - same[0]).max() <= 1.0 for p in same)


def test_the_recipe_follows_the_pictures(tmp_path: Path) -> None:
    crops = read_crops(mixed_folder(tmp_path))
    recipe = recipe_of(crops.pictures)
    examples = examples_of(crops.pictures, recipe)
    assert examples.pictures.shape == (6, 1, 1, recipe.size, recipe.size) and examples.numbers.shape == (6, 0)
    assert recipe.size == 40 and recipe.planes == ("single",)
    large = [np.full((300, 500), 9.0, np.float32), np.full((310, 480), 7.0, np.float32)]
    halved = recipe_of(large)
    assert halved.fit == "halve" and 32 <= halved.size <= 64
    assert np.isfinite(examples_of(large, halved).pictures).all()
    assert recipe_of(large, 28).size == 28


def test_a_folder_without_pictures_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(PictureError, match="no such folder"):
        read_crops(tmp_path / "nowhere")
    with pytest.raises(PictureError, match="no pictures in the folder"):
        read_crops(tmp_path)
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "bad.png").write_text("bad")
    with pytest.raises(PictureError, match="None of the pictures can be read"):
        read_crops(tmp_path)
