"""The network behind a pit's score, ready to be asked what the score hangs on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from moedal_gui.core.errors import ExpertError
from moedal_gui.core.recipe import Recipe
from moedal_gui.core.score import SCORED_CLASSES
from moedal_gui.store.catalogue import RunRecord
from moedal_gui.store.project import Project
from moedal_gui.tasks.partners import FoilPartners
from moedal_gui.tasks.pit_table import pit_run, score_run
from moedal_gui.tasks.training.ensembles import chosen_ensemble
from moedal_gui.tasks.training.examples import fields_of, read_examples

Float32 = npt.NDArray[np.float32]
Float64 = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Asked:
    """A pit's crop as the network that scored it sees it.

    Attributes
    ----------
    planes, names
        (C, S, S), and what each plane is; where a candidate is asked about, the partner's planes follow the pit's.
    score
        Batch (N, C, S, S) of such planes -> probability (N,) of the class ``asked``.
    """

    planes: Float32
    names: tuple[str, ...]
    score: Callable[[Float32], Float64]
    asked: str


class Asking:
    """Answers for the pits of one project; what was read last is kept."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self._partners: dict[tuple[str, int], FoilPartners] = {}

    def of(self, scan_name: str, pit_id: int) -> Asked | None:
        """What a pit's score can be asked; None where it has none, or its ensemble is not here any more."""
        from moedal_gui.infer.ensemble import Ensemble

        project = self.project
        scan = project.catalogue.scan(scan_name)
        pits_run = pit_run(project, scan)
        scored = score_run(project, pits_run) if pits_run is not None else None
        if pits_run is None or scored is None:
            return None
        try:
            chosen = chosen_ensemble(project, _where(scored))
        except ExpertError:
            return None
        if chosen.hash != scored.parameters["hash"]:
            return None
        every = project.catalogue.pits(pits_run.run_id)
        pits = every[every["pit_id"] == pit_id].reset_index(drop=True)
        key = (scan.foil, pits_run.run_id)
        if key not in self._partners:
            self._partners = {key: FoilPartners(project, scan.foil)}
        fields = list(fields_of(project, scan, pits, self._partners[key].of(scan, pits)))
        if not fields:
            return None
        ensemble = Ensemble(chosen.card, chosen.folder, threads=1)
        recipes = chosen.card.recipes
        examples = read_examples(fields[0], recipes)
        said = ensemble.scores(examples)
        asked = said.classes[int(np.argmax(said.probabilities[0]))]
        view = "pair" if asked == SCORED_CLASSES[0] and "pair" in recipes else "pit"
        view = view if view in recipes else next(iter(recipes))
        shown = examples[view].pictures[0]

        def score(batch: Float32) -> Float64:
            count = len(batch)
            many = {name: e.taken(np.zeros(count, np.intp)) for name, e in examples.items()}
            many[view] = replace(many[view], pictures=np.asarray(batch, np.float32).reshape(count, *shown.shape))
            return _probability(ensemble.scores(many, turns=1).table(), asked)

        return Asked(shown.reshape(-1, *shown.shape[2:]), _names(recipes[view]), score, asked)


def _where(scored: RunRecord) -> str | None:
    """The words that name the ensemble of a score run again."""
    origin, name = str(scored.parameters["origin"]), f"{scored.parameters['ensemble']}/{scored.parameters['version']}"
    return name if origin in ("own", "shipped") else origin


def _probability(table: pd.DataFrame, asked: str) -> Float64:
    return np.asarray(table[f"score_{asked}"].to_numpy(dtype=float))


def _names(recipe: Recipe) -> tuple[str, ...]:
    """What each plane is."""
    planes: list[str] = []
    for plane in recipe.planes:
        if plane == "rim":
            planes += [f"lamp {azimuth:g}°" for azimuth in recipe.azimuths_deg]
        elif plane == "slope":
            planes += ["mean", "slope x", "slope y"]
        else:
            planes.append(plane)
    if recipe.views == 1:
        return tuple(planes)
    return (*planes, *(f"partner, {name}" for name in planes))
