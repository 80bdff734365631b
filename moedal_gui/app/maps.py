"""The maps of the scan on screen, made off the screen's thread, and the one that is looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING

from psygnal import Signal

from moedal_gui.analysis.density import REGIME_BORDERS
from moedal_gui.app.background import Latest
from moedal_gui.app.pits import PitSheet
from moedal_gui.app.sheet import Sheet
from moedal_gui.core.errors import MoedalError
from moedal_gui.store.project import Project

if TYPE_CHECKING:
    from moedal_gui.app.density import FoilMaps


class Maps:
    """Owns the maps, the choice among them, and the borders of the regimes in force.

    ``changed`` carries the old and the new `FoilMaps`, ``chosen`` the old and the new key, ``borders_changed`` the old and
    the new borders, ``refused`` a sentence. ``reader`` answers on its own thread; whoever listens hands the answer to `take`.
    """

    changed = Signal(object, object)
    chosen = Signal(str, str)
    borders_changed = Signal(object, object)
    refused = Signal(str)

    def __init__(self) -> None:
        self._project: Project | None = None
        self.borders: tuple[float, float] = REGIME_BORDERS
        self.now: FoilMaps | None = None
        self.sheet: Sheet | None = None
        self.kind = "density"
        self.reader = Latest("density")

    def open(self, project: Project | None) -> None:
        """Take up a project's borders."""
        self._project = project
        try:
            self._move((project.density_borders.now if project is not None else None) or REGIME_BORDERS)
        except MoedalError as error:
            self._move(REGIME_BORDERS)
            self.refused.emit(str(error))

    def move_borders(self, borders: tuple[float, float]) -> None:
        """Put the borders elsewhere; in the project too, where it can be written."""
        if self._project is not None and self._project.writable:
            try:
                self._project.density_borders.keep(borders)
            except MoedalError as error:
                self.refused.emit(str(error))
        self._move(borders)

    def show(self, sheet: Sheet | None, pits: PitSheet | None) -> None:
        """Take up other pits: their maps follow; those of no pits are none."""
        if sheet is None or pits is None or not len(pits):
            self.reader.drop()
            self._put(None, None)
            return
        # scipy is loaded with the first map, not with the window.
        from moedal_gui.app.density import maps_of

        self.reader.ask(lambda _wanted: (maps_of(sheet, pits), sheet))

    def take(self, generation: int, found: tuple[FoilMaps, Sheet]) -> None:
        """Take up an answer of ``reader``, on the thread that shows it; a stale one is dropped."""
        if self.reader.is_newest(generation):
            self._put(*found)

    def choose(self, key: str) -> None:
        """Look at another map."""
        old, self.kind = self.kind, key
        if old != key:
            self.chosen.emit(old, key)

    def close(self) -> None:
        """Stop reading."""
        self.reader.close()

    def _move(self, borders: tuple[float, float]) -> None:
        old, self.borders = self.borders, borders
        if old != borders:
            self.borders_changed.emit(old, borders)

    def _put(self, maps: FoilMaps | None, sheet: Sheet | None) -> None:
        old, self.now, self.sheet = self.now, maps, sheet
        if old is not maps:
            self.changed.emit(old, maps)
