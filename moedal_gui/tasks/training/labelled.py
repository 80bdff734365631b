"""Labelled pits of a project as a training set."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import pandas as pd

from moedal_gui.core.errors import ArgumentError, TrainingError
from moedal_gui.core.examples import Examples
from moedal_gui.core.expert import EXPERTS, ExpertRow, expert_row
from moedal_gui.core.recipe import PLANES, Plane, Recipe
from moedal_gui.imaging.flat_field import FlatField
from moedal_gui.imaging.planes import recipe_for, refusal
from moedal_gui.learn.training_set import TrainingSet
from moedal_gui.store.project import Project
from moedal_gui.tasks.labels.label_table import label_table
from moedal_gui.tasks.partners import FoilPartners
from moedal_gui.tasks.pit_table import all_pits
from moedal_gui.tasks.placement.placing import placement_of
from moedal_gui.tasks.training.examples import fields_of, read_examples

Agreement = Literal["newest", "majority", "unanimous"]
AGREEMENTS: tuple[Agreement, ...] = get_args(Agreement)
DEFAULT_SIZE = 28
_BLOCK_PX = 320.0


@dataclass(frozen=True)
class LabelChoice:
    """Which labels teach, and what the networks are shown.

    Attributes
    ----------
    passes, annotators
        Only these; empty: all of them.
    agreement
        What counts where several people spoke: the newest word, the most frequent, or only what all agree on.
    with_maybe
        Whether ``maybe`` is a class of its own (left out otherwise).
    planes, size, size_um
        See `core.recipe.Recipe`.
    lamps
        Azimuths of the lamps that rim planes are made of; empty: all of the first scan's.
    experts
        Names of `core.expert.EXPERTS`; empty: the standard ones that the labels can teach.
    """

    passes: tuple[str, ...] = ()
    annotators: tuple[str, ...] = ()
    agreement: Agreement = "newest"
    with_maybe: bool = False
    planes: tuple[Plane, ...] = ("slope",)
    size: int = 28
    size_um: float | None = None
    lamps: tuple[float, ...] = ()
    experts: tuple[str, ...] = ()


def labelled_pits(project: Project, choice: LabelChoice) -> pd.DataFrame:
    """Pits with the one label each that teaches: columns of the table of pits, ``word``, ``side``, ``named``.

    ``named`` is the id of the pit that carries the label: the pit itself, or its twin in the foil's other scan.

    Opinions of the ensemble never teach unless a person has confirmed them.
    """
    labels = label_table(project)
    labels = labels[labels["pit_id"].notna() & (labels["annotator"] != "ensemble")]
    for column, wanted in (("pass", choice.passes), ("annotator", choice.annotators)):
        if wanted:
            labels = labels[labels[column].astype(str).isin([str(w) for w in wanted])]
    if not choice.with_maybe:
        labels = labels[labels["label"] != "maybe"]
    if not len(labels):
        raise TrainingError(
            "There are no labels to learn from", project.path, "label some pits, or import labels, then train again"
        )
    words = labels.groupby("pit_id", sort=False)["label"].agg(lambda given: _agreed(given, choice.agreement))
    sides = labels.groupby("pit_id", sort=False)["surface"].last().fillna("")
    pits = all_pits(project)
    # The same pit in the foil's other scan is another picture of what was labelled.
    named = pits["pit_id"].where(pits["pit_id"].isin(words.index), pits["twin_id"])
    pits = pits.assign(named=named)[named.isin(words.index)].reset_index(drop=True)
    word = words.reindex(pits["named"]).to_numpy(dtype=object)
    stated = sides.reindex(pits["named"]).to_numpy(dtype=object)
    side = np.where(stated != "", stated, pits["surface"].fillna("").to_numpy(dtype=object))
    pits = pits.assign(word=word, side=side)
    return pits[pits["word"] != ""].reset_index(drop=True)


def _agreed(given: pd.Series, rule: Agreement) -> str:
    """The word of several that counts; empty where they do not agree as asked."""
    words = [str(w) for w in given]
    if rule == "newest":
        return words[-1]
    counts = pd.Series(words).value_counts()
    if rule == "unanimous":
        return words[0] if len(counts) == 1 else ""
    tied = len(counts) > 1 and counts.iloc[0] == counts.iloc[1]
    return "" if tied else str(counts.index[0])


def recipes_of(choice: LabelChoice) -> dict[str, Recipe]:
    """The recipes of both views, lamps not yet filled in."""
    return {view: Recipe(choice.planes, choice.size, view, choice.lamps, choice.size_um) for view in ("pit", "pair")}


def training_set(project: Project, choice: LabelChoice) -> TrainingSet:
    """The labelled pits of a project, cropped by the one cropper.

    Raises
    ------
    TrainingError
        There are no labels, or none on pits whose pictures fit the recipe.
    """
    pits = labelled_pits(project, choice)
    recipes: dict[str, Recipe] = {}
    parts: dict[str, list[Examples]] = {"pit": [], "pair": []}
    kept: list[pd.DataFrame] = []
    refused: list[str] = []
    for scan in project.catalogue.scans():
        mine = pits[(pits["foil"] == scan.foil) & (pits["scan"] == scan.scan)].reset_index(drop=True)
        if not len(mine) or scan.flat is None:
            continue
        fitted = {name: recipe_for(r, scan.description) for name, r in recipes_of(choice).items()}
        recipes = recipes or fitted
        reason = refusal(recipes["pit"], scan.description, FlatField.from_json(scan.flat))
        if reason:
            refused.append(f"{scan.scan}: {reason}")
            continue
        partners = FoilPartners(project, scan.foil).of(scan, mine)
        for field in fields_of(project, scan, mine, partners):
            examples = read_examples(field, recipes)
            for name, part in examples.items():
                parts[name].append(part)
            kept.append(_with_group(project, scan.scan_id, mine.iloc[field.rows]))
    if not kept:
        raise TrainingError(
            "No labelled pit has pictures that fit the recipe", "; ".join(refused) or project.path,
            "choose another recipe, or label pits of a scan with pictures",
        )  # fmt: skip
    table = pd.concat(kept, ignore_index=True)
    # A pit and its twin stay together even where their places fall into two blocks.
    table["block"] = table.groupby("named")["block"].transform("first")
    examples = {
        name: Examples(np.concatenate([p.pictures for p in part]), np.concatenate([p.numbers for p in part]))
        for name, part in parts.items()
    }
    return TrainingSet(
        experts=_experts(choice.experts, set(table["word"])),
        recipes=recipes, examples=examples, labels=table["word"].to_numpy(dtype=str), surfaces=table["side"].to_numpy(dtype=str),
        groups=pd.factorize(table["block"])[0].astype(np.int64), ids=table["pit_id"].astype(str).to_numpy(dtype=str),
        densities=table["density_per_mm2"].to_numpy(dtype=float), provenance=_provenance(project, choice, table),
    )  # fmt: skip


def _experts(names: tuple[str, ...], words: set[str]) -> tuple[ExpertRow, ...]:
    """The questions asked: those named, else the standard ones whose classes somebody has labelled."""
    if names:
        return tuple(expert_row(name) for name in names)
    taught = [
        row for row in EXPERTS
        if row.standard and all(any(word in words for word, _ in answer.labels) for answer in row.answers)
    ]  # fmt: skip
    if not taught:
        raise TrainingError(
            f"No expert can be taught from {', '.join(sorted(words))} alone", "", "label pits of at least two classes"
        )
    return tuple(taught)


def _provenance(project: Project, choice: LabelChoice, table: pd.DataFrame) -> dict[str, object]:
    given = label_table(project)
    given = given[given["pit_id"].isin(table["pit_id"])]
    return {
        "project": project.name, "foils": sorted(set(table["foil"])), "scans": sorted(set(table["scan"])),
        "passes": sorted({str(p) for p in given["pass"]}), "annotators": sorted({str(a) for a in given["annotator"]}),
        "agreement": choice.agreement, "text": f"trained on {len(table)} labels of {', '.join(sorted(set(table['foil'])))}",
    }  # fmt: skip


def _with_group(project: Project, scan_id: int, pits: pd.DataFrame) -> pd.DataFrame:
    """The pits with the block of the foil they lie in: neighbours, doubles and twins stay in one fold."""
    placement = placement_of(project, project.catalogue.scan_by_id(scan_id))
    places = placement.to_frame(pits["field"], pits["x_px"], pits["y_px"]) / placement.scale
    cells = np.floor(places / _BLOCK_PX).astype(int)
    frames = [placement.frame_of(str(f)) for f in pits["field"]]
    return pits.assign(block=[f"{f}|{x}|{y}" for f, (x, y) in zip(frames, cells, strict=True)])


def natural_planes(project: Project) -> tuple[Plane, ...]:
    """What networks look at when nobody says: slopes where the scans have a ring of lamps, else the one good channel."""
    scans = [(s.description, FlatField.from_json(s.flat)) for s in project.catalogue.scans() if s.flat is not None]
    choices: tuple[tuple[Plane, ...], ...] = (("slope",), ("backlit",), ("halo",), ("single",))
    for planes in choices:
        if scans and all(refusal(Recipe(planes), description, flat) == "" for description, flat in scans):
            return planes
    return choices[0]


def planes_of_words(recipe: str) -> tuple[Plane, ...]:
    """Planes joined by ``+``.

    Raises
    ------
    ArgumentError
        One is not known.
    """
    words = [word.strip() for word in recipe.split("+") if word.strip()]
    unknown = [w for w in words if w not in PLANES]
    if unknown or not words:
        raise ArgumentError(
            f"There is no plane called {', '.join(unknown) or 'nothing'}",
            remedy=f"join some of {', '.join(PLANES)} by +",
        )
    return tuple(p for w in words for p in PLANES if p == w)
