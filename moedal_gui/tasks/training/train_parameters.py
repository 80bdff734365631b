"""What ``train`` is told."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from moedal_gui.core.task import parameter
from moedal_gui.learn.settings import BALANCES, INITIALISATIONS, LOSSES, NETWORKS, NORMS, OPTIMISERS, SCHEDULES
from moedal_gui.tasks.training.labelled import AGREEMENTS

_NETWORK_NAMES = tuple(row.name for row in NETWORKS)
_WHAT: tuple[str, ...] = ("experts", "detector")


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
