"""EXPERTS: which questions a network can be trained to answer, one row each."""

from __future__ import annotations

from dataclasses import dataclass

from moedal_gui.core.errors import NotFoundError
from moedal_gui.core.recipe import View


@dataclass(frozen=True)
class Answer:
    """One class of an expert, and which labelled pits are examples of it.

    ``labels`` lists pairs of (label, surface); an empty surface takes pits of either and of none.
    """

    name: str
    labels: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class ExpertRow:
    """A question: what it is called, what it sees, and its answers.

    Attributes
    ----------
    standard
        Whether it belongs to the recipe that one button trains.
    needs_class
        A class without which it is left out silently; empty when none.
    """

    name: str
    title: str
    view: View
    answers: tuple[Answer, ...]
    standard: bool = True
    needs_class: str = ""

    def answer_of(self, label: str, surface: str) -> int | None:
        """Index of the answer that a labelled pit is an example of; None when it is of none."""
        for index, answer in enumerate(self.answers):
            if any(label == word and side in ("", surface) for word, side in answer.labels):
                return index
        return None


_TOP = Answer("top", (("top", ""), ("candidate", "top"), ("misc", "top")))
_BOTTOM = Answer("bottom", (("bottom", ""), ("candidate", "bottom"), ("misc", "bottom")))
_OTHERS = (("top", ""), ("bottom", ""), ("misc", ""))

EXPERTS: tuple[ExpertRow, ...] = (
    ExpertRow("top-bottom", "Top or bottom", "pit", (_TOP, _BOTTOM)),
    ExpertRow("candidate-top", "Candidate or top", "pair",
              (Answer("candidate", (("candidate", "top"),)), Answer("top", (("top", ""),)))),
    ExpertRow("candidate-bottom", "Candidate or bottom", "pair",
              (Answer("candidate", (("candidate", "bottom"),)), Answer("bottom", (("bottom", ""),)))),
    ExpertRow("misc-others", "Misc or other", "pit",
              (Answer("misc", (("misc", ""),)), Answer("others", (("candidate", ""), ("top", ""), ("bottom", "")))),
              needs_class="misc"),
    ExpertRow("multi-class", "All classes at once", "pair",
              (Answer("candidate", (("candidate", ""),)), Answer("top", (("top", ""),)),
               Answer("bottom", (("bottom", ""),)), Answer("misc", (("misc", ""),))), standard=False),
    ExpertRow("signal-others", "Signal against all", "pair",
              (Answer("candidate", (("candidate", ""),)), Answer("others", _OTHERS)), standard=False),
)  # fmt: skip


def expert_row(name: str) -> ExpertRow:
    """The row of an expert.

    Raises
    ------
    NotFoundError
        There is none of that name.
    """
    for row in EXPERTS:
        if row.name == name:
            return row
    known = ", ".join(r.name for r in EXPERTS)
    raise NotFoundError(f"There is no expert called {name}", remedy=f"take some of: {known}")
