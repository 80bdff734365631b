"""Foils: the tree foil > scan > field, with counts, density and what has been looked at."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHeaderView, QLabel, QStackedLayout, QTreeWidget, QTreeWidgetItem, QVBoxLayout, QWidget

from moedal_gui.app.session import density_per_field
from moedal_gui.app.sheet import Sheet
from moedal_gui.app.workbench import Workbench
from moedal_gui.core.counted import counted
from moedal_gui.core.errors import MoedalError
from moedal_gui.store.catalogue import ScanRecord
from moedal_gui.ui.parts.panel import Panel
from moedal_gui.ui.relay import Relay
from moedal_gui.ui.widgets.empty import EmptyState

_NAME, _PITS, _DENSITY, _SEEN = range(4)
_ROLE = Qt.ItemDataRole.UserRole


class FoilsPanel(Panel):
    """Where one is, and where one has not been. ``commandAsked`` carries a command's id."""

    def __init__(self, workbench: Workbench, relay: Relay) -> None:
        super().__init__()
        self._workbench = workbench
        self.tree = QTreeWidget()
        self.tree.setHeaderLabels(["Name", "Pits", "/mm²", "Seen"])
        for column, tip in enumerate(
            ["Foil, scan, field", "Pits found", "Pits per mm² of the field", "Whether you have looked at it"]
        ):
            self.tree.headerItem().setToolTip(column, tip)
        self.tree.setUniformRowHeights(True)
        self.tree.setIndentation(12)
        self.tree.setMinimumWidth(210)
        self.tree.setAccessibleName("Foils, scans and fields")
        self.tree.setToolTip("Click a field to go there; PageDown goes to the next unseen one")
        header = self.tree.header()
        header.setStretchLastSection(False)
        header.setSectionResizeMode(_NAME, QHeaderView.ResizeMode.Stretch)
        for column in (_PITS, _DENSITY, _SEEN):
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.ResizeToContents)
        self.tree.itemClicked.connect(lambda item, _column: self._go(item))
        self.tree.itemActivated.connect(lambda item, _column: self._go(item))
        self.progress = QLabel()
        self.progress.setProperty("role", "dim")
        self.progress.setContentsMargins(10, 6, 10, 8)
        self.doubts = QLabel()
        self.doubts.setProperty("role", "warning")
        self.doubts.setWordWrap(True)
        self.doubts.setContentsMargins(10, 8, 10, 2)
        self.doubts.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.doubts.hide()
        self.empty = EmptyState()
        self.empty.asked.connect(lambda: self.commandAsked.emit("scan.open"))
        full = QWidget()
        inside = QVBoxLayout(full)
        inside.setContentsMargins(0, 0, 0, 0)
        inside.setSpacing(0)
        inside.addWidget(self.tree, 1)
        inside.addWidget(self.doubts)
        inside.addWidget(self.progress)
        self._stack = QStackedLayout(self)
        self._stack.addWidget(self.empty)
        self._stack.addWidget(full)
        self._field_items: list[QTreeWidgetItem] = []
        self._scan_items: dict[int, QTreeWidgetItem] = {}
        relay.listen(workbench.session.project_changed, lambda _old, _new: self.refresh())
        relay.listen(workbench.session.scans_changed, self.refresh)
        relay.listen(workbench.session.sheet_changed, self.apply)
        relay.listen(workbench.session.pits_changed, lambda _old, _new: self._count())
        relay.listen(workbench.session.failed, lambda _sentence: self._show_counts())
        relay.listen(workbench.seen.changed, lambda _foil, _scan, _field: self._show_counts())
        self.refresh()

    def refresh(self) -> None:
        """Build the tree anew."""
        scans = self._workbench.session.scans()
        self._stack.setCurrentIndex(1 if scans else 0)
        self.empty.say(
            "No scan yet. Open one to see its fields here.", "Open scan…", "Look into a folder of a microscope"
        )
        self.tree.clear()
        self._field_items = []
        self._scan_items = {}
        foils: dict[str, QTreeWidgetItem] = {}
        for scan in scans:
            if scan.foil not in foils:
                foils[scan.foil] = QTreeWidgetItem(self.tree, [scan.foil])
                foils[scan.foil].setExpanded(True)
            self._add_scan(foils[scan.foil], scan)
        self._count()

    def apply(self, old: Sheet | None, new: Sheet | None) -> None:
        """Another scan is shown; the tree is built anew only when its fields are others."""
        alike = old is not None and new is not None and old.record == new.record and old.names == new.names
        if not alike:
            self.refresh()

    def _add_scan(self, foil: QTreeWidgetItem, scan: ScanRecord) -> None:
        sheet = self._workbench.session.sheet
        item = QTreeWidgetItem(foil, [scan.scan])
        item.setData(_NAME, _ROLE, ("scan", f"{scan.foil}/{scan.scan}"))
        assumed = ", ".join(sorted(scan.description.assumed))
        item.setToolTip(_NAME, f"{scan.description.orientation} scan, {len(scan.description.channels)} channels, from {scan.source}"
                        + (f"\nAssumed, nobody said it: {assumed}" if assumed else ""))  # fmt: skip
        self._scan_items[scan.scan_id] = item
        _align(item)
        if sheet is None or sheet.record.scan_id != scan.scan_id:
            return
        font = item.font(_NAME)
        font.setBold(True)
        item.setFont(_NAME, font)
        for name in sheet.names:
            child = QTreeWidgetItem(item, [name])
            child.setData(_NAME, _ROLE, ("field", name))
            _align(child)
            self._field_items.append(child)
        item.setExpanded(True)

    def _count(self) -> None:
        """Pits of every scan, from the project, and of the fields shown."""
        counts = self._workbench.session.pit_counts()
        for scan_id, item in self._scan_items.items():
            item.setText(_PITS, f"{counts[scan_id]:,}" if scan_id in counts else "")
        self._show_counts()

    def _show_counts(self) -> None:
        session, seen = self._workbench.session, self._workbench.seen
        sheet = session.sheet
        wrong = session.pits.doubts if session.pits is not None else ()
        self.doubts.setText("\n".join(f"{doubt}." for doubt in wrong))
        self.doubts.setVisible(bool(wrong))
        if sheet is None or len(self._field_items) != len(sheet.names):
            self.progress.setText("")
            return
        record = sheet.record
        table = density_per_field(sheet, session.pits)
        for item, count, density, lit in zip(
            self._field_items, table["pits"], table["per_mm2"], table["seen"], strict=True
        ):
            name = item.text(_NAME)
            item.setText(_PITS, "" if session.pits is None else str(int(count)) if lit else "–")
            item.setToolTip(
                _PITS, "" if lit else "No picture, or no light to look by: whether there are pits is not known"
            )
            item.setText(_DENSITY, _density(density) if session.pits is not None and np.isfinite(density) else "")
            looked = seen.has(record.foil, record.scan, name)
            item.setText(_SEEN, "✓" if looked else "·")
            item.setToolTip(_SEEN, "You have looked at it" if looked else "You have not looked at it yet")
        done = seen.count(record.foil, record.scan)
        whole = self._scan_items[record.scan_id]
        density = float(table["per_mm2"].mean())
        whole.setText(_DENSITY, _density(density) if session.pits is not None and np.isfinite(density) else "")
        if session.pits is not None and not table["seen"].any():
            whole.setText(_PITS, "–")
        whole.setText(_SEEN, f"{done}/{len(sheet.names)}")
        whole.setToolTip(_SEEN, f"You have looked at {done} of {counted(len(sheet.names), 'field')}")
        none = "reading the pits, " if session.reading else "not pre-selected yet, "
        pits = f"{len(session.pits):,} pits, " if session.pits is not None else none
        self.progress.setText(f"{record.scan}: {pits}{done} of {len(sheet.names)} fields seen")

    def _go(self, item: QTreeWidgetItem) -> None:
        kind, name = item.data(_NAME, _ROLE) or ("", "")
        session, sheet = self._workbench.session, self._workbench.session.sheet
        try:
            if kind == "scan" and (sheet is None or name != f"{sheet.record.foil}/{sheet.record.scan}"):
                session.show_scan(name)
            elif kind == "field":
                self._workbench.go_to_field(name)
        except MoedalError as error:
            self._workbench.said.emit("bad", str(error))


def _align(item: QTreeWidgetItem) -> None:
    """Numbers to the right, the mark of what was seen in the middle."""
    for column in (_PITS, _DENSITY):
        item.setTextAlignment(column, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
    item.setTextAlignment(_SEEN, Qt.AlignmentFlag.AlignCenter)


def _density(per_mm2: float) -> str:
    """Sparse foils have a pit in some mm2."""
    return f"{per_mm2:.1f}" if per_mm2 >= 1.0 or per_mm2 == 0.0 else f"{per_mm2:.2f}"
