"""Why one pit has its score: a window that follows the pit in front."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QGridLayout, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from moedal_gui.app.crop_pictures import channel_picture, relief_picture, tinted
from moedal_gui.app.queue_words import shares
from moedal_gui.app.why import NEIGHBOURS, Explanation
from moedal_gui.app.workbench import Workbench
from moedal_gui.core.label import CLASSES
from moedal_gui.ui.relay import Relay
from moedal_gui.ui.theme import MARKS
from moedal_gui.ui.widgets.bars import Bar, Bars
from moedal_gui.ui.widgets.pixels import PixelView


class WhyView(QDialog):
    """Shows what the ensemble and each expert say, what the score hangs on, and labelled pits like this one."""

    def __init__(self, workbench: Workbench, relay: Relay, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle("Why this pit")
        # It stands beside the work: the class keys go on being the window's.
        self.setWindowFlags(Qt.WindowType.Tool | Qt.WindowType.WindowDoesNotAcceptFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_ShowWithoutActivating)
        self.resize(460, 640)
        self._workbench = workbench
        self._shown: Explanation | None = None
        self._plane = 0
        self._asked = 0
        self.head = QLabel()
        self.head.setProperty("role", "head")
        self.classes = Bars("What the ensemble says")
        self.votes = Bars("What each expert says", both_ways=True)
        self.map = PixelView(190, "")
        self.map.setToolTip("Orange: hiding it lowers the score. Blue: hiding it raises the score.")
        self.planes = Bars("What each plane does", both_ways=True)
        self.planes.setToolTip("How far the score falls when one plane is made flat; press a line to see that plane")
        self.planes.pressed.connect(self._choose)
        self.hint = QLabel(wordWrap=True)
        self.hint.setProperty("role", "dim")
        self.neighbours = [PixelView(74, "") for _ in range(NEIGHBOURS)]
        for number, view in enumerate(self.neighbours):
            view.setToolTip("A labelled pit of which much the same is said; press to go there")
            view.pressed.connect(lambda number=number: self._go(number))
        self.near = QLabel(wordWrap=True)
        self.near.setProperty("role", "dim")
        self._build()
        self._let_go = [
            relay.listen(workbench.labelling.moved, lambda _old, _new: self.refresh()),
            relay.listen(workbench.labelling.blind_changed, lambda _on: self.reject()),
            relay.listen(workbench.crops_changed, lambda _old, _new: self.reject()),
            relay.listen(workbench.why.answers.answered, self.apply),
            relay.listen(workbench.why.answers.failed, lambda _g, error: self.hint.setText(str(error))),
        ]
        self.finished.connect(lambda _result: [let_go() for let_go in self._let_go])
        self.refresh()

    def refresh(self) -> None:
        """Ask about the pit in front."""
        pits, labelling = self._workbench.session.pits, self._workbench.labelling
        if pits is None or labelling.row is None:
            self.head.setText("No pit in front")
            self.hint.setText("Click a pit, or press Space for the next of the queue.")
            return
        row = labelling.row
        code = int(labelling.codes[row])
        self.head.setText(f"Pit {int(pits.ids[row])}  ·  {CLASSES[code] if code >= 0 else 'no label'}")
        said = shares(pits, row)
        self.classes.show_bars(tuple(Bar(n, p, f"{p:.1%}", MARKS[n].colour) for n, p in said))
        self.hint.setText("" if said else "Nothing has scored this pit.")
        self._asked = self._workbench.why.ask(pits, labelling.codes, row)

    def apply(self, generation: int, found: Explanation) -> None:
        """An answer has come."""
        if generation != self._asked or not self._workbench.why.answers.is_newest(generation):
            return
        self._shown = found
        self.votes.show_bars(tuple(
            Bar(v.expert, 1.0 - 2.0 * v.probability, f"{v.first if v.probability >= 0.5 else v.second} "
                f"{max(v.probability, 1.0 - v.probability):.0%}", self._colour(v.first if v.probability >= 0.5 else v.second))
            for v in found.votes
        ))  # fmt: skip
        self.votes.setVisible(bool(found.votes))
        self._caption_votes.setVisible(bool(found.votes))
        self._show_neighbours(found)
        if found.occlusion is not None:
            self._plane = int(np.abs(found.occlusion.planes).argmax())
        self._show_occlusion()

    @staticmethod
    def _colour(name: str) -> str:
        return MARKS[name].colour if name in MARKS else ""

    def _show_occlusion(self) -> None:
        found = self._shown
        there = found is not None and found.occlusion is not None and found.question is not None
        self.map.setVisible(there)
        self.planes.setVisible(there)
        if found is None or found.occlusion is None or found.question is None:
            self.hint.setText("The network that scored this pit is not here, so what its score hangs on cannot be shown."
                              if found is not None and found.asked else "Hiding part after part of the crop…")  # fmt: skip
            return
        effect, question = found.occlusion, found.question
        self.hint.setText(
            f"{question.asked} {effect.score:.0%}. Orange is what speaks for {question.asked}, blue what speaks against it: "
            f"hiding it changes the score by up to {float(np.abs(effect.pixels).max()):.2f}."
        )
        self.map.set_caption(question.names[self._plane])
        self.map.show_array(tinted(question.planes[self._plane], effect.pixels))
        reach = max(float(np.abs(effect.planes).max()), 1e-9)
        self.planes.show_bars(
            tuple(Bar(n, float(e) / reach, f"{float(e):+.2f}", "#E69F00" if e >= 0 else "#56B4E9")
                  for n, e in zip(question.names, effect.planes, strict=True)),
            self._plane,
        )  # fmt: skip

    def _choose(self, number: int) -> None:
        self._plane = number
        self._show_occlusion()

    def _show_neighbours(self, found: Explanation) -> None:
        pits, source, codes = self._workbench.session.pits, self._workbench.crops, self._workbench.labelling.codes
        if pits is None or source is None:
            return
        for number, view in enumerate(self.neighbours):
            there = number < len(found.neighbours)
            view.setVisible(there)
            if there:
                row = int(found.neighbours[number])
                crop = source.get(row)
                view.set_caption(CLASSES[int(codes[row])] if codes[row] >= 0 else "no label")
                view.show_array(
                    relief_picture(crop.relief) if crop.relief is not None else channel_picture(crop.planes[0], None)
                )
        words = [f"{int((codes[found.neighbours] == k).sum())} {name}" for k, name in enumerate(CLASSES)
                 if (codes[found.neighbours] == k).any()]  # fmt: skip
        self.near.setText(
            f"Labelled pits most like it: {', '.join(words)}" if words else "No labelled pit to compare it with yet."
        )

    def _go(self, number: int) -> None:
        pits, found = self._workbench.session.pits, self._shown
        if pits is not None and found is not None and number < len(found.neighbours):
            self._workbench.selection.pick(int(pits.ids[int(found.neighbours[number])]))

    def _build(self) -> None:
        layout = QVBoxLayout(self)
        layout.setSpacing(7)
        layout.addWidget(self.head)
        layout.addWidget(self.classes)
        self._caption_votes = QLabel("Experts: the bar points to the answer each leans to")
        self._caption_votes.setProperty("role", "dim")
        layout.addWidget(self._caption_votes)
        layout.addWidget(self.votes)
        both = QGridLayout()
        both.addWidget(self.map, 0, 0)
        both.addWidget(self.planes, 0, 1, Qt.AlignmentFlag.AlignVCenter)
        both.setColumnStretch(1, 1)
        layout.addLayout(both)
        layout.addWidget(self.hint)
        layout.addWidget(self.near)
        row = QHBoxLayout()
        row.setSpacing(3)
        for view in self.neighbours:
            row.addWidget(view, 1)
        layout.addLayout(row)
        layout.addStretch(1)
