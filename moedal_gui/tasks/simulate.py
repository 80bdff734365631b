"""Foils with known truth, as scan folders."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from moedal_gui.core.counted import counted
from moedal_gui.core.errors import ArgumentError, ExportError
from moedal_gui.core.task import Outcome, Plan, parameter
from moedal_gui.simulate.scan import SimulationParameters, simulate_foil

_CHANNELS = ("10", "8", "4", "1")


@dataclass(frozen=True)
class SimulateParameters:
    """What ``simulate`` is told."""

    out: Path = field(metadata=parameter("folder to write the scan folders into", positional=True))
    seed: int = field(default=1, metadata=parameter("another number draws another foil"))
    columns: int = field(default=4, metadata=parameter("columns of fields"))
    rows: int = field(default=3, metadata=parameter("rows of fields"))
    pits_low: float = field(default=10.0, metadata=parameter("pits a field at the clean end"))
    pits_high: float = field(default=100.0, metadata=parameter("pits a field at the dense end"))
    candidates: int = field(default=20, metadata=parameter("entry-exit pairs on the foil"))
    channels: str = field(default="10", metadata=parameter("pictures a field", choices=_CHANNELS))
    both_sides: bool = field(default=False, metadata=parameter("scan the sheet turned over too"))
    sheets: int = field(default=1, metadata=parameter("sheets of a stack that the tracks go through"))
    roughness: float = field(
        default=0.0, metadata=parameter("how uneven the ground between the pits is: mean slope, 0.02 is rough")
    )


def plan(project: None, parameters: SimulateParameters) -> Plan[None, list[Path]]:
    """Draw one foil."""
    del project
    if min(parameters.columns, parameters.rows, parameters.sheets) < 1:
        raise ArgumentError("--columns, --rows and --sheets must be at least 1", remedy="give whole numbers")
    if not 0 <= parameters.pits_low <= parameters.pits_high or parameters.candidates < 0:
        raise ArgumentError(
            "--pits-low, --pits-high and --candidates do not fit", remedy="give 0 <= low <= high, candidates >= 0"
        )
    if not 0 <= parameters.roughness <= 1:
        raise ArgumentError("--roughness does not fit", str(parameters.roughness), "give a slope from 0 to 1")
    made: list[Path] = []

    def work(_unit: None) -> list[Path]:
        try:
            return draw(parameters)
        except OSError as error:
            raise ExportError(
                "The foil cannot be written", parameters.out, f"name another folder ({error.strerror})"
            ) from error

    def commit(_unit: None, folders: list[Path]) -> None:
        made.extend(folders)

    def finish() -> Outcome:
        return Outcome(f"{counted(len(made), 'scan')} written to {parameters.out}", {"scans": [str(p) for p in made]})

    return Plan(units=[None], work=work, commit=commit, finish=finish)


def draw(parameters: SimulateParameters) -> list[Path]:
    """Simulate and write the scan folders; returns them."""
    words = SimulationParameters(
        seed=parameters.seed, columns=parameters.columns, rows=parameters.rows, pits_low=parameters.pits_low, pits_high=parameters.pits_high,
        candidates=parameters.candidates, channels=int(parameters.channels),  # type: ignore[arg-type]
        both_sides=parameters.both_sides, sheets=parameters.sheets, roughness=parameters.roughness,
    )  # fmt: skip
    return list(simulate_foil(parameters.out, words))
