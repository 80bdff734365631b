"""The registry of trained ensembles or detectors: a folder for each version, its card and its networks in it."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from moedal_gui.core import card as ensemble_card
from moedal_gui.core import detector_card
from moedal_gui.core.card import EnsembleCard
from moedal_gui.core.detector_card import DetectorCard
from moedal_gui.core.errors import ExpertError, NotFoundError

_CARD = "card.json"
_CURRENT = "current.json"
_PART = ".part"


@dataclass(frozen=True)
class Entry:
    """One version of an ensemble or detector, and the folder it lies in."""

    name: str
    version: str
    folder: Path

    @property
    def title(self) -> str:
        """Name and version as a person says them."""
        return f"{self.name}/{self.version}"


class Registry:
    """Ensembles or detectors below one folder, ``<name>/<version>/``; written by the project's one writer."""

    def __init__(self, path: Path, *, write: bool = False, noun: str = "ensemble") -> None:
        self.path, self.noun = path, noun
        self._write = write

    def entries(self) -> tuple[Entry, ...]:
        """Every version that is whole, oldest version of each name first."""
        found = []
        names = sorted(p for p in self.path.iterdir() if p.is_dir()) if self.path.is_dir() else []
        for name in names:
            versions = [p for p in name.iterdir() if (p / _CARD).is_file() and not p.name.endswith(_PART)]
            found += [Entry(name.name, p.name, p) for p in sorted(versions, key=lambda p: _version_order(p.name))]
        return tuple(found)

    def entry(self, name: str) -> Entry:
        """A version by ``name`` (its newest) or ``name/version``.

        Raises
        ------
        NotFoundError
            There is none.
        """
        wanted, _, version = name.partition("/")
        found = [e for e in self.entries() if e.name == wanted and version in ("", e.version)]
        if not found:
            known = ", ".join(e.title for e in self.entries()) or "none at all"
            raise NotFoundError(f"There is no {self.noun} called {name}", self.path, f"there is: {known}")
        return found[-1]

    def current(self) -> Entry | None:
        """As made current, else the newest; None when there is none."""
        newest = max(self.entries(), key=lambda e: (e.folder / _CARD).stat().st_mtime, default=None)
        return self.chosen() or newest

    def chosen(self) -> Entry | None:
        """The one that was made current; None when none was, or it is gone."""
        try:
            words = json.loads((self.path / _CURRENT).read_text(encoding="utf-8"))
            title = str(words["current"])
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return next((entry for entry in self.entries() if entry.title == title), None)

    def make_current(self, name: str) -> Entry:
        """Put a version in force."""
        entry = self.entry(name)
        self._refuse_reading()
        _write_whole(self.path / _CURRENT, json.dumps({"current": entry.title}))
        return entry

    def next_version(self, name: str) -> str:
        """The version the next ensemble of this name gets."""
        taken = [_version_order(e.version)[0] for e in self.entries() if e.name == name]
        return str(max(taken, default=0) + 1)

    def add(self, name: str, fill: Callable[[Path, str], EnsembleCard | DetectorCard]) -> Entry:
        """Put a new version in place.

        Parameters
        ----------
        fill
            Called with an empty folder and the version; writes the networks there and returns the card. Nothing is
            seen of it before it is whole.

        Raises
        ------
        ExpertError
            It cannot be written.
        """
        self._refuse_reading()
        version = self.next_version(name)
        part = self.path / name / f"{version}{_PART}"
        try:
            shutil.rmtree(part, ignore_errors=True)
            part.mkdir(parents=True)
            card = fill(part, version)
            (part / _CARD).write_text(json.dumps(_plain(card), indent=1), encoding="utf-8")
            target = part.with_name(version)
            os.replace(part, target)  # noqa: PTH105 - one call that replaces or fails as a whole
        except OSError as error:
            _forget(part)
            raise ExpertError(
                f"The {self.noun} cannot be written", part, error.strerror or "make room there"
            ) from error
        except BaseException:
            _forget(part)
            raise
        return Entry(name, version, target)

    def card(self, name: str) -> EnsembleCard:
        """The card of a version.

        Raises
        ------
        ExpertError
            It is damaged.
        """
        return read_card(self.entry(name).folder)

    def export(self, name: str, target: Path) -> Path:
        """Copy a version to a folder, or to a file that ends in ``.zip``."""
        entry = self.entry(name)
        checked(entry.folder)
        try:
            if target.suffix.lower() == ".zip":
                part = target.with_name(f"{target.name}{_PART}")
                with zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED) as archive:
                    for file in sorted(entry.folder.iterdir()):
                        archive.write(file, f"{entry.title}/{file.name}")
                part.replace(target)
                return target
            goal = target / entry.name / entry.version
            shutil.copytree(entry.folder, goal)
        except OSError as error:
            raise ExpertError(
                f"The {self.noun} cannot be copied there", target, error.strerror or str(error)
            ) from error
        return goal

    def remove(self, name: str) -> Entry:
        """Take a version away."""
        entry = self.entry(name)
        self._refuse_reading()
        gone = entry.folder.with_name(f"{entry.version}.gone{_PART}")
        entry.folder.replace(gone)
        shutil.rmtree(gone, ignore_errors=True)
        if not any(entry.folder.parent.iterdir()):
            entry.folder.parent.rmdir()
        return entry

    def _refuse_reading(self) -> None:
        if not self._write:
            raise ExpertError(f"No {self.noun} can be changed here", self.path, "open the project for writing")


def entry_in(places: Sequence[Registry], wanted: str) -> Entry:
    """The entry of a name, from the first of some registries of one kind that has it.

    Raises
    ------
    ExpertError
        None has.
    """
    for registry in places:
        try:
            return registry.entry(wanted)
        except NotFoundError:
            continue
    known = ", ".join(dict.fromkeys(e.name for registry in places for e in registry.entries()))
    what = f"There is no {places[0].noun} called {wanted}"
    raise ExpertError(what, "", f"take one of: {known or 'none yet, train one'}")


def _plain(card: EnsembleCard | DetectorCard) -> dict[str, Any]:
    return detector_card.to_plain(card) if isinstance(card, DetectorCard) else ensemble_card.to_plain(card)


def read_card(folder: Path) -> EnsembleCard:
    """The card of an ensemble in its version's folder.

    Raises
    ------
    ExpertError
        There is none, or it is damaged.
    """
    return ensemble_card.from_plain(_words(folder, "ensemble"), folder / _CARD)


def read_detector_card(folder: Path) -> DetectorCard:
    """The card of a detector in its version's folder.

    Raises
    ------
    ExpertError
        There is none, or it is damaged.
    """
    return detector_card.from_plain(_words(folder, "detector"), folder / _CARD)


def _words(folder: Path, noun: str) -> Any:
    path = folder / _CARD
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ExpertError(f"There is no {noun}", folder, "check the path") from None
    except (OSError, ValueError) as error:
        raise ExpertError(f"The card of the {noun} is damaged", path, "take it from an undamaged copy") from error


def checked(folder: Path) -> EnsembleCard:
    """The card of a version whose networks are the very files it was made with.

    Raises
    ------
    ExpertError
        A network is missing or is another file than the card says.
    """
    card = read_card(folder)
    for expert in card.experts:
        _check_file(folder / expert.file, expert.sha256, expert.name)
    return card


def checked_detector(folder: Path) -> DetectorCard:
    """The card of a detector whose network is the very file it was made with.

    Raises
    ------
    ExpertError
        The network is missing or is another file than the card says.
    """
    card = read_detector_card(folder)
    _check_file(folder / card.file, card.sha256, card.name)
    if card.second:
        _check_file(folder / card.second, card.second_sha256, card.name)
    return card


def _check_file(path: Path, sha256: str, name: str) -> None:
    remedy = "take it from an undamaged copy"
    if not path.is_file():
        raise ExpertError(f"The network of {name} is missing", path, remedy)
    if file_hash(path) != sha256:
        raise ExpertError(f"The network of {name} is not the file its card was written for", path, remedy)


def file_hash(path: Path) -> str:
    """SHA-256 of a file, in hex."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def _forget(part: Path) -> None:
    shutil.rmtree(part, ignore_errors=True)
    if part.parent.is_dir() and not any(part.parent.iterdir()):
        part.parent.rmdir()


def _version_order(version: str) -> tuple[int, str]:
    return (int(version), "") if version.isdigit() else (0, version)


def _write_whole(path: Path, text: str) -> None:
    part = path.with_name(f"{path.name}{_PART}")
    try:
        with part.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError as error:
        raise ExpertError(
            "The choice of the one in force cannot be kept", path, error.strerror or "make room there"
        ) from error
