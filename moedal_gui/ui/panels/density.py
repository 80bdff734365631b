"""Density: maps of pits per area over the scan, and what the method can do there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QSignalBlocker, Qt
from PySide6.QtWidgets import (
    QComboBox,
    QDoubleSpinBox,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSlider,
    QStackedLayout,
    QVBoxLayout,
    QWidget,
)
from superqt import QElidingLabel

from moedal_gui.app.workbench import Workbench
from moedal_gui.ui.parts.panel import Panel
from moedal_gui.ui.parts.region_list import RegionList
from moedal_gui.ui.relay import Relay
from moedal_gui.ui.widgets.empty import READING, EmptyState

if TYPE_CHECKING:
    from moedal_gui.app.density import FoilMaps
    from moedal_gui.ui.parts.map_view import MapView

_STEP = 0.02


class DensityPanel(Panel):
    """A map of the scan on screen; a click goes there, and a button lays the map over the canvas."""

    def __init__(self, workbench: Workbench, relay: Relay) -> None:
        super().__init__()
        self._workbench, self._relay = workbench, relay
        self.empty = EmptyState()
        self.empty.asked.connect(lambda: self.commandAsked.emit("task.preselect"))
        self.map: MapView | None = None
        self.kind = QComboBox()
        self.kind.setAccessibleName("Which map is shown")
        # The longest title must not make the whole dock wider than people set it.
        self.kind.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.kind.setMinimumContentsLength(10)
        self.kind.currentIndexChanged.connect(lambda _index: workbench.maps.choose(str(self.kind.currentData())))
        self.over = QPushButton("On canvas")
        self.over.setCheckable(True)
        self.over.setAccessibleName("Lay this map over the canvas")
        self.over.setToolTip("Lay this map over the picture  (H)")
        self.over.clicked.connect(lambda _on: self.commandAsked.emit("view.heat"))
        self.cover = self._opacity()
        self.low, self.high = (self._border(name) for name in ("Thin from", "Too dense below"))
        self.caption = QElidingLabel()
        self.caption.setProperty("role", "dim")
        self.caption.setContentsMargins(6, 2, 6, 8)
        self.caption.setMinimumHeight(self.caption.fontMetrics().height() + 10)
        self._stack = QStackedLayout(self)
        self._stack.addWidget(self.empty)
        self._stack.addWidget(self._full())
        relay.listen(workbench.session.sheet_changed, lambda _old, _new: self.refresh())
        relay.listen(workbench.session.pits_changed, lambda _old, _new: self.refresh())
        relay.listen(workbench.session.failed, lambda _sentence: self.refresh())
        relay.listen(workbench.session.display_changed, lambda _old, _new: self._show_over())
        relay.listen(workbench.maps.changed, self.apply)
        relay.listen(workbench.maps.chosen, lambda _old, new: self._take_choice(new))
        relay.listen(workbench.maps.borders_changed, lambda _old, _new: self._take_borders())
        self.refresh()

    def _full(self) -> QWidget:
        full = QWidget()
        self._inside = QVBoxLayout(full)
        self._inside.setContentsMargins(4, 6, 4, 0)
        self._inside.setSpacing(4)
        row = QHBoxLayout()
        row.setContentsMargins(6, 0, 6, 0)
        row.addWidget(self.kind, 1)
        row.addWidget(self.over)
        row.addWidget(self.cover)
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
        self.regions = RegionList(self._workbench.regions, self._relay)
        self.regions.commandAsked.connect(self.commandAsked)
        self._inside.addWidget(self.regions)
        self._inside.addWidget(self.caption)
        return full

    def _opacity(self) -> QSlider:
        slider = QSlider(Qt.Orientation.Horizontal)
        slider.setRange(10, 100)
        slider.setValue(round(100 * self._workbench.settings.now.heat_opacity))
        slider.setFixedWidth(64)
        slider.setAccessibleName("How strongly the map covers the canvas")
        slider.setToolTip("How strongly the map covers the picture")
        slider.valueChanged.connect(lambda value: self._workbench.settings.change(heat_opacity=value / 100))
        return slider

    def _border(self, name: str) -> QDoubleSpinBox:
        box = QDoubleSpinBox()
        box.setRange(0.0, 1.0)
        box.setSingleStep(_STEP)
        box.setDecimals(2)
        box.setKeyboardTracking(False)
        box.setAccessibleName(f"{name} this share of pits that stand alone")
        box.setToolTip("Share of pits with no other within a diameter; kept in the project")
        box.valueChanged.connect(lambda _value: self._borders_moved(box))
        return box

    def refresh(self) -> None:
        """Draw the map anew."""
        self.apply(None, self._workbench.maps.now)

    def apply(self, old: FoilMaps | None, new: FoilMaps | None) -> None:
        """Other maps are shown."""
        del old
        self._show_over()
        if new is None:
            session = self._workbench.session
            # Pits that are there are counted into maps, off the window's thread too.
            if session.reading or session.pits:
                self.empty.say(READING)
                self._stack.setCurrentIndex(0)
                return
            there = session.sheet is not None
            what = "Open a project to see how its pits are spread."
            if there and session.pits is not None:
                what = (
                    "Pre-selection found no pits in this scan; what it had to look by stands under the tree of foils."
                )
            elif there:
                what = "No pits yet. Pre-select them, and this map shows where they crowd."
            self.empty.say(what, "Pre-select pits…" if there else "", "Find pits in every field")
            self._stack.setCurrentIndex(0)
            return
        self._fill(new)
        self._take_borders()
        self._stack.setCurrentIndex(1)

    def _fill(self, maps: FoilMaps) -> None:
        """The choices there are for these pits; the one that was shown stays if it can."""
        from moedal_gui.app.density import kinds_of

        kinds = kinds_of(maps)
        if [kind.key for kind in kinds] == [self.kind.itemData(k) for k in range(self.kind.count())]:
            return
        with QSignalBlocker(self.kind):
            self.kind.clear()
            for row, kind in enumerate(kinds):
                self.kind.addItem(kind.title, kind.key)
                self.kind.setItemData(row, kind.explain, Qt.ItemDataRole.ToolTipRole)
            self.kind.setCurrentIndex(max(self.kind.findData(self._workbench.maps.kind), 0))
        self._workbench.maps.choose(str(self.kind.currentData()))

    def _take_choice(self, key: str) -> None:
        with QSignalBlocker(self.kind):
            self.kind.setCurrentIndex(max(self.kind.findData(key), 0))
        self._draw()

    def _show_over(self) -> None:
        self.over.setChecked(self._workbench.session.display.heat)
        self.cover.setEnabled(self._workbench.session.display.heat)

    def _take_borders(self) -> None:
        for box, value in zip((self.low, self.high), self._workbench.maps.borders, strict=True):
            with QSignalBlocker(box):
                box.setValue(value)
        self._draw()

    def _borders_moved(self, moved: QDoubleSpinBox) -> None:
        low, high = self.low.value(), self.high.value()
        if low < high:
            # The one that was moved pushes the other.
            low = high = moved.value()
        self._workbench.maps.move_borders((low, high))

    def _draw(self) -> None:
        maps = self._workbench.maps.now
        if maps is None:
            return
        from moedal_gui.app.density import shown_map, summary_of

        pits = self._workbench.session.pits
        borders = self._workbench.maps.borders
        shown = shown_map(maps, self._workbench.maps.kind, borders, pits.trained_density if pits is not None else None)
        summary = summary_of(maps, borders)
        self.caption.setText(summary[0])
        # Its first line stands in the panel itself.
        told = " ".join(summary[1:]) or summary[0]
        self.caption.setToolTip(told)
        found = maps.every
        factor, unit = (1000.0, "mm") if found.per_mm2 is not None else (1.0, "px")
        x, y = (float(v) / factor for v in found.origin)
        view = self._map_view()
        view.show_map(shown.values, (x, y), found.cell / factor, unit, shown.most, counted=shown.kind.scale(maps))
        # Offered where there is something to search, or something was found.
        self.regions.setVisible(bool(shown.too_dense.any()) or len(self._workbench.regions.table) > 0)
        view.hatch(shown.too_dense, shown.untrained)
        falling = " Falling lines: the ensemble that scored these pits was trained on no such density."
        view.setToolTip(
            f"{shown.kind.explain}; axes in {unit} on the foil. Rising lines: a list of pits is not valid there."
            f"{falling if shown.untrained.any() else ''} {told} Click to go there; the wheel zooms."
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
        maps, sheet = self._workbench.maps.now, self._workbench.maps.sheet
        if maps is not None and sheet is not None:
            factor = 1000.0 if maps.every.per_mm2 is not None else 1.0
            self._workbench.session.go_to(*sheet.from_frame(x * factor, y * factor), 1200.0)
