"""Training: one button for the standard recipe, the fold board, and the ensembles there are."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QFileDialog,
    QFrame,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QScrollArea,
    QStackedLayout,
    QVBoxLayout,
    QWidget,
)

from moedal_gui.app.jobs import Job
from moedal_gui.app.training import VERB, Board
from moedal_gui.app.workbench import Workbench
from moedal_gui.core.errors import MoedalError
from moedal_gui.ui.parts.panel import Panel
from moedal_gui.ui.relay import Relay
from moedal_gui.ui.widgets.bars import Bar, Bars
from moedal_gui.ui.widgets.empty import EmptyState
from moedal_gui.ui.widgets.ensemble_card import EnsembleCardView
from moedal_gui.ui.widgets.fold_board import FoldBoard

_KEY = "Losses: thin while training, thick on the fold held back"
_UNFINISHED = "This training was cut short. Train goes on from its checkpoints while labels and settings are the same."


class TrainingPanel(Panel):
    """Starts and shows trainings; what trains does so in a process of its own."""

    def __init__(self, workbench: Workbench, relay: Relay) -> None:
        super().__init__()
        self._workbench, self._relay = workbench, relay
        self.empty = EmptyState()
        self.empty.say("Open a project to train experts on its labels.")
        self.train = QPushButton("Train")
        self.train.setProperty("main", "true")
        self.train.setToolTip("The standard recipe on all labels: three experts of five folds, and their ensemble")
        self.train.setAccessibleName("Train the standard recipe")
        self.train.clicked.connect(self._train)
        self.choose = QPushButton("Choose…")
        self.choose.setToolTip("Networks, recipes, losses, which labels: everything that can be set")
        self.choose.clicked.connect(lambda: self.commandAsked.emit("task.train"))
        self.before = QPushButton("Look first…")
        self.before.setToolTip("What turning a crop does to it, and the layers of the network")
        self.before.clicked.connect(self._preview)
        self.bar = QProgressBar(textVisible=False)
        self.bar.setAccessibleName("Progress of the training")
        self.left = QLabel()
        self.left.setProperty("role", "dim")
        self.pause = QPushButton("Pause")
        self.pause.setCheckable(True)
        self.pause.setToolTip("Let the networks wait; the machine is yours")
        self.pause.clicked.connect(lambda on: workbench.training.pause(bool(on)))
        self.cancel = QPushButton("Cancel")
        self.cancel.setToolTip("Stop; folds that are done and checkpoints stay, the same training goes on from them")
        self.cancel.clicked.connect(workbench.training.cancel)
        self.board = FoldBoard()
        self.key = QLabel(wordWrap=True)
        self.key.setProperty("role", "dim")
        self.lost = QLabel(wordWrap=True)
        self.lost.setProperty("role", "warning")
        self.searched = QLabel(wordWrap=True)
        self.searched.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.mattered = Bars("What mattered in the search for settings")
        self.cards = QVBoxLayout()
        self.cards.setSpacing(8)
        self._stack = QStackedLayout(self)
        self._stack.addWidget(self.empty)
        self._stack.addWidget(self._built())
        listen = relay.listen
        listen(workbench.session.project_changed, lambda _old, _new: self.refresh())
        listen(workbench.training.board_changed, self.apply)
        listen(workbench.training.ensembles_changed, self._show_cards)
        listen(workbench.jobs.changed, self._job_changed)
        self.refresh()

    def refresh(self) -> None:
        """Take up everything anew."""
        self._stack.setCurrentIndex(0 if self._workbench.session.project is None else 1)
        self.apply(None, self._workbench.training.board)
        self._show_job(self._workbench.training.running)
        self._show_search(None)
        self._show_cards()

    def apply(self, old: Board | None, new: Board | None) -> None:
        """The folds stand otherwise."""
        del old
        self.board.show_board(new)
        self.board.setVisible(new is not None)
        self.key.setVisible(new is not None)
        self._say_key()
        lost = new.lost if new is not None else ()
        self.lost.setText(f"Never learnt, and kept out of the ensemble: {'; '.join(lost)}" if lost else "")
        self.lost.setVisible(bool(lost))
        self.pause.setChecked(new is not None and new.paused)

    def _built(self) -> QWidget:
        inside = QWidget()
        layout = QVBoxLayout(inside)
        layout.setContentsMargins(10, 10, 10, 10)
        layout.setSpacing(8)
        start = QHBoxLayout()
        for widget in (self.train, self.choose, self.before, self.bar, self.left, self.pause, self.cancel):
            start.addWidget(widget, 1 if widget is self.bar else 0)
        start.addStretch(0)
        layout.addLayout(start)
        layout.addWidget(self.board)
        layout.addWidget(self.key)
        layout.addWidget(self.lost)
        layout.addWidget(self.searched)
        layout.addWidget(self.mattered)
        layout.addLayout(self.cards)
        layout.addStretch(1)
        area = QScrollArea(widgetResizable=True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(inside)
        return area

    def _show_cards(self) -> None:
        while (item := self.cards.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        project = self._workbench.session.project
        if project is None:
            return
        for standing in self._workbench.training.ensembles():
            card = EnsembleCardView(standing, project.writable)
            card.scoreRequested.connect(self._score)
            card.currentRequested.connect(self._make_current)
            card.exportRequested.connect(self._export)
            card.removeRequested.connect(self._remove)
            self.cards.addWidget(card)

    def _job_changed(self, _old: Job | None, new: Job | None) -> None:
        if new is not None and new.verb == VERB:
            self._show_job(self._workbench.training.running)
            if new.status == "done":
                self._show_search(new)

    def _show_search(self, job: Job | None) -> None:
        """What a search for settings found: the words to train with, and the share each had in how tries differed."""
        shares = dict(job.values.get("importances", {})) if job is not None else {}
        said = job is not None and "best" in job.values
        self.searched.setText(job.sentence.split("; what")[0] if said and job is not None else "")
        self.mattered.show_bars(tuple(Bar(k.replace("_", " "), float(v), f"{v:.0%}") for k, v in shares.items()))
        self.searched.setVisible(said)
        self.mattered.setVisible(bool(shares))

    def _say_key(self) -> None:
        board = self._workbench.training.board
        begun = board is not None and not board.whole and self._workbench.training.running is None
        self.key.setText(_UNFINISHED if begun else _KEY)

    def _show_job(self, job: Job | None) -> None:
        project = self._workbench.session.project
        for button in (self.train, self.choose, self.before):
            button.setVisible(job is None)
            button.setEnabled(project is not None and project.writable)
        for widget in (self.bar, self.left, self.pause, self.cancel):
            widget.setVisible(job is not None)
        self._say_key()
        if job is None:
            return
        self.bar.setMaximum(job.total)
        self.bar.setValue(job.done)
        seconds = job.seconds_left(time.monotonic())
        self.left.setText("stopping…" if job.stopping else _time_left(seconds) if job.total else "cutting crops…")
        self.cancel.setEnabled(not job.stopping)

    def _train(self) -> None:
        from moedal_gui.tasks.training.train_parameters import TrainParameters

        self._tried(lambda: self._workbench.training.start(TrainParameters()))

    def _preview(self) -> None:
        from moedal_gui.ui.parts.training_preview import TrainingPreview

        TrainingPreview(self._workbench, self._relay, self).exec()

    def _score(self, title: str) -> None:
        from moedal_gui.tasks.score import ScoreParameters
        from moedal_gui.tasks.table import row_of

        self._tried(lambda: self._workbench.run_task(row_of("score"), ScoreParameters(ensemble=title)))

    def _make_current(self, title: str) -> None:
        self._tried(lambda: self._workbench.training.make_current(title))

    def _export(self, title: str) -> None:
        start = str(Path.home() / f"{title.replace('/', '-')}.zip")
        target = QFileDialog.getSaveFileName(self, "Where to write the ensemble", start, "Archive (*.zip)")[0]
        if target:
            self._tried(lambda: self._workbench.training.export(title, Path(target)))

    def _remove(self, title: str) -> None:
        from moedal_gui.tasks.remove import RemoveParameters
        from moedal_gui.tasks.table import row_of

        self._tried(lambda: self._workbench.run_task(row_of("remove"), RemoveParameters("expert", title)))

    def _tried(self, action: Callable[[], object]) -> None:
        try:
            action()
        except MoedalError as error:
            self._workbench.said.emit("bad", str(error))


def _time_left(seconds: float | None) -> str:
    if seconds is None:
        return "training…"
    return f"about {seconds / 60:.0f} min left" if seconds >= 90 else f"about {seconds:.0f} s left"
