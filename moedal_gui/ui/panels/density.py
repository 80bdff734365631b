"""Density: pits per mm² over the scan, and what the method can do there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtWidgets import QStackedLayout, QVBoxLayout, QWidget
from superqt import QElidingLabel

from moedal_gui.app.background import Latest
from moedal_gui.app.pits import PitSheet
from moedal_gui.app.workbench import Workbench
from moedal_gui.ui.parts.panel import Panel
from moedal_gui.ui.relay import Relay
from moedal_gui.ui.widgets.empty import EmptyState

if TYPE_CHECKING:
    from moedal_gui.analysis.density import DensityMap
    from moedal_gui.ui.parts.map_view import MapView


class DensityPanel(Panel):
    """A map of the scan on screen; a click goes there."""

    def __init__(self, workbench: Workbench, relay: Relay) -> None:
        super().__init__()
        self._workbench = workbench
        self._reader = Latest("density")
        self._map: DensityMap | None = None
        self.empty = EmptyState()
        self.empty.asked.connect(lambda: self.commandAsked.emit("task.preselect"))
        self.map: MapView | None = None
        self.caption = QElidingLabel()
        self.caption.setProperty("role", "dim")
        self.caption.setContentsMargins(10, 2, 10, 8)
        full = QWidget()
        self._inside = QVBoxLayout(full)
        self._inside.setContentsMargins(4, 4, 4, 0)
        self._inside.setSpacing(0)
        self._inside.addWidget(self.caption)
        self._stack = QStackedLayout(self)
        self._stack.addWidget(self.empty)
        self._stack.addWidget(full)
        relay.listen(workbench.session.pits_changed, self.apply)
        relay.listen(self._reader.answered, self._answered)
        self.refresh()

    def refresh(self) -> None:
        """Draw the map anew."""
        self.apply(None, self._workbench.session.pits)

    def apply(self, old: PitSheet | None, new: PitSheet | None) -> None:
        """Other pits are shown."""
        del old
        sheet = self._workbench.session.sheet
        if new is None or sheet is None or not len(new):
            what = (
                "No pits yet. Pre-select them, and this map shows where they crowd."
                if sheet is not None
                else "Open a project to see how its pits are spread."
            )
            self.empty.say(what, "Pre-select pits…" if sheet is not None else "", "Find pits in every field")
            self._reader.drop()
            self._stack.setCurrentIndex(0)
            return
        # scipy is loaded with the first map, not with the window.
        from moedal_gui.app.density import map_of

        self._reader.ask(lambda _wanted: map_of(sheet, new))

    def shut(self) -> None:
        """Stop reading."""
        self._reader.close()

    def _answered(self, generation: int, found: DensityMap) -> None:
        if not self._reader.is_newest(generation):
            return
        from moedal_gui.app.density import summary_of

        self._map = found
        pits = self._workbench.session.pits
        summary = summary_of(found, pits) if pits is not None else ()
        self.caption.setText(summary[0] if summary else "")
        self.caption.setToolTip(" ".join(summary))
        values = found.per_mm2 if found.per_mm2 is not None else found.density * 1e6
        factor, unit = (1000.0, "mm") if found.per_mm2 is not None else (1.0, "px")
        x, y = (float(v) / factor for v in found.origin)
        view = self._map_view()
        view.show_map(np.asarray(values, dtype=float), (x, y), found.cell / factor)
        view.setToolTip(
            f"Pits per area over {unit} on the foil. {' '.join(summary)} Click to go there; the wheel zooms."
        )
        self._stack.setCurrentIndex(1)

    def _map_view(self) -> MapView:
        if self.map is None:
            from moedal_gui.ui.parts.map_view import MapView

            self.map = MapView()
            self.map.setAccessibleName("Map of the density of pits")
            self.map.clicked.connect(self._go)
            self._inside.insertWidget(0, self.map, 1)
        return self.map

    def _go(self, x: float, y: float) -> None:
        sheet = self._workbench.session.sheet
        if self._map is not None and sheet is not None:
            factor = 1000.0 if self._map.per_mm2 is not None else 1.0
            self._workbench.session.go_to(*sheet.from_frame(x * factor, y * factor), 1200.0)
