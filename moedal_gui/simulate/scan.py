"""Whole simulated scans, written as the lab's microscope would have left them."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import pandas as pd
import tomli_w

from moedal_gui.core.scan import Channel, Orientation
from moedal_gui.simulate.field import (
    Bits,
    ChannelCount,
    Microscope,
    SimulatedField,
    draw_microscope,
    photograph,
)
from moedal_gui.simulate.placement import (
    INCH_PER_PX,
    Grid,
    Placement,
    datum_holes,
    draw_placement,
    stage_positions,
)
from moedal_gui.simulate.population import Etch, draw_etch, draw_population, through_next_sheet
from moedal_gui.simulate.truth import TRUTH_COLUMNS, truth_table

Progress = Callable[[int, int], None]
PIXEL_SIZE_UM = INCH_PER_PX * 25400.0
FOIL_MARGIN_PX = 60.0


@dataclass(frozen=True)
class SimulationParameters:
    """What is asked of a simulation; all else is drawn from the seed.

    Attributes
    ----------
    columns, rows
        Fields along x and y.
    pits_low, pits_high
        Pits of both surfaces per field at the left and the right end of the foil.
    candidates
        Tracks through the whole foil, on top of the other pits.
    channels
        10: eight rim lamps, backlit, halo; 8 or 4: rim lamps; 1: backlit.
    both_sides
        Whether a reverse scan is made too.
    sheets
        Sheets of a stack that the tracks go through, each a foil with scans of its own.
    field_size
        Width and height of a picture, px.
    bits
        8 or 16; None draws.
    roughness
        Root mean square of the slopes of the ground between the pits.
    h_px, surfaces_apart_px, dip_range_deg
        Bulk layer removed per side, distance of the etched surfaces, range of dips; None draws.
    """

    seed: int = 1
    columns: int = 4
    rows: int = 3
    pits_low: float = 10.0
    pits_high: float = 100.0
    candidates: int = 20
    channels: ChannelCount = 10
    both_sides: bool = True
    sheets: int = 1
    field_size: tuple[int, int] = (640, 480)
    bits: Bits | None = 8
    roughness: float = 0.0
    h_px: float | None = None
    surfaces_apart_px: float | None = None
    dip_range_deg: tuple[float, float] | None = None


def simulate_field(parameters: SimulationParameters, rng: np.random.Generator) -> SimulatedField:
    """One field without a scan round it; density is the mean of `pits_low` and `pits_high`.

    Parameters
    ----------
    parameters
        `columns`, `rows`, `both_sides`, `seed` are ignored; `candidates` are the tracks in this field.
    rng
        Source of everything drawn, microscope included.
    """
    width, height = parameters.field_size
    etch = draw_etch(rng, parameters.h_px, parameters.surfaces_apart_px, parameters.dip_range_deg)
    microscope = draw_microscope(rng, parameters.channels, parameters.bits, parameters.roughness)
    mean = 0.5 * (parameters.pits_low + parameters.pits_high)
    pits = draw_population(rng, etch, (width, height), (mean, mean), width * height, parameters.candidates)
    stack = photograph(rng, pits, microscope, "top", (width, height), etch.surfaces_apart_px)
    truth = truth_table(pits, "field", "field", "1", (width, height))
    return SimulatedField(stack, microscope.channels, microscope.optics.polarity, truth)


def _foil_pits(rng: np.random.Generator, grid: Grid, etch: Etch, parameters: SimulationParameters) -> pd.DataFrame:
    """Pits of the foil, some way beyond the fields, none at the pin holes."""
    width, height = grid.extent_px
    size = (width + 2 * FOIL_MARGIN_PX, height + 2 * FOIL_MARGIN_PX)
    area = parameters.field_size[0] * parameters.field_size[1]
    density = (parameters.pits_low, parameters.pits_high)
    pits = draw_population(rng, etch, size, density, area, parameters.candidates)
    pits[["x_px", "y_px"]] -= FOIL_MARGIN_PX
    return _beside_holes(pits, grid)


def _sheet_below(
    rng: np.random.Generator, grid: Grid, etch: Etch, parameters: SimulationParameters, above: pd.DataFrame
) -> pd.DataFrame:
    """Pits of the next sheet of a stack: its own ones, and those of the tracks that come from above."""
    own = _foil_pits(rng, grid, etch, replace(parameters, candidates=0))
    pits = pd.concat([own, _beside_holes(through_next_sheet(above, etch), grid)], ignore_index=True)
    return pits.assign(id=np.arange(1, len(pits) + 1))


def _beside_holes(pits: pd.DataFrame, grid: Grid) -> pd.DataFrame:
    for x, y, radius in datum_holes(grid):
        pits = pits[np.hypot(pits["x_px"] - x, pits["y_px"] - y) > radius + 25.0]
    return pits


def _datum(grid: Grid, placement: Placement) -> list[list[float]]:
    """Field, x_px, y_px of each pin hole, in the field that shows it nearest to its middle."""
    rows = []
    width, height = grid.size_px
    for point in placement.to_stage(datum_holes(grid)[:, :2], grid.extent_px):
        places = point - grid.corners_px() - placement.misplaced_px
        field = int(np.argmin(np.abs(places - [(width - 1) / 2, (height - 1) / 2]).max(axis=1)))
        rows.append([field + 1, round(float(places[field, 0]), 1), round(float(places[field, 1]), 1)])
    return rows


def _channel_row(channel: Channel) -> dict[str, Any]:
    row: dict[str, Any] = {"step": channel.step, "kind": channel.kind}
    return row | ({"azimuth_deg": channel.azimuth_deg} if channel.azimuth_deg is not None else {})


def _description(
    foil: str, scan: str, microscope: Microscope, placement: Placement, etch: Etch, grid: Grid
) -> dict[str, Any]:
    return {
        "foil": foil,
        "scan": scan,
        "orientation": placement.orientation,
        "mirrored": False,
        "polarity": microscope.optics.polarity,
        "pixel_size_um": round(PIXEL_SIZE_UM, 6),
        "foil_thickness_um": round(etch.surfaces_apart_px * PIXEL_SIZE_UM, 3),
        "bulk_etch_um": round(etch.h_px * PIXEL_SIZE_UM, 3),
        "field_size_px": list(grid.size_px),
        "files": f"stack{scan}_s{{field}}_{{step}}.png",
        "datum": _datum(grid, placement),
        "positions": {"file": "positions.json", "key": scan, "unit": "inch", "y_axis": "up"},
        "channels": [_channel_row(channel) for channel in microscope.channels],
    }


def _write_pictures(
    folder: Path, scan: str, field: int, stack: npt.NDArray[Any], channels: tuple[Channel, ...]
) -> None:
    for picture, channel in zip(stack, channels, strict=True):
        _, encoded = cv2.imencode(".png", picture, [cv2.IMWRITE_PNG_COMPRESSION, 1])
        # Not cv2.imwrite: it cannot write to every path.
        (folder / f"stack{scan}_s{field}_{channel.step}.png").write_bytes(encoded.tobytes())


def simulate_foil(out: Path, parameters: SimulationParameters, progress: Progress | None = None) -> list[Path]:
    """Simulate a foil and write its scan folders, each with `truth_SCAN.csv` beside it.

    Parameters
    ----------
    out
        Folder to write to; made if absent. The normal scan becomes ``out/c1``, the reverse one ``out/cr``.
    parameters
        What is asked for.
    progress
        Called with fields done and fields in all.

    Returns
    -------
    The scan folders. With several ``sheets`` they are called ``s1c1``, ``s1cr``, ``s2c1``, ... and each sheet is a foil.
    """
    rng = np.random.default_rng(parameters.seed)
    grid = Grid(parameters.columns, parameters.rows, parameters.field_size)
    etch = draw_etch(rng, parameters.h_px, parameters.surfaces_apart_px, parameters.dip_range_deg)
    pits = _foil_pits(rng, grid, etch, parameters)
    folders: list[Path] = []
    for sheet in range(1, parameters.sheets + 1):
        if sheet > 1:
            pits = _sheet_below(np.random.default_rng([parameters.seed, 1000 + sheet]), grid, etch, parameters, pits)
        folders += _write_sheet(out, sheet, pits, grid, etch, parameters, progress)
    return folders


def _write_sheet(
    out: Path,
    sheet: int,
    pits: pd.DataFrame,
    grid: Grid,
    etch: Etch,
    parameters: SimulationParameters,
    progress: Progress | None,
) -> list[Path]:
    """Write the scans of one sheet."""
    stacked = parameters.sheets > 1
    prefix, foil = (f"s{sheet}", f"SIM-{parameters.seed}-{sheet}") if stacked else ("", f"SIM-{parameters.seed}")
    words: dict[str, Any] = {"stack": f"SIM-{parameters.seed}", "sheet": sheet} if stacked else {}
    sides: list[tuple[str, Orientation]] = [("c1", "normal")]
    sides += [("cr", "reverse")] if parameters.both_sides else []
    fields, folders = len(grid.corners_px()), []
    total = parameters.sheets * len(sides) * fields
    for side, (scan, orientation) in enumerate(sides):
        # Each scan has its own stream, so that a normal scan does not depend on whether a reverse one is made.
        scan_rng = np.random.default_rng([parameters.seed, 100 * (sheet - 1) + side + 1])
        placement = draw_placement(scan_rng, orientation, fields)
        microscope = draw_microscope(scan_rng, parameters.channels, parameters.bits, parameters.roughness)
        done = ((sheet - 1) * len(sides) + side) * fields
        report = partial(_report, progress, done, total)
        name = f"{prefix}{scan}"
        folders.append(_write_scan(out, foil, name, words, scan_rng, pits, grid, etch, placement, microscope, report))
    return folders


def _report(progress: Progress | None, before: int, total: int, done: int) -> None:
    if progress is not None:
        progress(before + done, total)


def _write_scan(
    out: Path,
    foil: str,
    scan: str,
    words: dict[str, Any],
    rng: np.random.Generator,
    pits: pd.DataFrame,
    grid: Grid,
    etch: Etch,
    placement: Placement,
    microscope: Microscope,
    report: Callable[[int], None],
) -> Path:
    folder = out / scan
    folder.mkdir(parents=True, exist_ok=True)
    moved = placement.move(pits, grid.extent_px)
    holes = datum_holes(grid)
    holes[:, :2] = placement.to_stage(holes[:, :2], grid.extent_px)
    truth = []
    for k, corner in enumerate(grid.corners_px()):
        origin = corner + placement.misplaced_px[k]
        shown = moved.assign(x_px=moved["x_px"] - origin[0], y_px=moved["y_px"] - origin[1])
        pin = holes - [*origin, 0.0]
        stack = photograph(rng, shown, microscope, placement.near, grid.size_px, etch.surfaces_apart_px, pin)
        _write_pictures(folder, scan, k + 1, stack, microscope.channels)
        truth.append(truth_table(shown, foil, scan, str(k + 1), grid.size_px))
        report(k + 1)
    (folder / "positions.json").write_text(json.dumps({scan: stage_positions(grid, placement)}, indent=1))
    description = {**_description(foil, scan, microscope, placement, etch, grid), **words}
    (folder / "scan.toml").write_text(tomli_w.dumps(description), encoding="utf-8")
    pd.concat(truth)[list(TRUTH_COLUMNS)].to_csv(out / f"truth_{scan}.csv", index=False, float_format="%.7g")
    return folder
