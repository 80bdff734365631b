"""One sentence that says why a pit is shown now."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from moedal_gui.app.pits import PitSheet
from moedal_gui.app.queues import Queue, QueueName, fair_rows
from moedal_gui.app.why import votes_of
from moedal_gui.core.label import CLASSES
from moedal_gui.core.score import SCORED_CLASSES


def why(queue: Queue, pits: PitSheet, row: int, *, blind: bool = False, label: int = -1) -> str:
    """Why this pit is shown now; ``blind`` tells its place in the queue alone, ``label`` is the code of its label."""
    place, total = int(queue.place[row]) + 1, len(queue.order)
    if place == 0:
        return "Picked by hand; it is not in the queue."
    if blind:
        return f"Blind, {place} of {total}: labels and scores are hidden until you leave blind mode."
    return _WORDS[queue.name](queue, pits, row, f"{place:,} of {total:,}", label)


def shares(pits: PitSheet, row: int) -> list[tuple[str, float]]:
    """Classes of a pit and their scores, likeliest first; those unknown left out."""
    known = [(n, float(p)) for n, p in zip(SCORED_CLASSES, pits.scores[row], strict=True) if np.isfinite(p)]
    return sorted(known, key=lambda pair: -pair[1])


def _as_found(queue: Queue, pits: PitSheet, row: int, place: str, _label: int) -> str:
    same = pits.table["field_id"].to_numpy()
    mates = queue.order[same[queue.order] == same[row]]
    nth = int(np.flatnonzero(mates == row)[0]) + 1
    return f"As found: pit {nth} of {len(mates)} in field {pits.table['field'].iat[row]}, {place} in the scan."


def _uncertain(_queue: Queue, pits: PitSheet, row: int, place: str, _label: int) -> str:
    record = pits.table.iloc[row]
    sure, snr = float(record["surface_score"]), float(record["snr"])
    surface = f"its surface is only {sure:.0%} sure" if np.isfinite(sure) else "its surface could not be told"
    weaker = float((pits.table["snr"] > snr).mean()) if np.isfinite(snr) else 1.0
    signal = (
        f"signal-to-noise {snr:.1f}, weaker than {weaker:.0%} of the pits" if np.isfinite(snr) else "no signal-to-noise"
    )
    return f"In doubt, {place}: {surface}; {signal}."


def _entropy(queue: Queue, pits: PitSheet, row: int, place: str, _label: int) -> str:
    words = ", ".join(f"{name} {p:.0%}" for name, p in shares(pits, row)[:3])
    return f"Open, {place}: {words}; entropy {queue.doubt[row]:.2f} of 1."


def _margin(_queue: Queue, pits: PitSheet, row: int, place: str, _label: int) -> str:
    (first, p), (second, q) = shares(pits, row)[:2]
    return f"Between two classes, {place}: {first} {p:.0%} against {second} {q:.0%}."


def _experts(queue: Queue, pits: PitSheet, row: int, place: str, _label: int) -> str:
    words = "; ".join(
        f"{v.expert}: {v.first if v.probability >= 0.5 else v.second} {max(v.probability, 1 - v.probability):.0%}"
        for v in votes_of(pits, row)
    )
    return f"Disputed, {place}: no class has more than {1 - queue.doubt[row]:.0%} from all its experts. {words}."


def _spread(queue: Queue, pits: PitSheet, row: int, place: str, _label: int) -> str:
    name, p = shares(pits, row)[0]
    return f"Unsteady, {place}: {name} {p:.0%}, but turned and mirrored its scores spread by {queue.doubt[row]:.2f}."


def _signal(_queue: Queue, pits: PitSheet, row: int, place: str, _label: int) -> str:
    return f"Signal-like, {place}: candidate {float(pits.scores[row, 0]):.1%}, and nobody has labelled it."


def _audit(_queue: Queue, _pits: PitSheet, _row: int, place: str, _label: int) -> str:
    return f"Audit, {place}: drawn at random for you, so that labels like this one tell how good all the others are."


def _mislabelled(queue: Queue, pits: PitSheet, row: int, place: str, label: int) -> str:
    word = CLASSES[label] if label >= 0 else "nothing any more"
    if fair_rows(pits)[row]:
        name, p = str(pits.table["oof_class"].iat[row]), float(pits.table["oof_score"].to_numpy(float)[row])
        return f"Probably mislabelled, {place}: labelled {word}, held for {name} {p:.0%} by networks that never saw it."
    name, p = next(((n, v) for n, v in shares(pits, row) if n != word), ("", 0.0))
    return f"Probably mislabelled, {place}: labelled {word}, held for {name} {p:.0%} by the ensemble."


_WORDS: dict[QueueName, Callable[[Queue, PitSheet, int, str, int], str]] = {
    "as found": _as_found, "most uncertain": _uncertain, "ensemble entropy": _entropy, "smallest margin": _margin,
    "expert disagreement": _experts, "symmetry spread": _spread, "most signal-like": _signal, "random audit": _audit,
    "probably mislabelled": _mislabelled,
}  # fmt: skip
