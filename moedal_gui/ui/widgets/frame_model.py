"""A table of values for Qt's views, sorted by any column."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt

Index = QModelIndex | QPersistentModelIndex


@dataclass(frozen=True)
class Column:
    """One column: its name in the table, its head, a tip, and how a value is written; ``words`` stand left, numbers right.

    ``widest`` is as wide as a value comes, for who makes the column wide enough.
    """

    name: str
    title: str
    tip: str
    write: Callable[[Any], str]
    words: bool = False
    widest: str = ""


def number(digits: int) -> Callable[[Any], str]:
    """Writes numbers with so many digits after the point; nothing for a missing one."""
    return lambda value: f"{value:.{digits}f}" if value is not None and np.isfinite(value) else ""


def share(digits: int) -> Callable[[Any], str]:
    """Writes probabilities: one that is not quite certain is never written as 0 or 1."""
    least = 10.0**-digits
    plain = number(digits)

    def write(value: Any) -> str:
        if value is not None and 0.0 < value < 0.5 * least:
            return f"< {least:.{digits}f}"
        if value is not None and 1.0 - 0.5 * least < value < 1.0:
            return f"> {1.0 - least:.{digits}f}"
        return plain(value)

    return write


class FrameModel(QAbstractTableModel):
    """Shows the rows of a table through given columns; `row_at` gives back the table's own row."""

    def __init__(self, columns: Sequence[Column]) -> None:
        super().__init__()
        self._columns = list(columns)
        self._table = pd.DataFrame()
        self._order = np.zeros(0, np.int64)

    def show_table(self, table: pd.DataFrame, keep: np.ndarray[Any, np.dtype[np.bool_]] | None = None) -> None:
        """Take up another table, of which ``keep`` picks rows."""
        self.beginResetModel()
        self._table = table
        self._order = np.flatnonzero(keep) if keep is not None else np.arange(len(table))
        self.endResetModel()

    def row_at(self, view_row: int) -> int:
        """Row of the table shown in a row of the view."""
        return int(self._order[view_row])

    def view_row(self, row: int) -> int | None:
        """Row of the view that shows a row of the table."""
        found = np.flatnonzero(self._order == row)
        return int(found[0]) if len(found) else None

    def value_changed(self, row: int) -> None:
        """A row of the table reads differently now."""
        shown = self.view_row(row)
        if shown is not None:
            self.dataChanged.emit(self.index(shown, 0), self.index(shown, len(self._columns) - 1))

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own signature
        """Rows shown."""
        return 0 if parent.isValid() else len(self._order)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        """Columns shown."""
        return 0 if parent.isValid() else len(self._columns)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Text or alignment of a cell."""
        column = self._columns[index.column()]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return self._alignment(index.column())
        if role != Qt.ItemDataRole.DisplayRole:
            return None
        return column.write(self._table[column.name].iat[self.row_at(index.row())])

    def _alignment(self, column: int) -> int:
        side = Qt.AlignmentFlag.AlignLeft if self._columns[column].words else Qt.AlignmentFlag.AlignRight
        return int(Qt.AlignmentFlag.AlignVCenter | side)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Heads and their tips."""
        if orientation == Qt.Orientation.Vertical:
            return section + 1 if role == Qt.ItemDataRole.DisplayRole else None
        if role == Qt.ItemDataRole.ToolTipRole:
            return self._columns[section].tip
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return self._alignment(section)
        return self._columns[section].title if role == Qt.ItemDataRole.DisplayRole else None

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """Sort by a column; missing values last."""
        if not len(self._order) or column < 0:
            return
        values = self._table[self._columns[column].name].iloc[self._order]
        ranked = values.reset_index(drop=True).sort_values(
            ascending=order == Qt.SortOrder.AscendingOrder, kind="stable", na_position="last"
        )
        self.layoutAboutToBeChanged.emit()
        self._order = self._order[ranked.index.to_numpy()]
        self.layoutChanged.emit()
