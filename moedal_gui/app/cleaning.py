"""What cleaning does to one field: before, after, and what was taken, as pre-selection would see it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from moedal_gui.app.sheet import Sheet
from moedal_gui.core.errors import DetectionError
from moedal_gui.imaging.cleaning import Cleaned
from moedal_gui.imaging.harmonics import SlopeField, first_harmonic
from moedal_gui.imaging.lamps import slope_ring, usable_flat
from moedal_gui.imaging.normalise import normalise
from moedal_gui.store.project import Project

Bytes = npt.NDArray[np.uint8]
Float32 = npt.NDArray[np.float32]
# Okabe and Ito's orange and sky blue; scratches are striped as well.
DIRT, SCRATCH = (230, 159, 0), (86, 180, 233)
_STRIPE_PX = 3


@dataclass(frozen=True)
class CleaningShown:
    """One field's cleaning: three pictures (H, W, 3), and the figures of `Cleaned.shares`."""

    field: str
    before: Bytes
    after: Bytes
    taken: Bytes
    shares: dict[str, float]
    separated: bool


def pictures_to_show(sheet: Sheet) -> tuple[str, ...]:
    """What can be looked at: slopes and mean where there is a ring, else the one picture."""
    return ("slopes", "mean") if sheet.ring else ("picture",)


def cleaning_of(project: Project, sheet: Sheet, row: int, picture: str) -> CleaningShown:
    """Clean a field as ``preselect --clean`` does, and lay it beside itself in one contrast.

    Raises
    ------
    DetectionError
        The field has no pictures, or the scan no flat field yet.
    """
    from moedal_gui.preselect.methods import clean_field

    record, description, flat = sheet.fields.iloc[row], sheet.record.description, sheet.flat
    if flat is None or not isinstance(record["batch"], str):
        raise DetectionError(
            f"Field {sheet.names[row]} has no pictures to clean", description.scan, "choose another field"
        )
    stack = project.images.read(record["batch"], int(record["slot"]))
    missing = next(f.missing for f in project.catalogue.field_rows(sheet.record.scan_id) if f.field == sheet.names[row])
    alive = usable_flat(stack, description, flat, missing)
    cleaned = clean_field(stack, description, alive)
    ring = slope_ring(description, alive)
    azimuths = [description.channels[i].azimuth_deg or 0.0 for i in ring]
    before, after = (_plane(f, ring, azimuths, picture) for f in (normalise(stack, alive), cleaned.field))
    low, high = (float(v) for v in np.percentile(before, (0.5, 99.8)))
    grey = [_grey(p, low, high)[:, :: -1 if sheet.mirrored else 1] for p in (before, after)]
    taken = _taken(grey[0], cleaned, sheet.mirrored)
    return CleaningShown(sheet.names[row], grey[0], grey[1], taken, cleaned.shares, cleaned.separated)


def words_of(shown: CleaningShown) -> str:
    """The figures, said."""
    shares = shown.shares
    ring = (
        "Brought back to mean and slope; "
        if shown.separated
        else "No ring of lamps: dirt cannot be told from pits, and stays; "
    )
    return (
        f"{ring}dirt {shares['dirt']:.2%} and scratches {shares['scratches']:.2%} of the area, {shares['filled']:.2%} filled "
        "from round about. Only the search for pits would look at this; raw pixels stay as they are."
    )


def _plane(field: Float32, ring: tuple[int, ...], azimuths: list[float], picture: str) -> Float32:
    if not ring:
        return np.asarray(field[0])
    slopes: SlopeField = first_harmonic(field[list(ring)], azimuths)
    return np.hypot(slopes.slope_x, slopes.slope_y) if picture == "slopes" else slopes.mean


def _grey(plane: Float32, low: float, high: float) -> Bytes:
    scaled = np.clip((plane - low) * (255.0 / max(high - low, 1e-6)), 0, 255).astype(np.uint8)
    return np.repeat(scaled[..., None], 3, axis=2)


def _taken(grey: Bytes, cleaned: Cleaned, mirrored: bool) -> Bytes:
    way = -1 if mirrored else 1
    picture = (grey // 2 + 40).astype(np.uint8)
    y, x = np.indices(picture.shape[:2])
    stripes = (x + y) // _STRIPE_PX % 2 == 0
    picture[cleaned.dirt[:, ::way]] = DIRT
    picture[cleaned.scratches[:, ::way] & stripes] = SCRATCH
    return picture
