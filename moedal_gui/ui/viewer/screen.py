"""napari's part: one image layer seen by one camera, embedded by its public parts."""

from __future__ import annotations

import numpy as np
from napari.components import ViewerModel
from napari.qt import QtViewer
from PySide6.QtCore import QEvent, QObject, QSize, Qt, Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from moedal_gui.app.shading import NOTHING_RGB, Rgb
from moedal_gui.ui.viewer.view import View

_CRISP_FROM_ZOOM = 2.0


class Screen(QWidget):
    """Shows one RGB picture at a place of the plane; ``resized`` tells the canvas' size."""

    resized = Signal(QSize)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model = ViewerModel()
        self._viewer = QtViewer(self._model)
        self._viewer.setAcceptDrops(False)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._viewer)
        self.surface: QWidget = self._viewer.canvas.native
        # Keys and mouse belong to our own sheet over the canvas; napari would take 1, 2 and S for its layers.
        self.surface.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._viewer.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.surface.installEventFilter(self)
        self._model.canvas.background_color_override = "#181a1e"
        self._layer = self._model.add_image(np.full((2, 2, 3), NOTHING_RGB, np.uint8), rgb=True, name="mosaic")
        self._layer.visible = False

    def show_picture(self, rgb: Rgb, x: float, y: float, step: float) -> None:
        """Show a picture whose first pixel's centre lies at (x, y), its pixels ``step`` apart."""
        self._layer.data = rgb
        self._layer.scale = (step, step)
        self._layer.translate = (y, x)
        self._layer.visible = True

    def clear(self) -> None:
        """Show nothing."""
        self._layer.visible = False

    def look(self, view: View) -> None:
        """Move the camera."""
        camera = self._model.scene.camera
        camera.center = (0.0, view.y, view.x)
        camera.zoom = view.zoom
        crisp = view.zoom * float(self._layer.scale[-1]) >= _CRISP_FROM_ZOOM
        self._layer.interpolation2d = "nearest" if crisp else "linear"

    def size_in_pixels(self) -> QSize:
        """Size of the canvas."""
        return self.surface.size()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Tell when the canvas takes another size."""
        if watched is self.surface and event.type() == QEvent.Type.Resize:
            self.resized.emit(self.surface.size())
        return super().eventFilter(watched, event)

    def shut(self) -> None:
        """Let napari put its parts away."""
        self.surface.removeEventFilter(self)
        self._viewer.close()
