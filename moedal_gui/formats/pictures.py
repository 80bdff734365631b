"""One picture file to an array, whatever ordinary kind it is; hostile files give one clear error."""

from __future__ import annotations

import struct
import xml.etree.ElementTree as ET
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import tifffile
from PIL import Image

from moedal_gui.core.errors import PictureError

PICTURE_SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".tga", ".tif", ".tiff"})
TIFF_SUFFIXES = frozenset({".tif", ".tiff"})
_LUMINANCE = np.array([0.299, 0.587, 0.114])  # ITU-R BT.601, as Pillow and the lab's viewers use
_MOST_PIXELS = 1 << 30
_MOST_EXPANSION = 4000  # a compressed picture that grows more than this is taken for a bomb
_DECODING_ERRORS = (
    OSError, ValueError, SyntaxError, EOFError, IndexError, KeyError, TypeError, AttributeError, OverflowError, MemoryError,
    ZeroDivisionError, RuntimeError, AssertionError, struct.error, zlib.error, ET.ParseError, tifffile.TiffFileError,
    Image.DecompressionBombError,
)  # fmt: skip

Picture = npt.NDArray[Any]


@dataclass(frozen=True)
class PictureOutline:
    """What a file says of itself without its pixels being read.

    Attributes
    ----------
    channels, height, width
        Channels as C; an ordinary picture has one.
    names
        Names of the channels where the file gives them, else empty.
    colour
        Whether colour becomes luminance on reading.
    pixel_size_um
        Where the file tells, else None.
    """

    channels: int
    height: int
    width: int
    names: tuple[str, ...] = ()
    colour: bool = False
    pixel_size_um: float | None = None


def outline(path: Path) -> PictureOutline:
    """Shape and names of a picture file.

    Raises
    ------
    PictureError
        When the file is missing or no picture.
    """
    try:
        if path.suffix.lower() in TIFF_SUFFIXES:
            with tifffile.TiffFile(path) as file:
                return _tiff_outline(file, path)
        with Image.open(path) as image:
            _refuse_bomb(image.width * image.height, path)
            colour = image.mode not in ("L", "I;16", "I", "1", "LA", "F", "I;16B", "I;16L") and not _grey_palette(image)
            return PictureOutline(1, image.height, image.width, colour=colour)
    except PictureError:
        raise
    except _DECODING_ERRORS as error:
        raise _broken(path, error) from error


def read_picture(path: Path) -> Picture:
    """An ordinary picture as (H, W), uint8 or uint16; colour becomes luminance, transparency is left out."""
    if path.suffix.lower() in TIFF_SUFFIXES:
        stack = read_stack(path)
        if stack.shape[0] != 1:
            raise PictureError("The picture has several channels where one was expected", path, "name its channels")
        return stack[0]
    try:
        with Image.open(path) as image:
            _refuse_bomb(image.width * image.height, path)
            image.load()
            if image.mode == "1":
                return np.asarray(image.convert("L"))
            if image.mode in ("P", "CMYK", "YCbCr", "HSV", "LAB", "PA"):
                return np.asarray(image.convert("RGB").convert("L"))
            if image.mode in ("RGB", "RGBA", "RGBX"):
                return np.asarray(image.convert("L"))
            array = np.asarray(image.getchannel(0) if image.mode == "LA" else image)
    except PictureError:
        raise
    except _DECODING_ERRORS as error:
        raise _broken(path, error) from error
    return _eight_or_sixteen(array, path)


def read_stack(path: Path) -> Picture:
    """All channels of a file, (C, H, W), uint8 or uint16; an ordinary picture gives one channel."""
    if path.suffix.lower() not in TIFF_SUFFIXES:
        return read_picture(path)[np.newaxis]
    try:
        with tifffile.TiffFile(path) as file:
            shape = _tiff_outline(file, path)
            planes = [_eight_or_sixteen(plane, path) for plane in _tiff_planes(file, shape)]
    except PictureError:
        raise
    except _DECODING_ERRORS as error:
        raise _broken(path, error) from error
    if len(planes) != shape.channels or any(p.shape != (shape.height, shape.width) for p in planes):
        raise PictureError("The picture's channels are not all there or differ in size", path, "export it again")
    return np.stack(planes)


def _tiff_outline(file: tifffile.TiffFile, path: Path) -> PictureOutline:
    series = file.series[0]
    axes, shape = series.axes, tuple(int(n) for n in series.shape)
    sizes = dict(zip(axes, shape, strict=True))
    width, height, samples = sizes.get("X", 0), sizes.get("Y", 0), sizes.get("S", 1)
    others = int(np.prod([n for a, n in zip(axes, shape, strict=True) if a not in "XYS"], dtype=np.int64))
    colour = samples >= 3 and _is_colour(series)
    if not colour:  # interleaved samples of a grey picture are channels
        others, samples = others * samples, 1
    if min(width, height, others) < 1:
        raise PictureError("The TIFF holds no picture", path, "export it again")
    _refuse_bomb(width * height, path)
    decoded = width * height * others * samples * series.dtype.itemsize
    if decoded > _MOST_EXPANSION * max(1, path.stat().st_size):
        raise PictureError("The TIFF says it is far larger than the file can hold", path, "export it again")
    names, size_um = _ome_words(file)
    return PictureOutline(others, height, width, names if len(names) == others else (), colour, size_um)


def _tiff_planes(file: tifffile.TiffFile, shape: PictureOutline) -> Iterator[Picture]:
    """Grey planes one after another; only one page is decoded at a time."""
    series = file.series[0]
    if len(series.pages) == shape.channels and (shape.colour or "S" not in series.axes):
        for page in series.pages:
            if page is None:
                yield np.zeros((shape.height, shape.width), series.dtype)
                continue
            yield _to_grey(page.asarray(), page.axes)
        return
    whole = series.asarray()
    inner = "YXS" if shape.colour and "S" in series.axes else "YX"
    order = [a for a in series.axes if a not in inner] + list(inner)
    whole = np.transpose(whole, [series.axes.index(a) for a in order])
    for plane in whole.reshape(-1, *whole.shape[-len(inner) :]):
        yield _to_grey(plane, inner)


def _is_colour(series: Any) -> bool:
    page = next((p for p in series.pages if p is not None), None)
    return getattr(getattr(page, "photometric", None), "name", "") in ("RGB", "YCBCR", "CIELAB", "SEPARATED", "PALETTE")


def _to_grey(plane: Picture, axes: str) -> Picture:
    if "S" not in axes or plane.ndim == 2:
        return plane.reshape(plane.shape[-2:]) if plane.ndim > 2 else plane
    samples = np.moveaxis(plane, axes.index("S"), -1)
    if samples.shape[-1] < 3:
        return samples[..., 0]
    grey = samples[..., :3].astype(np.float64) @ _LUMINANCE
    return np.rint(grey).astype(plane.dtype)


def _ome_words(file: tifffile.TiffFile) -> tuple[tuple[str, ...], float | None]:
    """Channel names and pixel size (um) of an OME-TIFF's metadata; empty where there are none."""
    text = file.ome_metadata
    if not text:
        return (), None
    root = ET.fromstring(text)
    pixels = next((e for e in root.iter() if e.tag.endswith("}Pixels") or e.tag == "Pixels"), None)
    if pixels is None:
        return (), None
    names = tuple(c.get("Name") or "" for c in pixels if c.tag.endswith("Channel"))
    size = pixels.get("PhysicalSizeX")
    unit = pixels.get("PhysicalSizeXUnit", "\u00b5m")
    scale = {"\u00b5m": 1.0, "\u03bcm": 1.0, "um": 1.0, "nm": 1e-3, "mm": 1e3}.get(unit)
    size_um = float(size) * scale if size and scale and float(size) > 0 else None
    return (names if all(names) else ()), size_um


def _eight_or_sixteen(array: Picture, path: Path) -> Picture:
    if array.ndim != 2:
        raise PictureError("The picture is not a plain grey or colour picture", path, "save it as grey PNG or TIFF")
    if array.dtype in (np.uint8, np.uint16):
        return array
    if array.dtype == bool:
        return array.astype(np.uint8) * 255
    if array.dtype.kind in "iu" and array.size and array.min() >= 0 and array.max() < 1 << 16:
        return array.astype(np.uint16)
    raise PictureError("The picture is neither 8 nor 16 bit", path, "save it with 8 or 16 bit per channel")


def _grey_palette(image: Image.Image) -> bool:
    if image.mode != "P":
        return False
    palette = np.asarray(image.getpalette("RGB") or [], dtype=int).reshape(-1, 3)
    return bool(len(palette) and np.all(palette == palette[:, :1]))


def _refuse_bomb(pixels: int, path: Path) -> None:
    if pixels > _MOST_PIXELS:
        raise PictureError("The picture says it is impossibly large", path, "export it again, in fields")


def _broken(path: Path, error: BaseException) -> PictureError:
    if isinstance(error, FileNotFoundError):
        return PictureError("A picture is missing", path, "look for it, or go on without")
    reason = str(error).splitlines()[0][:120] if str(error) else type(error).__name__
    return PictureError("A picture cannot be read", path, f"copy it again from the microscope ({reason})")
