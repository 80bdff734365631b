"""Settings never stand in the way of starting."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from moedal_gui.app.settings import Settings, SettingsFile


@pytest.mark.parametrize("content", ["{", "[]", '{"font_scale": "large"}', '{"theme": "pink"}', "\x00\x01"])
def test_what_cannot_be_read_is_set_aside(tmp_path: Path, content: str) -> None:
    file = tmp_path / "settings.json"
    file.write_text(content)
    settings = SettingsFile(file)
    assert settings.now == Settings()
    assert settings.set_aside is not None
    assert settings.set_aside.read_text() == content
    settings.change(annotator="ada")
    assert SettingsFile(file).now.annotator == "ada"


def test_settings_come_back_as_they_were(tmp_path: Path) -> None:
    first = SettingsFile(tmp_path / "deep" / "settings.json")
    first.change(theme="dark", keys={"view.fit": ("Ctrl+H",)}, contrast={"a|b|0:az": (1.0, 2.5)}, font_scale=1.2)
    first.remember_project(tmp_path)
    assert SettingsFile(first.path).now == first.now


def test_a_newer_programs_keys_are_left_out(tmp_path: Path) -> None:
    file = tmp_path / "settings.json"
    file.write_text(json.dumps({"annotator": "bo", "hologram": True}))
    settings = SettingsFile(file)
    assert settings.now.annotator == "bo"
    assert settings.set_aside is None
