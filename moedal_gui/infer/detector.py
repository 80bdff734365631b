"""A learned detector from its ONNX files: planes to maps, in tiles where a picture is large, and views of pits to answers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from moedal_gui.core.detector_card import MAPS, STRIDE, DetectorCard
from moedal_gui.core.errors import ExpertError
from moedal_gui.core.second_look import ANSWERS
from moedal_gui.imaging.detector_planes import PLANES
from moedal_gui.infer.session import open_session

Float32 = npt.NDArray[np.float32]

STEP_PX = 16
TILE_PX = 1024
_VIEWS = 256  # looked at at once


class Detector:
    """A trained detector.

    Parameters
    ----------
    card
        What is known of it.
    path
        Its ONNX file, already found to be the card's.
    threads
        Cores one call may use; 0 for all.
    """

    def __init__(self, card: DetectorCard, path: Path, threads: int = 0) -> None:
        self.card = card
        self._session = open_session(path, f"The network of {card.name} cannot be read", threads)

    def maps(self, planes: Float32, tile_px: int = TILE_PX) -> Float32:
        """Maps of a picture.

        Parameters
        ----------
        planes
            Shape (P, H, W), as the card's view has them.
        tile_px
            Side of what is looked at at once, without its margins; a multiple of 32.

        Returns
        -------
        Shape (surfaces * 8 + 1, ceil(H / 2), ceil(W / 2)), as `moedal_gui.core.detector_card` has them.

        Raises
        ------
        ExpertError
            The planes are those of another view.
        """
        wanted = len(PLANES[self.card.view])
        if planes.ndim != 3 or planes.shape[0] != wanted:
            what = f"The detector {self.card.name} looks at {wanted} planes"
            raise ExpertError(what, f"there are {planes.shape[0]}", "choose a detector made for such pictures")
        height, width = planes.shape[1:]
        reach = self.card.reach_px
        cells = (-(-height // STRIDE), -(-width // STRIDE))
        found = np.empty((self.card.surfaces * len(MAPS) + 1, *cells), np.float32)
        for top in range(0, height, tile_px):
            for left in range(0, width, tile_px):
                ya, xa = max(top - reach, 0), max(left - reach, 0)
                yb, xb = min(top + tile_px + reach, height), min(left + tile_px + reach, width)
                tile = self._tile(planes[:, ya:yb, xa:xb])
                rows = slice(top // STRIDE, min(-(-(top + tile_px) // STRIDE), cells[0]))
                columns = slice(left // STRIDE, min(-(-(left + tile_px) // STRIDE), cells[1]))
                y, x = ya // STRIDE, xa // STRIDE
                found[:, rows, columns] = tile[:, rows.start - y : rows.stop - y, columns.start - x : columns.stop - x]
        return found

    def _tile(self, planes: Float32) -> Float32:
        """Maps of one tile, filled up with bare ground to whole steps."""
        spare = [(0, 0), *((0, -length % STEP_PX) for length in planes.shape[1:])]
        whole = np.ascontiguousarray(np.pad(planes, spare)[None], dtype=np.float32)
        (maps,) = self._session.run(["maps"], {"planes": whole})
        if maps.shape[1] != self.card.surfaces * len(MAPS) + 1:
            raise ExpertError(
                f"The network of {self.card.name} gives other maps than its card says",
                f"{maps.shape[1]} maps",
                "take the detector from an undamaged copy",
            )
        return np.asarray(maps[0], dtype=np.float32)


class SecondLook:
    """The second network of a detector, which looks at each pit found.

    Parameters
    ----------
    card
        What is known of the detector.
    path
        The network's ONNX file, already found to be the card's.
    threads
        Cores one call may use; 0 for all.
    """

    def __init__(self, card: DetectorCard, path: Path, threads: int = 0) -> None:
        self.card = card
        self._session = open_session(path, f"The second network of {card.name} cannot be read", threads)

    def answers(self, pictures: Float32, facts: Float32) -> Float32:
        """What it says of each pit.

        Parameters
        ----------
        pictures, facts
            Shapes (n, 7, 20, 20) and (n, 6), laid out as in `moedal_gui.core.second_look`.

        Returns
        -------
        Shape (n, 13), as `moedal_gui.core.second_look.ANSWERS` has them.

        Raises
        ------
        ExpertError
            The network answers something else.
        """
        found = np.empty((len(pictures), len(ANSWERS)), np.float32)
        for first in range(0, len(pictures), _VIEWS):
            rows = slice(first, first + _VIEWS)
            (part,) = self._session.run(["answers"], {"pictures": pictures[rows], "facts": facts[rows]})
            if part.shape != found[rows].shape:
                raise ExpertError(
                    f"The second network of {self.card.name} answers something else than its card says",
                    f"{part.shape[1:]} answers",
                    "take the detector from an undamaged copy",
                )
            found[rows] = part
        return found
