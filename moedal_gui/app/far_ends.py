"""Links whose ends were seen in different scans of a foil: the other end's place."""

from __future__ import annotations

import pandas as pd

from moedal_gui.app.pits import FarEnd
from moedal_gui.app.sheet import Sheet
from moedal_gui.store.project import Project


def far_ends(project: Project, sheet: Sheet, own: pd.DataFrame, links: pd.DataFrame) -> dict[int, FarEnd]:
    """For each pit of the sheet whose link passes and ends in another scan: that end.

    Parameters
    ----------
    own
        Pit table of the sheet.
    links
        Columns entry_pit, exit_pit, passes.
    """
    passing = links[links["passes"]]
    both = [
        *zip(passing["entry_pit"], passing["exit_pit"], strict=True),
        *zip(passing["exit_pit"], passing["entry_pit"], strict=True),
    ]
    mine = set(own["pit_id"].astype(int))
    wanted = {int(there): int(here) for here, there in both if int(here) in mine and int(there) not in mine}
    if not wanted:
        return {}
    found: dict[int, FarEnd] = {}
    for scan in project.catalogue.scans():
        run = project.catalogue.current_run("preselect", scan.scan_id)
        if run is None or scan.scan_id == sheet.record.scan_id:
            continue
        pits = project.catalogue.pits(run.run_id, merged=False)
        pits = pits[pits["pit_id"].isin(list(wanted))]
        if len(pits):
            found |= _ends(project, sheet, scan.scan_id, pits, wanted)
    return found


def _ends(
    project: Project, sheet: Sheet, scan_id: int, pits: pd.DataFrame, wanted: dict[int, int]
) -> dict[int, FarEnd]:
    from moedal_gui.tasks.placement.placing import placement_of

    scan = project.catalogue.scan_by_id(scan_id)
    placement = placement_of(project, scan)
    shared = placement.lies_on(sheet.placement)
    places = placement.to_frame(pits["field"], pits["x_px"], pits["y_px"])
    names = ["pit_id", "field", "x_px", "y_px", "surface"]
    ends = {}
    for place, (pit, field, x_px, y_px, surface) in zip(
        places, pits[names].itertuples(index=False, name=None), strict=True
    ):
        x, y = sheet.from_frame(float(place[0]), float(place[1])) if shared else (float("nan"), float("nan"))
        side = surface if surface in ("top", "bottom") else ""
        ends[wanted[int(pit)]] = FarEnd(
            int(pit), scan.foil, scan.scan, str(field), float(x_px), float(y_px), side, x, y
        )
    return ends
