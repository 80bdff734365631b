"""Deciding: the working point that is being moved, the ones that were named, and what passes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
from psygnal import Signal

from moedal_gui.analysis.density import REGIME_BORDERS, regime
from moedal_gui.analysis.working_point import (
    Floats,
    Passing,
    Rescan,
    passing,
    stop_scores,
    threshold_for_efficiency,
    threshold_for_stops,
)
from moedal_gui.app.labelling import LabelChange, Labelling
from moedal_gui.app.pits import PitSheet
from moedal_gui.app.selection import Selection
from moedal_gui.core import cut
from moedal_gui.core.decision import EVEN, Weights
from moedal_gui.core.errors import MoedalError
from moedal_gui.core.label import CLASSES, now
from moedal_gui.core.working_point import DEFAULT_NAME, WorkingPoint
from moedal_gui.store.project import Project

BANDS: tuple[str, ...] = ("low", "medium", "high")
FAVOURED = 0.99
"""Share of the labelled signal that the default keeps."""

_ENOUGH_SIGNAL = 20
_LOW = 0.1
_CANDIDATE = CLASSES.index("candidate")
_MAYBE = CLASSES.index("maybe")


@dataclass(frozen=True)
class Sample:
    """The pits that are decided on, with what people said of them.

    Attributes
    ----------
    scores
        (N,) of the class candidate.
    codes
        (N,) index of the label in `CLASSES`, -1 without one.
    pair
        (N,) name of the link, NaN without one.
    band
        (N,) low, medium or high density, empty where it is not known.
    fair
        (N,) ``scores``, but by networks that were not taught with the pit where there are such: what curves are drawn
        from, since a network knows its own examples by heart.
    """

    scores: Floats
    codes: npt.NDArray[np.int8]
    pair: Floats
    band: npt.NDArray[np.object_]
    fair: Floats

    @cached_property
    def signal(self) -> npt.NDArray[np.bool_]:
        """Labelled candidate."""
        return np.asarray(self.codes == _CANDIDATE)

    @cached_property
    def background(self) -> npt.NDArray[np.bool_]:
        """Labelled anything else; maybe is no background."""
        return np.asarray((self.codes >= 0) & (self.codes != _CANDIDATE) & (self.codes != _MAYBE))

    @cached_property
    def stops(self) -> Floats:
        """Falling score of each place a rescan would go to."""
        return stop_scores(self.scores, self.pair)

    def of_band(self, band: str) -> Sample:
        """The pits of one density band; all of them for an empty name."""
        if not band:
            return self
        keep = self.band == band
        return Sample(self.scores[keep], self.codes[keep], self.pair[keep], self.band[keep], self.fair[keep])


class Deciding:
    """Owns the threshold, the weights of the classes and the density band that is looked at.

    ``threshold_changed``, ``weights_changed`` and ``band_changed`` carry the old and the new value; ``pits_taken`` tells of
    other pits or scores, ``saved`` that the list of named points, or the one in force, is another.
    """

    pits_taken = Signal()

    threshold_changed = Signal(float, float)
    weights_changed = Signal(object, object)
    band_changed = Signal(str, str)
    saved = Signal()
    refused = Signal(str)

    def __init__(self, selection: Selection, labelling: Labelling) -> None:
        self._selection, self._labelling = selection, labelling
        self._project: Project | None = None
        self._pits: PitSheet | None = None
        self._sample: Sample | None = None
        self._labelling.changed.connect(self._forget_sample)
        self.annotator = ""
        self.threshold = _LOW
        self.weights: Weights = EVEN
        self.band = ""
        self._borders = REGIME_BORDERS
        self.how = ""

    # what is open
    def open(self, project: Project | None) -> None:
        """Take up the working points of a project."""
        self._project, self._pits, self._sample, self.how = project, None, None, ""
        self._set_weights(EVEN)
        self._go(_LOW)
        point = self.current
        if point is not None:
            self._take(point)
        self.saved.emit()

    def show(self, pits: PitSheet | None) -> None:
        """Take up the pits of a scan; without a point in force the default that favours signal is taken."""
        self._pits, self._sample = pits, None
        if pits is not None and pits.scored and not self.how:
            sample = self.sample()
            known = sample.scores[sample.signal] if sample is not None else np.zeros(0)
            found = threshold_for_efficiency(known, FAVOURED)
            self._go(found if found is not None and np.isfinite(known).sum() >= _ENOUGH_SIGNAL else _LOW)
        self.pits_taken.emit()

    @property
    def scored(self) -> bool:
        """Whether there are scores to decide by."""
        return self._pits is not None and self._pits.scored

    def sample(self) -> Sample | None:
        """The pits on screen as they stand; None without scores."""
        pits, codes = self._pits, self._labelling.codes
        if pits is None or not pits.scored or len(codes) != len(pits):
            return None
        table = pits.table
        if self._sample is None:
            band = regime(table["isolated_fraction"].to_numpy(float), self._borders)
            scores = pits.scores[:, 0]
            held = table["oof_candidate"].to_numpy(float) if "oof_candidate" in table else scores
            fair = np.where(np.isfinite(held), held, scores)
            self._sample = Sample(scores, codes.copy(), table["pair_id"].to_numpy(float), band, fair)
        return self._sample

    # moving the border
    def move_to(self, threshold: float, how: str = "chosen by score") -> None:
        """Put the threshold somewhere; ``how`` says what was asked for."""
        self.how = how
        self._go(threshold)

    def keep_signal(self, share: float) -> bool:
        """Put the threshold where a share of the labelled signal passes; False where nothing is labelled candidate."""
        sample = self._sample_of_band()
        found = threshold_for_efficiency(sample.fair[sample.signal], share) if sample is not None else None
        if found is None:
            self.refused.emit("No scored pit is labelled candidate yet: the share of signal that passes is not known")
            return False
        self.move_to(found, f"keep {share:.1%} of the labelled signal")
        return True

    def at_most(self, stops: int) -> bool:
        """Put the threshold where at most so many stops pass."""
        sample = self.sample()
        if sample is None:
            return False
        self.move_to(threshold_for_stops(sample.stops, stops), f"at most {stops} rescan stops")
        return True

    def weigh(self, weights: Weights) -> None:
        """Move the border between the classes."""
        self.how = self.how or "chosen in the ternary plot"
        self._set_weights(weights)

    def take_borders(self, borders: tuple[float, float]) -> None:
        """Take up other borders of the regimes of density."""
        self._borders, self._sample = borders, None
        if self.band:
            self.band_changed.emit(self.band, self.band)

    def look_at_band(self, band: str) -> None:
        """Look at one density band, or at all (empty)."""
        old, self.band = self.band, band
        if old != band:
            self.band_changed.emit(old, band)

    def passing(self, rescan: Rescan) -> Passing | None:
        """What passes now; None without scores."""
        sample = self._sample_of_band()
        if sample is None:
            return None
        return passing(sample.scores, sample.stops, sample.signal, sample.background, self.threshold, rescan)

    @property
    def cut(self) -> cut.Passing:
        """The rule "passes the working point"."""
        return cut.Passing(self.threshold)

    def select_passing(self) -> None:
        """Select what passes; the selection follows the threshold from then on."""
        self._selection.take(self.cut)

    def select_decided(self, name: str) -> None:
        """Select what the border of the ternary plot gives one class; the selection follows the border."""
        self._selection.take(cut.Decided(name, self.weights))

    # named points
    def points(self) -> dict[str, WorkingPoint]:
        """Named points of the project."""
        if self._project is None:
            return {}
        try:
            return self._project.working_points.all()
        except MoedalError as error:
            self.refused.emit(str(error))
            return {}

    @property
    def current(self) -> WorkingPoint | None:
        """The point in force; None while the default is."""
        if self._project is None:
            return None
        try:
            return self._project.working_points.current
        except MoedalError as error:
            self.refused.emit(str(error))
            return None

    def save(self, name: str) -> bool:
        """Keep where the border stands under a name and put it in force."""
        if self._project is None:
            return False
        point = WorkingPoint(
            name.strip(), "score_candidate", self.threshold, self.weights, self.how, now(), self.annotator
        )
        try:
            self._project.working_points.save(point)
            self._project.working_points.make_current(point.name)
        except MoedalError as error:
            self.refused.emit(str(error))
            return False
        self.saved.emit()
        return True

    def put_in_force(self, name: str) -> None:
        """Go to a named point, which is in force from then on; the default by its own name."""
        if self._project is None:
            return
        try:
            self._project.working_points.make_current(name)
        except MoedalError as error:
            self.refused.emit(str(error))
            return
        point = self.current
        if point is not None:
            self._take(point)
        elif name == DEFAULT_NAME:
            self.how = ""
            self._set_weights(EVEN)
            self.show(self._pits)
        self.saved.emit()

    def remove(self, name: str) -> None:
        """Forget a named point."""
        if self._project is None:
            return
        try:
            self._project.working_points.remove(name)
        except MoedalError as error:
            self.refused.emit(str(error))
        self.saved.emit()

    def _forget_sample(self, _change: LabelChange) -> None:
        self._sample = None

    def _take(self, point: WorkingPoint) -> None:
        self.how = point.how or point.name
        self._set_weights(point.weights)
        self._go(point.threshold)

    def _sample_of_band(self) -> Sample | None:
        sample = self.sample()
        return sample.of_band(self.band) if sample is not None else None

    def _go(self, threshold: float) -> None:
        old, self.threshold = self.threshold, float(min(max(threshold, 0.0), np.nextafter(1.0, 2.0)))
        if old != self.threshold:
            self.threshold_changed.emit(old, self.threshold)
            if isinstance(self._selection.cut, cut.Passing):
                self._selection.take(self.cut)

    def _set_weights(self, weights: Weights) -> None:
        old, self.weights = self.weights, weights
        if old != weights:
            self.weights_changed.emit(old, weights)
            chosen = self._selection.cut
            if isinstance(chosen, cut.Decided):
                self._selection.take(cut.Decided(chosen.name, weights))
