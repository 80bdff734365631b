"""A form made from a frozen dataclass whose fields say how they look (`core.task.Parameter`)."""

from __future__ import annotations

import types
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, Field, fields
from pathlib import Path
from typing import Any, Union, get_args, get_origin, get_type_hints

from PySide6.QtCore import QEvent, QObject, Signal
from PySide6.QtWidgets import QCheckBox, QComboBox, QFormLayout, QHBoxLayout, QLineEdit, QPushButton, QWidget

from moedal_gui.core.task import Parameter

_EMPTY = "—"


class Form(QWidget):
    """One control for each parameter; `value` gives the dataclass.

    Parameters
    ----------
    parameters
        The dataclass.
    known
        Field name -> value it starts with.
    choices
        Field name -> what may be picked, where the program knows it and the dataclass does not.
    proposals
        Field name -> what may be picked where something else may be typed, too.
    browse
        Called with (field name, path that stands there) to let the person pick a path; returns text.

    Signals
    -------
    explained
        The help of the parameter that has the keyboard now.
    """

    changed = Signal()
    explained = Signal(str)

    def __init__(
        self,
        parameters: type[Any],
        known: Mapping[str, Any] | None = None,
        choices: Mapping[str, Sequence[str]] | None = None,
        proposals: Mapping[str, Sequence[str]] | None = None,
        browse: Callable[[str, str], str] | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._parameters = parameters
        self._browse = browse
        self._choices, self._proposals = choices or {}, proposals or {}
        self._readers: dict[str, Callable[[], Any]] = {}
        self._help: dict[QObject, str] = {}
        self._rare: list[QWidget] = []
        self._rows = QFormLayout(self)
        self._rows.setContentsMargins(0, 0, 0, 0)
        self._rows.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        hints = get_type_hints(parameters)
        for one in fields(parameters):
            meta = one.metadata.get("parameter")
            if isinstance(meta, Parameter):
                self._add(one.name, meta, hints[one.name], (known or {}).get(one.name, _default(one)))
        self.show_rare(False)

    @property
    def has_rare(self) -> bool:
        """Whether some parameters stand among more settings."""
        return bool(self._rare)

    def show_rare(self, on: bool) -> None:
        """Show the rarely needed parameters, or put them away; they count either way."""
        self.shows_rare = on
        for control in self._rare:
            self._rows.setRowVisible(control, on)

    def value(self) -> Any:
        """The parameters as the form stands.

        Raises
        ------
        ValueError
            A text is no number, or something that must be said is missing; one sentence.
        """
        return self._parameters(**{name: read() for name, read in self._readers.items()})

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Tell the help of what is about to be filled in."""
        if event.type() == QEvent.Type.FocusIn and watched in self._help:
            self.explained.emit(self._help[watched])
        return super().eventFilter(watched, event)

    def _add(self, name: str, meta: Parameter, hint: Any, start: Any) -> None:
        caption = meta.label or _caption(name)
        control = self._control(name, meta, hint, start)
        for widget in (control, *control.findChildren(QWidget)):
            if not isinstance(widget, QPushButton):
                widget.setToolTip(meta.explain)
                widget.setAccessibleName(caption)
                widget.setAccessibleDescription(meta.explain)
                widget.installEventFilter(self)
                self._help[widget] = f"{meta.explain[:1].upper()}{meta.explain[1:]}."
        self._rows.addRow(caption, control)
        label = self._rows.labelForField(control)
        if label is not None:
            label.setToolTip(meta.explain)
        if meta.rare:
            self._rare.append(control)

    def _control(self, name: str, meta: Parameter, hint: Any, start: Any) -> QWidget:
        kind, optional, many = _kind(hint)
        options = tuple(self._choices.get(name, meta.choices))
        empty = meta.unset or _EMPTY
        if kind is bool:
            box = QCheckBox()
            box.setChecked(bool(start))
            box.toggled.connect(self.changed)
            self._readers[name] = box.isChecked
            return box
        if options and not many:
            return self._choice(name, start, options, empty if optional else "")
        caption = meta.label or _caption(name)
        line = QLineEdit(_written(start))
        line.setPlaceholderText(empty if optional else "")
        line.textChanged.connect(self.changed)
        self._readers[name] = lambda: _read(caption, line.text(), kind, optional, many)
        if kind is Path and self._browse is not None:
            return self._with_button(name, line, self._browse)
        if name in self._proposals:
            return _with_proposals(line, self._proposals[name])
        return line

    def _choice(self, name: str, start: Any, options: Sequence[str], empty: str) -> QWidget:
        """A box to pick from; ``empty`` is what stands for nothing, and is empty where something must be picked."""
        box = QComboBox()
        if empty:
            box.addItem(empty, None)
        for option in options:
            box.addItem(option, option)
        box.setCurrentIndex(max(box.findData(str(start)) if start is not None else 0, 0))
        box.currentIndexChanged.connect(lambda _i: self.changed.emit())
        self._readers[name] = box.currentData
        return box

    @staticmethod
    def _with_button(name: str, line: QLineEdit, browse: Callable[[str, str], str]) -> QWidget:
        row = QWidget()
        layout = QHBoxLayout(row)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(line, 1)
        button = QPushButton("Browse…")
        button.setToolTip("Pick a file or folder")
        button.setAutoDefault(False)  # Return starts what the dialog is for
        button.clicked.connect(lambda: line.setText(browse(name, line.text()) or line.text()))
        layout.addWidget(button)
        return row


def _with_proposals(line: QLineEdit, proposals: Sequence[str]) -> QWidget:
    """A line with a list beside it."""
    box = QComboBox(editable=True)
    start, hint = line.text(), line.placeholderText()
    box.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
    box.setLineEdit(line)
    box.addItems(list(proposals))
    line.setPlaceholderText(hint)
    box.setCurrentIndex(-1)
    line.setText(start)
    return box


def _default(one: Field[Any]) -> Any:
    if one.default is not MISSING:
        return one.default
    return one.default_factory() if one.default_factory is not MISSING else None


def _caption(name: str) -> str:
    units = {"um": "(µm)", "px": "(px)", "deg": "(°)", "xy": "XY"}
    words = [units.get(word, word) for word in name.rstrip("_").split("_")]
    text = " ".join(words)
    return text[:1].upper() + text[1:]


def _kind(hint: Any) -> tuple[Any, bool, bool]:
    """Plain type, whether None is allowed, whether there may be several."""
    if get_origin(hint) in (Union, types.UnionType):
        rest = [a for a in get_args(hint) if a is not type(None)]
        kind, _, many = _kind(rest[0])
        return kind, True, many
    if get_origin(hint) is tuple:
        return get_args(hint)[0], False, True
    return hint, False, False


def _written(value: Any) -> str:
    if value is None:
        return ""
    return ", ".join(str(v) for v in value) if isinstance(value, tuple | list) else str(value)


def _read(caption: str, text: str, kind: Any, optional: bool, many: bool) -> Any:
    text = text.strip()
    try:
        if many:
            return tuple(kind(word.strip()) for word in text.split(",") if word.strip())
        if not text and optional:
            return None
        if not text:
            raise ValueError
        return kind(text) if kind in (int, float, str, Path) else text
    except ValueError:
        wanted = {int: "a whole number", float: "a number", Path: "a file or folder"}.get(kind, "a word")
        raise ValueError(f"{caption}: give {wanted}") from None
