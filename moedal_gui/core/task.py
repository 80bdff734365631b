"""What a task is: units of work planned, worked through by one loop, written by one hand."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, Literal, Protocol, TypeVar

Unit = TypeVar("Unit")
Result = TypeVar("Result")

Where = Literal["here", "threads", "processes"]


class OrderedMap(Protocol):
    """Like the built-in map: lazy, results in the order of the units."""

    def __call__(self, work: Callable[[Any], Any], units: Sequence[Any], /) -> Iterator[Any]:
        """Results of ``work`` on the units."""
        ...


@dataclass(frozen=True)
class Outcome:
    """How a task ended: one sentence for a person, plain values for ``--json``, and whether the sentence asks for a second look."""

    sentence: str
    values: Mapping[str, Any] = field(default_factory=dict)
    doubtful: bool = False


@dataclass(frozen=True)
class Plan(Generic[Unit, Result]):
    """What is left to do.

    Attributes
    ----------
    units
        Small and picklable; what is done already is not among them.
    work
        Pure and picklable: a unit in, a result out.
    commit
        The single writer; called in the order of the units.
    finish
        Called once after the last commit.
    where
        Where ``work`` runs best.
    done
        How much an earlier run has done, for the progress bar.
    size
        How much of the work a unit is, in what a person counts (fields, say).
    interrupt
        Called once, from another thread, when the person cancels: for units that take minutes and can stop inside.
    ordered_map
        Runs ``work`` instead of the loop's own threads and processes, where a task knows better (a cluster, say).
    """

    units: Sequence[Unit]
    work: Callable[[Unit], Result]
    commit: Callable[[Unit, Result], None]
    finish: Callable[[], Outcome]
    where: Where = "here"
    done: int = 0
    size: Callable[[Unit], int] = lambda _unit: 1
    interrupt: Callable[[], None] | None = None
    ordered_map: OrderedMap | None = None


def at_once(action: Callable[[], Outcome]) -> Plan[None, None]:
    """A plan of a single step that needs no units."""

    def _nothing(_unit: None) -> None:
        return None

    def _commit(_unit: None, _result: None) -> None:
        return None

    return Plan(units=(), work=_nothing, commit=_commit, finish=action)


@dataclass(frozen=True)
class Parameter:
    """How a task's parameter looks on the command line and in a form; kept in dataclass metadata.

    Attributes
    ----------
    label
        What a form calls it; made from its name where empty.
    unset
        What a form says where nothing is given, such as "all scans".
    rare
        Whether a form shows it only among more settings.
    """

    explain: str
    positional: bool = False
    many: bool = False
    choices: tuple[str, ...] = ()
    short: str = ""
    label: str = ""
    unset: str = ""
    rare: bool = False


def parameter(explain: str, **rest: Any) -> dict[str, Parameter]:
    """Metadata of a dataclass field: ``field(default=..., metadata=parameter("..."))``."""
    return {"parameter": Parameter(explain, **rest)}
