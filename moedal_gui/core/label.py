"""A label: what one person said of one place of one scan, and when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

CLASSES: tuple[str, ...] = ("candidate", "top", "bottom", "misc", "maybe")
"""The classes every project has, in the order of their keys 1 to 5."""

LABEL_COLUMNS: tuple[str, ...] = (
    "foil", "scan", "field", "x_px", "y_px", "surface", "label", "annotator", "when", "pass",
)  # fmt: skip


@dataclass(frozen=True)
class Label:
    """Pinned to what was looked at; written once, never changed.

    ``label`` is a class, or empty where the person took an earlier label back. ``extra`` is what else a file said of
    it (JSON of column to text), kept as it was.
    """

    foil: str
    scan: str
    field: str
    x_px: float
    y_px: float
    label: str
    surface: str = ""
    annotator: str = ""
    when: str = ""
    pass_name: str = ""
    extra: str = ""


def now() -> str:
    """This moment, UTC, ISO 8601 to the millisecond."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
