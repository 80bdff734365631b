"""Density: pits per area over the scan, and what the method can do there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QSignalBlocker, Qt
from PySide6.QtWidgets import QComboBox, QDoubleSpinBox, QHBoxLayout, QLabel, QStackedLayout, QVBoxLayout, QWidget
from superqt import QElidingLabel

from moedal_gui.app.background import Latest
from moedal_gui.app.pits import PitSheet
from moedal_gui.app.workbench import Workbench
from moedal_gui.ui.parts.panel import Panel
from moedal_gui.ui.relay import Relay
from moedal_gui.ui.widgets.empty import EmptyState

if TYPE_CHECKING:
    from moedal_gui.app.density import FoilMaps
    from moedal_gui.ui.parts.map_view import MapView

_STEP = 0.02


class DensityPanel(Panel):
    """A map of the scan on screen; a click goes there."""

    def __init__(self, workbench: Workbench, relay: Relay) -> None:
        super().__init__()
        self._workbench = workbench
        self._reader = Latest("density")
        self._maps: FoilMaps | None = None
        self.empty = EmptyState()
        self.empty.asked.connect(lambda: self.commandAsked.emit("task.preselect"))
        self.map: MapView | None = None
        self.kind = QComboBox()
        self.kind.setAccessibleName("Which map is shown")
        self.kind.currentIndexChanged.connect(lambda _index: self._draw())
        self.low, self.high = (self._border(name) for name in ("Thin above", "Too dense below"))
        self.caption = QElidingLabel()
        self.caption.setProperty("role", "dim")
        self.caption.setContentsMargins(10, 2, 10, 8)
        self._stack = QStackedLayout(self)
        self._stack.addWidget(self.empty)
        self._stack.addWidget(self._full())
        relay.listen(workbench.session.pits_changed, self.apply)
        relay.listen(self._reader.answered, self._answered)
        self.refresh()

    def _full(self) -> QWidget:
        full = QWidget()
        self._inside = QVBoxLayout(full)
        self._inside.setContentsMargins(4, 6, 4, 0)
        self._inside.setSpacing(4)
        row = QHBoxLayout()
        row.setContentsMargins(6, 0, 6, 0)
        row.addWidget(self.kind, 1)
        self._inside.addLayout(row)
        borders = QHBoxLayout()
        borders.setContentsMargins(6, 0, 6, 0)
        for box, words in ((self.low, "Thin from"), (self.high, "Too dense below")):
            label = QLabel(words)
            label.setProperty("role", "dim")
            label.setBuddy(box)
            borders.addWidget(label)
            borders.addWidget(box)
        borders.addStretch(1)
        self._inside.addLayout(borders)
        self._inside.addWidget(self.caption)
        return full

    def _border(self, name: str) -> QDoubleSpinBox:
        box = QDoubleSpinBox()
        box.setRange(0.0, 1.0)
        box.setSingleStep(_STEP)
        box.setDecimals(2)
        box.setKeyboardTracking(False)
        box.setAccessibleName(f"{name} this share of pits that stand alone")
        box.setToolTip("Share of pits with no other within a diameter")
        box.valueChanged.connect(lambda _value: self._borders_moved(box))
        return box

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
        from moedal_gui.app.density import maps_of

        self._reader.ask(lambda _wanted: maps_of(sheet, new))

    def shut(self) -> None:
        """Stop reading."""
        self._reader.close()

    def _answered(self, generation: int, found: FoilMaps) -> None:
        if not self._reader.is_newest(generation):
            return
        self._maps = found
        self._fill(found)
        self._draw()
        self._stack.setCurrentIndex(1)

    def _fill(self, maps: FoilMaps) -> None:
        """The choices there are for these pits; the one that was shown stays if it can."""
        from moedal_gui.app.density import kinds_of

        kinds = kinds_of(maps)
        if [kind.key for kind in kinds] == [self.kind.itemData(k) for k in range(self.kind.count())]:
            return
        shown = self.kind.currentData()
        low, high = self._workbench.settings.now.density_borders
        blocked = [QSignalBlocker(widget) for widget in (self.kind, self.low, self.high)]
        self.kind.clear()
        for row, kind in enumerate(kinds):
            self.kind.addItem(kind.title, kind.key)
            self.kind.setItemData(row, kind.explain, Qt.ItemDataRole.ToolTipRole)
        self.kind.setCurrentIndex(max(self.kind.findData(shown), 0))
        self.low.setValue(low)
        self.high.setValue(high)
        for one in blocked:
            one.unblock()

    def _borders_moved(self, moved: QDoubleSpinBox) -> None:
        if self.low.value() < self.high.value():
            # The one that was moved pushes the other.
            other = self.high if moved is self.low else self.low
            with QSignalBlocker(other):
                other.setValue(moved.value())
        self._workbench.settings.change(density_borders=(self.low.value(), self.high.value()))
        self._draw()

    def _draw(self) -> None:
        maps = self._maps
        if maps is None:
            return
        from moedal_gui.app.density import kind_of, summary_of, too_dense

        kind = kind_of(str(self.kind.currentData()))
        borders = (self.low.value(), self.high.value())
        summary = summary_of(maps, borders)
        self.caption.setText(summary[0])
        self.caption.setToolTip(" ".join(summary))
        found = maps.every
        factor, unit = (1000.0, "mm") if found.per_mm2 is not None else (1.0, "px")
        x, y = (float(v) / factor for v in found.origin)
        view = self._map_view()
        view.show_map(np.asarray(kind.values(maps), dtype=float), (x, y), found.cell / factor, unit, kind.most)
        view.hatch(too_dense(maps, borders[1]))
        view.setToolTip(
            f"{kind.explain}; axes in {unit} on the foil. Hatched: a list of pits is not valid there. "
            f"{' '.join(summary)} Click to go there; the wheel zooms."
        )

    def _map_view(self) -> MapView:
        if self.map is None:
            from moedal_gui.ui.parts.map_view import MapView

            self.map = MapView()
            self.map.setAccessibleName("Map of the density of pits")
            self.map.clicked.connect(self._go)
            self._inside.insertWidget(1, self.map, 1)
        return self.map

    def _go(self, x: float, y: float) -> None:
        sheet = self._workbench.session.sheet
        if self._maps is not None and sheet is not None:
            factor = 1000.0 if self._maps.every.per_mm2 is not None else 1.0
            self._workbench.session.go_to(*sheet.from_frame(x * factor, y * factor), 1200.0)
