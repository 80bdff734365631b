"""Fetches the pictures of a view on a thread of its own: coarse first, then fine, the newest view alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from moedal_gui.app.background import Latest
from moedal_gui.app.display import Picture
from moedal_gui.app.mosaic import Composer, Mosaic
from moedal_gui.app.shading import Limits, Rgb
from moedal_gui.app.sheet import Box, Sheet
from moedal_gui.store.images import ImageStore


@dataclass(frozen=True)
class Shown:
    """A picture ready for the screen, the box it answers, and the contrast it was made with."""

    rgb: Rgb
    x: float
    y: float
    step: int
    box: Box
    picture: Picture
    limits: Limits
    final: bool


@dataclass(frozen=True)
class Frames:
    """The film of a view: one picture per rim lamp, in the order round the ring."""

    pictures: tuple[Shown, ...]


class PictureSource:
    """Answers for one scan; `answers` emits `Shown` and `Frames`."""

    def __init__(self, images: ImageStore, sheet: Sheet) -> None:
        self._composer: Composer | None = None
        self._images, self._sheet = images, sheet
        self.answers = Latest("pictures")
        self.overview = Latest("overview")
        self.film = Latest("film")

    def ask(self, picture: Picture, box: Box, zoom: float, limits: Limits | None) -> int:
        """Ask for the picture of a box."""

        def work(wanted: Callable[[], bool]) -> Iterator[Any]:
            composer = self._opened()
            for mosaic in composer.stream(picture, box, zoom, wanted):
                final = mosaic.step <= max(1.0 / zoom, 1.0)
                contrast = limits or composer.known_limits(picture)
                if contrast is None:
                    # A coarse picture does not wait for the contrast that suits the whole scan.
                    contrast = composer.natural_limits(picture) if final else mosaic.natural_limits()
                yield _shown(mosaic, box, contrast, final)

        return self.answers.ask(work)

    def ask_overview(self, picture: Picture, limits: Limits | None, longest_px: int) -> int:
        """Ask for the whole scan, small."""

        def work(wanted: Callable[[], bool]) -> Any:
            composer = self._opened()
            whole = (0.0, 0.0, float(self._sheet.size[0]), float(self._sheet.size[1]))
            mosaic = composer.small(picture, longest_px, wanted)
            return None if mosaic is None else _shown(mosaic, whole, limits or composer.natural_limits(picture), True)

        return self.overview.ask(work)

    def ask_film(self, pictures: tuple[Picture, ...], box: Box, zoom: float, limits: dict[str, Limits]) -> int:
        """Ask for every rim picture of a box."""

        def work(wanted: Callable[[], bool]) -> Any:
            composer = self._opened()
            frames = []
            for picture in pictures:
                mosaic = composer.fitting(picture, box, zoom, wanted)
                if mosaic is None:
                    return None
                contrast = limits.get(picture.key) or composer.natural_limits(picture)
                frames.append(_shown(mosaic, box, contrast, True))
            return Frames(tuple(frames))

        return self.film.ask(work)

    def close(self) -> None:
        """Stop."""
        for one in (self.answers, self.overview, self.film):
            one.close()

    def _opened(self) -> Composer:
        if self._composer is None:
            self._composer = Composer(self._images, self._sheet)
        return self._composer


def _shown(mosaic: Mosaic, box: Box, limits: Limits, final: bool) -> Shown:
    rgb = np.ascontiguousarray(mosaic.coloured(limits))
    return Shown(rgb, mosaic.x, mosaic.y, mosaic.step, box, mosaic.picture, limits, final)
