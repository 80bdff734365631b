"""The one picture a view shows: composed of the fields in sight, at the level that fits the zoom."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from moedal_gui.app.display import ALBEDO, COMPOSITE, RELIEF, SLOPE, Picture
from moedal_gui.app.even_light import even_light, level_ground
from moedal_gui.app.shading import Float32, Limits, Rgb, grey, lamps_as_hues, limits_of, slope_as_hue
from moedal_gui.app.sheet import Box, Sheet
from moedal_gui.imaging.flat_field import FlatField
from moedal_gui.imaging.harmonics import first_harmonic
from moedal_gui.imaging.lamps import slope_ring, usable_flat
from moedal_gui.imaging.normalise import normalise
from moedal_gui.store.images import ImageStore

COARSER = 2
MOST_LEVEL = 12
_RELIEF_WAVE_PX = 90.0
_SAMPLE = 4
_FIELDS_KEPT = 24
Wanted = Callable[[], bool]


@dataclass(frozen=True)
class Mosaic:
    """Numbers of one view.

    Attributes
    ----------
    planes
        float32 (K, H, W); NaN where no picture lies. K is 1 for grey pictures, 2 for slopes, the lamps for colour.
    picture
        What it shows.
    step
        Raw pixels per pixel of the planes.
    x, y
        Place on the plane of the centre of the first pixel.
    """

    planes: Float32
    picture: Picture
    step: int
    x: float
    y: float
    azimuths_deg: tuple[float, ...] = ()

    def natural_limits(self) -> Limits:
        """Contrast that suits the numbers."""
        if self.picture.key == SLOPE:
            size = np.hypot(self.planes[0], self.planes[1])
            noise = float(np.nanmedian(size)) if np.isfinite(size).any() else 0.0
            return noise, max(limits_of(size)[1], noise + 1e-6)
        return limits_of(self.planes)

    def coloured(self, limits: Limits) -> Rgb:
        """uint8 (H, W, 3)."""
        if self.picture.key == SLOPE:
            return slope_as_hue(self.planes[0], self.planes[1], limits)
        if self.picture.key == COMPOSITE:
            return lamps_as_hues(self.planes, self.azimuths_deg, limits)
        return grey(self.planes[0], limits)


def level_for(zoom: float, coarsest: int) -> int:
    """The level whose pixels are not larger than the screen's at ``zoom`` screen pixels per raw pixel."""
    return int(np.clip(np.floor(np.log2(max(1.0 / max(zoom, 1e-9), 1.0)) + 1e-6), 0, min(coarsest, MOST_LEVEL)))


class Composer:
    """Composes views of one scan."""

    def __init__(self, images: ImageStore, sheet: Sheet) -> None:
        self._images = images
        self._sheet = sheet
        self._batches = sheet.fields["batch"].to_list()
        self._slots = sheet.fields["slot"].to_list()
        self._missing = dict(zip(zip(self._batches, self._slots, strict=True), sheet.fields["missing"], strict=True))
        self._flat = sheet.flat
        self._limits: dict[Picture, Limits] = {}
        self._grounds: dict[int, float] = {}
        self._harmonics: OrderedDict[tuple[str, int, int], Float32] = OrderedDict()
        self._coarsest = min((images.levels(b) for b in set(self._batches) if isinstance(b, str)), default=1) - 1

    def stream(self, picture: Picture, box: Box, zoom: float, wanted: Wanted) -> Iterator[Mosaic]:
        """A coarse mosaic of the box at once, then the one that fits the zoom."""
        level = level_for(zoom, self._coarsest)
        coarse = min(level + COARSER, self._coarsest)
        if coarse > level:
            first = self.compose(picture, box, coarse, wanted)
            if first is not None:
                yield first
        fine = self.compose(picture, box, level, wanted)
        if fine is not None:
            yield fine

    def fitting(self, picture: Picture, box: Box, zoom: float, wanted: Wanted) -> Mosaic | None:
        """The mosaic of a box at the level that fits the zoom."""
        return self.compose(picture, box, level_for(zoom, self._coarsest), wanted)

    def small(self, picture: Picture, longest_px: int, wanted: Wanted) -> Mosaic | None:
        """The whole scan at the level that fits a small picture."""
        width, height = self._sheet.size
        zoom = longest_px / max(width, height)
        return self.fitting(picture, (0, 0, width, height), zoom, wanted)

    def known_limits(self, picture: Picture) -> Limits | None:
        """What `natural_limits` found before."""
        return self._limits.get(picture)

    def natural_limits(self, picture: Picture) -> Limits:
        """Contrast that suits a picture all over the scan, from a few fields spread over it; found once."""
        found = self._limits.get(picture)
        if found is None:
            pictured = [i for i, batch in enumerate(self._batches) if isinstance(batch, str)]
            chosen = pictured[:: max(1, len(pictured) // _SAMPLE)] if pictured else []
            level = min(1, self._coarsest)
            tiles = [self._tile(picture, self._batches[i], int(self._slots[i]), level) for i in chosen]
            tiles = [_relief(tile, 1 << level) if picture.key == RELIEF else tile for tile in tiles]
            wide = [tile.reshape(tile.shape[0], 1, -1) for tile in tiles]
            planes = np.concatenate(wide, axis=2) if wide else np.zeros((2, 1, 1), np.float32)
            found = self._limits[picture] = Mosaic(planes, picture, 1, 0, 0).natural_limits()
        return found

    def compose(self, picture: Picture, box: Box, level: int, wanted: Wanted = lambda: True) -> Mosaic | None:
        """The mosaic of a box (x0, y0, x1, y1) at a level; None when it is no longer wanted."""
        step = 1 << level
        width, height = self._sheet.size
        x0, y0 = max(int(box[0]) // step - 1, -1), max(int(box[1]) // step - 1, -1)
        x1 = min(int(np.ceil(box[2] / step)) + 1, -(-width // step) + 1)
        y1 = min(int(np.ceil(box[3] / step)) + 1, -(-height // step) + 1)
        azimuths = tuple(float(a) for a in np.asarray(self._sheet.azimuths(self._sheet.ring_azimuths_deg)))
        count = {SLOPE: 2, RELIEF: 2, COMPOSITE: len(self._sheet.ring)}.get(picture.key, 1)
        planes = np.full((count, max(y1 - y0, 1), max(x1 - x0, 1)), np.nan, dtype=np.float32)
        for tile, column, row in self._tiles(picture, (x0 * step, y0 * step, x1 * step, y1 * step), level):
            if not wanted():
                return None
            _lay(planes, tile, round(column / step) - x0, round(row / step) - y0)
        if picture.key == RELIEF:
            planes = _relief(planes, step)
        middle = (step - 1) / 2
        return Mosaic(planes, picture, step, x0 * step + middle, y0 * step + middle, azimuths)

    def _tiles(self, picture: Picture, box: Box, level: int) -> Iterator[tuple[Float32, int, int]]:
        sheet = self._sheet
        by_batch: dict[str, list[int]] = {}
        for row in sheet.rows_in(box):
            if isinstance(self._batches[row], str):
                by_batch.setdefault(self._batches[row], []).append(int(row))
        for batch, rows in by_batch.items():
            if picture.index is not None and level > 0:
                slots = [int(self._slots[r]) for r in rows]
                block = self._images.read_many(batch, slots, level=level, channel=picture.index)
                tiles = [self._channel(picture, one) for one in block]
            else:
                tiles = []
            for number, row in enumerate(rows):
                tile = tiles[number] if tiles else self._tile(picture, batch, int(self._slots[row]), level)
                yield tile[..., ::-1] if sheet.mirrored else tile, int(sheet.left[row]), int(sheet.top[row])

    def _tile(self, picture: Picture, batch: str, slot: int, level: int) -> Float32:
        if picture.index is not None:
            one = self._images.read(batch, slot, level=level, channels=picture.index)
            return self._channel(picture, one)
        if picture.key == COMPOSITE:
            return self._lamps(batch, slot, level)[0]
        mean, across, down = self._harmonic(batch, slot, level)
        if picture.key == ALBEDO:
            return mean[None]
        return np.stack([-across if self._sheet.mirrored else across, down])

    def _channel(self, picture: Picture, raw: npt.NDArray[np.generic]) -> Float32:
        """A channel of a field (1, h, w), as stored or as under even light."""
        if not picture.even or picture.index is None:
            return np.asarray(raw, dtype=np.float32)[None]
        if self._flat is not None:
            return even_light(raw[None], self._flat, (picture.index,))
        return level_ground(raw[None], (self._ground(picture.index),))

    def _ground(self, channel: int) -> float:
        """Grey value of the ground of a channel all over the scan, from a few fields spread over it; found once."""
        found = self._grounds.get(channel)
        if found is None:
            coarsest = [
                float(np.median(self._images.read(batch, int(slot), level=self._coarsest, channels=channel)))
                for batch, slot in zip(self._batches, self._slots, strict=True)
                if isinstance(batch, str)
            ][: _SAMPLE * _SAMPLE]
            found = self._grounds[channel] = float(np.median(coarsest)) if coarsest else 0.0
        return found

    def _harmonic(self, batch: str, slot: int, level: int) -> Float32:
        """Mean and slopes (3, h, w) of a field; the last ones are kept, for people look at one place in many ways."""
        key = (batch, slot, level)
        found = self._harmonics.pop(key, None)
        if found is None:
            found = self._slope_planes(batch, slot, level)
        self._harmonics[key] = found
        while len(self._harmonics) > _FIELDS_KEPT:
            self._harmonics.popitem(last=False)
        return found

    def _slope_planes(self, batch: str, slot: int, level: int) -> Float32:
        """Mean and slopes (3, h, w) by the lamps that carry a picture in this field; nothing where they do not surround it."""
        lamps, alive = self._lamps(batch, slot, level)
        ring = slope_ring(self._sheet.record.description, alive)
        if not ring:
            return np.zeros((3, *lamps.shape[1:]), np.float32)
        rows = [self._sheet.ring.index(i) for i in ring]
        azimuths = self._sheet.ring_azimuths_deg
        slope = first_harmonic(lamps[rows], [azimuths[k] for k in rows])
        return np.stack([slope.mean, slope.slope_x, slope.slope_y])

    def _lamps(self, batch: str, slot: int, level: int) -> tuple[Float32, FlatField | None]:
        """Normalised channels (N, h, w) of the ring of a field, those without a picture there zero; and which these are."""
        ring = list(self._sheet.ring)
        stack = self._images.read(batch, slot, level=level)
        if self._flat is None:
            return _centred(stack[ring]), None
        alive = usable_flat(stack, self._sheet.record.description, self._flat, self._missing[batch, slot])
        return normalise(stack[ring], FlatField(tuple(alive.channels[i] for i in ring))), alive


def _centred(stack: npt.NDArray[np.generic]) -> Float32:
    values = stack.astype(np.float32)
    return np.asarray(values - np.median(values, axis=(1, 2), keepdims=True), dtype=np.float32)


def _lay(planes: Float32, tile: Float32, x0: int, y0: int) -> None:
    """Put a tile onto the planes; where fields overlap the later one is seen."""
    xa, ya = max(x0, 0), max(y0, 0)
    xb, yb = min(x0 + tile.shape[2], planes.shape[2]), min(y0 + tile.shape[1], planes.shape[1])
    if xa < xb and ya < yb:
        planes[:, ya:yb, xa:xb] = tile[:, ya - y0 : yb - y0, xa - x0 : xb - x0]


def _relief(slopes: Float32, step: int) -> Float32:
    # scipy is loaded with the first relief, not with the window.
    from moedal_gui.imaging.relief import integrate

    bare = ~np.isfinite(slopes[0])
    whole = np.nan_to_num(slopes)
    height = integrate(whole[0], whole[1], longest_px=_RELIEF_WAVE_PX / step)
    height[bare] = np.nan
    return height[None]
