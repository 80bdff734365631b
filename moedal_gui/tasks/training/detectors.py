"""Which learned detector looks: one of the project's own, of another project, or a shipped one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from moedal_gui import paths
from moedal_gui.core.detector_card import DetectorCard
from moedal_gui.core.errors import ExpertError
from moedal_gui.store.project import Project, is_project
from moedal_gui.store.registry import Entry, Registry, checked_detector, entry_in, read_detector_card

if TYPE_CHECKING:
    from moedal_gui.preselect.heatmap import LearnedDetector


@dataclass(frozen=True)
class ChosenDetector:
    """A detector on disk, found whole."""

    folder: Path
    card: DetectorCard

    @property
    def title(self) -> str:
        """Name, version and the beginning of its network's hash: what a run says of it."""
        return f"{self.card.name}/{self.card.version} {self.card.sha256[:12]}"


def chosen_detector(project: Project, wanted: str | None, view: str) -> ChosenDetector:
    """The detector that is meant.

    Parameters
    ----------
    wanted
        None for the project's current one, else the shipped one; a name (``name`` or ``name/version``); or the path of
        another project, whose current one is taken.
    view
        What it must look at.

    Raises
    ------
    ExpertError
        There is none, it looks at something else, or it is damaged.
    """
    entry = _named(project, wanted, view) if wanted else detector_in_force(project, view)
    if entry is None:
        kind = "slopes" if view == "slope" else "single pictures"
        raise ExpertError(
            f"There is no learned detector for {kind}", project.path, "train one, or name another project's"
        )
    card = checked_detector(entry.folder)
    if card.view != view:
        what = f"The detector {entry.title} looks at {card.view}, this scan has {view}"
        raise ExpertError(what, project.path, "choose another detector or method")
    return ChosenDetector(entry.folder, card)


def knows_detector(project: Project, view: str) -> bool:
    """Whether there is a detector for a view, the project's own or a shipped one."""
    return detector_in_force(project, view) is not None


def detector_of(folder: Path, least: float | None = None, everything: bool = False) -> LearnedDetector:
    """The detector in a version's folder, ready to look; kept for the next field.

    ``least``: another working point than its card's. ``everything``: keep what may be ground, too.
    """
    learned = replace(_opened(folder), everything=everything)
    return learned if least is None else replace(learned, card=replace(learned.card, working_point=least))


@lru_cache(maxsize=2)
def _opened(folder: Path) -> LearnedDetector:
    from moedal_gui.infer.detector import Detector, SecondLook
    from moedal_gui.preselect.heatmap import looking

    card = checked_detector(folder)
    # Fields run side by side, so that each keeps to one core.
    second = SecondLook(card, folder / card.second, threads=1).answers if card.second else None
    return looking(card, Detector(card, folder / card.file, threads=1).maps, second)


def registries(project: Project) -> tuple[Registry, ...]:
    """The project's own detectors, then the shipped ones."""
    return (project.detectors, _shipped())


def shipped_detector(view: str) -> Entry | None:
    """The shipped detector that looks where nobody names one; None in a program that carries none."""
    return _current(_shipped(), view)


def _shipped() -> Registry:
    return Registry(paths.detectors(), noun="detector")


def named_detector(project: Project, wanted: str) -> Entry:
    """A detector of the project, or a shipped one.

    Raises
    ------
    ExpertError
        There is none of that name.
    """
    return entry_in(registries(project), wanted)


def check_detector_for_all(wanted: str) -> None:
    """See that a detector that many projects are to use is a shipped one, or another project's.

    Raises
    ------
    ExpertError
        There is none of that name.
    """
    if not is_project(Path(wanted)):
        entry_in([_shipped()], wanted)
        return
    with Project.open(Path(wanted)) as other:
        if not other.detectors.entries():
            raise ExpertError("That project has no learned detector", wanted, "train one there first")


def _named(project: Project, wanted: str, view: str) -> Entry | None:
    if not is_project(Path(wanted)):
        return named_detector(project, wanted)
    with Project.open(Path(wanted)) as other:
        entry = _current(other.detectors, view) or _newest(other.detectors.entries(), view)
    if entry is None:
        raise ExpertError(f"That project has no learned detector for {view}", wanted, "train one there first")
    return entry


def detector_in_force(project: Project, view: str) -> Entry | None:
    """The detector that looks where nobody names one; None where there is none."""
    return _current(project.detectors, view) or shipped_detector(view)


def _current(registry: Registry, view: str) -> Entry | None:
    """The one made current where it is of the view, else the newest that is and was not outdone."""
    entry = registry.chosen()
    if entry is not None and read_detector_card(entry.folder).view == view:
        return entry
    return _newest([e for e in registry.entries() if not read_detector_card(e.folder).outdone_by], view)


def _newest(entries: Sequence[Entry], view: str) -> Entry | None:
    fitting = [e for e in entries if read_detector_card(e.folder).view == view]
    return max(fitting, key=lambda e: read_detector_card(e.folder).made, default=None)
