"""Training a detector: from the project's labels, or from boxed pictures; a version in the project at its end."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from moedal_gui.core.counted import counted
from moedal_gui.core.errors import ExpertError, TrainingError
from moedal_gui.core.task import Outcome, Plan
from moedal_gui.learn.detector.settings import WIDTHS_TO_BOXES, DetectorSettings
from moedal_gui.store.project import Project
from moedal_gui.store.registry import Entry, Registry, checked_detector, read_detector_card
from moedal_gui.store.training_folder import TrainingFolder
from moedal_gui.tasks.loop import worker_count
from moedal_gui.tasks.training.detector_set import DetectorSet, from_boxes, from_labels, learnt_from
from moedal_gui.tasks.training.detector_start import DetectorStart, start_for_boxes, start_of
from moedal_gui.tasks.training.detectors import detector_in_force, detector_of, shipped_detector

if TYPE_CHECKING:
    from moedal_gui.learn.detector.outcome import Rival
    from moedal_gui.learn.detector.trainer import DetectorTraining

NAME = "detector"
STEPS_FROM_NOTHING, STEPS_FROM_WEIGHTS, STEPS_TO_BOXES = 2000, 400, 2000
_RATE_FROM_WEIGHTS, _RATE_TO_BOXES = 5e-4, 1e-3
_BATCH_OF_BOXES = 6
_PARTS, _NAMED = 20, 3


def detector_plan(
    project: Project,
    boxes: Path | None,
    said: Mapping[str, Any],
    name: str | None = None,
    start: Entry | None = None,
    fresh: bool = False,
) -> Plan[float, None]:
    """Plan the training of a detector.

    Parameters
    ----------
    boxes
        A folder of boxed pictures; None for the project's labels.
    said
        Settings of `DetectorSettings` that a person has named; the others are what suits.
    start
        A detector to train on from; by default the shipped one that suits.
    fresh
        Begin from nothing.

    Raises
    ------
    TrainingError, PictureError
        There is nothing to learn from.
    """
    taught = from_boxes(boxes) if boxes is not None else from_labels(project)
    begin = None if fresh else start_of(start) if start is not None else _usual_start(taught)
    steps, rate = _effort(taught, begin)
    suits: dict[str, Any] = {
        "surfaces": taught.surfaces,
        "steps": steps,
        "learning_rate": rate,
        "boxed": not taught.exact,
        "window_px": _window(taught),
        "widths": _widths(taught, begin),
        "batch": DetectorSettings.batch if taught.exact else _BATCH_OF_BOXES,
    }
    settings = DetectorSettings(**{**suits, **said})
    _check(taught)
    folder = TrainingFolder(project.path / "training" / f"{name or NAME}-{_key(taught, settings, begin)}")
    lock = folder.lock()
    folder.cancel(False)
    folder.pause(False)
    registry = project.detectors
    live: list[DetectorTraining] = []

    def work(share: float) -> None:
        live[:] = live or [_begun(folder, taught, settings, begin)]
        live[0].until(share)

    def commit(_share: float, _result: None) -> None:
        """Every round is kept in the training's folder."""

    def finish() -> Outcome:
        try:
            entry = _kept(registry, folder)
            if entry is None:
                training = live[0] if live else _begun(folder, taught, settings, begin)
                entry = _put_in_place(training, registry, name or NAME, taught, begin, _rival(project, taught))
                folder.record({"detector": entry.title})
            return outcome_of(entry)
        finally:
            lock.release()

    shares = [] if _kept(registry, folder) else [(k + 1) / _PARTS for k in range(_PARTS)]
    return Plan(units=shares, work=work, commit=commit, finish=finish, where="here", interrupt=folder.cancel)


def _kept(registry: Registry, folder: TrainingFolder) -> Entry | None:
    """The version this training brought when it was done before; None if it was not, or the version is gone."""
    title = (folder.outcome() or {}).get("detector")
    return next((entry for entry in registry.entries() if entry.title == title), None)


def _put_in_place(
    training: DetectorTraining,
    registry: Registry,
    name: str,
    taught: DetectorSet,
    begin: DetectorStart | None,
    rival: Rival | str,
) -> Entry:
    """``rival``: what it is held against, or why it is held against nothing."""
    from moedal_gui.learn.detector.outcome import put_in_place

    learnt = {*(begin.taught if begin is not None else ()), *(f.name for f in taught.taught)}
    words = {
        **taught.words,
        "start": begin.title if begin is not None else "",
        "taught": sorted(learnt),
        "alone": rival if isinstance(rival, str) else "",
    }
    return put_in_place(
        training.run, registry, name, taught.view, taught.held, words, str(taught.words["text"]), taught.shrink,
        second=_second_look(begin, taught.view), rival=None if isinstance(rival, str) else rival,
    )  # fmt: skip


def _rival(project: Project, taught: DetectorSet) -> Rival | str:
    """The detector in force, to be held against; or why it cannot be, without a word where there is none."""
    from moedal_gui.learn.detector.outcome import Rival

    try:
        entry = detector_in_force(project, taught.view)
        if entry is None:
            return ""
        card = checked_detector(entry.folder)
        learned = detector_of(entry.folder)
    except ExpertError as error:
        return f"the one in force cannot be read ({error.what})"
    known = card.training.get("taught")
    fair = taught.held
    if entry != shipped_detector(taught.view):
        fair = tuple(f for f in taught.held if known is not None and not learnt_from(f.name, known))
    if card.shrink not in (None, taught.shrink):
        return f"{entry.title} looks at pictures in another size"
    if not any(len(f.pits) for f in fair):
        return f"no field held back is known to be new to {entry.title}"
    return Rival(entry.title, learned, fair)


def _second_look(begin: DetectorStart | None, view: str) -> Path | None:
    """The second look of the detector that was begun from, else of the shipped one: it looks at mouths, whoever found them."""
    if begin is not None and begin.second is not None:
        return begin.second
    shipped = shipped_detector(view)
    return start_of(shipped).second if shipped is not None else None


def _effort(taught: DetectorSet, begin: DetectorStart | None) -> tuple[int, float]:
    """Steps and step length: little from weights that know such pits, more where boxes may say that anything is one."""
    if begin is None:
        return STEPS_FROM_NOTHING, DetectorSettings.learning_rate
    return (STEPS_FROM_WEIGHTS, _RATE_FROM_WEIGHTS) if taught.exact else (STEPS_TO_BOXES, _RATE_TO_BOXES)


def _usual_start(taught: DetectorSet) -> DetectorStart | None:
    """The shipped weights that know most of what is to be learnt."""
    shipped = shipped_detector(taught.view)
    usual = start_of(shipped) if shipped is not None else None
    return usual if taught.exact else start_for_boxes() or usual


def _widths(taught: DetectorSet, begin: DetectorStart | None) -> tuple[int, ...]:
    """Of the network: those of the one that is begun from."""
    if begin is None:
        return () if taught.exact else WIDTHS_TO_BOXES
    return begin.widths


def _window(taught: DetectorSet) -> int:
    """Side of the windows: 256 px, or what small pictures fill."""
    smallest = min(min(f.planes.shape[1:]) for f in (*taught.taught, *taught.held))
    return int(np.clip(-(-smallest // 16) * 16, 64, DetectorSettings.window_px))


def outcome_of(entry: Entry) -> Outcome:
    """What is told of a detector that is trained."""
    card = read_detector_card(entry.folder)
    figures = {name: card.metrics[name] for name in ("efficiency", "purity", "f1")}
    shown = ", ".join(f"{name} {_fraction(f)}" for name, f in figures.items())
    sentence = f"Detector {entry.title}, {card.provenance}: {shown} on {card.metrics['fields']} fields held back"
    if damaged := [str(name) for name in card.training.get("damaged", ())]:
        sentence += f"; {counted(len(damaged), 'picture')} could not be read: {', '.join(damaged[:_NAMED])}{', …' if len(damaged) > _NAMED else ''}"
    if alone := card.training.get("alone"):
        sentence += f"; held against no other: {alone}"
    if card.outdone_by:
        better = _fraction(card.metrics["beside"]["f1"])
        sentence += (
            f"; {card.outdone_by}, with f1 {better} there, finds them better and stays in force "
            f"(preselect --detector {entry.title} takes this one)"
        )
    values: dict[str, Any] = {
        "detector": entry.title, "name": entry.name, "version": entry.version, "view": card.view,
        "working_point": card.working_point, "thresholds": dict(card.thresholds), "seconds": card.seconds,
        "onnx_difference": card.onnx_difference, "outdone_by": card.outdone_by, **figures, "training": card.provenance,
    }  # fmt: skip
    return Outcome(sentence, values)


def _fraction(found: Mapping[str, Any]) -> str:
    if found["value"] is None:
        return "unknown"
    return f"{found['value']:.3f} ({found['low']:.3f} to {found['high']:.3f})"


def _begun(
    folder: TrainingFolder, taught: DetectorSet, settings: DetectorSettings, begin: DetectorStart | None
) -> DetectorTraining:
    from moedal_gui.learn.detector.trainer import DetectorTraining

    weights = begin.weights() if begin is not None else None
    return DetectorTraining(folder, taught.taught, settings, weights, worker_count())


def _check(taught: DetectorSet) -> None:
    if not any(len(f.pits) for f in taught.taught):
        raise TrainingError("There is not one pit to teach the detector", "", "label or box some, then train again")


def _key(taught: DetectorSet, settings: DetectorSettings, begin: DetectorStart | None) -> str:
    """Eight hex digits that stand for everything that is learnt from, and how."""
    said = {name: value for name, value in asdict(settings).items() if name != "widths" or value}
    digest = hashlib.sha256(json.dumps([said, begin.title if begin is not None else ""]).encode())
    if begin is not None and begin.path is not None:
        digest.update(begin.path.read_bytes())
    for field in (*taught.taught, *taught.held):
        digest.update(np.ascontiguousarray(field.pits).tobytes())
        digest.update(np.ascontiguousarray(field.planes[:, ::7, ::7]).tobytes())
    return digest.hexdigest()[:8]
