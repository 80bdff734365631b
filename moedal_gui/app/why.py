"""Why one pit has its score: what it hangs on in the crop, what each expert says, and labelled pits like it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from moedal_gui.analysis.neighbours import nearest_rows
from moedal_gui.analysis.occlusion import Occlusion, Planes, Score, occlusion
from moedal_gui.app.background import Latest
from moedal_gui.app.pits import PitSheet
from moedal_gui.core.expert import EXPERTS

NEIGHBOURS = 5
_LEAST = 1e-4


@dataclass(frozen=True)
class WhyQuestion:
    """What a score is asked about.

    Attributes
    ----------
    planes, names
        Crop (C, S, S) as the network sees it, and what each plane is.
    score
        Batch (N, C, S, S) -> probability (N,) of the class ``asked``.
    """

    planes: Planes
    names: tuple[str, ...]
    score: Score
    asked: str


WhySource = Callable[[int], WhyQuestion | None]
"""Row of the pit sheet -> what its score can be asked; None where its network is not here."""


@dataclass(frozen=True)
class Vote:
    """One expert's probability of its first answer, and its two answers."""

    expert: str
    first: str
    second: str
    probability: float


@dataclass(frozen=True)
class Explanation:
    """Everything said of one pit.

    ``question`` and ``occlusion`` are None until they are ``asked``, and for good where the network that scored it is not
    here; ``neighbours`` are rows of labelled pits, nearest first, and ``distance`` how far they are in what the experts say.
    """

    row: int
    question: WhyQuestion | None
    occlusion: Occlusion | None
    votes: tuple[Vote, ...]
    neighbours: npt.NDArray[np.int64]
    distance: npt.NDArray[np.float64]
    asked: bool = False


class Why:
    """Answers about one pit at a time; ``answers.answered`` carries an `Explanation`, first without the occlusion."""

    def __init__(self, source: Callable[[], WhySource | None]) -> None:
        self._source = source
        self.answers = Latest("why")

    def ask(self, pits: PitSheet, codes: npt.NDArray[np.int8], row: int) -> int:
        """Ask about a pit; the answer to an earlier question is dropped."""
        source, labelled = self._source(), codes >= 0

        def work(wanted: Callable[[], bool]) -> object:
            rows, distance = nearest_rows(features_of(pits), row, labelled, NEIGHBOURS)
            votes = votes_of(pits, row)
            yield Explanation(row, None, None, votes, rows, distance)
            question = source(row) if source is not None and wanted() else None
            tried = occlusion(question.planes, question.score) if question is not None else None
            yield Explanation(row, question, tried, votes, rows, distance, asked=True)

        return self.answers.ask(work)

    def close(self) -> None:
        """Stop answering."""
        self.answers.close()


def features_of(pits: PitSheet) -> npt.NDArray[np.float64]:
    """Where each pit lies in what is said of it: log-odds of every expert, of the ensemble's classes without experts."""
    opinions = list(pits.opinions.values())
    said = np.stack(opinions, axis=1) if opinions else pits.scores
    clipped = np.clip(said, _LEAST, 1.0 - _LEAST)
    return np.asarray(np.log(clipped / (1.0 - clipped)))


def votes_of(pits: PitSheet, row: int) -> tuple[Vote, ...]:
    """What each expert says of a pit."""
    rows = {e.name: e for e in EXPERTS}
    votes = []
    for name, first in pits.opinions.items():
        p = float(first[row])
        if np.isfinite(p):
            answers = [a.name for a in rows[name].answers] if name in rows else [name, "other"]
            second = answers[1] if len(answers) == 2 else f"not {answers[0]}"
            votes.append(Vote(rows[name].title if name in rows else name, answers[0], second, p))
    return tuple(votes)
