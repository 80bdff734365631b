"""Registration: how well the scans of a foil lie on each other, and where they do not."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from PySide6.QtCore import QSignalBlocker, Qt
from PySide6.QtWidgets import (
    QComboBox,
    QGraphicsView,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QStackedLayout,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)
from superqt import QElidingLabel

from moedal_gui.app.background import Latest
from moedal_gui.app.workbench import Workbench
from moedal_gui.core.errors import MoedalError
from moedal_gui.ui.parts.figure_export import ask_file, write_figure
from moedal_gui.ui.parts.panel import Panel
from moedal_gui.ui.relay import Relay
from moedal_gui.ui.theme import tones_in_force
from moedal_gui.ui.widgets.empty import EmptyState

if TYPE_CHECKING:
    from moedal_gui.app.registration import Registered, ResidualMap, Tied
    from moedal_gui.tasks.placement.residuals import PairResiduals
    from moedal_gui.ui.parts.residual_view import HistogramView, ResidualView

_HISTOGRAM, _WORDS = "histogram", "words"
_LINE_PX = 2.0
_NEAR_PX = 900.0


class RegistrationPanel(Panel):
    """Pairs of scans, the map of what is left between them, and the way to better datum points."""

    def __init__(self, workbench: Workbench, relay: Relay) -> None:
        super().__init__()
        self._workbench = workbench
        self._reader, self._measurer = Latest("registration"), Latest("residuals")
        self._registered: Registered | None = None
        self._found: PairResiduals | None = None
        self.map: ResidualView | None = None
        self.histogram: HistogramView | None = None
        self.empty = EmptyState()
        self.empty.asked.connect(self._next_thing)
        self._ask_next = ""
        self._stack = QStackedLayout(self)
        self._stack.addWidget(self.empty)
        self._stack.addWidget(self._full())
        session = workbench.session
        relay.listen(session.sheet_changed, lambda _old, _new: self.refresh())
        relay.listen(session.scans_changed, self.refresh)
        relay.listen(self._reader.answered, self._registration_read)
        relay.listen(self._reader.failed, lambda _g, error: self._failed(error))
        relay.listen(self._measurer.answered, self._measured)
        relay.listen(self._measurer.failed, lambda _g, error: self._failed(error))
        self.refresh()

    # building
    def _full(self) -> QWidget:
        full = QWidget()
        layout = QVBoxLayout(full)
        layout.setContentsMargins(8, 6, 8, 6)
        layout.setSpacing(4)
        self.pair, self.kind = QComboBox(), QComboBox()
        self.pair.setAccessibleName("Pair of scans")
        self.pair.setToolTip("Which two scans of a foil are compared; the second one's pits against the first one's")
        self.pair.currentIndexChanged.connect(lambda _i: self._measure())
        self.kind.setAccessibleName("What is shown of the pair")
        self.kind.setToolTip("Arrows, maps, the histogram of distances, or what the registration says in words")
        self.kind.currentIndexChanged.connect(lambda _i: self._draw())
        top = QHBoxLayout()
        top.addWidget(self.pair, 3)
        top.addWidget(self.kind, 2)
        layout.addLayout(top)
        self.pages = QStackedWidget()
        self.words = QLabel(wordWrap=True, alignment=Qt.AlignmentFlag.AlignTop)
        self.words.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.words.setAccessibleName("What the registration says")
        self.words.setContentsMargins(4, 4, 4, 4)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setWidget(self.words)
        self.pages.addWidget(area)
        layout.addWidget(self.pages, 1)
        self.caption = QElidingLabel()
        self.caption.setProperty("role", "dim")
        layout.addWidget(self.caption)
        layout.addLayout(self._buttons())
        return full

    def _buttons(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(4)
        self.register = self._button(
            "Register", "Bring the scans of every foil into one frame, as a job", self._register
        )
        self.datum = self._button(
            "Set datum points…", "Click the pin holes of a scan on the canvas and see at once how they fit",
            lambda: self.commandAsked.emit("datum.set"),
        )  # fmt: skip
        self.save = self._button(
            "Save…", "The numbers shown as CSV, or the plot as PNG or SVG", self._ask_where_to_save
        )  # fmt: skip
        for button in (self.register, self.datum, self.save):
            row.addWidget(button, 1)
        return row

    def _button(self, title: str, tip: str, action: object) -> QPushButton:
        button = QPushButton(title)
        button.setToolTip(tip)
        button.setAccessibleName(title.rstrip("…"))
        button.clicked.connect(lambda _on=False: action())  # type: ignore[operator]
        return button

    # facts
    def refresh(self) -> None:
        """Read the registration anew."""
        project = self._workbench.session.project
        if project is None:
            self._say("Open a project to see how its scans lie on each other.", "Open project…", "project.open")
            return
        # scipy is loaded with the first registration read, not with the window.
        from moedal_gui.app.registration import read_registration

        self._reader.ask(lambda _wanted: read_registration(project))

    def apply(self, old: Tied | None, new: Tied | None) -> None:
        """Another pair is chosen."""
        if old != new:
            self._measure()

    def shut(self) -> None:
        """Stop reading."""
        self._reader.close()
        self._measurer.close()

    def _registration_read(self, generation: int, found: Registered) -> None:
        if not self._reader.is_newest(generation):
            return
        self._registered = found
        state = self._workbench.state()
        if not found.pairs:
            doubts = [f"{o['doubt']}." for o in found.overlaps if o.get("doubt") and not found.stale]
            words = "Registration needs two scans of one foil. Open another scan of a foil that is here."
            self._say("\n\n".join([*doubts, words]), "Open scan…", "scan.open")
            return
        self._fill(found)
        self.register.setEnabled(state.writable)
        self.register.setProperty("main", "true" if found.stale and state.writable else "false")
        self.register.style().polish(self.register)
        self.datum.setEnabled(state.writable)
        self._stack.setCurrentIndex(1)
        self._measure()

    def _fill(self, found: Registered) -> None:
        from moedal_gui.app.registration import RESIDUAL_MAPS

        sheet, shown = self._workbench.session.sheet, self.pair.currentText().split("   ")[0]
        titles = [f"{pair.title}   {pair.state}" for pair in found.pairs]
        with QSignalBlocker(self.pair), QSignalBlocker(self.kind):
            if [self.pair.itemText(k) for k in range(self.pair.count())] != titles:
                self.pair.clear()
                self.pair.addItems(titles)
                foil, scan = (sheet.record.foil, sheet.record.scan) if sheet is not None else ("", "")
                first = [k for k, p in enumerate(found.pairs) if p.foil == foil and scan in (p.a, p.b)]
                best = [k for k in first if found.pairs[k].row.get("refined")]
                same = [k for k, p in enumerate(found.pairs) if p.title == shown]
                self.pair.setCurrentIndex([*same, *best, *first, 0][0])
            if not self.kind.count():
                for one in RESIDUAL_MAPS:
                    self.kind.addItem(one.title, one.key)
                    self.kind.setItemData(self.kind.count() - 1, one.explain, Qt.ItemDataRole.ToolTipRole)
                self.kind.addItem("Histogram", _HISTOGRAM)
                self.kind.addItem("In words", _WORDS)

    def _measure(self) -> None:
        pair, project = self._pair(), self._workbench.session.project
        if pair is None or project is None:
            return
        from moedal_gui.app.registration import residuals_of

        self.caption.setText("measuring…")
        self._measurer.ask(lambda _wanted: (residuals_of(project, pair),))

    def _measured(self, generation: int, answer: tuple[PairResiduals | None]) -> None:
        if self._measurer.is_newest(generation):
            (self._found,) = answer
            self._draw()

    def _failed(self, error: Exception) -> None:
        self._found = None
        self.caption.setText(str(error))

    # drawing
    def _pair(self) -> Tied | None:
        found, index = self._registered, self.pair.currentIndex()
        return found.pairs[index] if found is not None and 0 <= index < len(found.pairs) else None

    def _draw(self) -> None:
        pair, registered, found = self._pair(), self._registered, self._found
        if pair is None or registered is None:
            return
        from moedal_gui.app.registration import RESIDUAL_MAPS, headline, partner_words, told_of

        told = told_of(registered, pair)
        head = headline(pair, found) if found is not None else "Nothing to compare: no shared frame, or no pits"
        stale = "⚠ " if registered.stale else ""
        self.caption.setText(f"{stale}{head}")
        self.caption.setToolTip(" ".join(told))
        measured = [partner_words(pair, found)] if found is not None else []
        self.words.setText("\n\n".join([f"{head}.", *measured, *told]))
        self.save.setEnabled(found is not None)
        key = str(self.kind.currentData())
        kind = next((m for m in RESIDUAL_MAPS if m.key == key), None)
        if found is None or key == _WORDS:
            self.pages.setCurrentIndex(0)
        elif kind is None:
            self._draw_histogram(found)
        else:
            self._draw_map(found, kind)

    def _draw_map(self, found: PairResiduals, kind: ResidualMap) -> None:
        from moedal_gui.analysis.residuals import FEWEST

        view, field, factor = self._map_view(), found.field, self._factor(found)
        unit = "mm" if found.unit == "um" else "px"
        values = np.where(found.scanned, kind.values(field), np.nan)
        x, y = (float(v) / factor for v in field.grid.origin)
        cell = field.grid.cell / factor
        view.show_map(values, (x, y), cell, unit, both_ways=kind.both_ways, counted=kind.counted)
        view.hatch(found.scanned & (field.counts < FEWEST), ink=tones_in_force().dim)
        if kind.arrows:
            self._draw_arrows(view, found, (x, y + (field.grid.rows + 0.6) * cell), factor)
        else:
            view.forget_arrows()
        view.setToolTip(
            f"{kind.explain}; axes in {unit} on the foil. Hatched: fewer than {FEWEST} partner pits, too few pits to say. "
            "Click to go there; the wheel zooms."
        )
        self.pages.setCurrentWidget(view)

    def _draw_arrows(
        self, view: ResidualView, found: PairResiduals, corner: tuple[float, float], factor: float
    ) -> None:
        from moedal_gui.analysis.residuals import arrow_scale

        field = found.field
        magnified, key_px = arrow_scale(field, found.pixel)
        drawn = (np.isfinite(field.dx) & found.scanned).ravel()
        if not drawn.any():
            view.forget_arrows()
            return
        per_px = magnified * found.pixel / factor
        steps = np.stack([field.dx.ravel(), field.dy.ravel()], axis=1)[drawn] * per_px
        places = field.grid.centres[drawn] / factor
        told = f"{key_px:g} px; arrows × {magnified:g}"
        view.show_arrows(places, steps, field.grid.cell / factor, (*corner, key_px * per_px), told)

    def _draw_histogram(self, found: PairResiduals) -> None:
        from moedal_gui.analysis.residuals import histogram

        if self.histogram is None:
            from moedal_gui.ui.parts.residual_view import HistogramView

            self.histogram = HistogramView()
            self.histogram.setAccessibleName("Histogram of the distances of partner pits")
            self.pages.addWidget(self.histogram)
        self.histogram.show_bins(*histogram(found.found), _LINE_PX)
        self.histogram.setToolTip(
            "Distances of pits that are each other's nearest in the two scans. Dashed: as many as accident gives, from shifting "
            "one scan by 300 px. Dotted: 2 px, below which the registration counts partners."
        )
        self.pages.setCurrentWidget(self.histogram)

    def _map_view(self) -> ResidualView:
        if self.map is None:
            from moedal_gui.ui.parts.residual_view import ResidualView

            self.map = ResidualView()
            self.map.setAccessibleName("Map of what is left between two scans")
            self.map.clicked.connect(self._go)
            self.pages.addWidget(self.map)
        return self.map

    def _factor(self, found: PairResiduals) -> float:
        return 1000.0 if found.unit == "um" else 1.0

    # doing
    def _go(self, x: float, y: float) -> None:
        session, pair, found = self._workbench.session, self._pair(), self._found
        if pair is None or found is None:
            return
        sheet = session.sheet
        if sheet is None or sheet.placement.frame != found.frame:
            session.show_scan(f"{pair.foil}/{pair.a}")
            sheet = session.sheet
        if sheet is not None and sheet.placement.frame == found.frame:
            factor = self._factor(found)
            session.go_to(*sheet.from_frame(x * factor, y * factor), _NEAR_PX)

    def _register(self) -> None:
        from moedal_gui.tasks.placement.register import RegisterParameters
        from moedal_gui.tasks.table import row_of

        self._workbench.run_task(row_of("register"), RegisterParameters())

    def _shown(self) -> tuple[QGraphicsView | None, pd.DataFrame]:
        """What is on screen: the plot, None for words, and its numbers."""
        from moedal_gui.app.registration import histogram_table, pair_table

        key, found, registered = self.kind.currentData(), self._found, self._registered
        assert found is not None and registered is not None  # the button is off without
        if key == _WORDS:
            return None, pair_table(registered)
        if key == _HISTOGRAM:
            return self.histogram, histogram_table(found)
        return self.map, found.cells()

    def _ask_where_to_save(self) -> None:
        pair, project = self._pair(), self._workbench.session.project
        if pair is None or project is None:
            return
        stem = f"{project.name}_{pair.a}_{pair.b}_{self.kind.currentData()}.csv"
        path = ask_file(self, project.path.parent / stem)
        if path is not None:
            self.save_to(path)

    def save_to(self, path: Path) -> None:
        """Write what is shown; the ending says as what."""
        pair, registered = self._pair(), self._registered
        if pair is None or registered is None:
            return
        view, table = self._shown()
        said = (
            f"{pair.title} · {self.kind.currentText()} · {registered.run or 'not registered'} · {self.caption.text()}"
        )
        if "foil" not in table:
            table = table.assign(foil=pair.foil, a=pair.a, b=pair.b, run=registered.run)
        try:
            write_figure(path, view, table, said)
            self._workbench.said.emit("good", f"Saved {path}")
        except MoedalError as error:
            self._workbench.said.emit("bad", str(error))

    def _say(self, text: str, button: str, command: str) -> None:
        self._reader.drop()
        self._measurer.drop()
        self._ask_next = command
        self.empty.say(text, button)
        self._stack.setCurrentIndex(0)

    def _next_thing(self) -> None:
        self.commandAsked.emit(self._ask_next)
