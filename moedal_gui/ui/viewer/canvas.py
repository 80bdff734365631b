"""The canvas: the scan's picture with its pits over it, moved by mouse and keys."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from PySide6.QtCore import QPointF, QSize, Qt
from PySide6.QtWidgets import QVBoxLayout, QWidget

from moedal_gui.app.display import Display
from moedal_gui.app.pits import PitSheet
from moedal_gui.app.search import places_of
from moedal_gui.app.settings import Settings
from moedal_gui.app.sheet import Sheet
from moedal_gui.app.workbench import Workbench
from moedal_gui.core.cut import Cut, Lasso
from moedal_gui.ui.relay import Relay
from moedal_gui.ui.viewer.channel_strip import ChannelStrip
from moedal_gui.ui.viewer.datum_picker import DatumPicker
from moedal_gui.ui.viewer.hand_tool import HandTool
from moedal_gui.ui.viewer.minimap import Minimap
from moedal_gui.ui.viewer.overlay import Overlay, Tool
from moedal_gui.ui.viewer.picture_layer import PictureLayer
from moedal_gui.ui.viewer.pit_card import card_of
from moedal_gui.ui.viewer.scene import scene_of
from moedal_gui.ui.viewer.screen import Screen
from moedal_gui.ui.viewer.view import View

_PICK_PX = 9.0
_NEAR_PX = 700.0


class Canvas(QWidget):
    """Shows the session's sheet. Reads states, asks them to change, draws what they say."""

    def __init__(self, workbench: Workbench, relay: Relay, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._workbench, self._relay = workbench, relay
        self.view = View()
        self._fit_when_sized = True
        self.strip = ChannelStrip()
        self.screen_ = Screen()
        self.overlay = Overlay(self.screen_.surface)
        self.minimap = Minimap(self.overlay)
        self.picture = PictureLayer(workbench, relay, self.screen_, self.strip, self.minimap, self)
        self.datum = DatumPicker(workbench, relay, self.overlay, self.use_tool)
        self.hand = HandTool(workbench, relay, self.overlay, self._row_at, lambda: self.view)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.strip)
        layout.addWidget(self.screen_, 1)
        self._wire()
        self.refresh()

    def _wire(self) -> None:
        overlay = self.overlay
        self.screen_.resized.connect(self._resized)
        overlay.dragged.connect(lambda dx, dy: self._look(self.view.moved(dx, dy)))
        overlay.wheeled.connect(self.zoom_about)
        overlay.zoomAsked.connect(lambda x, y: self.zoom_about(2.0, x, y))
        overlay.clicked.connect(self._click)
        overlay.drawn.connect(self._select_shape)
        overlay.hovered.connect(self._hover)
        overlay.left.connect(self._leave)
        self.minimap.placeAsked.connect(lambda x, y: self._look(replace(self.view, x=x, y=y)))
        listen, workbench = self._relay.listen, self._workbench
        listen(workbench.session.sheet_changed, self._take_sheet)
        listen(workbench.session.pits_changed, lambda _old, new: self._take_pits(new))
        listen(workbench.session.display_changed, self.apply)
        listen(workbench.session.went_to, self.go_to)
        listen(workbench.selection.changed, lambda _old, new: self._take_cut(new))
        listen(workbench.selection.focus_changed, lambda _old, new: self._take_focus(new))
        for signal in (workbench.maps.changed, workbench.maps.chosen, workbench.maps.borders_changed):
            listen(signal, lambda _old, _new: self._take_heat())
        listen(workbench.regions.changed, self._take_regions)
        listen(workbench.regions.moved, lambda _old, _new: self._take_regions())
        listen(workbench.settings.changed, self._settings_changed)
        listen(workbench.labelling.changed, lambda _change: self._labels_changed())
        listen(workbench.labelling.blind_changed, lambda _on: self._labels_changed())

    @property
    def picture_is_shown(self) -> bool:
        """Whether the picture asked for is on screen, at the level that fits."""
        return self.picture.is_shown

    # the whole, and what changed
    def refresh(self) -> None:
        """Take up everything anew."""
        self._take_sheet(None, self._workbench.session.sheet)
        self._take_pits(self._workbench.session.pits)

    def apply(self, old: Display, new: Display) -> None:
        """Take up another state of the display."""
        if old.film != new.film:
            self.picture.play(new.film)
        if old.heat != new.heat:
            self._take_heat()
        if (old.picture, old.even) != (new.picture, new.even):
            self.picture.again()
        self._redraw()

    def shut(self) -> None:
        """Stop fetching and let napari go."""
        self.picture.shut()
        self.screen_.shut()

    # commands
    def fit(self) -> None:
        """Show all fields."""
        sheet = self._workbench.session.sheet
        if sheet is not None:
            self._look(self.view.fitted((0, 0, *sheet.size)))

    def zoom_about(self, factor: float, sx: float | None = None, sy: float | None = None) -> None:
        """Zoom about a screen place, the middle by default."""
        middle = self.view.width / 2, self.view.height / 2
        self._look(
            self.view.zoomed(factor, middle[0] if sx is None else sx, middle[1] if sy is None else sy, self._least())
        )

    def one_to_one(self) -> None:
        """One pixel on one pixel."""
        self.zoom_about(1.0 / self.view.zoom)

    def go_to(self, x: float, y: float, width_px: float) -> None:
        """Bring a place into view."""
        self._fit_when_sized = False
        zoom = self.view.width / width_px if width_px else self.view.zoom
        self._look(replace(self.view, x=x, y=y, zoom=max(zoom, self._least())))

    def use_tool(self, tool: Tool) -> None:
        """Take a tool in hand: a drag draws a shape; the empty one moves the picture."""
        self.overlay.tool = tool
        self.overlay.setCursor(Qt.CursorShape.CrossCursor if tool else Qt.CursorShape.ArrowCursor)

    # states' facts
    def _take_sheet(self, old: Sheet | None, new: Sheet | None) -> None:
        same = old is not None and new is not None and old.record.scan_id == new.record.scan_id
        self.picture.take_sheet(new)
        self.overlay.sheet = new
        if new is None:
            self.minimap.hide()
            self._redraw()
            return
        self.minimap.show_scan(new.size)
        self._place_minimap()
        self.overlay.notice = "" if len(new.names) else "This scan has no fields yet"
        if not same:
            self._fit_when_sized = True
            self.fit()
        self.picture.again()
        self.datum.refresh()
        self._redraw()

    def _take_pits(self, pits: PitSheet | None) -> None:
        overlay = self.overlay
        overlay.pits, overlay.focus_row, overlay.card = pits, None, []
        overlay.codes = self._workbench.labelling.codes_shown
        overlay.picked = np.zeros(len(pits) if pits is not None else 0, bool)
        self._redraw()

    def _take_cut(self, cut: Cut) -> None:
        pits = self.overlay.pits
        if pits is not None:
            self.overlay.picked = cut.mask(pits.table)
        self._redraw()

    def _take_focus(self, pit_id: int | None) -> None:
        pits = self.overlay.pits
        row = pits.row_of(pit_id) if pits is not None and pit_id is not None else None
        self.overlay.focus_row = row
        if row is not None and pits is not None:
            x, y = float(pits.x[row]), float(pits.y[row])
            scene = self.overlay.scene
            if scene is not None and scene.counts is not None:
                # Too far to see a single pit: come near.
                self.go_to(x, y, _NEAR_PX)
                return
            x0, y0, x1, y1 = self.view.wider(-0.02)
            if not (x0 < x < x1 and y0 < y < y1):
                self._look(replace(self.view, x=x, y=y))
                return
        self._redraw()

    def _settings_changed(self, old: Settings, new: Settings) -> None:
        if old.heat_opacity != new.heat_opacity:
            self._take_heat()

    def _take_regions(self) -> None:
        self.overlay.regions, self.overlay.region_in_front = self._workbench.regions.boxes, self._workbench.regions.row
        self.overlay.update()

    def _take_heat(self) -> None:
        """The map that is looked at, where it is to be seen; pyqtgraph's colours are loaded with the first one."""
        workbench, heat = self._workbench, None
        maps, sheet = workbench.maps.now, workbench.maps.sheet
        if workbench.session.display.heat and maps is not None and sheet is not None:
            from moedal_gui.app.density import shown_map
            from moedal_gui.ui.viewer.heat import Heat

            trained = workbench.session.pits.trained_density if workbench.session.pits is not None else None
            shown = shown_map(maps, workbench.maps.kind, workbench.maps.borders, trained)
            heat = Heat(shown, sheet, workbench.settings.now.heat_opacity)
        self.overlay.heat = heat
        self.overlay.update()

    def _labels_changed(self) -> None:
        self.overlay.codes = self._workbench.labelling.codes_shown
        self.overlay.update()

    def _look(self, view: View) -> None:
        self.view = view
        self.picture.look(view)
        self.minimap.show_box(view.box)
        self._redraw()

    # mouse
    def _click(self, sx: float, sy: float, add: bool) -> None:
        x, y = self.view.to_plane(sx, sy)
        if self.overlay.tool == "datum":
            self.datum.place(x, y)
            return
        if self.hand.take_click(x, y):
            return
        row = self._row_at(x, y)
        pits = self.overlay.pits
        if row is None or pits is None:
            if not add:
                self._workbench.selection.let_go()
            return
        self._workbench.selection.pick(int(pits.ids[row]), add=add)

    def _select_shape(self, corners: list[QPointF]) -> None:
        places = tuple(self.view.to_plane(p.x(), p.y()) for p in corners)
        pits = self.overlay.pits
        if pits is None:
            return
        cut = Lasso("x_plane", "y_plane", places)
        self._workbench.selection.take(cut)
        self._workbench.said.emit("note", f"{int(cut.mask(pits.table).sum())} pits selected")

    def _hover(self, sx: float, sy: float) -> None:
        x, y = self.view.to_plane(sx, sy)
        self._workbench.session.point_at((x, y))
        row = self._row_at(x, y)
        pits = self.overlay.pits
        card = []
        if row is not None and pits is not None:
            card = card_of(pits, row, int(self.overlay.codes[row]), self._workbench.maps.borders)
        if card or self.overlay.card:
            self.overlay.card = card
            self.overlay.update()

    def _leave(self) -> None:
        self._workbench.session.point_at(None)
        if self.overlay.card:
            self.overlay.card = []
            self.overlay.update()

    def _row_at(self, x: float, y: float) -> int | None:
        scene, pits = self.overlay.scene, self.overlay.pits
        if pits is None or scene is None or scene.counts is not None or not self._workbench.session.display.pits:
            return None
        return pits.nearest(x, y, _PICK_PX / self.view.zoom)

    def place_text(self) -> str:
        """The cursor's place in every frame, for the clipboard."""
        session = self._workbench.session
        if session.sheet is None or session.cursor is None:
            return ""
        return "\n".join(places_of(*session.cursor, session.sheet))

    # the rest
    def _redraw(self) -> None:
        session = self._workbench.session
        self.overlay.scene = scene_of(self.view, session.sheet, self.overlay.pits, session.display)
        self.overlay.update()

    def _resized(self, size: QSize) -> None:
        self.overlay.resize(size)
        self._place_minimap()
        grown = replace(self.view, width=max(size.width(), 1), height=max(size.height(), 1))
        if self._fit_when_sized and self._workbench.session.sheet is not None:
            grown = grown.fitted((0, 0, *self._workbench.session.sheet.size))
        self._look(grown)

    def _place_minimap(self) -> None:
        size = self.screen_.size_in_pixels()
        self.minimap.move(size.width() - self.minimap.width() - 12, size.height() - self.minimap.height() - 12)

    def _least(self) -> float:
        sheet = self._workbench.session.sheet
        if sheet is None:
            return 0.01
        return 0.4 * min(self.view.width / sheet.size[0], self.view.height / sheet.size[1])
