"""Datum points on the canvas: those of the draft are drawn, and clicks set them while a mark is being picked."""

from __future__ import annotations

from collections.abc import Callable

from moedal_gui.app.workbench import Workbench
from moedal_gui.ui.relay import Relay
from moedal_gui.ui.viewer.overlay import Overlay, Tool


class DatumPicker:
    """Between the workbench's draft of datum points and the overlay; ``use_tool`` takes a tool in hand."""

    def __init__(self, workbench: Workbench, relay: Relay, overlay: Overlay, use_tool: Callable[[Tool], None]) -> None:
        self._workbench, self._overlay, self._use_tool = workbench, overlay, use_tool
        draft = workbench.datum
        relay.listen(draft.changed, self.refresh)
        relay.listen(draft.checked, lambda _check: self.refresh())
        relay.listen(draft.picking_changed, self._picking)

    def place(self, x: float, y: float) -> None:
        """Set the mark that is being picked at a place of the plane."""
        sheet, draft = self._workbench.session.sheet, self._workbench.datum
        here = sheet.field_at(x, y) if sheet is not None else None
        if sheet is None or here is None:
            self._workbench.said.emit("note", "No field is there: click on a picture")
            return
        if draft.scan is None or draft.scan.scan_id != sheet.record.scan_id:
            name = draft.scan.scan if draft.scan is not None else "another scan"
            self._workbench.said.emit("note", f"Datum points of {name} are being set: show that scan first")
            return
        # As the picture is shown: datum points are never flopped.
        row = here[0]
        draft.place(sheet.names[row], x - float(sheet.left[row]), y - float(sheet.top[row]))

    def refresh(self) -> None:
        """Draw the points of the scan on screen, and where the pits expect those that are not set or being picked."""
        sheet, draft = self._workbench.session.sheet, self._workbench.datum
        marks: list[tuple[float, float, str, bool]] = []
        if sheet is not None and draft.scan is not None and draft.scan.scan_id == sheet.record.scan_id:
            check = draft.check
            for k, point in enumerate(draft.points):
                place = sheet.shown_place(point.field, point.x_px, point.y_px)
                marks += [(*place, str(k), False)] if place is not None else []
            for k, name in enumerate(check.expected_fields if check is not None else ()):
                open_ = k >= len(draft.points) or k == draft.picking
                place = sheet.shown_place(name, *check.expected[k]) if check is not None and open_ else None
                marks += [(*place, str(k), True)] if place is not None else []
        self._overlay.datum = marks
        self._overlay.update()

    def _picking(self, index: int | None) -> None:
        if index is not None or self._overlay.tool == "datum":
            self._use_tool("datum" if index is not None else "")
        self.refresh()
