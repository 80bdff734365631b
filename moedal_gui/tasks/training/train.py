"""Training: experts, folds, an ensemble with its card; from the project's labels or from a folder of crops."""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path
from typing import Any, cast

from moedal_gui.core.errors import ArgumentError
from moedal_gui.core.recipe import Plane
from moedal_gui.core.task import Plan
from moedal_gui.learn.detector.settings import STEPS_A_ROUND
from moedal_gui.learn.settings import (
    TrainingSettings,
)
from moedal_gui.learn.training_set import TrainingSet
from moedal_gui.store.project import Project
from moedal_gui.store.registry import Entry, read_card
from moedal_gui.tasks.training.crop_set import crop_set
from moedal_gui.tasks.training.detectors import named_detector
from moedal_gui.tasks.training.ensembles import named_entry, shipped_entry
from moedal_gui.tasks.training.labelled import (
    DEFAULT_SIZE,
    Agreement,
    LabelChoice,
    natural_planes,
    planes_of_words,
)
from moedal_gui.tasks.training.labelled import training_set as labelled_set
from moedal_gui.tasks.training.settings_search import search_plan
from moedal_gui.tasks.training.train_detector import detector_plan
from moedal_gui.tasks.training.train_parameters import TrainParameters
from moedal_gui.tasks.training.training_plan import require_torch, training_plan

PICTURES = "pictures"
FROM_NOTHING = "none"
_PICTURE_SETTINGS = TrainingSettings(batch=32, epochs=50, patience=50, learning_rate=2e-3, shift_px=2)
_PIT_SETTINGS = TrainingSettings()
_TRANSFER_RATE = 1e-3


def plan(project: Project, parameters: TrainParameters) -> Plan[Any, Any]:
    """Plan a training; the same words go on where they stopped.

    Raises
    ------
    ArgumentError
        The words do not fit together.
    TrainingError, RecipeError, PictureError
        There is nothing that can be learnt from.
    """
    kind, folder = _source(parameters)
    if parameters.what == "detector" or kind == "boxes":
        return _detector(project, parameters, kind, folder)
    require_torch()
    start = _start(project, parameters, kind)
    if kind == "crops":
        if parameters.recipe or parameters.experts:
            raise ArgumentError("--recipe and --experts speak of pits", "", "leave them out with --from crops:")
        training_set = crop_set(Path(folder), parameters.size, start)
        settings = settings_of(parameters, _PICTURE_SETTINGS, project, start)
        return _planned(project, training_set, settings, parameters, parameters.name or PICTURES, start)
    settings = settings_of(parameters, _PIT_SETTINGS, project, start)
    taught = labelled_set(project, label_choice(parameters, start, project))
    return _planned(project, taught, settings, parameters, parameters.name or "experts", start)


def _detector(project: Project, parameters: TrainParameters, kind: str, folder: str) -> Plan[Any, Any]:
    if kind == "crops":
        raise ArgumentError(
            "A detector learns from whole pictures", "", "write --from boxes:FOLDER, or leave --from out"
        )
    if parameters.experts is not None or parameters.search is not None:
        raise ArgumentError("--experts and --search speak of experts", "", "leave them out with --what detector")
    require_torch()
    fresh = parameters.start == FROM_NOTHING
    start = named_detector(project, parameters.start) if parameters.start and not fresh else None
    said: dict[str, Any] = {
        name: value
        for name in ("batch", "learning_rate", "weight_decay")
        if (value := getattr(parameters, name)) is not None
    }
    if parameters.epochs is not None:
        said["steps"] = parameters.epochs * STEPS_A_ROUND
    boxes = Path(folder) if kind == "boxes" else None
    return detector_plan(project, boxes, {**said, "seed": parameters.seed}, parameters.name, start, fresh)


def _planned(
    project: Project, taught: TrainingSet, settings: TrainingSettings, parameters: TrainParameters, name: str,
    start: Entry | None,
) -> Plan[Any, Any]:  # fmt: skip
    if parameters.search is not None:
        return search_plan(project, taught, settings, name, start, parameters.search)
    return training_plan(project, taught, settings, name, start=start)


def label_choice(parameters: TrainParameters, start: Entry | None, project: Project) -> LabelChoice:
    """Which labels teach, and by which recipe; training on keeps the recipe of the older card.

    Raises
    ------
    ArgumentError
        A plane is not known.
    """
    old = read_card(start.folder).recipes.get("pit") if start is not None else None
    planes = old.planes if old is not None else _planes(project, parameters)
    return LabelChoice(
        passes=_listed(parameters.passes), annotators=_listed(parameters.annotators),
        agreement=cast(Agreement, parameters.agreement), with_maybe=parameters.with_maybe, planes=planes,
        size=old.size if old is not None else parameters.size or DEFAULT_SIZE,
        size_um=old.size_um if old is not None else parameters.size_um,
        lamps=old.azimuths_deg if old is not None else _azimuths(parameters.lamps, planes), experts=_listed(parameters.experts),
    )  # fmt: skip


def _planes(project: Project, parameters: TrainParameters) -> tuple[Plane, ...]:
    return planes_of_words(parameters.recipe) if parameters.recipe else natural_planes(project)


def _azimuths(words: str | None, planes: tuple[Plane, ...]) -> tuple[float, ...]:
    """Azimuths as said, ascending; each lamp alone tells how much its angle matters."""
    if not words:
        return ()
    if "rim" not in planes:
        raise ArgumentError("--lamps speaks of rim planes", "", "say --recipe rim")
    try:
        return tuple(sorted(float(word) % 360.0 for word in _listed(words)))
    except ValueError as error:
        raise ArgumentError(f"--lamps {words} is not understood", "", "write azimuths in degrees, 0,90,180") from error


def _listed(words: str | None) -> tuple[str, ...]:
    return tuple(word.strip() for word in (words or "").split(",") if word.strip())


def _start(project: Project, parameters: TrainParameters, kind: str) -> Entry | None:
    """The ensemble whose weights a training begins with.

    Without a word, networks that judge pits begin where the shipped ones ended: a few hundred labels go further then.
    """
    if parameters.start == FROM_NOTHING:
        return None
    if parameters.start:
        return named_entry(project, parameters.start)
    shipped = shipped_entry() if kind == "" else None
    if shipped is None:
        return None
    card = read_card(shipped.folder)
    recipe = card.recipes["pit"]
    asked = (
        _planes(project, parameters), parameters.size or DEFAULT_SIZE, parameters.size_um,
        parameters.network or card.experts[0].network,
    )  # fmt: skip
    return shipped if asked == (recipe.planes, recipe.size, recipe.size_um, card.experts[0].network) else None


def settings_of(
    parameters: TrainParameters, default: TrainingSettings, project: Project, start: Entry | None = None
) -> TrainingSettings:
    """Settings of a training: what is said, else what suits.

    Training on takes the network as it is on the older card, at a shorter step unless one is named.
    """
    known = {f.name for f in fields(TrainingSettings)}
    said: dict[str, Any] = {
        f.name: getattr(parameters, f.name)
        for f in fields(parameters)
        if f.name in known and getattr(parameters, f.name) is not None
    }
    if start is None:
        return replace(default, **said)
    card = read_card(start.folder)
    built = {n: card.experts[0].settings[n] for n in ("network", "width", "norm") if n in card.experts[0].settings}
    rate = {"learning_rate": min(default.learning_rate, _TRANSFER_RATE)}
    return replace(default, **{**rate, **said, **built})


def _source(parameters: TrainParameters) -> tuple[str, str]:
    if parameters.from_ is None:
        return "", ""
    kind, colon, folder = parameters.from_.partition(":")
    if kind not in ("crops", "boxes") or not colon or not folder:
        raise ArgumentError(
            f"--from {parameters.from_} is not understood", "", "write --from crops:FOLDER or boxes:FOLDER"
        )
    if not Path(folder).is_dir():
        raise ArgumentError("There is no such folder", folder, "check the path after --from")
    return kind, folder
