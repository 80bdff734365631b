"""How a scan's pits spread over the regimes of density, and what is said where they crowd."""

from __future__ import annotations

from collections.abc import Mapping

from moedal_gui.analysis.density import REGIMES
from moedal_gui.store.catalogue import ScanRecord
from moedal_gui.store.project import Project
from moedal_gui.tasks.pit_table import with_density

_WORTH_SAYING, _MOSTLY = 0.02, 0.5


def regimes_of(project: Project, scan: ScanRecord, run_id: int) -> dict[str, int]:
    """How many pits of a run lie where the density is low, medium or high."""
    words = with_density(project, scan, run_id)["regime"].to_numpy(dtype=object)
    return {name: int((words == name).sum()) for name in REGIMES}


def crowding_words(regimes: Mapping[str, int]) -> str:
    """What is said of a scan whose pits crowd; empty where they do not."""
    every = max(sum(regimes.values()), 1)
    if regimes["medium"] > _MOSTLY * every and not too_dense(regimes):
        return "most pits have neighbours within their own width: links are less sure there"
    return too_dense(regimes)


def too_dense(regimes: Mapping[str, int]) -> str:
    """What is said of a scan in which a list of pits is not valid somewhere; empty where it is everywhere."""
    every = max(sum(regimes.values()), 1)
    if regimes["high"] <= _WORTH_SAYING * every:
        return ""
    share = regimes["high"] / every
    return f"{share:.0%} of the pits lie so densely that a list of them says nothing about tracks; see the density map"


def dense_scans(project: Project, pit_runs: Mapping[int, int]) -> list[str]:
    """What to say of the scans (scan id -> run of their pits) in which a list is not valid somewhere, by the borders drawn now."""
    scans = [s for s in project.catalogue.scans() if s.scan_id in pit_runs]
    words = [too_dense(regimes_of(project, s, pit_runs[s.scan_id])) for s in scans]
    return [f"{scan.scan}: {said}" for scan, said in zip(scans, words, strict=True) if said]
