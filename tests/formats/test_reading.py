"""Every kind of scan people bring, and the hostile ones."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

from moedal_gui.core.errors import ArgumentError, DescriptionError, ScanError
from moedal_gui.formats.reading import Overrides, inspect

RNG = np.random.default_rng(0)


def _picture(
    path: Path, value: int | None = None, size: tuple[int, int] = (40, 30), sixteen: bool = False
) -> np.ndarray:
    kind = np.uint16 if sixteen else np.uint8
    pixels = (
        RNG.integers(0, 60000 if sixteen else 255, (size[1], size[0])).astype(kind)
        if value is None
        else np.full((size[1], size[0]), value, kind)
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)
    return pixels


def _toml(folder: Path, text: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "scan.toml").write_text(text, encoding="utf-8")


@pytest.mark.parametrize("suffix", ["png", "tga", "bmp", "tif"])
def test_the_labs_raw_folders_with_cfg_positions(tmp_path: Path, suffix: str) -> None:
    pixels = {}
    for stage in (1, 2, 10):
        folder = tmp_path / f"7_{stage}_ab{stage}"
        for step in range(1, 11):
            pixels[stage, step] = _picture(folder / f"Step_{step}_1.{suffix}")
        (folder / "Step_9_1.cfg").write_text(f"[Translation]\nX=4.40973{stage}\nY=2.085791\n[Focus]\nZ=17\n")
    source = inspect(tmp_path)
    assert [f.name for f in source.fields] == ["1", "2", "10"]
    assert source.fields[1].stage_x == pytest.approx(4.409732)
    assert source.fields[1].extra["Focus.Z"] == "17"
    assert [c.kind for c in source.description.channels] == ["rim"] * 8 + ["backlit", "halo"]
    assert source.description.rim_azimuths_deg == tuple(45.0 * k for k in range(8))
    assert {"channels", "pixel_size_um", "polarity", "orientation"} <= source.description.assumed
    got = source.read_field("10")
    assert got.stack is not None and np.array_equal(got.stack[6], pixels[10, 7])


def test_the_labs_converted_folder_takes_the_positions_beside_it(tmp_path: Path) -> None:
    for field in (1, 2):
        for step in range(1, 11):
            _picture(tmp_path / "pics" / f"stackc1_s{field:03d}_{step}.png")
    (tmp_path / "positions.json").write_text(
        json.dumps({"c1": {"1": [1.0, 2.0], "2": [1.0, 1.88]}, "c2": {"1": [9.0, 9.0]}})
    )
    source = inspect(tmp_path / "pics")
    assert [(f.name, f.stage_x, f.stage_y) for f in source.fields] == [("1", 1.0, 2.0), ("2", 1.0, 1.88)]


def test_a_described_scan_reads_what_its_toml_says(tmp_path: Path) -> None:
    _toml(tmp_path, (
        'foil = "NTD 042"\nscan = "cr"\norientation = "reverse"\nmirrored = true\npolarity = "inverted"\npixel_size_um = 6.4516\n'
        'files = "x{image}_{step}.png"\ndatum = [[3, 320, 240], [19, 563.5, 15]]\n[positions]\nfile = "p.json"\nkey = "k"\nunit = "mm"\n'
        'y_axis = "down"\n[[channels]]\nstep = 2\nkind = "rim"\nazimuth_deg = -45\n[[channels]]\nstep = 1\nkind = "backlit"\n'
    ))  # fmt: skip
    (tmp_path / "p.json").write_text('{"k": {"03": [1, 2]}}')
    second = _picture(tmp_path / "x003_2.png", sixteen=True)
    first = _picture(tmp_path / "x003_1.png", sixteen=True)
    source = inspect(tmp_path)
    d = source.description
    assert (d.foil, d.scan, d.orientation, d.mirrored, d.polarity, d.stage_unit, d.stage_y_up) == (
        "NTD 042", "cr", "reverse", True, "inverted", "mm", False,
    )  # fmt: skip
    assert d.assumed == frozenset() and d.near_surface == "bottom" and d.channels[0].azimuth_deg == 315.0
    stack = source.read_field("3").stack
    assert (
        stack is not None
        and stack.dtype == np.uint16
        and np.array_equal(stack[0], second)
        and np.array_equal(stack[1], first)
    )


@pytest.mark.parametrize(
    "line",
    ['files = "../other/s{field}.png"', 'files = "/etc/s{field}.png"', '[positions]\nfile = "../p.json"', '[positions]\nfile = "/etc/passwd"'],
)  # fmt: skip
def test_a_description_that_points_outside_its_folder_is_refused(tmp_path: Path, line: str) -> None:
    scan = tmp_path / "scan"
    _toml(scan, line + "\n")
    _picture(scan / "s1.png")
    _picture(tmp_path / "other" / "s1.png")
    (tmp_path / "p.json").write_text('{"1": [0, 0]}')
    with pytest.raises(DescriptionError, match="outside"):
        inspect(scan)


def test_a_description_kept_elsewhere_may_use_the_folder_above_but_no_more(tmp_path: Path) -> None:
    scan = tmp_path / "lab" / "scan"
    _picture(scan / "s1.png")
    (tmp_path / "lab" / "p.json").write_text('{"c1": {"1": [3, 4]}}')
    (tmp_path / "p2.json").write_text('{"c1": {"1": [3, 4]}}')
    describe = tmp_path / "mine.toml"
    describe.write_text('scan = "c1"\nfiles = "s{field}.png"\n[positions]\nfile = "../p.json"\n')
    assert inspect(scan, describe=describe).fields[0].stage_x == 3
    describe.write_text('scan = "c1"\nfiles = "s{field}.png"\n[positions]\nfile = "../../p2.json"\n')
    with pytest.raises(DescriptionError, match="outside"):
        inspect(scan, describe=describe)


@pytest.mark.parametrize(
    ("text", "word"),
    [("pixel_size_um = -1", "pixel_size_um"), ('orientation = "upside"', "orientation"), ("datum = [[1, 2]]", "datum"), ("foil = 3", "foil"),
     ('[[channels]]\nstep = 1\nkind = "rim"', "channels"), ("x = [", "cannot be read"), ('files = "plain.png"', "files"), ("mirrored = 1", "mirrored")],
)  # fmt: skip
def test_a_wrong_key_is_named(tmp_path: Path, text: str, word: str) -> None:
    _toml(tmp_path, text + "\n")
    _picture(tmp_path / "a_s1_1.png")
    with pytest.raises(DescriptionError, match=word):
        inspect(tmp_path)


def test_ome_tiff_channels_come_by_name_and_field_by_stem(tmp_path: Path) -> None:
    pixels = RNG.integers(0, 65535, (3, 20, 25)).astype(np.uint16)
    for stem in ("left", "right"):
        tifffile.imwrite(
            tmp_path / f"{stem}.ome.tiff",
            pixels,
            metadata={"axes": "CYX", "Channel": {"Name": ["az090", "az000", "backlit"]}, "PhysicalSizeX": 3.2},
        )
    source = inspect(tmp_path)
    assert [f.name for f in source.fields] == ["left", "right"]
    assert source.description.rim_azimuths_deg == (90.0, 0.0) and source.description.pixel_size_um == 3.2
    stack = source.read_field("left").stack
    assert stack is not None and np.array_equal(stack, pixels)
    assert inspect(tmp_path / "left.ome.tiff").fields[0].name == "1"
    assert inspect(tmp_path / "left.ome.tiff").description.scan == "left"


def test_azimuths_may_be_given_and_the_rest_is_backlit(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "f.tif", np.zeros((5, 20, 25), np.uint8), photometric="minisblack")
    source = inspect(tmp_path / "f.tif", overrides=Overrides(azimuths_deg=(10.0, 100.0, 190.0, 280.0)))
    assert [c.name for c in source.description.channels] == ["az010", "az100", "az190", "az280", "backlit"]
    assert "channels" not in source.description.assumed
    with pytest.raises(ArgumentError):
        inspect(tmp_path / "f.tif", overrides=Overrides(azimuths_deg=tuple(range(6))))


def test_one_colour_picture_becomes_luminance_and_says_so(tmp_path: Path) -> None:
    colour = RNG.integers(0, 255, (30, 40, 3)).astype(np.uint8)
    Image.fromarray(colour).save(tmp_path / "micro.png")
    source = inspect(tmp_path / "micro.png")
    stack = source.read_field("1").stack
    assert stack is not None
    assert np.abs(stack[0] - colour @ [0.299, 0.587, 0.114]).max() < 1.0
    assert any("luminance" in note for note in source.notes)
    assert source.description.channels[0].kind == "single"


def test_positions_without_any_picture_are_a_scan(tmp_path: Path) -> None:
    _toml(tmp_path, 'scan = "c1"\npixel_size_um = 6.45\n[positions]\nfile = "p.json"\n')
    (tmp_path / "p.json").write_text('{"c1": {"1": [3, 4], "12": [3, 5]}}')
    source = inspect(tmp_path)
    assert [f.name for f in source.fields] == ["1", "12"] and not any(f.has_picture for f in source.fields)
    assert "field_size_px" in source.description.assumed and source.fields[0].width == 640


def test_missing_and_broken_pictures_are_counted_and_the_rest_is_taken(tmp_path: Path) -> None:
    for step in range(1, 5):
        _picture(tmp_path / f"a_s1_{step}.png")
    whole = (tmp_path / "a_s1_2.png").read_bytes()
    (tmp_path / "a_s1_2.png").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "a_s1_3.png").unlink()
    _picture(tmp_path / "a_s2_3.png")
    got = inspect(tmp_path).read_field("1")
    assert got.stack is not None and got.missing == (2, 3) and len(got.problems) == 2
    assert not got.stack[1].any() and got.stack[0].any()


@pytest.mark.parametrize("name", ["x.png", "x.tif", "x.tga", "x.jpg", "x.bmp"])
@pytest.mark.parametrize(
    "content",
    [b"", b"hello", b"II*\x00\x08\x00\x00\x00\xff\xff", b"\x89PNG\r\n\x1a\n" + b"\x00" * 40, b"BM" + b"\xff" * 60],
)
def test_hostile_files_give_a_sentence_not_a_crash(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    source = inspect(tmp_path / name)
    got = source.read_field("1")
    assert got.stack is None and len(got.problems) == 1 and name in got.problems[0]


def test_a_tiff_that_claims_to_be_huge_is_refused_without_reading(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "bomb.tif", np.zeros((8, 8), np.uint8))
    raw = bytearray((tmp_path / "bomb.tif").read_bytes())
    with tifffile.TiffFile(tmp_path / "bomb.tif") as file:
        for tag in ("ImageWidth", "ImageLength"):
            at = file.pages[0].tags[tag].valueoffset  # type: ignore[union-attr]
            raw[at : at + 2] = (60000).to_bytes(2, "little")
    (tmp_path / "bomb.tif").write_bytes(raw)
    assert "large" in inspect(tmp_path / "bomb.tif").read_field("1").problems[0]


def test_nothing_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(ScanError, match="No scan"):
        inspect(tmp_path)
    with pytest.raises(ScanError, match="no such"):
        inspect(tmp_path / "gone")


def test_the_tasl_montage_is_taken_apart_and_its_places_read(real: Path) -> None:
    source = inspect(real / "tasl" / "TASL_montage_00000.bmp")
    assert len(source.fields) == 108
    places = [(f.extra.get("tasl.x"), f.extra.get("tasl.y")) for f in source.fields]
    assert places[:4] == [("168", "3059"), ("349", "3084"), ("402", "3493"), ("188", "3543")]
    assert sum(x is not None for x, _ in places) >= 106  # two are cut off in the picture itself
    stack = source.read_field("5").stack
    assert stack is not None and 58 <= stack.shape[1] <= 64


def test_datum_points_that_cannot_be_are_told(tmp_path: Path) -> None:
    positions = {"c1": {"1": [0, 0], "2": [30, 0]}}
    (tmp_path / "positions.json").write_text(json.dumps(positions))
    text = 'scan = "c1"\npixel_size_um = 1.0\nfield_size_px = [40, 30]\ndatum = {}\n[positions]\nfile = "positions.json"\nkey = "c1"\nunit = "px"\n'
    for datum, said in (
        ("[[1, 5, 5], [2, 60, 5]]", r"outside their field of 40 x 30 px: \(60, 5\) in field 2"),
        ("[[1, 5, 5], [1, 5, 5], [2, 9, 9]]", r"stated twice: \(5, 5\) in field 1"),
        ("[[1, 0, 0], [2, 39, 29]]", ""),
    ):
        _toml(tmp_path, text.format(datum))
        notes = " ".join(inspect(tmp_path).notes)
        assert re.search(said, notes)
        assert bool(said) == ("Datum points" in notes)
