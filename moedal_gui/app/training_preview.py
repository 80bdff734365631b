"""What a training would do, before it is begun: the symmetries of a crop, and the network's layers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from moedal_gui.app.crop_pictures import relief_picture
from moedal_gui.app.pits import PitSheet
from moedal_gui.app.sheet import Sheet
from moedal_gui.core.errors import NotFoundError
from moedal_gui.core.examples import Examples
from moedal_gui.core.recipe import Recipe
from moedal_gui.store.project import Project

if TYPE_CHECKING:
    from moedal_gui.imaging.planes import PlaneElement

Bytes = npt.NDArray[np.uint8]
_SIDE_PX = 48
_SHOWN = 4


@dataclass(frozen=True)
class Look:
    """One turn of a crop: its name, the relief with the lamps permuted, and with the pixels turned alone."""

    title: str
    right: Bytes
    wrong: Bytes


@dataclass(frozen=True)
class Layer:
    """One layer of a network: what it is, the shape of what it gives, its weights."""

    name: str
    shape: str
    weights: int


def symmetry_looks(project: Project, sheet: Sheet, pits: PitSheet, row: int) -> list[Look]:
    """A pit's crop under symmetries of its lamps, the identity first.

    Raises
    ------
    NotFoundError
        The scan has no picture there, or no ring of lamps.
    """
    from moedal_gui.imaging.flat_field import FlatField
    from moedal_gui.imaging.planes import pit_crops, plane_group, planes_of, refusal

    recipe, scan = Recipe(size=_SIDE_PX), sheet.record
    fields = {f.field_id: f for f in project.catalogue.field_rows(scan.scan_id)}
    field = fields[int(pits.table["field_id"].iloc[row])]
    flat = FlatField.from_json(scan.flat) if scan.flat is not None else None
    if field.batch is None or flat is None or refusal(recipe, scan.description, flat):
        raise NotFoundError("This scan has no ring of lamps to turn", scan.scan, "open one that has")
    stack = project.images.read(field.batch, field.slot)
    planes = planes_of(stack, scan.description, flat, recipe, field.missing)
    place = pits.table[["x_px", "y_px"]].to_numpy(dtype=float)[row]
    crop = pit_crops(planes, [place], recipe)
    elements = plane_group(recipe, resampling=False)
    chosen = [*elements[:_SHOWN], *elements[_SHOWN : _SHOWN + 1]]
    return [Look(_title(e), _relief(e.moved(crop)[0]), _relief(_pixels_alone(e, crop)[0])) for e in chosen]


def layers_of(settings: Any, recipe: Recipe, classes: int) -> list[Layer]:
    """The layers of a network, described in a process of its own: this one never loads torch."""
    from moedal_gui.tasks.training.training_plan import apart, described_layers

    return [Layer(*row) for row in apart(described_layers, settings, recipe, classes)]


def _pixels_alone(element: PlaneElement, crop: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """The mistake: the picture turned, what each lamp says left as it was."""
    turned = element.applied(Examples(crop[:, None], np.zeros((len(crop), 0), np.float32))).pictures[:, 0].copy()
    undo = np.linalg.inv(element.move.matrix)
    x, y = turned[:, 1].copy(), turned[:, 2].copy()
    turned[:, 1], turned[:, 2] = undo[0, 0] * x + undo[0, 1] * y, undo[1, 0] * x + undo[1, 1] * y
    return turned


def _relief(planes: npt.NDArray[np.float32]) -> Bytes:
    from moedal_gui.imaging.relief import integrate

    return relief_picture(integrate(planes[1], planes[2], longest_px=float(_SIDE_PX)))


def _title(element: PlaneElement) -> str:
    angle = f"{element.move.angle_deg:.0f}°"
    if element.move.mirrored:
        return "mirrored" if element.move.angle_deg == 0 else f"mirrored, {angle}"
    return "as seen" if element.move.angle_deg == 0 else f"turned {angle}"
