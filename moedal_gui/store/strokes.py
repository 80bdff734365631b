"""Strokes of the label journal: what was given, taken back and given again, in one order for everything."""

from __future__ import annotations

import sqlite3


def new_stroke(connection: sqlite3.Connection, annotator: str, kind: str, target: int | None, when: str) -> int:
    """Append a stroke (``give``, ``undo`` or ``redo``); returns its number."""
    row = connection.execute(
        'INSERT INTO strokes (annotator, kind, target, "when") VALUES (?, ?, ?, ?) RETURNING stroke',
        (annotator, kind, target, when),
    ).fetchone()
    return int(row[0])


def stacks(connection: sqlite3.Connection, annotator: str) -> tuple[list[int], list[int]]:
    """Strokes that can be undone and redone, newest last. Imports are not strokes of the hand and stay out."""
    done: list[int] = []
    undone: list[int] = []
    rows = connection.execute(
        "SELECT stroke, kind, target FROM strokes WHERE annotator = ? AND NOT EXISTS "
        "(SELECT 1 FROM labels WHERE labels.stroke = strokes.stroke AND labels.origin != 'hand') AND NOT EXISTS "
        "(SELECT 1 FROM corrections WHERE corrections.stroke = strokes.stroke AND corrections.origin != 'hand') ORDER BY stroke",
        (annotator,),
    )
    for stroke, kind, target in rows:
        if kind == "give":
            done.append(int(stroke))
            undone.clear()
        elif kind == "undo":
            done.remove(int(target))
            undone.append(int(target))
        else:
            undone.remove(int(target))
            done.append(int(target))
    return done, undone


def undone_strokes(connection: sqlite3.Connection) -> set[int]:
    """Strokes that somebody took back and nobody gave again."""
    result: set[int] = set()
    for kind, target in connection.execute("SELECT kind, target FROM strokes WHERE kind != 'give' ORDER BY stroke"):
        if kind == "undo":
            result.add(int(target))
        else:
            result.discard(int(target))
    return result
