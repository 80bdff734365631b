"""Clean to dirty: one scan of a foil as the truth of another, and what came of the comparison."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from psygnal import Signal

from moedal_gui.app.command_line import command_line
from moedal_gui.app.crops import CropSource
from moedal_gui.app.jobs import Job, Jobs
from moedal_gui.app.session import Session
from moedal_gui.app.sheet import Sheet, lay_out
from moedal_gui.formats.tables import write_csv
from moedal_gui.store.project import Project

Floats = npt.NDArray[np.float64]
KINDS: tuple[str, ...] = ("missed", "false", "fragment")
_LISTS = {"missed": "misses", "false": "false_finds", "fragment": "fragments"}
_NEAR_PX = 320.0


@dataclass(frozen=True)
class Asked:
    """What is compared: scans as ``foil/scan``, the truth's ``pits`` or ``labels``; ``offset_px`` None is searched."""

    truth: str
    scan: str
    truth_of: str = "pits"
    offset_px: tuple[float, float] | None = None
    cut_px: float = 8.0


@dataclass(frozen=True)
class Comparison:
    """What a comparison found.

    Attributes
    ----------
    asked
        What was compared.
    cuts_px
        Distances (N,) that a match may have.
    efficiency, purity
        (N, 3): value, lower and upper end of the 95 % interval; NaN where nothing was counted.
    accidental
        (N,): share of true pits that accident would match.
    resolution
        ``x`` and ``y``: ``value``, ``low``, ``high`` in px, None where too few matched.
    offset_px, offset_searched
        Added to the true places; whether it was looked for in the data.
    places
        ``kind``, ``field``, ``field_id``, ``x_px``, ``y_px`` in the scan, ``x_frame``, ``y_frame`` on the foil, ``pit_id``, ``surface``.
    unit
        Of the places on the foil: ``um`` or ``px``.
    borders
        Fields of the scan on the foil, corners (M, 4, 2).
    sheet
        The scan laid out.
    """

    asked: Asked
    cuts_px: Floats
    efficiency: Floats
    purity: Floats
    accidental: Floats
    resolution: Mapping[str, Mapping[str, float | None]]
    offset_px: tuple[float, float]
    offset_searched: bool
    places: pd.DataFrame
    unit: str
    borders: Floats
    sheet: Sheet


class CleanToDirty:
    """Owns the comparison on screen. ``changed`` carries the old and the new one, ``running_changed`` the job or None."""

    changed = Signal(object, object)
    running_changed = Signal(object)

    def __init__(self, session: Session, jobs: Jobs) -> None:
        self._session, self._jobs = session, jobs
        self._asked: dict[int, Asked] = {}
        self.now: Comparison | None = None
        self.running: Job | None = None

    def scans(self) -> dict[str, list[str]]:
        """Scans with pits (``foil/scan``) and those they may be compared with: of the same foil, in the same frame."""
        from moedal_gui.tasks.placement.placing import placement_of

        project = self._session.project
        if project is None:
            return {}
        there = [s for s in project.catalogue.scans() if project.catalogue.current_run("preselect", s.scan_id)]
        frames = {s.scan_id: (s.foil, placement_of(project, s).frame) for s in there}
        names = {s.scan_id: f"{s.foil}/{s.scan}" for s in there}
        found = {
            names[a.scan_id]: [names[b.scan_id] for b in there if b is not a and frames[a.scan_id] == frames[b.scan_id]]
            for a in there
        }
        return {name: others for name, others in found.items() if others}

    def start(self, asked: Asked) -> int:
        """Compare, as a job; its number."""
        from moedal_gui.tasks.evaluation.evaluate import EvaluateParameters
        from moedal_gui.tasks.table import row_of

        project, row = self._session.project, row_of("evaluate")
        x, y = asked.offset_px or (0.0, 0.0)
        parameters = EvaluateParameters(
            truth_scan=asked.truth, truth_of=asked.truth_of, scan=asked.scan, tolerance_px=asked.cut_px,
            offset_px=None if asked.offset_px is None else f"{x:g},{y:g}",
        )  # fmt: skip
        line = command_line(row, project.path if project is not None else None, parameters)
        # Without a verb, for nothing of the project has changed when it ends.
        number = self._jobs.start(
            f"Clean to dirty: {asked.scan}",
            lambda: row.plan(project, parameters),
            command=line,
            writes=False,
            quiet=True,
        )
        self._asked[number] = asked
        return number

    def cancel(self) -> None:
        """Stop the comparison under way."""
        if self.running is not None:
            self._jobs.cancel(self.running.number)

    def take(self, job: Job | None) -> None:
        """A job stands otherwise."""
        asked = self._asked.get(job.number) if job is not None else None
        if job is None or asked is None:
            return
        self.running = job if job.active else None
        project = self._session.project
        if job.status == "done" and project is not None:
            self._put(comparison_of(project, asked, job.values))
        if not job.active:
            del self._asked[job.number]
        self.running_changed.emit(self.running)

    def forget(self) -> None:
        """Another project is open."""
        self._put(None)

    def go_to(self, row: int) -> None:
        """Bring a place of the comparison into view, in its own scan."""
        found, session = self.now, self._session
        if found is None:
            return
        record = found.sheet.record
        if session.sheet is None or session.sheet.record.scan_id != record.scan_id:
            session.show_scan(f"{record.foil}/{record.scan}")
        sheet, place = session.sheet, found.places.iloc[row]
        field = sheet.row_of(str(place["field"])) if sheet is not None else None
        if sheet is not None and field is not None:
            x, y = sheet.to_plane(np.array([field]), [float(place["x_px"])], [float(place["y_px"])])
            session.go_to(float(x[0]), float(y[0]), _NEAR_PX)

    def crops(self) -> CropSource | None:
        """What cuts the crops of the places, row by row; whoever asks closes it."""
        project, found = self._session.project, self.now
        return CropSource(project.images, found.sheet, found.places) if project is not None and found else None

    def write(self, path: Path) -> tuple[Path, Path]:
        """Write the curve and, beside it, the places; returns both files.

        Raises
        ------
        ExportError
            A file cannot be written.
        """
        found = self.now
        assert found is not None  # the button is enabled with a comparison only
        beside = path.with_name(f"{path.stem}_places{path.suffix or '.csv'}")
        write_csv(curve_table(found), path)
        names = {f"{axis}_frame": f"{axis}_{found.unit}" if found.unit == "um" else f"{axis}_foil_px" for axis in "xy"}
        write_csv(found.places.drop(columns="field_id").rename(columns=names), beside)
        return path, beside

    def _put(self, found: Comparison | None) -> None:
        old, self.now = self.now, found
        if old is not found:
            self.changed.emit(old, found)


def comparison_of(project: Project, asked: Asked, values: Mapping[str, Any]) -> Comparison:
    """What ``evaluate --truth-scan`` told, laid out for the screen."""
    from moedal_gui.tasks.placement.placing import placement_of

    record = project.catalogue.scan(asked.scan)
    placement, fields = placement_of(project, record), project.catalogue.fields(record.scan_id)
    sheet = lay_out(record, placement, fields)
    places = _places(values, sheet)
    frame = placement.to_frame(places["field"], places["x_px"], places["y_px"]) if len(places) else np.zeros((0, 2))
    cuts = values["cuts"]
    firm = [name for name in sheet.names if name not in placement.loose]
    ends = np.array([[0, 0], [1, 0], [1, 1], [0, 1]])
    corners = [ends * (np.array(placement.size_px[name]) - 1) for name in firm]
    borders = [placement.to_frame([name] * 4, c[:, 0], c[:, 1]) for name, c in zip(firm, corners, strict=True)]
    told = values["scans"][0]
    x, y = told["offset_px"]
    return Comparison(
        asked, np.array([c["cut_px"] for c in cuts], float), _band(cuts, "efficiency"), _band(cuts, "purity"),
        np.array([np.nan if c["accidental"] is None else c["accidental"] for c in cuts], float), values["resolution_px"],
        (float(x), float(y)), bool(told["offset_searched"]), places.assign(x_frame=frame[:, 0], y_frame=frame[:, 1]),
        placement.unit, np.array(borders, float).reshape(-1, 4, 2), sheet,
    )  # fmt: skip


def curve_table(found: Comparison) -> pd.DataFrame:
    """The curve as a table, a row a distance."""
    columns: dict[str, Floats] = {"cut_px": found.cuts_px}
    for name, band in (("efficiency", found.efficiency), ("purity", found.purity)):
        columns |= {name: band[:, 0], f"{name}_low": band[:, 1], f"{name}_high": band[:, 2]}
    return pd.DataFrame({**columns, "accidental": found.accidental})


def _band(cuts: list[dict[str, Any]], name: str) -> Floats:
    rows = [[np.nan if c[name][k] is None else c[name][k] for k in ("value", "low", "high")] for c in cuts]
    return np.array(rows, dtype=float).reshape(-1, 3)


def _places(values: Mapping[str, Any], sheet: Sheet) -> pd.DataFrame:
    """Misses where they would lie in the scan, false finds and fragments where they were found."""
    rows: list[dict[str, Any]] = []
    ids = dict(zip(sheet.names, sheet.fields["field_id"].tolist(), strict=True))
    for kind in KINDS:
        for place in values[_LISTS[kind]]:
            at = place.get("expected", place)
            rows.append({
                "kind": kind, "field": at["field"], "field_id": ids[at["field"]], "x_px": at["x_px"], "y_px": at["y_px"],
                "pit_id": place["pit_id"], "surface": place["surface"],
            })  # fmt: skip
    return pd.DataFrame(rows, columns=["kind", "field", "field_id", "x_px", "y_px", "pit_id", "surface"])


def offset_of(words: str) -> tuple[float, float] | None:
    """Two numbers with a comma between; None for nothing, which is searched.

    Raises
    ------
    ArgumentError
        They are not two numbers.
    """
    from moedal_gui.tasks.evaluation.evaluate import offset_from

    return offset_from(words.replace(" ", "") or None)
