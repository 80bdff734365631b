"""Named working points: which one is in force, saving the border under a name, forgetting one."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker, Qt
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLineEdit, QPushButton, QVBoxLayout, QWidget

from moedal_gui.app.workbench import Workbench
from moedal_gui.core.working_point import DEFAULT_NAME, WorkingPoint
from moedal_gui.ui.relay import Relay


class WorkingPointNames(QWidget):
    """Asks `app.deciding` to keep the border, to put a kept one in force, to forget one."""

    def __init__(self, workbench: Workbench, relay: Relay) -> None:
        super().__init__()
        self._workbench, self._deciding = workbench, workbench.deciding
        self.points = QComboBox()
        self.points.setAccessibleName("Working point in force")
        self.points.setToolTip("The working point in force: lists, exports and reports go by it")
        self.points.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.points.activated.connect(lambda _i: self._deciding.put_in_force(self.points.currentData()))
        self.forget = QPushButton("Forget")
        self.forget.setToolTip("Forget the working point in force; the default is in force then")
        self.forget.clicked.connect(lambda: self._deciding.remove(self.points.currentData()))
        self.name = QLineEdit(placeholderText="Name for this border")
        self.name.setAccessibleName("Name of the working point")
        self.name.setToolTip("Under which name this border is kept; it is in force from then on")
        self.name.returnPressed.connect(self._save)
        self.name.textChanged.connect(lambda _text: self.refresh())
        self.save = QPushButton("Save")
        self.save.setToolTip("Keep this border under its name and put it in force")
        self.save.clicked.connect(self._save)
        self.show_passing = QPushButton("Select what passes")
        self.show_passing.setToolTip("On the canvas, in the plots and in the gallery; the selection follows the border")
        self.show_passing.clicked.connect(self._deciding.select_passing)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(5)
        for left, right in ((self.points, self.forget), (self.name, self.save)):
            row = QHBoxLayout()
            row.setSpacing(6)
            row.addWidget(left, 1)
            row.addWidget(right)
            layout.addLayout(row)
        layout.addWidget(self.show_passing)
        relay.listen(self._deciding.threshold_changed, lambda _old, _new: self.refresh())
        relay.listen(self._deciding.weights_changed, lambda _old, _new: self.refresh())
        relay.listen(self._deciding.saved, self._list_anew)
        self._points: dict[str, WorkingPoint] = {}
        self._current: WorkingPoint | None = None
        self._list_anew()

    def refresh(self) -> None:
        """Say whether the border was moved since, and what can be done."""
        project, current = self._workbench.session.project, self._current
        border = (self._deciding.threshold, self._deciding.weights)
        moved = current is not None and (current.threshold, current.weights) != border
        if current is not None:
            words = f"In force: {current.name}"
            self.points.setItemText(self.points.currentIndex(), f"{words} (border moved since)" if moved else words)
        writable = project is not None and project.writable
        self.forget.setEnabled(current is not None and writable)
        self.points.setEnabled(writable)
        self.save.setEnabled(writable and bool(self.name.text().strip()))

    def _list_anew(self) -> None:
        self._points, self._current = self._deciding.points(), self._deciding.current
        blocked = QSignalBlocker(self.points)
        self.points.clear()
        self.points.addItem("In force: default", DEFAULT_NAME)
        self.points.setItemData(0, "The default, which favours signal", Qt.ItemDataRole.ToolTipRole)
        for name, point in self._points.items():
            self.points.addItem(f"In force: {name}", name)
            self.points.setItemData(self.points.count() - 1, _words(point), Qt.ItemDataRole.ToolTipRole)
        self.points.setCurrentIndex(self.points.findData(self._current.name if self._current else DEFAULT_NAME))
        del blocked
        self.refresh()

    def _save(self) -> None:
        name = self.name.text().strip()
        if name and self._deciding.save(name):
            self._workbench.said.emit("good", f"The working point {name} is in force")
            self.name.clear()


def _words(point: WorkingPoint) -> str:
    by = f" by {point.by}" if point.by else ""
    when = point.made[:16].replace("T", " ")
    return f"At least {point.threshold:.4g}; {point.how or 'chosen by hand'}; saved {when}{by}"
