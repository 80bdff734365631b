"""The theme on a plot: its ground, and the lines and words of its axes."""

from __future__ import annotations

import pyqtgraph as pg

from moedal_gui.ui.theme import tones_in_force


def dress_axes(plot: pg.PlotWidget) -> None:
    """Give a plot's ground and axes the tones in force."""
    tone = tones_in_force()
    plot.setBackground(tone.panel)
    for side in ("left", "bottom"):
        axis = plot.getAxis(side)
        axis.setPen(tone.line)
        axis.setTextPen(tone.dim)
