"""A form made from a frozen dataclass whose fields say how they look (`core.task.Parameter`)."""

from __future__ import annotations

import types
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, Field, fields
from pathlib import Path
from typing import Any, Union, get_args, get_origin, get_type_hints

from PySide6.QtCore import Signal
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
    browse
        Called with (field name, path that stands there) to let the person pick a path; returns text.
    """

    changed = Signal()

    def __init__(
        self,
        parameters: type[Any],
        known: Mapping[str, Any] | None = None,
        choices: Mapping[str, Sequence[str]] | None = None,
        browse: Callable[[str, str], str] | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._parameters = parameters
        self._browse = browse
        self._readers: dict[str, Callable[[], Any]] = {}
        layout = QFormLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        hints = get_type_hints(parameters)
        for one in fields(parameters):
            meta = one.metadata.get("parameter")
            if not isinstance(meta, Parameter):
                continue
            start = (known or {}).get(one.name, _default(one))
            options = tuple((choices or {}).get(one.name, meta.choices))
            control = self._control(one.name, hints[one.name], start, options)
            control.setToolTip(meta.explain)
            control.setAccessibleName(_caption(one.name))
            control.setAccessibleDescription(meta.explain)
            layout.addRow(_caption(one.name), control)

    def value(self) -> Any:
        """The parameters as the form stands.

        Raises
        ------
        ValueError
            A text is no number, or something that must be said is missing; one sentence.
        """
        return self._parameters(**{name: read() for name, read in self._readers.items()})

    def _control(self, name: str, hint: Any, start: Any, options: Sequence[str]) -> QWidget:
        kind, optional, many = _kind(hint)
        if kind is bool:
            box = QCheckBox()
            box.setChecked(bool(start))
            box.toggled.connect(self.changed)
            self._readers[name] = box.isChecked
            return box
        if options and not many:
            return self._choice(name, start, options, optional)
        line = QLineEdit(_written(start))
        line.setPlaceholderText("by itself" if optional else "")
        line.textChanged.connect(self.changed)
        self._readers[name] = lambda: _read(name, line.text(), kind, optional, many)
        if kind is Path and self._browse is not None:
            return self._with_button(name, line, self._browse)
        return line

    def _choice(self, name: str, start: Any, options: Sequence[str], optional: bool) -> QWidget:
        box = QComboBox()
        box.addItems(([_EMPTY] if optional else []) + list(options))
        if start is not None and box.findText(str(start)) >= 0:
            box.setCurrentText(str(start))
        box.currentTextChanged.connect(self.changed)
        self._readers[name] = lambda: None if box.currentText() == _EMPTY else box.currentText()
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


def _read(name: str, text: str, kind: Any, optional: bool, many: bool) -> Any:
    text = text.strip()
    try:
        if many:
            return tuple(kind(word.strip()) for word in text.split(",") if word.strip())
        if not text and optional:
            return None
        if not text and kind is not str:
            raise ValueError
        return kind(text) if kind in (int, float, str, Path) else text
    except ValueError:
        wanted = {int: "a whole number", float: "a number", Path: "a file or folder"}.get(kind, "a value")
        raise ValueError(f"{_caption(name)} needs {wanted}") from None
