"""Corrections by hand, as the label journal keeps them: append-only, undone and given again with the labels."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from moedal_gui.core.correction import Mouth, PitCorrection, Spot
from moedal_gui.core.errors import LabelError
from moedal_gui.core.label import now
from moedal_gui.store.database import Database
from moedal_gui.store.strokes import new_stroke, undone_strokes

_NAMES = (
    "kind", "foil", "scan", "field", "x_px", "y_px", "surface", "to_scan", "to_field", "to_x_px", "to_y_px", "to_surface",
    "major_px", "minor_px", "azimuth_deg", "surface_score", "snr", "annotator", "when",
)  # fmt: skip
_COLUMNS = ", ".join(f'"{name}"' for name in _NAMES)


class Corrections:
    """Reads and writes the corrections in a project's label journal."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def give(self, correction: PitCorrection) -> int:
        """Append one correction as a stroke of its own, on disk when this returns; returns the stroke's number."""
        if not correction.annotator:
            raise LabelError("Nobody says who puts this right", remedy="say who labels first")
        with self._database.transaction() as connection:
            return _append(connection, correction, "hand")

    def in_force(self, kinds: Sequence[str] = ()) -> list[PitCorrection]:
        """Corrections not taken back, in the order they were given; ``kinds`` picks some."""
        connection = self._database.connection()
        undone = undone_strokes(connection)
        return [c for c in _all(connection) if c.stroke not in undone and (not kinds or c.kind in kinds)]

    def turned(self) -> list[PitCorrection]:
        """What the newest stroke of the journal took back or gave again; nothing where that was no correction."""
        connection = self._database.connection()
        row = connection.execute("SELECT target FROM strokes ORDER BY stroke DESC LIMIT 1").fetchone()
        return [] if row is None or row[0] is None else [c for c in _all(connection) if c.stroke == row[0]]

    def mark(self) -> str:
        """A word that changes whenever the corrections in force do; empty before the first correction."""
        row = (
            self._database.connection()
            .execute(
                "SELECT max(stroke) FROM strokes WHERE stroke IN (SELECT stroke FROM corrections)"
                " OR target IN (SELECT stroke FROM corrections)"
            )
            .fetchone()
        )
        return "" if row[0] is None else str(row[0])

    def append_missing(self, theirs: Sequence[PitCorrection], origin: str) -> int:
        """Append corrections of another journal that none ever given here equals; returns how many.

        One that was taken back here stays taken back.
        """
        known = {_identity(c) for c in _all(self._database.connection())}
        new = [c for c in theirs if _identity(c) not in known]
        if new:
            with self._database.transaction() as connection:
                for correction in new:
                    _append(connection, correction, origin)
        return len(new)


def _append(connection: sqlite3.Connection, c: PitCorrection, origin: str) -> int:
    when = c.when or now()
    stroke = new_stroke(connection, c.annotator, "give", None, when)
    mouth = (c.mouth.major_px, c.mouth.minor_px, c.mouth.azimuth_deg, c.mouth.surface_score, c.mouth.snr)
    row = (c.kind, c.foil, *_words(c.at), *_words(c.to), *mouth, c.annotator, when, origin, stroke)
    connection.execute(
        f"INSERT INTO corrections ({_COLUMNS}, origin, stroke) VALUES ({', '.join('?' * len(row))})", row
    )
    return stroke


def _words(spot: Spot) -> tuple[str, str, float, float, str]:
    return (spot.scan, spot.field, spot.x_px, spot.y_px, spot.surface)


def _all(connection: sqlite3.Connection) -> list[PitCorrection]:
    rows = connection.execute(f"SELECT {_COLUMNS}, correction_id, stroke FROM corrections ORDER BY correction_id")
    return [
        PitCorrection(kind, foil, Spot(*at), Spot(*to), Mouth(*mouth), who, when, number, stroke)
        for kind, foil, at, to, mouth, who, when, number, stroke in (
            (r[0], r[1], r[2:7], r[7:12], r[12:17], r[17], r[18], r[19], r[20]) for r in rows
        )
    ]


def _identity(c: PitCorrection) -> tuple[object, ...]:
    places = [(s.scan, s.field, round(s.x_px, 3), round(s.y_px, 3), s.surface) for s in (c.at, c.to)]
    return (c.kind, c.foil, *places, c.annotator, c.when)
