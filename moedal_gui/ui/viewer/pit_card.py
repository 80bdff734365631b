"""What the cursor says of a pit."""

from __future__ import annotations

import numpy as np
import pandas as pd

from moedal_gui.analysis.density import regime
from moedal_gui.app.labelling import HIDDEN
from moedal_gui.app.pits import PitSheet
from moedal_gui.core.label import CLASSES
from moedal_gui.core.score import SCORED_CLASSES


def card_of(pits: PitSheet, row: int, code: int, borders: tuple[float, float]) -> list[str]:
    """Short lines about one pit; what is not known is left out."""
    record = pits.table.iloc[row]
    lines = [f"pit {int(record['pit_id'])}   field {record['field']}"]
    sure = float(record["surface_score"])
    if code == HIDDEN:
        return [*lines, "blind: the rest is hidden"]
    if record["surface"] in ("top", "bottom"):
        lines.append(f"{record['surface']}" + (f"  {sure:.0%} sure" if np.isfinite(sure) else ""))
    axes = float(record["major_px"]), float(record["minor_px"])
    if np.isfinite(axes).all():
        lines.append(f"{axes[0]:.1f} × {axes[1]:.1f} px   azimuth {float(record['azimuth_deg']):.0f}°")
    figures = []
    if np.isfinite(float(record["snr"])):
        figures.append(f"signal/noise {float(record['snr']):.1f}")
    if np.isfinite(float(record["probability"])):
        figures.append(f"a pit {float(record['probability']):.0%}")
    if figures:
        lines.append("   ".join(figures))
    if np.isfinite(float(record["density_per_mm2"])):
        lines.append(f"{float(record['density_per_mm2']):.1f} pits/mm² around" + _regime_words(record, borders))
    elif words := _regime_words(record, borders):
        lines.append(words.removeprefix(", "))
    other = int(pits.partner[row])
    if other >= 0:
        lines.append(f"linked with pit {int(pits.ids[other])}")
    elif row in pits.far:
        lines.append(f"linked with pit {pits.far[row].pit_id} of scan {pits.far[row].scan}")
    lines += [note for note in [pits.notes.get(int(record["pit_id"]))] if note]
    known = [(n, float(p)) for n, p in zip(SCORED_CLASSES, pits.scores[row], strict=True) if np.isfinite(p)]
    if known:
        lines.append("   ".join(f"{name} {p:.0%}" for name, p in sorted(known, key=lambda pair: -pair[1])))
        if record.get("score_note"):
            lines.append(f"these scores lie {record['score_note']}")
    lines.append(f"label: {CLASSES[code]}" if code >= 0 else "no label")
    return lines


def _regime_words(record: pd.Series, borders: tuple[float, float]) -> str:
    """The regime of density of the pit's place, as words that follow others; empty where it is not known."""
    word = str(regime([float(record["isolated_fraction"])], borders)[0])
    return f", {word} density" if word else ""
