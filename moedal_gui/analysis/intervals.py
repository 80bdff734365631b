"""Fractions with intervals."""

from __future__ import annotations

import math
from typing import TypedDict

_Z = 1.959963984540054  # 97.5 % point of the standard normal


class Fraction(TypedDict):
    """A fraction and its 95 % interval; all None where nothing was counted."""

    value: float | None
    low: float | None
    high: float | None


def fraction(part: int, whole: int) -> Fraction:
    """``part`` of ``whole`` with the Wilson score interval (Wilson, J. Am. Stat. Assoc. 22 (1927) 209)."""
    if whole <= 0:
        return {"value": None, "low": None, "high": None}
    share, square = part / whole, _Z**2 / whole
    middle = (share + square / 2) / (1 + square)
    reach = _Z * math.sqrt(share * (1 - share) / whole + square / (4 * whole)) / (1 + square)
    return {
        "value": share,
        "low": 0.0 if part == 0 else middle - reach,
        "high": 1.0 if part == whole else middle + reach,
    }


def harmonic_mean(a: Fraction, b: Fraction) -> Fraction:
    """F1 of an efficiency and a purity; the bounds are those of its two parts together."""

    def mean(x: float | None, y: float | None) -> float | None:
        if x is None or y is None:
            return None
        return 2 * x * y / (x + y) if x + y > 0 else 0.0

    return {"value": mean(a["value"], b["value"]), "low": mean(a["low"], b["low"]), "high": mean(a["high"], b["high"])}


def rounded(value: float | None, digits: int = 4) -> str:
    """A number for a sentence; ``-`` where there is none."""
    return "-" if value is None or not math.isfinite(value) else f"{value:.{digits}g}"
