"""Light and dark, text size, and the colour and shape of every class."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from PySide6.QtCore import QByteArray, QSize, Qt
from PySide6.QtGui import QColor, QFont, QGuiApplication, QIcon, QPainter, QPalette, QPixmap
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QApplication

from moedal_gui import paths
from moedal_gui.app.settings import Settings

Shape = Literal["star", "up", "down", "square", "diamond", "circle"]


@dataclass(frozen=True)
class Mark:
    """How a class or surface looks; never told by colour alone."""

    name: str
    colour: str
    shape: Shape


# Okabe and Ito's colours, safe for every kind of colour vision.
MARKS: dict[str, Mark] = {
    "candidate": Mark("candidate", "#E69F00", "star"),
    "top": Mark("top", "#56B4E9", "up"),
    "bottom": Mark("bottom", "#D55E00", "down"),
    "misc": Mark("misc", "#009E73", "square"),
    "maybe": Mark("maybe", "#CC79A7", "diamond"),
    "": Mark("unknown", "#F0E442", "circle"),
}


@dataclass(frozen=True)
class Tones:
    """Colours of one theme."""

    ground: str
    panel: str
    raised: str
    line: str
    text: str
    dim: str
    accent: str
    on_accent: str
    good: str
    warning: str
    bad: str
    canvas: str


LIGHT = Tones("#f2f3f5", "#ffffff", "#e9ecf0", "#cfd4da", "#1b1f24", "#56606b", "#0067a5", "#ffffff", "#00704f", "#8a5a00",
              "#b3261e", "#181a1e")  # fmt: skip
DARK = Tones("#1c1e22", "#24272c", "#2f333a", "#3d424b", "#e8eaed", "#a2abb5", "#6cc0f0", "#10202b", "#4fc79a", "#f0b64a",
             "#ff8a7a", "#101214")  # fmt: skip


def tones_in_force() -> Tones:
    """The tones of the application's palette."""
    base = QGuiApplication.palette().color(QPalette.ColorRole.Window)
    return DARK if base.lightness() < 128 else LIGHT


def wear(application: QApplication, settings: Settings, natural_points: float) -> None:
    """Dress the application in the theme and text size that the person chose."""
    hints = application.styleHints()
    chosen = {"light": Qt.ColorScheme.Light, "dark": Qt.ColorScheme.Dark}.get(settings.theme, Qt.ColorScheme.Unknown)
    hints.setColorScheme(chosen)
    dark = settings.theme == "dark" or (settings.theme == "system" and hints.colorScheme() == Qt.ColorScheme.Dark)
    tones = DARK if dark else LIGHT
    application.setPalette(_palette(tones))
    font = QFont(application.font())
    font.setPointSizeF(natural_points * settings.font_scale)
    application.setFont(font)
    application.setStyleSheet(_sheet(tones))


def icon(name: str, size: int = 20) -> QIcon:
    """An icon of resources/icons in the text colour of the theme in force."""
    tones = tones_in_force()
    result = QIcon()
    result.addPixmap(_drawn(name, tones.text, size), QIcon.Mode.Normal)
    result.addPixmap(_drawn(name, tones.line, size), QIcon.Mode.Disabled)
    return result


def _drawn(name: str, colour: str, size: int) -> QPixmap:
    file = paths.resources() / "icons" / f"{name}.svg"
    text = file.read_text(encoding="utf-8").replace("currentColor", colour)
    pixmap = QPixmap(QSize(2 * size, 2 * size))
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    QSvgRenderer(QByteArray(text.encode())).render(painter)
    painter.end()
    pixmap.setDevicePixelRatio(2.0)
    return pixmap


def _palette(t: Tones) -> QPalette:
    role = QPalette.ColorRole
    palette = QPalette()
    for one, colour in {
        role.Window: t.ground, role.WindowText: t.text, role.Base: t.panel, role.AlternateBase: t.raised,
        role.Text: t.text, role.Button: t.raised, role.ButtonText: t.text, role.Highlight: t.accent,
        role.HighlightedText: t.on_accent, role.ToolTipBase: t.raised, role.ToolTipText: t.text,
        role.PlaceholderText: t.dim, role.Link: t.accent, role.Mid: t.line, role.Accent: t.accent,
    }.items():  # fmt: skip
        palette.setColor(one, QColor(colour))
    for one in (role.WindowText, role.Text, role.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, one, QColor(t.dim))
    return palette


def _drawing(name: str, t: Tones) -> str:
    """The file of a small drawing, for style sheets take pictures by their file only."""
    return (paths.resources() / "themes" / f"{name}-{'dark' if t is DARK else 'light'}.svg").as_posix()


def _sheet(t: Tones) -> str:
    return f"""
    QMainWindow::separator {{ background: {t.ground}; width: 5px; height: 5px; }}
    QMainWindow::separator:hover {{ background: {t.accent}; }}
    QToolBar {{ background: {t.ground}; border: none; border-bottom: 1px solid {t.line}; spacing: 2px; padding: 3px 6px; }}
    QToolBar QToolButton {{ padding: 4px 8px; border-radius: 5px; }}
    QToolButton:hover {{ background: {t.raised}; }}
    QToolButton:checked {{ background: {t.accent}; color: {t.on_accent}; }}
    QToolButton:focus, QPushButton:focus {{ outline: none; border: 1px solid {t.accent}; }}
    QMenuBar {{ background: {t.ground}; }}
    QMenuBar::item {{ padding: 4px 9px; background: transparent; }}
    QMenuBar::item:selected {{ background: {t.raised}; border-radius: 4px; }}
    QMenu {{ background: {t.panel}; border: 1px solid {t.line}; padding: 4px; }}
    QMenu::item {{ padding: 5px 26px 5px 22px; border-radius: 4px; }}
    QMenu::item:selected {{ background: {t.accent}; color: {t.on_accent}; }}
    QMenu::item:disabled {{ color: {t.dim}; }}
    QMenu::separator {{ height: 1px; background: {t.line}; margin: 4px 8px; }}
    QDockWidget > QWidget {{ background: {t.panel}; }}
    DockTitle, DockTitle > * {{ background: {t.ground}; }}
    QTabBar::tab {{ background: {t.ground}; color: {t.dim}; padding: 6px 7px; border: none; border-bottom: 2px solid transparent; }}
    QTabBar::tab:selected {{ color: {t.text}; border-bottom: 2px solid {t.accent}; }}
    QTabBar::tab:hover {{ color: {t.text}; }}
    QPushButton {{ background: {t.raised}; border: 1px solid {t.line}; border-radius: 5px; padding: 5px 12px; }}
    QPushButton:hover {{ border-color: {t.accent}; }}
    QPushButton:pressed {{ background: {t.line}; }}
    QPushButton:checked {{ background: {t.accent}; color: {t.on_accent}; border-color: {t.accent}; }}
    QPushButton:disabled {{ color: {t.dim}; background: {t.ground}; }}
    QPushButton:flat {{ background: transparent; border: 1px solid transparent; padding: 2px 8px; }}
    QPushButton:flat:hover {{ border-color: {t.line}; }}
    QPushButton[main="true"] {{ background: {t.accent}; color: {t.on_accent}; border-color: {t.accent}; font-weight: 600; }}
    QPushButton[main="true"]:disabled {{ background: {t.raised}; color: {t.dim}; border-color: {t.line}; }}
    QLineEdit, QComboBox, QSpinBox, QDoubleSpinBox, QPlainTextEdit {{ background: {t.panel}; border: 1px solid {t.line};
        border-radius: 5px; padding: 4px 6px; selection-background-color: {t.accent}; selection-color: {t.on_accent}; }}
    QAbstractSpinBox QLineEdit, QComboBox QLineEdit {{ border: none; padding: 0; background: transparent; }}
    QSpinBox::up-button, QSpinBox::down-button, QDoubleSpinBox::up-button, QDoubleSpinBox::down-button {{ width: 0; border: none; }}
    QComboBox {{ padding-right: 20px; }}
    QComboBox::drop-down {{ border: none; width: 20px; subcontrol-origin: padding; subcontrol-position: center right; }}
    QComboBox::down-arrow {{ image: url("{_drawing("arrow", t)}"); width: 12px; height: 12px; }}
    QCheckBox::indicator {{ width: 14px; height: 14px; background: {t.panel}; border: 1px solid {t.dim}; border-radius: 3px; }}
    QCheckBox::indicator:hover, QCheckBox::indicator:focus {{ border-color: {t.accent}; }}
    QCheckBox::indicator:checked {{ background: {t.accent}; border-color: {t.accent}; image: url("{_drawing("check", t)}"); }}
    QCheckBox::indicator:disabled {{ border-color: {t.line}; background: {t.ground}; }}
    QLineEdit:focus, QComboBox:focus, QSpinBox:focus, QDoubleSpinBox:focus {{ border-color: {t.accent}; }}
    QTreeView, QTableView, QListView, QScrollArea {{ background: {t.panel}; border: none; alternate-background-color: {t.ground}; }}
    QScrollArea#form {{ background: {t.ground}; }}
    QTreeView::item, QListView::item {{ padding: 3px 2px; }}
    QHeaderView::section {{ background: {t.ground}; color: {t.dim}; border: none; border-bottom: 1px solid {t.line};
        padding: 5px 6px; }}
    QHeaderView::up-arrow, QHeaderView::down-arrow {{ subcontrol-position: top center; width: 7px; height: 5px; }}
    QStatusBar {{ background: {t.ground}; border-top: 1px solid {t.line}; }}
    QStatusBar::item {{ border: none; }}
    QProgressBar {{ background: {t.raised}; border: none; border-radius: 4px; text-align: center; min-height: 14px; }}
    QProgressBar::chunk {{ background: {t.accent}; border-radius: 4px; }}
    QDialogButtonBox {{ dialogbuttonbox-buttons-have-icons: 0; }}
    QToolTip {{ background: {t.raised}; color: {t.text}; border: 1px solid {t.line}; padding: 4px 6px; }}
    QLabel[role="dim"] {{ color: {t.dim}; }}
    QLabel[role="warning"] {{ color: {t.warning}; }}
    QLabel[role="bad"] {{ color: {t.bad}; }}
    QLabel[role="good"] {{ color: {t.good}; }}
    QLabel[role="head"] {{ font-weight: 600; }}
    QFrame[role="card"] {{ background: {t.panel}; border: 1px solid {t.line}; border-radius: 8px; }}
    QFrame[role="line"] {{ background: {t.line}; max-height: 1px; border: none; }}
    """
