"""Crops of pits with all that goes with them: the same for training and for scoring."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from moedal_gui.core.examples import Examples
from moedal_gui.core.recipe import PAIR_NUMBERS, Recipe
from moedal_gui.core.scan import ScanDescription
from moedal_gui.imaging.flat_field import FlatField
from moedal_gui.imaging.planes import pair_crops, pit_crops, planes_of
from moedal_gui.store.catalogue import ScanRecord
from moedal_gui.store.images import ImageStore
from moedal_gui.store.project import Project
from moedal_gui.tasks.partners import PitPartners

_REST_SIN, _REST_COS = PAIR_NUMBERS.index("rest_sin"), PAIR_NUMBERS.index("rest_cos")


@dataclass(frozen=True)
class FieldPits:
    """Pits of one field, on their way to become crops; small, so that it travels to another process.

    ``rows`` says which rows of the caller's table they are.
    """

    pixels: Path
    batch: str
    slot: int
    missing: tuple[int, ...]
    field_id: int
    description: ScanDescription
    flat: FlatField
    rows: npt.NDArray[np.intp]
    centres: npt.NDArray[np.float64]
    partners: PitPartners


def fields_of(project: Project, scan: ScanRecord, pits: pd.DataFrame, partners: PitPartners) -> Iterator[FieldPits]:
    """The pits of a scan (columns field_id, x_px, y_px) field by field; fields without pictures are left out."""
    if scan.flat is None:
        return
    flat = FlatField.from_json(scan.flat)
    pixels = project.path / "pixels"
    places = pits[["x_px", "y_px"]].to_numpy(dtype=float)
    rows_of = pits.reset_index(drop=True).groupby("field_id").indices
    for row in project.catalogue.field_rows(scan.scan_id):
        rows = np.asarray(rows_of.get(row.field_id, ()), dtype=np.intp)
        if row.batch is not None and len(rows):
            yield FieldPits(
                pixels, row.batch, row.slot, row.missing, row.field_id, scan.description, flat, rows, places[rows],
                partners.taken(rows),
            )  # fmt: skip


def read_examples(field: FieldPits, recipes: Mapping[str, Recipe]) -> dict[str, Examples]:
    """Inputs of each recipe for the pits of one field.

    Parameters
    ----------
    recipes
        By the name of what they show (``pit``, ``pair``).

    Raises
    ------
    RecipeError
        The scan lacks what a recipe names.
    """
    images = ImageStore(field.pixels)
    try:
        stack = images.read(field.batch, field.slot)
    finally:
        images.close()
    pixel = field.description.pixel_size_um
    found: dict[str, Examples] = {}
    planes: dict[tuple[object, ...], npt.NDArray[np.float32]] = {}
    for name, recipe in recipes.items():
        key = (recipe.planes, recipe.azimuths_deg)
        if key not in planes:
            planes[key] = planes_of(stack, field.description, field.flat, recipe, field.missing)
        if recipe.view == "pit":
            crops = pit_crops(planes[key], field.centres, recipe, pixel)
            found[name] = Examples(crops[:, None], np.zeros((len(crops), 0), np.float32))
        else:
            found[name] = _pairs(planes[key], field, recipe, pixel)
    return found


def _pairs(planes: npt.NDArray[np.float32], field: FieldPits, recipe: Recipe, pixel: float | None) -> Examples:
    towards = field.partners.towards
    known: npt.NDArray[np.bool_] = np.isfinite(towards[:, 0] + towards[:, 1])
    crops, rest = pair_crops(planes, field.centres, np.where(known[:, None], towards, 0.0), recipe, pixel)
    # Without a partner's place there is nothing to show across, and no direction to turn to.
    crops[np.flatnonzero(~known), 1] = 0.0
    numbers = field.partners.numbers.copy()
    numbers[:, _REST_SIN] = np.where(known, np.sin(rest), 0.0)
    numbers[:, _REST_COS] = np.where(known, np.cos(rest), 0.0)
    return Examples(crops, numbers)
