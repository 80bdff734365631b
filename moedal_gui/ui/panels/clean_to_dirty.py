"""Clean to dirty: pits of one scan as the truth of another; efficiency, purity, and a look at every mistake."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QSignalBlocker, Qt
from PySide6.QtWidgets import (
    QComboBox,
    QFileDialog,
    QFrame,
    QLabel,
    QPushButton,
    QScrollArea,
    QSpinBox,
    QStackedLayout,
    QStackedWidget,
    QTabBar,
    QVBoxLayout,
    QWidget,
)

from moedal_gui.app.clean_to_dirty import KINDS, Asked, Comparison
from moedal_gui.app.display import channel_pictures
from moedal_gui.app.jobs import Job
from moedal_gui.app.workbench import Workbench
from moedal_gui.core.errors import MoedalError
from moedal_gui.ui.parts.comparison_form import ComparisonForm, row_of
from moedal_gui.ui.parts.panel import Panel
from moedal_gui.ui.relay import Relay
from moedal_gui.ui.widgets.empty import READING, EmptyState

if TYPE_CHECKING:
    from moedal_gui.ui.parts.cut_curve import CutCurve
    from moedal_gui.ui.parts.place_gallery import PlaceGallery
    from moedal_gui.ui.parts.places_view import PlacesView

_TABS = (
    ("Curve", "Efficiency and purity against the distance a match may have, with 95% intervals; drag the line"),
    ("Map", "Where pits were missed, found falsely or found in pieces; click a mark to go there"),
    ("Crops", "Pictures of the mistakes; double click goes there"),
)
_CURVE, _MAP, _CROPS = range(3)
_WORDS = {"missed": "missed", "false": "false", "fragment": "in pieces"}
_SIGNS = {"missed": "○", "false": "×", "fragment": "△"}
_TIPS = {
    "missed": "True pits that no find lies on",
    "false": "Finds that lie on no true pit",
    "fragment": "Finds on a true pit that another find has already",
}


class CleanToDirtyPanel(Panel):
    """Chooses two scans of a foil, compares them as a job, and shows what came of it."""

    def __init__(self, workbench: Workbench, relay: Relay) -> None:
        super().__init__()
        self._workbench, self._state, self._relay = workbench, workbench.clean_to_dirty, relay
        self.curve: CutCurve | None = None
        self.places: PlacesView | None = None
        self.gallery: PlaceGallery | None = None
        self.empty = EmptyState()
        self.empty.asked.connect(self._next_thing)
        self._make_controls()
        self._stack = QStackedLayout(self)
        self._stack.addWidget(self.empty)
        self._stack.addWidget(self._built())
        listen = relay.listen
        listen(workbench.session.pits_changed, lambda _old, _new: self._take_scans())
        listen(workbench.session.project_changed, lambda _old, _new: self._take_scans())
        listen(workbench.session.failed, lambda _sentence: self._take_scans())
        listen(workbench.jobs.changed, lambda _old, new: self._state.take(new))
        listen(self._state.running_changed, self._show_job)
        listen(self._state.changed, self.apply)
        self.refresh()

    def refresh(self) -> None:
        """Take up everything anew."""
        self._take_scans()
        self._show_job(self._state.running)
        self.apply(None, self._state.now)

    def apply(self, old: Comparison | None, new: Comparison | None) -> None:
        """Another comparison is shown."""
        self._results.setVisible(new is not None)
        self._show_hint()
        if self.gallery is not None and new is not old:
            # Its crops are of the places before.
            self.gallery.shut()
            self.gallery.deleteLater()
            self.gallery = None
        if new is None:
            return
        for kind, button in self.kinds.items():
            count = int((new.places["kind"] == kind).sum())
            button.setText(f"{_SIGNS[kind]} {count:,} {_WORDS[kind]}")
        with QSignalBlocker(self.cut):
            self.cut.setRange(round(float(new.cuts_px[0])), round(float(new.cuts_px[-1])))
            self.cut.setValue(round(new.asked.cut_px))
        self.resolution.setText(_resolution_words(new))
        self._fill_pictures(new)
        self._show_tab()
        self._show_cut()

    def shut(self) -> None:
        """Stop cutting crops."""
        if self.gallery is not None:
            self.gallery.shut()

    # what it is made of
    def _make_controls(self) -> None:
        self.form = ComparisonForm()
        self.form.asked.connect(self._start)
        self.form.stopAsked.connect(self._state.cancel)
        self.hint = QLabel("Choose two scans and press Compare.", wordWrap=True)
        self.hint.setProperty("role", "dim")
        self._make_result_controls()

    def _make_result_controls(self) -> None:
        self.tabs = QTabBar()
        self.tabs.setExpanding(False)
        self.tabs.setDrawBase(False)
        self.tabs.setAccessibleName("What is shown of the comparison")
        for number, (title, tip) in enumerate(_TABS):
            self.tabs.addTab(title)
            self.tabs.setTabToolTip(number, tip)
        self.tabs.currentChanged.connect(lambda _index: self._show_tab())
        self.cut = QSpinBox()
        self.cut.setSuffix(" px")
        self.cut.setAccessibleName("Distance cut")
        self.cut.setToolTip(
            "Farthest that a found pit may lie from the true one; arrow keys move it, as dragging the line does"
        )
        self.cut.valueChanged.connect(lambda _value: self._show_cut())
        self.again = QPushButton("Take this cut")
        self.again.setToolTip("Compare again at this distance, so that map and crops follow")
        self.again.clicked.connect(self._start)
        self.said = QLabel(wordWrap=True)
        self.resolution = QLabel(wordWrap=True)
        self.resolution.setProperty("role", "dim")
        self.kinds: dict[str, QPushButton] = {}
        for kind in KINDS:
            button = QPushButton()
            button.setCheckable(True)
            button.setChecked(True)
            button.setToolTip(f"{_TIPS[kind]}; shown or not")
            button.setAccessibleName(f"Show what was {_WORDS[kind]}")
            button.clicked.connect(lambda _on: self._show_places())
            self.kinds[kind] = button
        self.picture = QComboBox()
        self.picture.setAccessibleName("Picture of the crops")
        self.picture.setToolTip("Which picture of each place is shown")
        self.picture.activated.connect(lambda _i: self._show_places())
        self.numbers, self.save = QPushButton("CSV…"), QPushButton("PNG…")
        self.numbers.setToolTip("Write the curve, and the places beside it, as CSV")
        self.numbers.clicked.connect(self._write)
        self.save.setToolTip("Save what is shown as a picture")
        self.save.clicked.connect(self._save_picture)

    def _built(self) -> QWidget:
        inner = QWidget()
        layout = QVBoxLayout(inner)
        layout.setContentsMargins(8, 6, 8, 8)
        layout.setSpacing(5)
        layout.addWidget(self.form)
        layout.addWidget(self.hint)
        self._results = QWidget()
        inside = QVBoxLayout(self._results)
        inside.setContentsMargins(0, 0, 0, 0)
        inside.setSpacing(5)
        line = QFrame()
        line.setProperty("role", "line")
        inside.addWidget(line)
        inside.addLayout(row_of((self.tabs, 1), self.cut))
        self._shown = QStackedWidget()
        inside.addWidget(self._shown, 1)
        self._filter = QWidget()
        self._filter.setLayout(row_of(*((b, 1) for b in self.kinds.values())))
        inside.addWidget(self._filter)
        inside.addWidget(self.said)
        inside.addWidget(self.resolution)
        inside.addLayout(row_of((self.again, 1), self.picture, self.numbers, self.save))
        layout.addWidget(self._results, 1)
        layout.addStretch(0)
        area = QScrollArea(widgetResizable=True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(inner)
        return area

    # what is asked
    def _take_scans(self) -> None:
        scans = self._state.scans()
        if not scans:
            self._say_what_next()
        self._stack.setCurrentIndex(1 if scans else 0)
        if scans:
            self.form.take(scans)

    def _start(self) -> None:
        found = self._state.now
        cut = float(self.cut.value()) if found is not None else Asked("", "").cut_px
        try:
            self._state.start(self.form.said(cut))
        except MoedalError as error:
            self._workbench.said.emit("bad", str(error))

    def _show_job(self, job: Job | None) -> None:
        self.form.show_job(job)
        self.again.setEnabled(job is None)
        self._show_hint()

    def _show_hint(self) -> None:
        """What to do first, as long as nothing is compared nor being compared."""
        self.hint.setVisible(self._state.now is None and self._state.running is None)

    # what is shown
    def _show_tab(self) -> None:
        found, tab = self._state.now, self.tabs.currentIndex()
        if found is None:
            return
        self._filter.setVisible(tab != _CURVE)
        self.picture.setVisible(tab == _CROPS)
        self.resolution.setVisible(tab == _CURVE)
        if tab == _CURVE:
            view = self._curve_view()
            view.show_curves(found.cuts_px, found.efficiency, found.purity, found.accidental)
            view.show_cut(float(self.cut.value()))
            self._shown.setCurrentWidget(view)
        elif tab == _MAP:
            places = self._places_view()
            factor, unit = _length(found)
            places.show_fields(found.borders / factor, unit)
            self._shown.setCurrentWidget(places)
        else:
            self._shown.setCurrentWidget(self._gallery())
        self._show_places()

    def _show_cut(self) -> None:
        found = self._state.now
        if found is None:
            return
        here = int(np.argmin(np.abs(found.cuts_px - self.cut.value())))
        efficiency, purity = (_share(band[here]) for band in (found.efficiency, found.purity))
        accident = "" if np.isnan(found.accidental[here]) else f"; {found.accidental[here]:.1%} by accident"
        self.said.setText(f"Within {self.cut.value()} px: efficiency {efficiency}, purity {purity}{accident}.")
        other = self.cut.value() != round(found.asked.cut_px)
        self.again.setVisible(other)
        self.again.setText(f"Take {self.cut.value()} px")
        if self.curve is not None:
            self.curve.show_cut(float(self.cut.value()))
        if other:
            self.said.setText(f"{self.said.text()} Map and crops are of {found.asked.cut_px:g} px.")

    def _show_places(self) -> None:
        found, tab = self._state.now, self.tabs.currentIndex()
        if found is None or tab == _CURVE:
            return
        kinds = found.places["kind"].to_numpy(dtype=object)
        rows: dict[str, npt.NDArray[np.intp]] = {
            k: np.flatnonzero(kinds == k) if b.isChecked() else np.zeros(0, np.intp) for k, b in self.kinds.items()
        }
        if tab == _MAP and self.places is not None:
            at = found.places[["x_frame", "y_frame"]].to_numpy(float) / _length(found)[0]
            self.places.show_places({kind: at[some] for kind, some in rows.items()}, rows)
        elif tab == _CROPS and self.gallery is not None:
            self.gallery.pictures.channel = self.picture.currentData()
            self.gallery.pictures.show_rows(np.concatenate(list(rows.values())))

    def _fill_pictures(self, found: Comparison) -> None:
        self.picture.clear()
        if found.sheet.ring:
            self.picture.addItem("Relief", None)
        for picture in channel_pictures(found.sheet.record.description):
            self.picture.addItem(picture.title, picture.index)

    def _curve_view(self) -> CutCurve:
        if self.curve is None:
            from moedal_gui.ui.parts.cut_curve import CutCurve

            self.curve = CutCurve()
            self.curve.setAccessibleName("Efficiency and purity against the distance cut")
            self.curve.setToolTip("Drag the line to choose a distance")
            self.curve.cutMoved.connect(lambda cut: self.cut.setValue(round(cut)))
            self._shown.addWidget(self.curve)
        return self.curve

    def _places_view(self) -> PlacesView:
        if self.places is None:
            from moedal_gui.ui.parts.places_view import PlacesView

            self.places = PlacesView()
            self.places.setAccessibleName("Map of the mistakes")
            self.places.setToolTip("Click a mark to go there; the wheel zooms")
            self.places.picked.connect(self._state.go_to)
            self._shown.addWidget(self.places)
        return self.places

    def _gallery(self) -> PlaceGallery:
        found = self._state.now
        if self.gallery is None and found is not None:
            from moedal_gui.ui.parts.place_gallery import PlaceGallery

            self.gallery = PlaceGallery(self._relay)
            self.gallery.picked.connect(self._state.go_to)
            self.gallery.take(found.places, self._state.crops())
            self._shown.addWidget(self.gallery)
        assert self.gallery is not None
        return self.gallery

    # what goes out
    def _write(self) -> None:
        path = self._asked_file("clean_to_dirty.csv", "Where to write the numbers", "Table (*.csv)")
        if path is None:
            return
        try:
            curve, places = self._state.write(path)
        except MoedalError as error:
            self._workbench.said.emit("bad", str(error))
            return
        self._workbench.said.emit("good", f"Wrote {curve} and {places.name}")

    def _save_picture(self) -> None:
        path = self._asked_file("clean_to_dirty.png", "Save what is shown as a picture", "PNG (*.png)")
        shown = self._shown.currentWidget()
        if path is not None and shown is not None:
            done = shown.grab().save(str(path))
            said = f"Saved {path}" if done else f"{path} cannot be written: name another folder"
            self._workbench.said.emit("good" if done else "bad", said)

    def _asked_file(self, name: str, title: str, kind: str) -> Path | None:
        project = self._workbench.session.project
        start = str(project.path.parent / f"{project.name}_{name}") if project is not None else name
        path = QFileDialog.getSaveFileName(self, title, start, kind)[0]
        return Path(path) if path else None

    def _say_what_next(self) -> None:
        session = self._workbench.session
        if session.project is None:
            self.empty.say("Open a project with two scans of one foil.", "Open project…", "Open a project")
        elif len(session.scans()) < 2:
            self.empty.say(
                "Two scans of one foil are compared here: a clean one, whose pits are the truth, and a dirty one. This project "
                "has one scan; open another to add it.", "Open scan…", "Look into a scan",
            )  # fmt: skip
        elif session.pits is None and session.reading:
            self.empty.say(READING)
        elif session.pits is None:
            self.empty.say("Both scans need pits first.", "Pre-select pits…", "Find pits in every field")
        else:
            self.empty.say(
                "No two scans of one foil with pits share a frame. Register them, and one can be the truth of the other.",
                "Register scans…", "Bring the foil's scans into one frame",
            )  # fmt: skip

    def _next_thing(self) -> None:
        session = self._workbench.session
        if session.project is None:
            self.commandAsked.emit("project.open")
        elif len(session.scans()) < 2:
            self.commandAsked.emit("scan.open")
        else:
            self.commandAsked.emit("task.preselect" if session.pits is None else "task.register")


def _share(band: npt.NDArray[np.float64]) -> str:
    value, low, high = band.tolist()
    return "unknown" if np.isnan(value) else f"{value:.3f} ({low:.3f}–{high:.3f})"


def _length(found: Comparison) -> tuple[float, str]:
    return (1000.0, "mm") if found.unit == "um" else (1.0, "px")


def _resolution_words(found: Comparison) -> str:
    x, y = (round(float(v), 1) + 0.0 for v in found.offset_px)  # no sign before a zero
    words = []
    for axis in ("x", "y"):
        sigma = found.resolution[axis]
        told = sigma["value"] is not None
        words.append(f"{sigma['value']:.2f} px ({sigma['low']:.2f}–{sigma['high']:.2f}) in {axis}" if told else f"unknown in {axis}")  # fmt: skip
    how = "found in the data" if found.offset_searched else "as given"
    return f"Resolution {', '.join(words)}; offset {x:.1f}, {y:.1f} px {how}."
