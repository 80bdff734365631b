"""Figures of several scans against one that serves as truth, put together and said."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from moedal_gui.analysis.evaluation import candidate_figures, pit_figures
from moedal_gui.analysis.intervals import fraction, rounded
from moedal_gui.analysis.resolution import core_sigma
from moedal_gui.store.catalogue import ScanRecord

Floats = npt.NDArray[np.float64]


def resolution(residual: Floats, tolerance: float) -> dict[str, Any]:
    """Sigma of residuals (N, 2), px, in x and y."""
    x, y = residual.T if len(residual) else (np.zeros(0), np.zeros(0))
    return {"x": core_sigma(x, tolerance), "y": core_sigma(y, tolerance), "residuals": len(residual)}


def together(parts: Sequence[dict[str, Any]], tolerance: float) -> dict[str, Any]:
    """Figures over all scans that were compared, and those of each."""
    surfaces = [s for p in parts for s in p["surfaces"]]
    n_true, n_found = (sum(p[name] for p in parts) for name in ("true", "found"))
    cuts = []
    for rows in zip(*(p["cuts"] for p in parts), strict=True):
        matched = sum(r["matched"] for r in rows)
        accident = sum((r["accidental"] or 0.0) * p["true"] for r, p in zip(rows, parts, strict=True))
        cuts.append({
            "cut_px": rows[0]["cut_px"], "matched": matched, "efficiency": fraction(matched, n_true), "purity": fraction(matched, n_found),
            "accidental": accident / n_true if n_true else None,
        })  # fmt: skip
    per_field: dict[str, Any] = {}
    for part in parts:
        prefix = "" if len(parts) == 1 else f"{part['foil']}/{part['scan']}/"
        per_field |= {f"{prefix}{name}": figures for name, figures in part["per_field"].items()}
    scans = [{k: v for k, v in p.items() if k not in ("surfaces", "residual", "per_field")} for p in parts]
    lists = {name: [row for p in parts for row in p[name]] for name in ("misses", "false_finds", "fragments")}
    return {
        **pit_figures(n_true, n_found, surfaces), **candidate_figures(0, 0, 0), "tolerance_px": tolerance, "per_field": per_field,
        "cuts": cuts, "resolution_px": resolution(np.concatenate([p["residual"] for p in parts]), tolerance), **lists, "scans": scans,
    }  # fmt: skip


def sentence(values: dict[str, Any], source: ScanRecord) -> str:
    parts = []
    for row in values["scans"]:
        x, y = row["offset_px"]
        how = f"offset {x:z.2f}, {y:z.2f} px {'searched' if row['offset_searched'] else 'as given'}"
        parts.append(f"{row['scan']}: {how if row['offset_found'] else 'no common offset found'}")
    sigma = [values["resolution_px"][axis]["value"] for axis in ("x", "y")]
    lines = [
        f"{values['matched']} of {values['true']} pits of {source.scan} found, {values['found']} in all: efficiency "
        f"{rounded(values['efficiency']['value'])}, purity {rounded(values['purity']['value'])} within {values['tolerance_px']:g} px, surface "
        f"right {rounded(values['surface_accuracy']['value'])}; resolution {rounded(sigma[0], 3)} px in x, {rounded(sigma[1], 3)} px in y; "
        f"{len(values['misses'])} missed, {len(values['false_finds'])} false, {len(values['fragments'])} fragments; {'; '.join(parts)}",
        "cut px  efficiency  purity  by accident",
    ]
    lines += [
        f"{c['cut_px']:6g}  {rounded(c['efficiency']['value']):>10}  {rounded(c['purity']['value']):>6}  {rounded(c['accidental']):>11}"
        for c in values["cuts"]
    ]
    return "\n".join(lines)
