"""Density: pits per mm² over the scan, and what the method can do there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QTransform
from PySide6.QtWidgets import QStackedLayout, QVBoxLayout, QWidget
from superqt import QElidingLabel

from moedal_gui.app.background import Latest
from moedal_gui.app.pits import PitSheet
from moedal_gui.app.workbench import Workbench
from moedal_gui.ui.parts.panel import Panel
from moedal_gui.ui.relay import Relay
from moedal_gui.ui.theme import tones_in_force
from moedal_gui.ui.widgets.empty import EmptyState

if TYPE_CHECKING:
    from moedal_gui.analysis.density import DensityMap


class DensityPanel(Panel):
    """A map of the scan on screen; a click goes there."""

    def __init__(self, workbench: Workbench, relay: Relay) -> None:
        super().__init__()
        self._workbench = workbench
        self._reader = Latest("density")
        self._map: DensityMap | None = None
        self.empty = EmptyState()
        self.empty.asked.connect(lambda: self.commandAsked.emit("task.preselect"))
        self.view = pg.PlotWidget(background=None)
        self.view.setAccessibleName("Map of the density of pits")
        self.view.setToolTip("Click to go there; the wheel zooms")
        self.view.setMinimumHeight(90)
        self.view.invertY(True)
        self.view.setAspectLocked(True)
        self.view.setMenuEnabled(False)
        self.view.hideButtons()
        self.image = pg.ImageItem(axisOrder="row-major")
        self.view.addItem(self.image)
        self.bar = pg.ColorBarItem(colorMap=pg.colormap.get("viridis"), interactive=False, width=12)
        self.bar.setImageItem(self.image, insert_in=self.view.getPlotItem())
        self.here = pg.PlotDataItem(pen=pg.mkPen("#F0E442", width=2))
        self.view.addItem(self.here)
        self.view.scene().sigMouseClicked.connect(lambda event: self._click(event.scenePos()))
        self.caption = QElidingLabel()
        self.caption.setProperty("role", "dim")
        self.caption.setContentsMargins(10, 2, 10, 8)
        full = QWidget()
        inside = QVBoxLayout(full)
        inside.setContentsMargins(4, 4, 4, 0)
        inside.setSpacing(0)
        inside.addWidget(self.view, 1)
        inside.addWidget(self.caption)
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
        values = found.per_mm2 if found.per_mm2 is not None else found.density * 1e6
        finite = values[np.isfinite(values)]
        self._stack.setCurrentIndex(1)
        self.image.setImage(np.asarray(values, dtype=float), autoLevels=False)
        self.bar.setLevels((0.0, max(float(finite.max()) if finite.size else 1.0, 1e-6)))
        unit = "mm" if found.per_mm2 is not None else "px"
        scale = found.cell / (1000.0 if unit == "mm" else 1.0)
        origin = np.asarray(found.origin) / (1000.0 if unit == "mm" else 1.0)
        self.image.setTransform(QTransform.fromTranslate(*origin).scale(scale, scale))
        tone = tones_in_force()
        self.view.setBackground(tone.panel)
        for side in ("left", "bottom"):
            axis = self.view.getAxis(side)
            axis.setPen(tone.line)
            axis.setTextPen(tone.dim)
        self.bar.axis.setTextPen(tone.dim)
        self.view.autoRange(padding=0.02)
        pits = self._workbench.session.pits
        summary = summary_of(found, pits) if pits is not None else ()
        self.caption.setText(summary[0] if summary else "")
        self.caption.setToolTip(" ".join(summary))
        self.view.setToolTip(
            f"Pits per area over {unit} on the foil. {' '.join(summary)} Click to go there; the wheel zooms."
        )

    def _click(self, place: QPointF) -> None:
        sheet = self._workbench.session.sheet
        box = self.view.getPlotItem().vb
        if self._map is None or sheet is None or not QRectF(box.sceneBoundingRect()).contains(place):
            return
        at = box.mapSceneToView(place)
        factor = 1000.0 if self._map.per_mm2 is not None else 1.0
        x, y = sheet.from_frame(at.x() * factor, at.y() * factor)
        self._workbench.session.go_to(x, y, 1200.0)
