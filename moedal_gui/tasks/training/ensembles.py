"""Which ensemble judges: one of the project's own, of another project, or a shipped one."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from moedal_gui import paths
from moedal_gui.core.card import EnsembleCard, to_plain
from moedal_gui.core.errors import ExpertError
from moedal_gui.core.scan import ScanDescription
from moedal_gui.imaging.flat_field import FlatField
from moedal_gui.imaging.planes import refusal
from moedal_gui.store.project import Project, is_project
from moedal_gui.store.registry import Entry, Registry, checked, entry_in
from moedal_gui.tasks.fingerprint import digest

SHIPPED = "shipped"


@dataclass(frozen=True)
class Chosen:
    """An ensemble on disk, found whole, and where it comes from: ``own``, ``shipped``, or another project's path."""

    folder: Path
    card: EnsembleCard
    origin: str

    @property
    def hash(self) -> str:
        """Sixteen hex digits that stand for its networks and every word of its card."""
        return digest(to_plain(self.card))

    @property
    def words(self) -> dict[str, str]:
        """What provenance says of it."""
        return {"ensemble": self.card.name, "version": self.card.version, "hash": self.hash, "origin": self.origin}


def chosen_ensemble(project: Project, wanted: str | None, kind: str = "pits") -> Chosen:
    """The ensemble that is meant.

    Parameters
    ----------
    wanted
        None for the project's current one, else the shipped one; a name (``name`` or ``name/version``); or the path
        of another project, whose current one is taken.
    kind
        ``pits`` or ``pictures``.

    Raises
    ------
    ExpertError
        There is none of that name, none at all, or it is damaged.
    """
    if wanted is None:
        for registry, origin in registries(project):
            entry = _current(registry, kind)
            if entry is not None:
                return Chosen(entry.folder, checked(entry.folder), origin)
        what = "There is no ensemble to score with" if kind == "pits" else "There is no ensemble trained on pictures"
        raise ExpertError(what, project.path, "train one, or name another project's with --ensemble")
    if is_project(Path(wanted)):
        entry = _current(Registry(Path(wanted) / "experts"), kind)
        if entry is None:
            raise ExpertError(f"That project has no ensemble trained on {kind}", wanted, "train one there first")
        return Chosen(entry.folder, checked(entry.folder), str(Path(wanted).resolve()))
    entry = named_entry(project, wanted)
    return Chosen(entry.folder, checked(entry.folder), "own" if entry.folder.is_relative_to(project.path) else SHIPPED)


def shipped_entry() -> Entry | None:
    """The shipped ensemble for pits; None in a program that carries none."""
    return _current(Registry(paths.models()), "pits")


def named_entry(project: Project, wanted: str) -> Entry:
    """An ensemble of the project, or a shipped one, by ``name`` or ``name/version``.

    Raises
    ------
    ExpertError
        There is none of that name.
    """
    return entry_in([registry for registry, _ in registries(project)], wanted)


def check_ensemble_for_all(wanted: str) -> None:
    """See that an ensemble that many projects are to use is a shipped one, or another project's.

    Raises
    ------
    ExpertError
        There is none of that name.
    """
    if not is_project(Path(wanted)):
        entry_in([Registry(paths.models())], wanted)
    elif _current(Registry(Path(wanted) / "experts"), "pits") is None:
        raise ExpertError("That project has no ensemble trained on pits", wanted, "train one there first")


def not_admitted(card: EnsembleCard, description: ScanDescription, flat: FlatField) -> str:
    """Why an ensemble cannot judge a scan of this flat field; empty when it can."""
    if card.kind != "pits":
        return "it was trained on pictures, not on pits of scans"
    return next((words for e in card.experts if (words := refusal(e.recipe, description, flat))), "")


def registries(project: Project) -> tuple[tuple[Registry, str], ...]:
    return ((Registry(project.path / "experts"), "own"), (Registry(paths.models()), SHIPPED))


def _current(registry: Registry, kind: str) -> Entry | None:
    """The current version where it is of the kind, else the newest that is."""
    entry = registry.current()
    if entry is not None and checked(entry.folder).kind == kind:
        return entry
    fitting = [e for e in registry.entries() if checked(e.folder).kind == kind]
    return max(fitting, key=lambda e: checked(e.folder).made) if fitting else None
