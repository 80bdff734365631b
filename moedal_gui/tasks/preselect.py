"""Pre-selection: the pits of every field of a scan."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, get_args

import pandas as pd

from moedal_gui import __version__
from moedal_gui.analysis.datum_finds import finds_at_datum
from moedal_gui.analysis.doubles import doubles
from moedal_gui.analysis.registration import stage_placement
from moedal_gui.core.errors import ArgumentError, NotFoundError
from moedal_gui.core.field import LAMPS_OUT, UNSEEN
from moedal_gui.core.pit import empty_detections
from moedal_gui.core.scan import ScanDescription
from moedal_gui.core.task import Outcome, Plan, parameter
from moedal_gui.imaging.flat_field import FlatField
from moedal_gui.imaging.lamps import usable_flat
from moedal_gui.preselect.methods import Method, chosen_method, clean_field, detect, measures_of, natural_view
from moedal_gui.store.catalogue import RunRecord, ScanRecord
from moedal_gui.store.images import ImageStore
from moedal_gui.store.project import Project
from moedal_gui.tasks.corrections.hand_links import settle_links
from moedal_gui.tasks.corrections.settle import correction_words, lay_on
from moedal_gui.tasks.crowding import crowding_words, regimes_of
from moedal_gui.tasks.fingerprint import geometry_hash, pixels_hash
from moedal_gui.tasks.light_check import check_light, flooded
from moedal_gui.tasks.scan_words import cleaned_words, hole_words
from moedal_gui.tasks.taking_up import take_up
from moedal_gui.tasks.training.detectors import chosen_detector, detector_of, knows_detector

METHODS: tuple[Method, ...] = get_args(Method)
_CLEANED = "cleaned_"


@dataclass(frozen=True)
class PreselectParameters:
    """What ``preselect`` is told."""

    scan: str | None = field(
        default=None,
        metadata=parameter("look at this scan only; at all of them by default", label="Scan", unset="all scans"),
    )
    method: Method = field(
        default="auto",
        metadata=parameter(
            "auto takes a learned detector where there is one for such scans, else divergence (lamps round about, no training); "
            "blob needs one channel only, heatmap is a learned detector",
            choices=METHODS,
            label="How pits are found",
        ),
    )
    detector: str | None = field(
        default=None,
        metadata=parameter(
            "a learned detector by name, or another project, for heatmap; the current one by default",
            label="Learned detector",
            unset="the current one",
        ),
    )
    keep: float | None = field(
        default=None,
        metadata=parameter(
            "least share of the pits that a learned detector shall keep, such as 0.95, however many false ones come with them; "
            "by default as many as are worth it",
            label="Share of pits to keep",
            unset="as many as are worth it",
        ),
    )
    clean: bool = field(
        default=False,
        metadata=parameter(
            "look at the field without dirt and scratches, filled from round about: it loses pits (docs/cleaning.md)",
            label="Clean the pictures first",
        ),
    )


@dataclass(frozen=True)
class _FieldUnit:
    """One field to look through; small, so that it travels to another process."""

    pixels: Path
    batch: str
    slot: int
    run_id: int
    field_id: int
    missing: tuple[int, ...]
    description: ScanDescription
    flat: FlatField
    method: Method
    detector: Path | None
    least: float | None
    everything: bool
    clean: bool


@dataclass(frozen=True)
class FieldResult:
    """Pits of a field (DETECTION_COLUMNS) and its measures (see `imaging.field_measures` and `core.field`).

    A field that was cleaned first has the shares of `imaging.cleaning.Cleaned` among them, as ``cleaned_...``.
    """

    pits: pd.DataFrame
    measures: dict[str, float]


def plan(project: Project, parameters: PreselectParameters) -> Plan[_FieldUnit, FieldResult]:
    """Look through the fields that the newest unfinished run of these words has not done."""
    scans = [project.catalogue.scan(parameters.scan)] if parameters.scan else project.catalogue.scans()
    seen = [scan for scan in scans if scan.flat is not None]
    if not seen:
        raise NotFoundError("There is no scan with pictures to look through", project.path, "ingest one first")
    units: list[_FieldUnit] = []
    runs: list[tuple[ScanRecord, RunRecord, _How]] = []
    done = 0
    for scan in seen:
        how = _how(project, scan, parameters)
        how = _how_cleaned(how) if parameters.clean else how
        run = _run_for(project, scan, how.words)
        runs.append((scan, run, how))
        finished = project.catalogue.done_fields(run.run_id)
        new = [] if run.finished else _units(project, scan, run, how, finished)
        units += new
        done += len(finished)

    def commit(unit: _FieldUnit, found: FieldResult) -> None:
        project.catalogue.add_pits(unit.run_id, unit.field_id, found.pits, found.measures)

    def finish() -> Outcome:
        return _finish(project, runs)

    return Plan(units=units, work=look_through, commit=commit, finish=finish, where="processes", done=done)


def look_through(unit: _FieldUnit) -> FieldResult:
    """The pits of one field, and what the field tells of the scan.

    A channel that is missing, black or saturated there counts as a dead lamp; which method suits is decided by the
    scan, so that a field without light shows no pits instead of those of another method.
    """
    images = ImageStore(unit.pixels)
    try:
        stack = images.read(unit.batch, unit.slot)
    finally:
        images.close()
    method = chosen_method(unit.method, unit.description, unit.flat)
    learned = detector_of(unit.detector, unit.least, unit.everything) if unit.detector is not None else None
    flat = usable_flat(stack, unit.description, unit.flat, unit.missing)
    if not any(c.usable for c in flat.channels) or chosen_method("auto", unit.description, flat) != chosen_method(
        "auto", unit.description, unit.flat
    ):
        return FieldResult(empty_detections(), {UNSEEN: 1.0})
    cleaned = clean_field(stack, unit.description, flat) if unit.clean else None
    pits = detect(stack, unit.description, flat, method, learned, cleaned)
    shares = {f"{_CLEANED}{name}": share for name, share in cleaned.shares.items()} if cleaned is not None else {}
    lit = zip(unit.description.channels, unit.flat.channels, flat.channels, strict=True)
    out = sum(c.step not in unit.missing and a.usable and not b.usable for c, a, b in lit)
    lamps = {LAMPS_OUT: float(out)} if out else {}
    return FieldResult(pits, {**measures_of(stack, unit.description, flat), **shares, **lamps})


@dataclass(frozen=True)
class _How:
    """How a scan is looked through: the run's words, the method, a learned detector's folder, and what is kept of it.

    ``clean`` stands among the words too, so that a run with it is another than one without.
    """

    words: dict[str, str]
    method: Method
    detector: Path | None
    summary: Mapping[str, Any] = field(default_factory=dict)
    clean: bool = False


def _how_cleaned(how: _How) -> _How:
    return replace(how, words={**how.words, "clean": "yes"}, clean=True)


def _how(project: Project, scan: ScanRecord, parameters: PreselectParameters) -> _How:
    """By ``auto`` a learned detector looks wherever there is one for such scans, else the training-free one."""
    assert scan.flat is not None
    method = parameters.method
    if parameters.detector is not None and method not in ("auto", "heatmap"):
        raise ArgumentError(f"--detector does not go with --method {method}", "", "leave one of them out")
    if method in ("divergence", "blob"):
        if parameters.keep is not None:
            raise ArgumentError(
                f"--keep does not go with --method {method}", "", "only learned detectors know what they keep"
            )
        return _How({"method": method}, method, None)
    view = natural_view(scan.description, FlatField.from_json(scan.flat))
    if (
        method == "auto"
        and parameters.detector is None
        and parameters.keep is None
        and not knows_detector(project, view)
    ):
        return _How({"method": method}, method, None)
    chosen = chosen_detector(project, parameters.detector, view)
    words = {"method": method, "detector": chosen.title}
    if parameters.keep is None:
        return _How(words, "heatmap", chosen.folder, {"working_point": chosen.card.working_point})
    if not 0.0 < parameters.keep <= 1.0:
        raise ArgumentError(f"--keep {parameters.keep:g} is no share", "", "give one between 0 and 1, such as 0.95")
    least = chosen.card.keeping(parameters.keep)
    return _How({**words, "keep": f"{parameters.keep:g}"}, "heatmap", chosen.folder, {"working_point": least})


def _run_for(project: Project, scan: ScanRecord, words: dict[str, str]) -> RunRecord:
    """The run these words stand for: whole already, however many came after it, begun, or new."""
    hashed = pixels_hash(scan, project.catalogue.fields(scan.scan_id))
    whole = [
        r for r in project.catalogue.runs("preselect", scan.scan_id)
        if r.finished and (r.input_hash, r.version, dict(r.parameters)) == (hashed, __version__, words)
    ]  # fmt: skip
    return whole[-1] if whole else project.catalogue.open_run("preselect", scan.scan_id, words, hashed, __version__)


def _units(project: Project, scan: ScanRecord, run: RunRecord, how: _How, finished: set[int]) -> list[_FieldUnit]:
    assert scan.flat is not None
    flat = FlatField.from_json(scan.flat)
    pixels = project.path / "pixels"
    return [
        _FieldUnit(
            pixels,
            row.batch,
            row.slot,
            run.run_id,
            row.field_id,
            row.missing,
            scan.description,
            flat,
            how.method,
            how.detector,
            how.summary.get("working_point"),
            "keep" in how.words,
            how.clean,
        )
        for row in project.catalogue.field_rows(scan.scan_id)
        if row.batch is not None and row.field_id not in finished
    ]


def _finish(project: Project, runs: list[tuple[ScanRecord, RunRecord, _How]]) -> Outcome:
    rows: list[dict[str, Any]] = []
    earlier = [run for _, run, _ in runs if run.finished is not None]
    again = take_up(project, earlier)
    for scan, run, how in runs:
        places = geometry_hash(scan, project.catalogue.fields(scan.scan_id))
        # The same pits, but fields have moved: other ones are seen twice.
        if run.finished is None or run.summary.get("places") != places:
            settle_pits(project, scan, run, {**how.summary, **_cleaned_summary(project, run, how)})
        kept = next(r.summary for r in project.catalogue.runs("preselect", scan.scan_id) if r.run_id == run.run_id)
        light, corrections = dict(kept.get("light", {})), dict(kept.get("corrections", {}))
        pits = project.catalogue.pits(run.run_id)
        placement = stage_placement(scan.description, project.catalogue.fields(scan.scan_id))
        holes = sorted(finds_at_datum(pits, placement, scan.description.datum))
        surfaces = {s: int((pits["surface"] == s).sum()) for s in ("top", "bottom")}
        rows.append({
            "foil": scan.foil, "scan": scan.scan, "run": run.name, "pits": len(pits), **surfaces, "light": light,
            "searched": run.finished is None,
            "regimes": regimes_of(project, scan, run.run_id), **_cleaned_summary(project, run, how),
            **({"corrections": corrections} if corrections else {}), **({"at_datum": holes} if holes else {}),
        })  # fmt: skip
    sentence = "; ".join(f"{r['scan']}: {r['pits']} pits ({r['top']} top, {r['bottom']} bottom)" for r in rows)
    doubts = [f"{r['scan']}: {doubt}" for r in rows for doubt in r["light"].get("doubts", [])]
    dense = [f"{r['scan']}: {words}" for r in rows if (words := crowding_words(r["regimes"]))]
    cleaned = [f"{r['scan']}: {cleaned_words(r['cleaned'])}" for r in rows if "cleaned" in r]
    by_hand = [f"{r['scan']}: {words}" for r in rows if (words := correction_words(r.get("corrections", {})))]
    at_datum = [f"{r['scan']}: {hole_words(r['at_datum'])}" for r in rows if "at_datum" in r]
    found = [f"{r['scan']}: nothing was searched, {r['run']} did just this before" for r in rows if not r["searched"]]
    back = [f"Current again: {', '.join(r.name for r in again)}"] if again else []
    return Outcome(
        "\n".join([sentence, *found, *back, *by_hand, *at_datum, *cleaned, *doubts, *dense]),
        {"scans": rows},
        bool(doubts),
    )


def _cleaned_summary(project: Project, run: RunRecord, how: _How) -> dict[str, Any]:
    """Mean shares of the fields' area that cleaning took or filled; nothing where it was not asked for."""
    if not how.clean:
        return {}
    told = [m for m in project.catalogue.measures(run.run_id).values() if f"{_CLEANED}filled" in m]
    names = ("dirt", "scratches", "filled")
    return {
        "cleaned": {n: sum(m[_CLEANED + n] for m in told) / max(len(told), 1) for n in names} | {"fields": len(told)}
    }


def settle_pits(project: Project, scan: ScanRecord, run: RunRecord, summary: Mapping[str, Any] | None = None) -> None:
    """Merge the doubles of overlapping fields, test the light, lay what people put right on it, and mark the run whole.

    ``summary`` is kept with the run, beside the counts.
    """
    every = project.catalogue.hand.found(run.run_id)
    fields = project.catalogue.fields(scan.scan_id)
    double_of = doubles(every, stage_placement(scan.description, fields))
    project.catalogue.set_doubles(run.run_id, double_of)
    once = every[~every["pit_id"].isin(list(double_of))]
    light = check_light(project, scan, once, project.catalogue.measures(run.run_id))
    if "keep" not in run.parameters:  # whoever asks for doubtful pits knows of them
        light["doubts"] = [*light.get("doubts", []), *flooded(once)]
    counts = lay_on(project, scan, run)
    told = {"corrections": counts} if counts else {}
    project.catalogue.finish_run(
        run.run_id,
        {
            **(summary or {}),
            "pits": len(once),
            "doubles": len(double_of),
            "light": light,
            **told,
            "places": geometry_hash(scan, fields),
        },
    )
    settle_links(project)
