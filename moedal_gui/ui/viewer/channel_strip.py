"""The strip above the canvas: which picture is shown, and with what contrast."""

from __future__ import annotations

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QButtonGroup, QFrame, QHBoxLayout, QLabel, QToolButton, QWidget
from superqt import QFlowLayout, QRangeSlider

from moedal_gui.app.display import Picture
from moedal_gui.app.shading import Limits

_STEPS = 1000


class ChannelStrip(QFrame):
    """Buttons for every picture and a slider for its contrast. Signals are requests."""

    pictureAsked = Signal(str)
    contrastAsked = Signal(tuple)
    contrastForgotten = Signal()
    evenAsked = Signal(bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Pictures of the scan")
        self._buttons: dict[str, QToolButton] = {}
        self._group = QButtonGroup(self)
        self._range: Limits = (0.0, 1.0)
        # In a narrow window the buttons go on in a second row.
        self._layout = QFlowLayout(self)
        self._layout.setContentsMargins(6, 3, 8, 3)
        self._layout.setHorizontalSpacing(1)
        self._layout.setVerticalSpacing(1)
        contrast = QWidget()
        self._contrast = contrast
        row = QHBoxLayout(contrast)
        row.setContentsMargins(12, 0, 0, 0)
        self._caption = QLabel("Contrast")
        self._caption.setProperty("role", "dim")
        row.addWidget(self._caption)
        self.slider = QRangeSlider(Qt.Orientation.Horizontal)
        self.slider.setRange(0, _STEPS)
        self.slider.setValue((0, _STEPS))
        self.slider.setMinimumWidth(110)
        self.slider.setMaximumWidth(220)
        self.slider.setAccessibleName("Contrast of this channel")
        self.slider.setToolTip("Lowest and highest grey value shown; remembered for this scan and channel")
        row.addWidget(self.slider, 1)
        self.auto = QToolButton()
        self.auto.setText("Auto")
        self.auto.setToolTip("Find the contrast of this channel again")
        self.auto.setAccessibleName("Contrast by itself")
        row.addWidget(self.auto)
        self.even = QToolButton()
        self.even.setText("Even light")
        self.even.setCheckable(True)
        self.even.setChecked(True)
        self.even.setToolTip("Take vignetting and the steps between fields out of the channels; off: as stored  (E)")
        self.even.setAccessibleName("Show channels as under even light")
        self.even.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.even.clicked.connect(self.evenAsked)
        row.addWidget(self.even)
        self._layout.addWidget(contrast)
        self.auto.clicked.connect(self.contrastForgotten)
        self._settle = QTimer(self, singleShot=True, interval=60)
        self._settle.timeout.connect(self._tell)
        self.slider.valueChanged.connect(lambda _value: self._settle.start())
        self._pictures: tuple[Picture, ...] | None = None
        self.show_pictures(())

    def show_pictures(self, pictures: tuple[Picture, ...]) -> None:
        """Offer these pictures."""
        if pictures == self._pictures:
            return
        self._pictures = pictures
        for button in self._buttons.values():
            self._group.removeButton(button)
            self._layout.removeWidget(button)
            button.hide()
            button.deleteLater()
        self._buttons = {}
        for picture in pictures:
            button = QToolButton(autoRaise=True)
            button.setText(picture.title)
            if picture.out:
                font = button.font()
                font.setStrikeOut(True)
                button.setFont(font)
            button.setCheckable(True)
            button.setToolTip(f"{picture.tip}  ([ and ] step through)")
            button.setAccessibleName(picture.tip)
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            button.clicked.connect(lambda _on, key=picture.key: self.pictureAsked.emit(key))
            self._group.addButton(button)
            self._layout.addWidget(button)
            self._buttons[picture.key] = button
        # The contrast stands last.
        self._layout.removeWidget(self._contrast)
        self._layout.addWidget(self._contrast)
        self.setVisible(bool(pictures))

    def mark(self, key: str) -> None:
        """Mark the picture that is shown."""
        if key in self._buttons:
            self._buttons[key].setChecked(True)

    def mark_even(self, on: bool) -> None:
        """Say whether channels are shown as under even light."""
        self.even.setChecked(on)

    def show_limits(self, limits: Limits) -> None:
        """Set the slider to a contrast; its ends lie beyond, so that there is room to either side."""
        if self._settle.isActive() or self.slider.isSliderDown():
            return
        low, high = limits
        if not (self._range[0] <= low and high <= self._range[1]) or (high - low) < 0.15 * (
            self._range[1] - self._range[0]
        ):
            spread = max(high - low, 1e-6)
            self._range = (low - 0.6 * spread, high + 0.6 * spread)
        a, b = self._range
        self.slider.blockSignals(True)
        self.slider.setValue(tuple(round((v - a) / (b - a) * _STEPS) for v in (low, high)))
        self.slider.blockSignals(False)
        self.slider.setToolTip(f"Grey values {low:.3g} to {high:.3g} are shown; remembered for this scan and channel")

    def _tell(self) -> None:
        a, b = self._range
        low, high = (a + value / _STEPS * (b - a) for value in self.slider.value())
        if high > low:
            self.contrastAsked.emit((low, high))
