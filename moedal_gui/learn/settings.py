"""What a person may set of a training, and the networks to choose from; loads no torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal, get_args

from moedal_gui.core.errors import TrainingError
from moedal_gui.core.recipe import Recipe

Optimiser = Literal["adamw", "adam", "sgd"]
Schedule = Literal["cosine", "constant"]
Loss = Literal["cross-entropy", "focal", "signal-price"]
Balance = Literal["weights", "sampling", "none"]
Norm = Literal["batch", "group"]
Initialisation = Literal["he", "xavier", "orthogonal"]

OPTIMISERS: tuple[Optimiser, ...] = get_args(Optimiser)
SCHEDULES: tuple[Schedule, ...] = get_args(Schedule)
LOSSES: tuple[Loss, ...] = get_args(Loss)
BALANCES: tuple[Balance, ...] = get_args(Balance)
NORMS: tuple[Norm, ...] = get_args(Norm)
INITIALISATIONS: tuple[Initialisation, ...] = get_args(Initialisation)


@dataclass(frozen=True)
class NetworkRow:
    """A network that can be chosen.

    Attributes
    ----------
    rim_only
        It needs the pictures of the single lamps.
    """

    name: str
    title: str
    explain: str
    rim_only: bool = False

    def refusal(self, recipe: Recipe) -> str:
        """Why it cannot see crops of a recipe; empty when it can."""
        if self.rim_only and "rim" not in recipe.planes:
            return f"the network {self.name} looks round the ring of lamps, and the recipe has no rim planes"
        return ""


NETWORKS: tuple[NetworkRow, ...] = (
    NetworkRow("plain", "Plain", "Convolutions and halvings; small and quick"),
    NetworkRow("deep", "Plain, deep", "Two convolutions between halvings; for pictures with shapes to follow"),
    NetworkRow("residual", "Residual", "Five stages of two residual blocks"),
    NetworkRow("residual-small", "Residual, small", "A stage of one residual block at every halving"),
    NetworkRow("ring", "Lamp ring", "Convolutions over the picture and round the ring of lamps", rim_only=True),
    NetworkRow("channels", "Each channel", "Every channel is an example of its own; all their answers are averaged"),
    NetworkRow("equivariant", "Equivariant", "Sees every turn of a crop with its lamps and gives all the same answer"),
)


def network_row(name: str) -> NetworkRow:
    """The row of a network.

    Raises
    ------
    TrainingError
        There is none of that name.
    """
    for row in NETWORKS:
        if row.name == name:
            return row
    raise TrainingError(f"There is no network called {name}", "", f"take one of: {', '.join(r.name for r in NETWORKS)}")


@dataclass(frozen=True)
class TrainingSettings:
    """How networks are trained.

    Attributes
    ----------
    width
        Channels of the first stage; later stages have up to eight times as many.
    batch
        Examples a step, at most: fewer where there are few, so that an epoch has steps enough.
    epochs, patience
        At most so many rounds over the examples; fewer after ``patience`` rounds without a lower validation loss.
    signal_price
        How many times dearer a lost candidate (the first answer) is, for the loss ``signal-price``.
    focal_gamma
        How much the loss ``focal`` leaves out what is known already (Lin et al., arXiv:1708.02002).
    smoothing
        Share of the target that is spread over all classes.
    shift_px, gain, noise
        Random moves of the training crops: whole px, factor and added noise in standard deviations.
    """

    network: str = "plain"
    width: int = 16
    norm: Norm = "batch"
    initialisation: Initialisation = "he"
    dropout: float = 0.1
    folds: int = 5
    epochs: int = 40
    patience: int = 12
    batch: int = 64
    optimiser: Optimiser = "adamw"
    learning_rate: float = 3e-3
    weight_decay: float = 1e-2
    schedule: Schedule = "cosine"
    loss: Loss = "cross-entropy"
    balance: Balance = "weights"
    signal_price: float = 4.0
    focal_gamma: float = 2.0
    smoothing: float = 0.0
    shift_px: int = 1
    gain: float = 0.1
    noise: float = 0.02
    seed: int = 0

    def __post_init__(self) -> None:
        network_row(self.network)
        rules = (
            ("folds", 2 <= self.folds <= 20, "2 to 20"),
            ("epochs", 1 <= self.epochs <= 10_000, "1 to 10000"),
            ("batch", 2 <= self.batch <= 4096, "2 to 4096"),
            ("width", 4 <= self.width <= 128, "4 to 128"),
            ("dropout", 0.0 <= self.dropout < 1.0, "0 to below 1"),
            ("learning_rate", 0.0 < self.learning_rate <= 10.0, "above 0, at most 10"),
            ("weight_decay", 0.0 <= self.weight_decay <= 10.0, "0 to 10"),
            ("patience", self.patience >= 1, "1 or more"),
            ("signal_price", self.signal_price > 0.0, "above 0"),
            ("focal_gamma", 0.0 <= self.focal_gamma <= 10.0, "0 to 10"),
            ("smoothing", 0.0 <= self.smoothing < 1.0, "0 to below 1"),
            ("shift_px", 0 <= self.shift_px <= 8, "0 to 8"),
        )
        words = (
            ("optimiser", OPTIMISERS), ("schedule", SCHEDULES), ("loss", LOSSES), ("balance", BALANCES), ("norm", NORMS),
            ("initialisation", INITIALISATIONS),
        )  # fmt: skip
        for name, holds, allowed in rules:
            if not holds:
                raise TrainingError(
                    f"The setting {name.replace('_', ' ')} cannot be {getattr(self, name)}", "", f"take {allowed}"
                )
        for name, choices in words:
            if getattr(self, name) not in choices:
                raise TrainingError(
                    f"The setting {name} cannot be {getattr(self, name)}", "", f"take one of: {', '.join(choices)}"
                )

    def to_plain(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)


def settings_from_plain(plain: Mapping[str, Any]) -> TrainingSettings:
    """The settings that `TrainingSettings.to_plain` gave; words of other versions are left out."""
    known = {f.name for f in fields(TrainingSettings)}
    try:
        return TrainingSettings(**{k: v for k, v in plain.items() if k in known})
    except TypeError as error:
        raise TrainingError("The settings of the training cannot be read", error, "begin a training anew") from error
