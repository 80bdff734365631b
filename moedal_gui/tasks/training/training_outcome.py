"""What is told of a training that ended."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from moedal_gui.core.task import Outcome

if TYPE_CHECKING:
    from moedal_gui.learn.cross_validation import Assembled


def told_of(assembled: Assembled) -> dict[str, Any]:
    """Plain values of what came of a training."""
    card = assembled.card
    experts = [
        {
            "name": e.row.name,
            "learns": e.learns,
            "answers": [a.name for a in e.row.answers],
            "accuracy": e.metrics["accuracy"],
            "balanced_accuracy": e.metrics["balanced_accuracy"],
            "folds": [
                {"fold": r.fold, "status": r.status, "epochs": r.epochs, "balanced_accuracy": r.balanced_accuracy,
                 "seconds": r.seconds}
                for r in e.results
            ],
        }
        for e in assembled.experts
    ]  # fmt: skip
    told: dict[str, Any] = {
        "learns": card is not None,
        "ensemble": assembled.entry.title if assembled.entry else None,
        "name": assembled.entry.name if assembled.entry else None,
        "version": assembled.entry.version if assembled.entry else None,
        "classes": list(card.classes) if card else [],
        "experts": experts,
        "seconds": round(sum(r.seconds for e in assembled.experts for r in e.results), 1),
    }
    if card is not None:
        told |= {
            "accuracy": card.metrics["accuracy"],
            "balanced_accuracy": card.metrics["balanced_accuracy"],
            "confusion": [list(row) for row in card.confusion],
            "expected_calibration_error": card.calibration["expected_calibration_error"],
            "density_range_per_mm2": card.density_range,
            "working_point": dict(card.working_point),
            "change_on_old": card.training["change_on_old"],
        }
    return told


def outcome_of(told: Mapping[str, Any], warnings: Sequence[str]) -> Outcome:
    """The same for a person."""
    lines = [_headline(told)]
    for expert in told["experts"]:
        score = expert["balanced_accuracy"]
        states = [f["status"] for f in expert["folds"]]
        idle = states.count("does not learn")
        again = states.count("learned on the second try")
        line = f"{expert['name']}: balanced accuracy {_fraction(score)}"
        line += f"; {idle} of {len(states)} folds do not learn and stay out" if idle else ""
        line += f"; {again} learned on the second try" if again else ""
        line += "" if expert["learns"] else "; it learns nothing and stays out"
        lines.append(line)
    return Outcome("\n".join([*lines, *warnings]), {**told, "warnings": list(warnings)})


def _headline(told: Mapping[str, Any]) -> str:
    if not told["learns"]:
        return "Nothing was learnt: no expert is better than chance on examples it was not shown; look at the labels"
    return (
        f"{told['ensemble']} is made: accuracy {_fraction(told['accuracy'])}, balanced"
        f" {_fraction(told['balanced_accuracy'])} on examples held back"
    )


def _fraction(score: Mapping[str, float | None]) -> str:
    if score["value"] is None:
        return "unknown"
    return f"{score['value']:.3f} ({score['low']:.3f} to {score['high']:.3f})"
