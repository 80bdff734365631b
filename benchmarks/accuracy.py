"""How right the networks are: ``python -m benchmarks.accuracy FOLDER [--pictures FOLDER]`` writes docs/accuracy.md.

Test foils are drawn into FOLDER (kept and reused) with seeds that no network was trained on or chosen by.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from moedal_gui.analysis.evaluation import score_figures
from moedal_gui.analysis.intervals import Fraction
from moedal_gui.core.label import Label
from moedal_gui.store.project import Project
from moedal_gui.tasks import score
from moedal_gui.tasks.loop import run
from moedal_gui.tasks.pit_table import all_pits
from moedal_gui.tasks.training import train
from moedal_gui.tasks.training.train_parameters import TrainParameters

PAGE = Path(__file__).resolve().parent.parent / "docs" / "accuracy.md"
SEEDS = tuple(range(1000, 1008))
TAUGHT = 1393
_FIELD_MM2 = 640 * 480 * (6.4516e-3) ** 2
_BANDS = ((0, 60), (60, 150), (150, 400))


def main(words: list[str]) -> None:
    """Draw what is missing, measure, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--whole", action="store_true", help="train from nothing and on shuffled labels too")
    parser.add_argument("--pictures", type=Path, help="a folder with train/ and val/, a sub-folder for each class")
    asked = parser.parse_args(words)
    sys.path.insert(0, str(PAGE.parents[1] / "packaging"))
    from make_networks import make_foil

    asked.folder.mkdir(parents=True, exist_ok=True)
    foils = {seed: asked.folder / f"test-{seed}.moedal" for seed in SEEDS}
    for seed, path in foils.items():
        make_foil(path, seed)
    lines = ["# How right the networks are", "", *_intro(), "## The shipped ensemble, on foils it has never seen", ""]
    lines += [*_shipped(foils), "", "## After training on one foil's labels, on the other foils", ""]
    lines += [*_sister(foils, asked.folder, asked.whole), ""]
    if asked.pictures is not None:
        lines += ["## Ordinary pictures in classes", "", *_pictures(asked.pictures, asked.folder), ""]
    PAGE.write_text("\n".join(lines), encoding="utf-8")


def _intro() -> list[str]:
    return [
        "Written by `python -m benchmarks.accuracy`. The foils are simulated, each with its own lamps, optics, camera and",
        "etching, by the simulator whose other foils the shipped networks were trained on: another microscope may differ.",
        "Intervals are 95 %. *Rejection* is the share of all other pits below the score that 95 % of the candidates reach;",
        "candidates whose partner lies outside the scan, or was not found, count.",
        "",
    ]


def _shipped(foils: dict[int, Path]) -> list[str]:
    lines = [
        "| foil | pits | candidates | top or bottom right | rejection at efficiency .95 |",
        "|---|---|---|---|---|",
    ]
    tables: list[pd.DataFrame] = []
    for seed, path in foils.items():
        with Project.open(path, write=True) as project:
            run(score.plan(project, score.ScoreParameters(ensemble="pits")))
            table = _labelled(project)
        tables.append(table)
        lines.append(f"| {seed} | {len(table)} | {int((table['label'] == 'candidate').sum())} | {_figures(table)} |")
    every = pd.concat(tables, ignore_index=True)
    per_field = every["density_per_mm2"].to_numpy(dtype=float) * _FIELD_MM2
    for low, high in _BANDS:
        part = every[(per_field >= low) & (per_field < high)]
        lines.append(
            f"| {low} to {high} pits per field | {len(part)} | {int((part['label'] == 'candidate').sum())} | {_figures(part)} |"
        )
    return lines


def _sister(foils: dict[int, Path], folder: Path, whole: bool) -> list[str]:
    """Train on one foil, judge the others; with ``whole`` also without the shipped beginning and on shuffled labels."""
    # Of foils scanned once: of two scans of a foil each label would count twice.
    richest = max((s for s in foils if _scans(foils[s]) == 1), key=lambda s: _count(foils[s]))
    lines = [
        "| beginning | " + "5-fold accuracy of the experts | top or bottom right | rejection at efficiency .95 |",
        "|---|---|---|---|",
    ]
    others = [path for seed, path in foils.items() if seed != richest]
    beginnings = (("shipped networks", None), ("nothing", "none"))
    for name, start in beginnings if whole else beginnings[:1]:
        taught = _copy(foils[richest], folder / f"taught-{name.split()[0]}.moedal")
        with Project.open(taught, write=True) as project:
            _keep_labels(project, TAUGHT)
            outcome = run(train.plan(project, TrainParameters(start=start)))
        said = "; ".join(f"{e['name']} {_words(e['accuracy'])}" for e in outcome.values["experts"])
        tables = []
        for path in others:
            with Project.open(path, write=True) as project:
                run(score.plan(project, score.ScoreParameters(ensemble=str(taught))))
                tables.append(_labelled(project))
        lines.append(f"| {name} | {said} | {_figures(pd.concat(tables, ignore_index=True))} |")
    if not whole:
        return lines
    shuffled = _copy(foils[richest], folder / "shuffled.moedal")
    with Project.open(shuffled, write=True) as project:
        _keep_labels(project, TAUGHT, shuffle=True)
        outcome = run(train.plan(project, TrainParameters(epochs=15)))
    return [*lines, "", f"On shuffled labels training says: {outcome.sentence.splitlines()[0]}."]


def _pictures(folder: Path, scratch: Path) -> list[str]:
    from moedal_gui.tasks.score_pictures import picture_scores
    from moedal_gui.tasks.training.ensembles import chosen_ensemble

    with Project.open(scratch / "pictures.moedal", write=True, create=True) as project:
        run(train.plan(project, TrainParameters(from_=f"crops:{folder / 'train'}")))
        found = picture_scores(chosen_ensemble(project, None, "pictures").folder, folder / "val")
    truth = np.array([Path(row["path"]).parent.name for row in found])
    said = np.array([row["class"] for row in found])
    right = float((truth == said).mean())
    recalls = [float((said[truth == c] == c).mean()) for c in sorted(set(truth))]
    return [
        f"Trained on {folder.name}/train, judged on its val ({len(truth)} pictures): accuracy {right:.3f}, balanced {np.mean(recalls):.3f}."
    ]


def _labelled(project: Project) -> pd.DataFrame:
    table = all_pits(project)
    return table[table["label"].isin(["candidate", "top", "bottom", "misc"])].reset_index(drop=True)


def _figures(table: pd.DataFrame) -> str:
    columns = [table[f"score_{n}"].to_numpy(dtype=float) for n in ("candidate", "top", "bottom")]
    found: dict[str, Any] = score_figures(table["label"].to_numpy(dtype=object), *columns)
    return f"{_words(found['top_bottom_accuracy'])} | {_words(found['rejection_at_efficiency_95'])}"


def _words(found: Fraction) -> str:
    return "-" if found["value"] is None else f"{found['value']:.3f} ({found['low']:.3f} to {found['high']:.3f})"


def _count(path: Path) -> int:
    with Project.open(path) as project:
        return len(_labelled(project))


def _scans(path: Path) -> int:
    with Project.open(path) as project:
        return len(project.catalogue.scans())


def _copy(source: Path, target: Path) -> Path:
    shutil.rmtree(target, ignore_errors=True)
    return Path(shutil.copytree(source, target))


def _keep_labels(project: Project, most: int, *, shuffle: bool = False) -> None:
    """Take labels back until so many are left; or give the same words to other pits."""
    rng = np.random.default_rng(1)
    journal = project.labels.in_force()
    keep = rng.permutation(len(journal)) < most
    words = journal["label"].to_numpy(dtype=object)
    changed = np.where(keep, rng.permutation(words) if shuffle else words, "")
    rows = [
        Label(
            r["foil"], r["scan"], r["field"], r["x_px"], r["y_px"], str(word), r["surface"], r["annotator"],
            pass_name=str(r["pass"]),
        )
        for r, word, old in zip(journal.to_dict("records"), changed, words, strict=True)
        if word != old
    ]  # fmt: skip
    project.labels.give(rows)


if __name__ == "__main__":
    main(sys.argv[1:])
