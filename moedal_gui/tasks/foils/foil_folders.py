"""Which sub-folders of a folder are foils, and which of theirs are scans."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from moedal_gui.core.errors import NotFoundError
from moedal_gui.formats.layouts import by_looking
from moedal_gui.store.project import is_project
from moedal_gui.tasks.foils.foil_mark import holds_results

_TOML = "scan.toml"


@dataclass(frozen=True)
class FoilFolder:
    """A foil: its name, its scan folders in the order of their names, and what lies beside them and is no scan."""

    name: str
    scans: tuple[Path, ...]
    left_out: tuple[str, ...] = ()


def foil_folders(folder: Path, out: Path) -> list[FoilFolder]:
    """The foils below a folder, in the order of their names.

    A sub-folder that holds scan folders is a foil. Where no sub-folder is one, the scans that lie in the folder itself
    are one foil of its name. A scan beside foils is a foil of its own. A sub-folder without any scan is kept as a
    foil without scans where there are foils: it is told of, not passed over.

    Parameters
    ----------
    folder
        An absolute path.
    out
        Where the results go; it is no foil, and neither is a folder with the results of another batch.

    Raises
    ------
    NotFoundError
        There is no such folder, or nothing in it is a scan.
    """
    if not folder.is_dir():
        raise NotFoundError("There is no such folder", folder, "name the folder that holds the foils")
    below = [p for p in _folders(folder) if p != out and not holds_results(p)]
    scans = [p for p in below if _is_scan(p)]
    foils = {p: inner for p in below if p not in scans and (inner := [q for q in _folders(p) if _looks_like_scan(q)])}
    if not scans and not foils:
        if _looks_like_scan(folder):
            return [FoilFolder(folder.name, (folder,))]
        raise NotFoundError("No foil was found there", folder, "each sub-folder must hold the scan folders of one foil")
    if not foils:
        return [FoilFolder(folder.name, tuple(scans), tuple(p.name for p in below if p not in scans))]
    return [_foil(p, foils.get(p), alone=p in scans) for p in below]


def _foil(path: Path, inner: list[Path] | None, alone: bool) -> FoilFolder:
    if alone:
        return FoilFolder(path.name, (path,))
    found = inner or []
    return FoilFolder(path.name, tuple(found), tuple(p.name for p in _folders(path) if p not in found))


def _folders(folder: Path) -> list[Path]:
    return sorted(p for p in folder.iterdir() if p.is_dir() and not p.name.startswith(".") and not is_project(p))


def _looks_like_scan(path: Path) -> bool:
    """Whether a person who names this folder to ``ingest`` means it; the files themselves may still be broken."""
    return (path / _TOML).is_file() or by_looking(path) is not None


def _is_scan(path: Path) -> bool:
    """Whether a sub-folder is a scan itself: loose pictures beside scan folders do not make a foil one."""
    if (path / _TOML).is_file():
        return True
    layout = by_looking(path)
    return layout is not None and (layout.kind == "raw" or not any(_looks_like_scan(q) for q in _folders(path)))
