"""The truth of a simulated scan, as a label file."""

from __future__ import annotations

import numpy as np
import pandas as pd

TRUTH_COLUMNS = (
    "foil", "scan", "field", "x_px", "y_px", "surface", "label", "annotator", "when", "pass",
    "id", "pair", "major_px", "minor_px", "azimuth_deg",
)  # fmt: skip
"""The columns of a label file, then: ``id`` of the pit on the foil (the same in every field and scan that shows it),
``pair`` of the track (empty unless candidate), full axes of the mouth, direction from the mouth's centre to the tip."""

ANNOTATOR = "simulation"
WHEN = "2000-01-01T00:00:00+00:00"


def truth_table(pits: pd.DataFrame, foil: str, scan: str, field: str, size_px: tuple[int, int]) -> pd.DataFrame:
    """Rows for the pits of one field whose mouth's centre lies in the picture.

    Parameters
    ----------
    pits
        Pits in the picture's own px: `PIT_COLUMNS`, surface, label, id, pair.
    size_px
        Width and height of the picture.
    """
    width, height = size_px
    inside = pits["x_px"].between(-0.5, width - 0.5) & pits["y_px"].between(-0.5, height - 0.5)
    rows = pits[inside].copy()
    rows = rows.assign(foil=foil, scan=scan, field=field, annotator=ANNOTATOR, when=WHEN)
    rows["pass"] = 1
    rows["pair"] = np.where(rows["label"] == "candidate", rows["pair"].astype(float), np.nan)
    rows["pair"] = rows["pair"].astype("Int64")
    return rows[list(TRUTH_COLUMNS)].reset_index(drop=True)
