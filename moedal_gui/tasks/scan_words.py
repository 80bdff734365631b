"""What is said of a scan beside its numbers: what it lacks, how it was looked at, what speaks against its light."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from moedal_gui.core.counted import counted, listed
from moedal_gui.store.catalogue import RunRecord, ScanRecord
from moedal_gui.store.project import Project

_NAMED = 5


def scan_words(project: Project, scan: ScanRecord, run: RunRecord | None) -> list[str]:
    """All of it; ``run`` is the pre-selection whose pits are meant."""
    return [*scan.notes, *bare_words(project, scan), *pit_words(run)]


def bare_words(project: Project, scan: ScanRecord) -> list[str]:
    """Which fields have no picture at all, in a scan that has some."""
    fields = project.catalogue.fields(scan.scan_id)
    bare = [str(name) for name in fields.loc[fields["batch"].isna(), "field"]]
    if not bare or len(bare) == len(fields):
        return []
    have = "has" if len(bare) == 1 else "have"
    return [f"{named(bare)} of {counted(len(fields), 'field')} {have} no picture"]


def pit_words(run: RunRecord | None) -> list[str]:
    """What is said of the pits of a pre-selection; nothing without one."""
    if run is None:
        return []
    cleaned = dict(run.summary.get("cleaned", {}))
    return [*([cleaned_words(cleaned)] if cleaned else []), *light_doubts(run)]


def light_doubts(run: RunRecord | None) -> list[str]:
    """What the pits of a pre-selection were found to say against their scan's light, side and scale (`tasks.light_check`)."""
    return list(run.summary.get("light", {}).get("doubts", [])) if run is not None else []


def cleaned_words(cleaned: Mapping[str, Any]) -> str:
    """What is said of pits found on cleaned pictures."""
    return (
        f"looked at cleaned pictures: {cleaned['filled']:.1%} of the area filled from round about (dirt {cleaned['dirt']:.1%}, "
        f"scratches {cleaned['scratches']:.1%}); pits that lay there are lost, raw pixels are unchanged"
    )


def hole_words(pits: Sequence[int]) -> str:
    """What is said of finds (pit ids) that are probably the foil's pin holes."""
    which = "pit {} lies" if len(pits) == 1 else "pits {} lie"
    return f"{which.format(listed(pits))} at the datum points, probably the pin holes: Del takes out what is no pit"


def named(fields: list[str]) -> str:
    """``field 3``, ``fields 3 and 7``, ``fields 1, 2, 3, 4, 5 and 9 more``."""
    shown = fields if len(fields) <= _NAMED + 1 else [*fields[:_NAMED], f"{len(fields) - _NAMED} more"]
    return f"{'field' if len(fields) == 1 else 'fields'} {listed(shown)}"
