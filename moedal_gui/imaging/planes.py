"""From a normalised field to the planes of a recipe, and the symmetries of those planes.

Training and scoring cut their crops here and nowhere else, so that both see the same values bit for bit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from moedal_gui.core.errors import DetectionError, RecipeError
from moedal_gui.core.examples import Examples
from moedal_gui.core.recipe import PAIR_NUMBERS, Recipe
from moedal_gui.core.scan import ScanDescription
from moedal_gui.imaging.crops import cut_crop, cut_crops
from moedal_gui.imaging.flat_field import FlatField
from moedal_gui.imaging.harmonics import first_harmonic, harmonic_matrix
from moedal_gui.imaging.lamps import usable_flat
from moedal_gui.imaging.normalise import normalise, usable_channels
from moedal_gui.imaging.symmetry import DEFAULT_TOLERANCE_DEG, Element, apply, group

Float32 = npt.NDArray[np.float32]
_SPARE = 1.45  # a crop that is turned by less than a quarter is cut wider by this, so that its corners are real


@dataclass(frozen=True)
class PlaneElement:
    """One symmetry of a recipe's input.

    Attributes
    ----------
    move
        How pixels and lamps change places, over all planes.
    slope
        Index of the plane slope x (slope y follows), or None.
    flips
        Indices of `PAIR_NUMBERS` that change sign.
    """

    move: Element
    slope: int | None
    flips: tuple[int, ...] = ()

    def applied(self, examples: Examples) -> Examples:
        """The examples seen from the other side of the symmetry."""
        numbers = examples.numbers
        if self.flips and numbers.shape[1]:
            numbers = numbers.copy()
            numbers[:, list(self.flips)] *= -1.0
        return Examples(self.moved(examples.pictures), numbers)

    def moved(self, pictures: Float32) -> Float32:
        """Pictures (..., C, H, W) turned with their lamps and slopes."""
        moved = np.asarray(apply(self.move, pictures), dtype=np.float32)
        if self.slope is None:
            return moved
        matrix = self.move.matrix.astype(np.float32)
        moved = moved.copy()
        x, y = moved[..., self.slope, :, :].copy(), moved[..., self.slope + 1, :, :].copy()
        moved[..., self.slope, :, :] = matrix[0, 0] * x + matrix[0, 1] * y
        moved[..., self.slope + 1, :, :] = matrix[1, 0] * x + matrix[1, 1] * y
        return moved


def plane_group(recipe: Recipe, resampling: bool = True) -> tuple[PlaneElement, ...]:
    """The symmetries of a recipe's input, the identity first.

    A pit's crop has the whole lamp-permuting group (16 elements for 8 even lamps, 8 for 4 or for slopes). A pair is
    turned towards the partner already, so only the mirroring at that line is left.
    """
    azimuths = recipe.azimuths_deg if "rim" in recipe.planes else ()
    elements = [_over_planes(e, recipe) for e in group(azimuths, resampling=resampling)]
    if recipe.view == "pit":
        return tuple(elements)
    flips = (PAIR_NUMBERS.index("rest_sin"),)
    upright = [e for e in elements if np.allclose(e.move.matrix, np.diag([1.0, -1.0]))]
    return (elements[0], *(PlaneElement(e.move, e.slope, flips) for e in upright))


def _over_planes(element: Element, recipe: Recipe) -> PlaneElement:
    permutation: list[int] = []
    slope: int | None = None
    for plane in recipe.planes:
        first = len(permutation)
        if plane == "rim":
            permutation += [first + k for k in element.permutation]
        elif plane == "slope":
            slope = first + 1
            permutation += [first, first + 1, first + 2]
        else:
            permutation.append(first)
    return PlaneElement(Element(element.angle_deg, element.mirrored, tuple(permutation)), slope)


def recipe_for(recipe: Recipe, description: ScanDescription) -> Recipe:
    """The recipe with the lamps of a scan filled in, unless it names its lamps itself."""
    if "rim" not in recipe.planes or recipe.azimuths_deg:
        return recipe
    azimuths = tuple(sorted(round(_named_azimuth(a, description), 6) for a in description.rim_azimuths_deg))
    return Recipe(**{**recipe.__dict__, "azimuths_deg": azimuths})


def refusal(recipe: Recipe, description: ScanDescription, flat: FlatField | None = None) -> str:
    """Why a scan does not have what a recipe names, in a few words; empty when it has.

    Slopes admit any ring of lamps; rim planes need the very lamps they were made for, others may stand beside them; a
    recipe in um needs the scan's pixel size. With the scan's flat field only channels that carry a picture count.
    """
    kinds = {c.kind for c in description.channels}
    for kind in ("backlit", "halo"):
        if kind in recipe.planes and kind not in kinds:
            return f"the scan has no {kind} channel"
    if "single" in recipe.planes and len(description.channels) != 1:
        return "it was trained on single pictures, and the scan has several channels"
    if "rim" in recipe.planes and (None in _lamps(recipe, description) or not recipe.azimuths_deg):
        lamps = ", ".join(f"{a:g}" for a in recipe.azimuths_deg)
        return f"it was trained with lamps at {lamps} degrees, and the scan has others"
    if "slope" in recipe.planes:
        try:
            harmonic_matrix(description.rim_azimuths_deg)
        except DetectionError as error:
            return str(error)
    if flat is not None and (words := _without_light(recipe, description, usable_channels(flat))):
        return words
    if recipe.size_um is not None and not description.pixel_size_um:
        return "its crops are measured in um, and the scan states no pixel size"
    return ""


def _without_light(recipe: Recipe, description: ScanDescription, usable: Sequence[bool]) -> str:
    """Which of what a recipe names carries no picture in the whole scan; a lamp alone is made up for by the others."""
    for kind in ("backlit", "halo", "single"):
        if kind in recipe.planes and not any(
            u for u, c in zip(usable, description.channels, strict=True) if c.kind == kind
        ):
            return f"its {kind} channel carries no picture"
    rim = description.rim
    shining = [i for i in rim if usable[i]]
    if "slope" in recipe.planes or ("rim" in recipe.planes and len(shining) < len(rim)):
        try:
            harmonic_matrix([description.channels[i].azimuth_deg or 0.0 for i in shining])
        except DetectionError:
            return f"only {len(shining)} of its {len(rim)} rim lamps carry a picture, too few for slopes"
    return ""


def _lamps(recipe: Recipe, description: ScanDescription) -> list[int | None]:
    """Index in the stack of the lamp behind each azimuth of a rim recipe; None where the scan has none there."""
    named = {i: _named_azimuth(description.channels[i].azimuth_deg or 0.0, description) for i in description.rim}
    found: list[int | None] = []
    for wanted in recipe.azimuths_deg:
        off = {i: abs((wanted - azimuth + 180.0) % 360.0 - 180.0) for i, azimuth in named.items()}
        nearest = min(off, key=lambda i: off[i], default=None)
        found.append(nearest if nearest is not None and off[nearest] <= DEFAULT_TOLERANCE_DEG else None)
    return found


def _turned_over(description: ScanDescription) -> bool:
    """Whether a top pit's walls shine like a bottom pit's do in a normal scan of polarity lit."""
    return (description.polarity == "inverted") != (description.orientation == "reverse")


def _named_azimuth(azimuth_deg: float, description: ScanDescription) -> float:
    """Under which azimuth a lamp's picture is filed: opposite where walls shine the other way."""
    return (azimuth_deg + (180.0 if _turned_over(description) else 0.0)) % 360.0


def planes_of(
    stack_raw: npt.NDArray[np.generic],
    description: ScanDescription,
    flat: FlatField,
    recipe: Recipe,
    missing: Sequence[int] = (),
) -> Float32:
    """The planes (C, H, W) of a whole field, surfaces speaking alike in every scan.

    In a reverse scan, or with polarity inverted, slopes change sign and each lamp's picture is filed under the
    opposite lamp, so that a top pit looks like a top pit of a normal scan.

    Parameters
    ----------
    missing
        Steps of channels that this field lacks; slopes are fitted without them, a rim plane is filled in from the
        fit.

    Raises
    ------
    RecipeError
        The scan lacks what the recipe names; see `refusal`.
    """
    reason = refusal(recipe, description)
    if reason:
        raise RecipeError(f"The recipe does not fit the scan {description.scan}: {reason}", "", "choose another expert")
    even = normalise(stack_raw, flat)
    alive = usable_channels(usable_flat(stack_raw, description, flat, missing))
    rim = [i for i in description.rim if alive[i]]
    planes: list[Float32] = []
    slopes = None
    if "slope" in recipe.planes or ("rim" in recipe.planes and len(rim) < len(description.rim)):
        azimuths = [description.channels[i].azimuth_deg or 0.0 for i in rim]
        try:
            slopes = first_harmonic(even[rim], azimuths)
        except DetectionError:  # too few lamps shine in this field: nothing was measured there
            return np.zeros((recipe.channels, *even.shape[1:]), np.float32)
    sign = np.float32(-1.0 if _turned_over(description) else 1.0)
    for plane in recipe.planes:
        if plane == "slope" and slopes is not None:
            planes += [slopes.mean, sign * slopes.slope_x, sign * slopes.slope_y]
        elif plane == "rim":
            for i in (lamp for lamp in _lamps(recipe, description) if lamp is not None):
                if alive[i] or slopes is None:
                    planes.append(even[i])
                else:
                    phi = np.radians(description.channels[i].azimuth_deg or 0.0)
                    fitted = slopes.mean + np.cos(phi) * slopes.slope_x + np.sin(phi) * slopes.slope_y
                    planes.append(np.asarray(fitted, np.float32))
        elif plane == "single":
            planes.append(even[0])
        elif plane in ("backlit", "halo"):
            planes.append(even[description.index_of(plane) or 0])
    return np.stack(planes)


def crop_px(recipe: Recipe, pixel_size_um: float | None) -> int:
    """Side, in the scan's px, of the window that becomes a crop."""
    if recipe.size_um is None or not pixel_size_um:
        return recipe.size
    return max(4, round(recipe.size_um / pixel_size_um))


def pit_crops(planes: Float32, centres: npt.ArrayLike, recipe: Recipe, pixel_size_um: float | None = None) -> Float32:
    """Crops (N, C, S, S) of pits at ``centres`` (N, 2) of a field's planes."""
    side = crop_px(recipe, pixel_size_um)
    return _resized(np.asarray(cut_crops(planes, centres, side), np.float32), recipe.size)


def pair_crops(
    planes: Float32,
    centres: npt.NDArray[np.float64],
    towards: npt.NDArray[np.float64],
    recipe: Recipe,
    pixel_size_um: float | None = None,
) -> tuple[Float32, npt.NDArray[np.float64]]:
    """Crops (N, 2, C, S, S) of pits and of the places ``centres + towards``, turned so that the partner lies ahead (+x).

    They are turned by whole steps of the lamp ring with the lamps permuted; quarters where only slopes are used.

    Returns
    -------
    The crops, and the rest angle (N,) in radians: the direction that is left after the turn. A partner outside the
    field has a crop of zeros.
    """
    azimuths = recipe.azimuths_deg if "rim" in recipe.planes else ()
    turns = [_over_planes(e, recipe) for e in group(azimuths) if not e.mirrored]
    angles = np.array([e.move.angle_deg for e in turns])
    direction = np.degrees(np.arctan2(towards[:, 1], towards[:, 0]))
    left = (direction[:, None] + angles[None, :] + 180.0) % 360.0 - 180.0
    chosen = np.argmin(np.abs(left), axis=1)
    side = crop_px(recipe, pixel_size_um)
    crops = np.zeros((len(centres), 2, recipe.channels, side, side), np.float32)
    height, width = planes.shape[1:]
    for n, (centre, other) in enumerate(zip(centres, centres + towards, strict=True)):
        element = turns[chosen[n]]
        wide = side if element.move.exact else int(np.ceil(side * _SPARE / 2)) * 2 + side % 2
        for view, (x, y) in enumerate((centre, other)):
            if view == 1 and not (-0.5 <= x < width - 0.5 and -0.5 <= y < height - 0.5):
                continue
            turned = element.moved(np.asarray(cut_crop(planes, x, y, wide), np.float32))
            edge = (wide - side) // 2
            crops[n, view] = turned[:, edge : edge + side, edge : edge + side]
    rest = np.radians(left[np.arange(len(chosen)), chosen])
    resized = _resized(crops.reshape(-1, recipe.channels, side, side), recipe.size)
    return resized.reshape(len(centres), 2, recipe.channels, recipe.size, recipe.size), rest


def picture_crop(picture: Float32, recipe: Recipe) -> Float32:
    """An ordinary picture (H, W) as a crop (1, S, S): halved by 2 x 2 means until it fits where the recipe says so,
    cut from the middle where it is too large, padded with its border's median where it is too small."""
    small = np.asarray(picture, np.float32)
    while recipe.fit == "halve" and max(small.shape) > recipe.size and min(small.shape) >= 2:
        small = _halved(small)
    border = np.concatenate([small[0], small[-1], small[:, 0], small[:, -1]])
    full = np.full((recipe.size, recipe.size), np.median(border), np.float32)
    source, target = [], []
    for length in small.shape:
        taken = min(length, recipe.size)
        source.append(slice((length - taken) // 2, (length - taken) // 2 + taken))
        target.append(slice((recipe.size - taken) // 2, (recipe.size - taken) // 2 + taken))
    full[tuple(target)] = small[tuple(source)]
    return np.asarray((full - recipe.level) / recipe.spread, np.float32)[None]


def _halved(picture: Float32) -> Float32:
    height, width = (picture.shape[0] + 1) // 2 * 2, (picture.shape[1] + 1) // 2 * 2
    even = np.pad(picture, ((0, height - picture.shape[0]), (0, width - picture.shape[1])), mode="edge")
    return np.asarray(even.reshape(height // 2, 2, width // 2, 2).mean(axis=(1, 3)), np.float32)


def _resized(crops: Float32, size: int) -> Float32:
    if crops.shape[-1] == size or not len(crops):
        return crops
    how = cv2.INTER_AREA if crops.shape[-1] > size else cv2.INTER_LINEAR
    flat = crops.reshape(-1, *crops.shape[-2:])
    small = np.stack([cv2.resize(picture, (size, size), interpolation=how) for picture in flat])
    return np.asarray(small.reshape(*crops.shape[:-2], size, size), np.float32)
