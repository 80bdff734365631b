"""A scan on disk: which file belongs where, and its fields decoded one by one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from moedal_gui.core.errors import PictureError
from moedal_gui.core.field import Field
from moedal_gui.core.scan import Channel, ScanDescription
from moedal_gui.formats.layouts import FieldFiles, Layout
from moedal_gui.formats.pictures import read_picture, read_stack
from moedal_gui.formats.tasl import tiles

Stack = npt.NDArray[Any]


@dataclass(frozen=True)
class FieldPixels:
    """The pixels of one field and what went wrong on the way.

    ``stack`` is (C, H, W); channels in ``missing`` (steps) are zero. None when no channel could be read.
    """

    stack: Stack | None
    missing: tuple[int, ...] = ()
    problems: tuple[str, ...] = ()


@dataclass(frozen=True)
class ScanSource:
    """A scan on disk, nothing decoded yet.

    Attributes
    ----------
    path
        The folder or file.
    layout
        Which file belongs where.
    description
        Stated and assumed.
    fields
        All fields, with positions where known.
    notes
        Sentences for the person (colour became luminance, a folder seen twice ...).
    files
        The template and positions words of a scan.toml, to save one again.
    """

    path: Path
    layout: Layout
    description: ScanDescription
    fields: tuple[Field, ...]
    notes: tuple[str, ...] = ()
    files: str | None = None
    positions: Mapping[str, Any] = field(default_factory=dict)

    def read_field(self, name: str) -> FieldPixels:
        """Decode one field; pure, so it may run on any thread."""
        files = self.layout.fields.get(name)
        if files is None or not files.steps:
            return FieldPixels(None, tuple(c.step for c in self.description.channels))
        if self.layout.kind == "montage":
            return self._read_tile(name)
        if 0 in files.steps:
            return self._read_whole(files.steps[0])
        return self._read_steps(files)

    def _read_whole(self, path: Path) -> FieldPixels:
        steps = tuple(c.step for c in self.description.channels)
        try:
            stack = read_stack(path)
        except PictureError as error:
            return FieldPixels(None, steps, (str(error),))
        if stack.shape[0] < max(steps):
            problem = PictureError(
                f"The file has {stack.shape[0]} channels, {max(steps)} were described", path, "describe its channels"
            )
            return FieldPixels(None, steps, (str(problem),))
        return FieldPixels(stack[[s - 1 for s in steps]])

    def _read_steps(self, files: FieldFiles) -> FieldPixels:
        planes: dict[int, Stack] = {}
        problems: list[str] = []
        for channel in self.description.channels:
            path = files.steps.get(channel.step)
            if path is None:
                problems.append(
                    f"A picture is missing (step {channel.step} of {next(iter(files.steps.values())).parent.name})"
                )
                continue
            try:
                planes[channel.step] = read_picture(path)
            except PictureError as error:
                problems.append(str(error))
        return _assembled(planes, self.description.channels, files, problems)

    def _read_tile(self, name: str) -> FieldPixels:
        path = next(iter(self.layout.fields[name].steps.values()))
        try:
            picture = read_picture(path)
        except PictureError as error:
            return FieldPixels(None, (1,), (str(error),))
        tile = tiles(picture)[int(name) - 1]
        return FieldPixels(picture[np.newaxis, tile.rows, tile.columns])


def _assembled(
    planes: Mapping[int, Stack], channels: tuple[Channel, ...], files: FieldFiles, problems: list[str]
) -> FieldPixels:
    steps = tuple(c.step for c in channels)
    if not planes:
        return FieldPixels(None, steps, tuple(problems))
    shapes = [p.shape for p in planes.values()]
    usual = max(set(shapes), key=shapes.count)
    good = {s: p for s, p in planes.items() if p.shape == usual}
    for step in planes.keys() - good.keys():
        problems.append(
            str(PictureError("A picture has another size than its field's", files.steps[step], "scan the field again"))
        )
    dtype = np.result_type(*good.values())
    zero = np.zeros(usual, dtype)
    stack = np.stack([good[s].astype(dtype, copy=False) if s in good else zero for s in steps])
    return FieldPixels(stack, tuple(s for s in steps if s not in good), tuple(problems))
