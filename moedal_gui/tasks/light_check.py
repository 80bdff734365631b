"""What a scan says of its light and side, tested against its own pits."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from scipy.special import ndtr

from moedal_gui.imaging.harmonics import first_harmonic
from moedal_gui.imaging.light_check import RingEnergy, ring_energy, sharpness
from moedal_gui.imaging.normalise import usable_channels
from moedal_gui.store.catalogue import ScanRecord
from moedal_gui.store.project import Project
from moedal_gui.tasks.placement.placing import flat_of, normalised_stack

_FIELDS = 10
_FEWEST = 30
_SURE = 0.002
_COHERENT = 0.25


def check_light(project: Project, scan: ScanRecord, pits: pd.DataFrame) -> dict[str, Any]:
    """Coherence of the lamp ring, and which surface's pits are the sharper ones.

    Returns
    -------
    dict
        ``ring_coherence`` (1 good, 0 wrong order, -1 turned by 90 degrees), ``sharper_surface`` (None where it cannot be
        told) and ``doubts``, a list of sentences; empty for scans without a usable ring.
    """
    flat = flat_of(scan)
    pits = pits[(pits["major_px"] * pits["minor_px"]).notna()]
    if flat is None or len(pits) == 0:
        return {}
    usable = usable_channels(flat)
    rim = [i for i in scan.description.rim if usable[i]]
    if len(rim) < 3:
        return {}
    azimuths = [float(scan.description.channels[i].azimuth_deg or 0.0) for i in rim]
    energy, parts = RingEnergy(), []
    busiest = pits["field"].value_counts().index[:_FIELDS]
    for row in project.catalogue.field_rows(scan.scan_id):
        if row.field not in busiest:
            continue
        stack = normalised_stack(project, scan, row)
        if stack is None:
            continue
        slope = first_harmonic(stack[rim], azimuths)
        energy = energy + ring_energy(slope)
        mine = pits[pits["field"] == row.field]
        size = np.sqrt(mine["major_px"].to_numpy(float) * mine["minor_px"].to_numpy(float))
        parts.append(
            mine.assign(
                size=size, sharp=sharpness(slope, mine["x_px"].to_numpy(float), mine["y_px"].to_numpy(float), size)
            )
        )
    return _verdict(scan, energy.coherence, pd.concat(parts)) if parts else {}


def _verdict(scan: ScanRecord, coherence: float, pits: pd.DataFrame) -> dict[str, Any]:
    doubts = []
    if coherence < _COHERENT:
        turned = " (it looks turned by 90 degrees)" if coherence < -_COHERENT else ""
        doubts.append(f"The lamp azimuths do not fit the pictures{turned}: check zero and direction of the ring")
    sharper = _sharper(pits)
    if sharper is not None and sharper != scan.description.near_surface:
        doubts.append(
            f"Pits called {sharper} are the sharper ones, yet {scan.description.near_surface} faces the camera: polarity, orientation "
            "or the ring's zero (by 180 degrees) may be wrong"
        )
    return {"ring_coherence": round(coherence, 3), "sharper_surface": sharper, "doubts": doubts}


def _sharper(pits: pd.DataFrame) -> str | None:
    """The surface whose pits are sharper, by a rank test (Mann and Whitney, Ann. Math. Stat. 18 (1947) 50)."""
    good = pits[np.isfinite(pits["sharp"]) & (pits["size"] > 6.0)]
    top, bottom = (good.loc[good["surface"] == s, "sharp"].to_numpy(float) for s in ("top", "bottom"))
    if min(len(top), len(bottom)) < _FEWEST:
        return None
    ranks = pd.Series(np.concatenate([top, bottom])).rank().to_numpy()
    u = ranks[: len(top)].sum() - len(top) * (len(top) + 1) / 2
    mean, spread = len(top) * len(bottom) / 2, np.sqrt(len(top) * len(bottom) * (len(top) + len(bottom) + 1) / 12)
    z = float((u - mean) / spread)
    if 2 * float(ndtr(-abs(z))) > _SURE:
        return None
    return "top" if z > 0 else "bottom"
