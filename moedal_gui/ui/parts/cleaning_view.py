"""Cleaning of one field, before and after, with what was taken and how much of the area it is."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QPixmap
from PySide6.QtWidgets import QComboBox, QDialog, QHBoxLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from moedal_gui.app.background import Latest
from moedal_gui.app.cleaning import CleaningShown, cleaning_of, pictures_to_show, words_of
from moedal_gui.app.workbench import Workbench
from moedal_gui.ui.relay import Relay
from moedal_gui.ui.widgets.pixels import to_image

_NAMES = ("Before", "After", "What was taken: dirt whole, scratches striped")


class CleaningView(QDialog):
    """Follows the field it was opened for; the picture can be changed."""

    def __init__(self, workbench: Workbench, relay: Relay, row: int, parent: QWidget) -> None:
        super().__init__(parent)
        sheet, project = workbench.session.sheet, workbench.session.project
        assert sheet is not None and project is not None  # the command is enabled with a scan only
        self._sheet, self._project, self._row = sheet, project, row
        self._reader = Latest("cleaning")
        self.setWindowTitle(f"Cleaning of field {sheet.names[row]}")
        self.resize(1320, 470)
        self.picture = QComboBox()
        for name in pictures_to_show(sheet):
            self.picture.addItem(name.capitalize(), name)
        self.picture.setAccessibleName("Which picture is shown")
        self.picture.setToolTip("Slopes are what pits are found in; the mean over the lamps is where dirt shows")
        self.picture.activated.connect(lambda _i: self._ask())
        self.said = QLabel("Cleaning…", wordWrap=True)
        self.views = tuple(_Picture(name) for name in _NAMES)
        top = QHBoxLayout()
        top.addWidget(self.picture)
        top.addWidget(self.said, 1)
        row_of_three = QHBoxLayout()
        for view in self.views:
            row_of_three.addWidget(view, 1)
        layout = QVBoxLayout(self)
        layout.addLayout(top)
        layout.addLayout(row_of_three, 1)
        self._let_go = [
            relay.listen(self._reader.answered, self._answered),
            relay.listen(self._reader.failed, lambda _g, error: self.said.setText(str(error))),
            relay.listen(workbench.session.project_changed, lambda _old, _new: self.reject()),
        ]
        self.finished.connect(lambda _result: self._shut())
        self._ask()

    def _ask(self) -> None:
        project, sheet, row, picture = self._project, self._sheet, self._row, str(self.picture.currentData())
        self._reader.ask(lambda _wanted: cleaning_of(project, sheet, row, picture))

    def _answered(self, generation: int, shown: CleaningShown) -> None:
        if not self._reader.is_newest(generation):
            return
        self.said.setText(words_of(shown))
        for view, array in zip(self.views, (shown.before, shown.after, shown.taken), strict=True):
            view.show_pixmap(QPixmap.fromImage(to_image(array)))

    def _shut(self) -> None:
        for let_go in self._let_go:
            let_go()
        self._reader.close()


class _Picture(QWidget):
    """A picture as large as there is room for, under its name."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self._pixmap = QPixmap()
        self._label = QLabel(alignment=Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignHCenter)
        self._label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Ignored)
        self._label.setAccessibleName(name)
        head = QLabel(name)
        head.setProperty("role", "head")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(head)
        layout.addWidget(self._label, 1)

    def show_pixmap(self, pixmap: QPixmap) -> None:
        """Take up another picture."""
        self._pixmap = pixmap
        self._fit()

    def resizeEvent(self, event: object) -> None:
        """Fit the picture anew."""
        del event
        self._fit()

    def _fit(self) -> None:
        if not self._pixmap.isNull():
            keep, smooth = Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation
            self._label.setPixmap(self._pixmap.scaled(self._label.size(), keep, smooth))
