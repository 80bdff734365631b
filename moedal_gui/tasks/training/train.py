"""Training: experts, folds, an ensemble with its card; from the project's labels or from a folder of crops."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Literal, cast

from moedal_gui.core.errors import ArgumentError
from moedal_gui.core.recipe import Plane
from moedal_gui.core.task import Plan, parameter
from moedal_gui.learn.detector.settings import STEPS_A_ROUND
from moedal_gui.learn.settings import (
    BALANCES,
    INITIALISATIONS,
    LOSSES,
    NETWORKS,
    NORMS,
    OPTIMISERS,
    SCHEDULES,
    TrainingSettings,
)
from moedal_gui.learn.training_set import TrainingSet
from moedal_gui.store.project import Project
from moedal_gui.store.registry import Entry, read_card
from moedal_gui.tasks.training.crop_set import crop_set
from moedal_gui.tasks.training.detectors import named_detector
from moedal_gui.tasks.training.ensembles import named_entry, shipped_entry
from moedal_gui.tasks.training.labelled import (
    AGREEMENTS,
    DEFAULT_SIZE,
    Agreement,
    LabelChoice,
    natural_planes,
    planes_of_words,
)
from moedal_gui.tasks.training.labelled import training_set as labelled_set
from moedal_gui.tasks.training.settings_search import search_plan
from moedal_gui.tasks.training.train_detector import detector_plan
from moedal_gui.tasks.training.training_plan import require_torch, training_plan

PICTURES = "pictures"
FROM_NOTHING = "none"
_NETWORK_NAMES = tuple(row.name for row in NETWORKS)
_WHAT: tuple[str, ...] = ("experts", "detector")
_PICTURE_SETTINGS = TrainingSettings(batch=32, epochs=50, patience=50, learning_rate=2e-3, shift_px=2)
_PIT_SETTINGS = TrainingSettings()
_TRANSFER_RATE = 1e-3


@dataclass(frozen=True)
class TrainParameters:
    """What ``train`` is told; what is left open is chosen to suit what is trained on."""

    what: Literal["experts", "detector"] = field(
        default="experts",
        metadata=parameter(
            "experts, which tell candidates from other pits, or a detector, which finds pits",
            choices=_WHAT,
            label="What is trained",
        ),
    )
    from_: str | None = field(
        default=None,
        metadata=parameter(
            "crops:FOLDER, its sub-folders are the classes, or boxes:FOLDER for a detector; the project's labels by default",
            label="Learn from",
            unset="the labels of this project",
        ),
    )
    experts: str | None = field(
        default=None,
        metadata=parameter(
            "which experts, with commas between; the standard recipe by default",
            label="Experts",
            unset="the standard recipe",
        ),
    )
    folds: int = field(default=5, metadata=parameter("in how many parts the examples are held back", label="Folds"))
    seed: int = field(default=0, metadata=parameter("what chance begins with", label="Seed of chance", rare=True))
    epochs: int | None = field(
        default=None,
        metadata=parameter(
            "at most so many rounds over the examples", label="At most so many rounds", unset="as suits what is trained"
        ),
    )
    name: str | None = field(
        default=None, metadata=parameter("name of the ensemble", label="Name", unset="as what is trained")
    )
    network: str | None = field(
        default=None,
        metadata=parameter(
            "which kind of network",
            choices=_NETWORK_NAMES,
            label="Kind of network",
            unset="the standard one",
            rare=True,
        ),
    )
    recipe: str | None = field(
        default=None,
        metadata=parameter(
            "planes of the crops, with + between: slope, rim, backlit, halo, single",
            label="Planes of the crops",
            unset="the standard ones",
            rare=True,
        ),
    )
    lamps: str | None = field(
        default=None,
        metadata=parameter(
            "azimuths of the lamps that rim planes are made of, with commas between; all by default",
            label="Lamps (°)",
            unset="all lamps",
            rare=True,
        ),
    )
    size: int | None = field(
        default=None,
        metadata=parameter(
            "side of the crops in px", label="Side of the crops (px)", unset="the standard one", rare=True
        ),
    )
    size_um: float | None = field(
        default=None,
        metadata=parameter(
            "side of the crops on the foil in um, brought to --size px",
            label="Side of the crops (µm)",
            unset="not set",
            rare=True,
        ),
    )
    passes: str | None = field(
        default=None,
        metadata=parameter(
            "labels of these passes only, with commas between", label="Labels of the passes", unset="all passes"
        ),
    )
    annotators: str | None = field(
        default=None,
        metadata=parameter(
            "labels of these people only, with commas between", label="Labels of the people", unset="everybody"
        ),
    )
    agreement: str = field(
        default="newest",
        metadata=parameter("what counts where several people spoke", choices=AGREEMENTS, label="Where people differ"),
    )
    with_maybe: bool = field(
        default=False, metadata=parameter("learn maybe as a class of its own", label="Maybe as a class")
    )
    start: str | None = field(
        default=None,
        metadata=parameter(
            "an ensemble to train on from; by default the shipped one where the recipe is its own, none: from nothing",
            label="Train on from",
            unset="the shipped one where it fits",
        ),
    )
    width: int | None = field(
        default=None,
        metadata=parameter(
            "channels of a network's first stage", label="Width of the network", unset="the standard one", rare=True
        ),
    )
    norm: str | None = field(
        default=None,
        metadata=parameter(
            "how layers are normalised",
            choices=NORMS,
            label="Normalisation of layers",
            unset="the standard one",
            rare=True,
        ),
    )
    initialisation: str | None = field(
        default=None,
        metadata=parameter(
            "how weights begin", choices=INITIALISATIONS, label="First weights", unset="the standard ones", rare=True
        ),
    )
    dropout: float | None = field(
        default=None,
        metadata=parameter(
            "share of the head's inputs left out at random", label="Dropout", unset="the standard one", rare=True
        ),
    )
    batch: int | None = field(
        default=None,
        metadata=parameter("examples a step", label="Examples a step", unset="the standard number", rare=True),
    )
    patience: int | None = field(
        default=None,
        metadata=parameter(
            "rounds without a lower validation loss before a fold ends",
            label="Patience (rounds)",
            unset="the standard one",
            rare=True,
        ),
    )
    optimiser: str | None = field(
        default=None,
        metadata=parameter(
            "which optimiser", choices=OPTIMISERS, label="Optimiser", unset="the standard one", rare=True
        ),
    )
    learning_rate: float | None = field(
        default=None, metadata=parameter("step length", label="Learning rate", unset="the standard one", rare=True)
    )
    weight_decay: float | None = field(
        default=None,
        metadata=parameter(
            "pull of the weights towards zero", label="Weight decay", unset="the standard one", rare=True
        ),
    )
    schedule: str | None = field(
        default=None,
        metadata=parameter(
            "how the step length falls",
            choices=SCHEDULES,
            label="Schedule of the rate",
            unset="the standard one",
            rare=True,
        ),
    )
    loss: str | None = field(
        default=None,
        metadata=parameter("what is made small", choices=LOSSES, label="Loss", unset="the standard one", rare=True),
    )
    balance: str | None = field(
        default=None,
        metadata=parameter(
            "how rare classes are helped",
            choices=BALANCES,
            label="Help for rare classes",
            unset="the standard one",
            rare=True,
        ),
    )
    signal_price: float | None = field(
        default=None,
        metadata=parameter(
            "how many times dearer a lost candidate is, for signal-price",
            label="Price of a lost candidate",
            unset="the standard one",
            rare=True,
        ),
    )
    search: int | None = field(
        default=None,
        metadata=parameter(
            "try so many settings on one fold, say the best and what mattered, and train nothing",
            label="Only search settings, so many",
            unset="no search",
            rare=True,
        ),
    )


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
