"""What is said of the datum points that a person is setting: a row a mark, a sentence on all, the place magnified."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from moedal_gui.app.crop_pictures import channel_picture
from moedal_gui.app.datum import MARKS, DatumDraft
from moedal_gui.core.scan import DatumPoint
from moedal_gui.imaging.crops import cut_crop
from moedal_gui.store.catalogue import ScanRecord
from moedal_gui.store.project import Project

MAGNIFIED_PX = 64


@dataclass(frozen=True)
class DatumRow:
    """A row of the table of marks: its cells as text, and whether the mark is the one that does not fit."""

    cells: tuple[str, ...]
    doubted: bool


def mark_title(index: int, count: int) -> str:
    """What a datum point is called, and what hangs on it."""
    role = "origin" if index == 0 else "x axis" if index == max(count, MARKS) - 1 else ""
    return f"{index}  {role}".rstrip()


def mark_rows(draft: DatumDraft) -> list[DatumRow]:
    """The marks there are and should be, each with where it lies and how it fits."""
    count = max(MARKS, len(draft.points))
    return [DatumRow(_cells(draft, k, count), _is_doubted(draft, k)) for k in range(count)]


def _cells(draft: DatumDraft, index: int, count: int) -> tuple[str, ...]:
    title, check = mark_title(index, count), draft.check
    if index >= len(draft.points):
        place = draft.place_of(index)
        return (title, f"in {place.field}?" if place is not None else "–", "not set", *[""] * 5)
    point = draft.points[index]
    here = (title, point.field, f"{point.x_px:.1f}, {point.y_px:.1f}")
    if check is None or index >= len(check.stage):
        return (*here, *["…"] * 5)
    unit = draft.scan.description.stage_unit if draft.scan is not None else ""
    x, y = check.stage[index]
    stage = f"{x:.4f}, {y:.4f} {unit}" if np.isfinite(x) else "no position"
    misfits = check.misfits
    figures: list[float] = [float("nan")] * 3
    if misfits is not None and index < len(misfits.fitted):
        figures = [float(v[index]) for v in (misfits.fitted, misfits.alone, misfits.rest)]
    return (*here, stage, *[_px(v) for v in (*figures, float(check.by_pits[index]))])


def _px(value: float) -> str:
    return f"{value:.1f}" if np.isfinite(value) else "–"


def _is_doubted(draft: DatumDraft, index: int) -> bool:
    check = draft.check
    if check is None or index >= len(check.by_pits):
        return False
    if np.isfinite(check.by_pits[index]):
        return bool(check.by_pits[index] > check.limit_px)
    return check.misfits is not None and index in check.misfits.doubted


def verdict_of(draft: DatumDraft) -> tuple[str, str]:
    """A sentence on how the points fit, and its role for the screen (``good``, ``warning`` or ``dim``)."""
    if len(draft.points) < 2:
        return "Two datum points at least are wanted, three to check one against the others.", "dim"
    if draft.reference is None:
        return "No other scan of this foil has datum points: nothing can check these.", "dim"
    check = draft.check
    if check is None or check.misfits is None:
        return "Looking how they fit…", "dim"
    if len(draft.points) != len(draft.reference.description.datum):
        return f"{draft.reference.scan} has {len(draft.reference.description.datum)} points: set as many.", "warning"
    other = draft.reference.scan
    doubted = [k for k in range(len(draft.points)) if _is_doubted(draft, k)]
    if len(doubted) == 1:
        return (
            f"Mark {doubted[0]} does not lie where {other} has it; the others fit. One of the two is wrong.",
            "warning",
        )
    worst = float(np.nanmax(check.misfits.fitted))
    if doubted or worst > check.limit_px:
        words = (
            f"marks {', '.join(map(str, doubted))} may be the wrong one" if doubted else "no single mark explains it"
        )
        return f"The points do not fit those of {other}: {words}.", "warning"
    return f"The points fit those of {other} within {worst:.1f} px.", "good"


def magnified(project: Project, scan: ScanRecord, point: DatumPoint) -> npt.NDArray[np.uint8] | None:
    """The picture round a datum point as it is shown, (64, 64); None where there is none."""
    row = next((r for r in project.catalogue.field_rows(scan.scan_id) if r.field == point.field), None)
    if row is None or row.batch is None:
        return None
    channel = scan.description.index_of("backlit") or 0
    stack = project.images.read(row.batch, row.slot, channels=slice(channel, channel + 1))
    shown = stack[..., ::-1] if scan.description.mirrored else stack
    return channel_picture(cut_crop(shown, point.x_px, point.y_px, MAGNIFIED_PX)[0], None)
