"""The layout of what a detector's second network sees of each pit, and of what it answers."""

from __future__ import annotations

SIDE = 20
"""Samples along each side of a view."""

REACH = 1.75
"""How far a view reaches from the mouth's centre, in half axes."""

FACTS = ("far", "log_major", "log_minor", "strength", "logit", "rival")
"""What is said of a pit beside its view: 1 on the far surface, -1 on the near; logarithms of its half axes in px less 1.6;
logarithm of the view's slopes over their noise less 1; logit of its centre in the detector's maps, and of the other
surface's there, both over 3."""

ANSWERS = (
    "pit", "shift_u", "shift_v", "stretch_uu", "stretch_vv", "stretch_uv", "tip_u", "tip_v",
    "doubt_u", "doubt_v", "doubt_uu", "doubt_vv", "doubt_uv",
)  # fmt: skip
"""In the frame of the view (u along the major axis towards the tip, v across, in half axes): logit that it is a pit; shift
of the centre; the symmetric matrix whose exponential brings the unit circle to the mouth; where the tip lies; logarithms of
the Laplace scales of the errors of shift and stretch."""
