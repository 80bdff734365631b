"""Fields whose pits are known, for a detector to learn from: a project's labels, or boxed pictures."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import pandas as pd

from moedal_gui.core.correction import SAME_PLACE_PX, PitCorrection, alike, reach_px
from moedal_gui.core.counted import counted
from moedal_gui.core.errors import TrainingError
from moedal_gui.core.scan import Channel, ScanDescription
from moedal_gui.formats.boxes import read_boxes
from moedal_gui.imaging.boxed_mouths import mouths_in_boxes
from moedal_gui.imaging.detector_planes import View
from moedal_gui.imaging.flat_field import FlatField, estimate_flat_field
from moedal_gui.imaging.shrink import shrunk
from moedal_gui.learn.detector.examples import MAJOR, MINOR, TaughtField, X, Y
from moedal_gui.preselect.methods import detector_planes, natural_view
from moedal_gui.store.catalogue import ScanRecord
from moedal_gui.store.images import ImageStore
from moedal_gui.store.project import Project
from moedal_gui.tasks.labels.label_table import label_table
from moedal_gui.tasks.pit_table import all_pits

Float32 = npt.NDArray[np.float32]

SURE = 0.9
"""Unlabelled pits at least this probable are taken as pits; round less probable ones nothing is taught."""
LOOKED_AT_PX = 40
"""How far round a correction a field counts as looked at where nobody gave it a label."""
_FEW_FIELDS = 8
_QUARTER = "#"
_HELD_BACK = 4
_COMFORTABLE_PX, _MOST_SHRUNK = 24.0, 8


@dataclass(frozen=True)
class DetectorSet:
    """What a detector learns from.

    Attributes
    ----------
    taught, held
        Fields to learn from, and those held back for the calibration.
    shrink
        How many px of the pictures became one of the fields; None for slopes.
    exact
        Whether the shapes of the mouths are known, not only boxes round them.
    words
        Plain values for the card.
    """

    view: View
    surfaces: int
    taught: tuple[TaughtField, ...]
    held: tuple[TaughtField, ...]
    exact: bool
    words: dict[str, object]
    shrink: int | None = None


def from_boxes(folder: Path) -> DetectorSet:
    """Boxed pictures: one surface, every box a pit whose mouth fills it, lying as what is in the box does.

    Raises
    ------
    PictureError
        There are none.
    """
    pictures, damaged = read_boxes(folder)
    fields = []
    for boxed in pictures:
        stack = boxed.picture[None]
        channel = (Channel(1, "single"),)
        planes = detector_planes(
            stack, ScanDescription(boxed.path.stem, boxed.path.stem, channel), estimate_flat_field([stack]), "picture"
        )
        mouths = mouths_in_boxes(planes[0], boxed.boxes)
        pits = np.concatenate([boxed.boxes[:, :2], mouths, np.zeros((len(mouths), 1))], axis=1)
        # Known again in whatever folder it lies.
        name = hashlib.sha256(np.ascontiguousarray(boxed.picture).tobytes()).hexdigest()[:16]
        fields.append(TaughtField(planes.astype(np.float16), pits.astype(np.float32), name=name))
    inside = {p.path.parent for p in pictures} - {folder}
    among = f" and {counted(len(inside), 'folder')} in it" if inside else ""
    words: dict[str, object] = {
        "text": f"trained on {counted(len(pictures), 'boxed picture')} of {folder.name}{among}", "pictures": len(pictures),
        "damaged": list(damaged),
    }  # fmt: skip
    return _shrunken(fields, False, words)


def from_labels(project: Project) -> DetectorSet:
    """The fields in which somebody labelled pits.

    A label at a place where no pit was found teaches the detector what it missed, and so does a pit put by hand; where somebody
    took a pit out, none is. Doubtful pits that nobody labelled teach nothing either way. Fields with corrections and no labels
    have been looked at round the corrections only.

    Raises
    ------
    TrainingError
        There are no labels or corrections on fields with pictures, or scans differ in what a detector can look at.
    """
    labels = label_table(project)
    labels = labels[(labels["label"] != "maybe") & (labels["annotator"] != "ensemble")]
    pits = all_pits(project)
    corrections = project.labels.corrections.in_force(("add", "remove", "move"))
    fields: list[TaughtField] = []
    views: set[View] = set()
    names = []
    for scan in project.catalogue.scans():
        mine = labels[(labels["foil"] == scan.foil) & (labels["scan"] == scan.scan)]
        put_right = [c for c in corrections if (c.foil, c.at.scan) == (scan.foil, scan.scan)]
        if scan.flat is None or not (len(mine) or put_right):
            continue
        flat = FlatField.from_json(scan.flat)
        view = natural_view(scan.description, flat)
        views.add(view)
        names.append(scan.scan)
        found = pits[(pits["foil"] == scan.foil) & (pits["scan"] == scan.scan)]
        fields += _fields(project, scan, flat, view, mine, found, put_right)
    if not fields:
        raise TrainingError(
            "There are no labels to teach a detector",
            project.path,
            "label some pits, import labels, or put right what the detector missed, then train again",
        )
    if len(views) > 1:
        raise TrainingError(
            "Some scans have a ring of lamps and some have not",
            ", ".join(names),
            "train one detector a kind, in projects apart",
        )
    view = views.pop()
    words: dict[str, object] = {
        "text": f"trained on labels in {len(fields)} fields of {', '.join(sorted(set(names)))}", "scans": sorted(set(names)),
        "labels": len(labels), "corrections": len(corrections),
    }  # fmt: skip
    return _split(fields, view, 2, True, words) if view == "slope" else _shrunken(fields, True, words)


def _fields(
    project: Project,
    scan: ScanRecord,
    flat: FlatField,
    view: View,
    labels: pd.DataFrame,
    pits: pd.DataFrame,
    corrections: Sequence[PitCorrection],
) -> list[TaughtField]:
    images = ImageStore(project.path / "pixels")
    answer = []
    try:
        for row in project.catalogue.field_rows(scan.scan_id):
            mine = labels[labels["field"].astype(str) == str(row.field)]
            put_right = [c for c in corrections if row.field in (c.at.field, c.to.field)]
            if row.batch is None or not (len(mine) or put_right):
                continue
            stack = images.read(row.batch, row.slot)
            here = pits[pits["field_id"] == row.field_id]
            if view == "slope":
                # Put by hand where the slopes do not say which surface it is on: it is one, but of which?
                vague = (here["by_hand"] == 1) & ~here["surface"].isin(["top", "bottom"])
                here = here.assign(probability=here["probability"].where(~vague, 0.0))
            planes = detector_planes(stack, scan.description, flat, view).astype(np.float16)
            taught = _field(
                planes,
                here,
                _still_said(mine, put_right),
                set(labels["pit_id"].dropna()),
                scan.description.near_surface,
            )
            named = replace(taught, name=f"{scan.foil}/{scan.scan}/{row.field}")
            answer.append(_put_right(named, row.field, put_right, whole=len(mine) > 0))
    finally:
        images.close()
    return answer


def _field(
    planes: npt.NDArray[np.float16], pits: pd.DataFrame, labels: pd.DataFrame, named: set[float], near: str
) -> TaughtField:
    """What is known of one field: labelled and sure pits, and missed ones at the size of their neighbours."""
    said = pits["pit_id"].isin(named).to_numpy()
    sure = said | (pits["probability"].fillna(0.0) >= SURE).to_numpy()
    missed = labels[labels["pit_id"].isna()]
    columns = ["x_px", "y_px", "major_px", "minor_px", "azimuth_deg", "surface"]
    taken = pits.loc[sure, columns].copy()
    stated = (
        labels.dropna(subset=["pit_id"])
        .drop_duplicates("pit_id", keep="last")
        .set_index("pit_id")["surface"]
        .fillna("")
    )
    sides = pits.loc[sure, "pit_id"].map(stated).astype(object).fillna("")
    taken["surface"] = np.where(sides != "", sides, taken["surface"].fillna(""))
    # Where nobody measured which way a mouth points, it is taught as a round one.
    round_ = taken["azimuth_deg"].isna()
    taken.loc[round_, "major_px"] = taken.loc[round_, "minor_px"]
    taken["azimuth_deg"] = taken["azimuth_deg"].fillna(0.0)
    typical = pits[["major_px", "minor_px"]].median().fillna(10.0)
    added = pd.DataFrame(
        {
            "x_px": missed["x_px"], "y_px": missed["y_px"], "major_px": typical["minor_px"], "minor_px": typical["minor_px"],
            "azimuth_deg": 0.0, "surface": missed["surface"].fillna(""),
        }
    )  # fmt: skip
    every = pd.concat([taken, added[added["surface"] != ""]], ignore_index=True)
    known = np.ones(planes.shape[1:], np.uint8)
    for _, pit in pd.concat([pits.loc[~sure, columns], added[added["surface"] == ""]], ignore_index=True).iterrows():
        centre = (round(float(pit["x_px"])), round(float(pit["y_px"])))
        cv2.circle(known, centre, round(0.5 * float(pit["major_px"])) + 3, 0, -1)
    table = np.stack(
        [
            every["x_px"], every["y_px"], 0.5 * every["major_px"], 0.5 * every["minor_px"],
            np.radians(every["azimuth_deg"]), (every["surface"] != near).astype(float),
        ],
        axis=1,
    ).astype(np.float32)  # fmt: skip
    return TaughtField(planes, table, None, known.astype(bool))


def _still_said(labels: pd.DataFrame, corrections: Sequence[PitCorrection]) -> pd.DataFrame:
    """Labels of one field but those whose pit somebody took out since: they are of no pit that was missed."""
    gone = np.zeros(len(labels), dtype=bool)
    for one in (c for c in corrections if c.kind == "remove"):
        apart = np.hypot(labels["x_px"].to_numpy(float) - one.at.x_px, labels["y_px"].to_numpy(float) - one.at.y_px)
        like = np.array([alike(str(s), one.at.surface) for s in labels["surface"].fillna("")], dtype=bool)
        gone |= like & (apart <= reach_px(one.mouth.minor_px)) & (labels["stroke"] < one.stroke).to_numpy(bool)
    return labels[~gone | labels["pit_id"].notna().to_numpy(bool)]


def _put_right(field: TaughtField, name: str, corrections: Sequence[PitCorrection], whole: bool) -> TaughtField:
    """Where people took pits out none is, which is known; a field nobody labelled (not ``whole``) is known round corrections only."""
    if not corrections or field.known is None:
        return field
    known, near = field.known.astype(np.uint8), np.zeros(field.known.shape, np.uint8)
    for one in corrections:
        for spot in (one.at, one.to):
            if spot.field == name:
                cv2.circle(near, (round(spot.x_px), round(spot.y_px)), LOOKED_AT_PX, 1, -1)
        if one.kind != "add" and one.at.field == name:
            centre = (round(one.at.x_px), round(one.at.y_px))
            cv2.circle(known, centre, round(0.5 * (one.mouth.minor_px or 2.0 * SAME_PLACE_PX)), 1, -1)
    known = known if whole else known & near
    height, width = known.shape
    at = np.rint(field.pits[:, [1, 0]]).astype(int)
    seen = known[np.clip(at[:, 0], 0, height - 1), np.clip(at[:, 1], 0, width - 1)].astype(bool)
    return replace(field, pits=field.pits if whole else field.pits[seen], known=known.astype(bool))


def _shrunken(fields: Sequence[TaughtField], exact: bool, words: dict[str, object]) -> DetectorSet:
    """Pictures at the size at which their pits are as large as a detector likes them: it sees more round them, and sooner."""
    rows = np.concatenate([f.pits for f in fields])
    size = 2.0 * float(np.median(np.sqrt(rows[:, MAJOR] * rows[:, MINOR]))) if len(rows) else _COMFORTABLE_PX
    steps = round(float(np.log2(max(size / _COMFORTABLE_PX, 1.0))))
    factor = min(2**steps, _MOST_SHRUNK)
    return replace(_split([_smaller(f, factor) for f in fields], "picture", 1, exact, words), shrink=factor)


def _smaller(field: TaughtField, factor: int) -> TaughtField:
    if factor == 1:
        return field
    pits = field.pits.copy()
    pits[:, [X, Y]] = (pits[:, [X, Y]] + 0.5) / factor - 0.5
    pits[:, [MAJOR, MINOR]] /= factor
    known = field.known
    if known is not None:
        known = shrunk(known[None].astype(np.float32), factor)[0] == 1.0
    return replace(field, planes=shrunk(field.planes, factor).astype(np.float16), pits=pits, known=known)


def _split(
    fields: Sequence[TaughtField], view: View, surfaces: int, exact: bool, words: dict[str, object]
) -> DetectorSet:
    """Every fourth field is held back; few fields are cut into quarters first."""
    parts = [q for f in fields for q in _quarters(f)] if len(fields) < _FEW_FIELDS else list(fields)
    taught = tuple(p for k, p in enumerate(parts) if k % _HELD_BACK)
    held = tuple(p for k, p in enumerate(parts) if k % _HELD_BACK == 0)
    count = sum(len(p.pits) for p in parts)
    return DetectorSet(view, surfaces, taught, held, exact, {**words, "fields": len(fields), "pits": count})


def learnt_from(name: str, taught: Collection[str]) -> bool:
    """Whether any of a field was taught, by the names of what was taught: fields, or quarters of them."""
    whole = name.split(_QUARTER, maxsplit=1)[0]
    return name in taught or whole in taught or (name == whole and any(t.split(_QUARTER)[0] == whole for t in taught))


def _quarters(field: TaughtField) -> list[TaughtField]:
    height, width = field.planes.shape[1:]
    answer: list[TaughtField] = []
    for rows in (slice(0, height // 2), slice(height // 2, height)):
        for columns in (slice(0, width // 2), slice(width // 2, width)):
            pits = field.pits.copy()
            pits[:, 0] -= columns.start
            pits[:, 1] -= rows.start
            known = None if field.known is None else field.known[rows, columns]
            name = f"{field.name}{_QUARTER}{len(answer)}"
            answer.append(replace(field, planes=field.planes[:, rows, columns], pits=pits, known=known, name=name))
    return answer
