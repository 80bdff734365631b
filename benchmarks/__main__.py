"""``make bench``: every measurement, one after another, written to docs/benchmarks.md."""

from __future__ import annotations

import importlib
import os
import platform
import subprocess
import sys
from pathlib import Path

from benchmarks.display import display

PAGE = Path(__file__).resolve().parent.parent / "docs" / "benchmarks.md"
_MARK = "== figures ==\n"
PARTS = {
    "ingest": "Ingest beside bare decoding",
    "detection": "Pre-selection beside known detectors",
    "second": "Pre-selection on the fields of a second simulator",
    "pictures": "Crowded pits of single pictures",
    "linking": "Links, on tracks drawn with a detector's errors",
    "labelling": "From key to disk and next crop",
    "training": "Training the standard recipe",
    "scoring": "Scoring with an ensemble",
    "beside": "The window while networks train",
    "scale": "A foil from end to end",
    "moving": "Opening and moving about, beside napari's own layers",
}


def main(names: list[str]) -> None:
    """Measure the named parts (all by default) and write the page; parts not measured keep their figures."""
    kept = _kept()
    for name in names or list(PARTS):
        print(f"== {name}", flush=True)
        with display():
            lines = _measured(name)
        print("\n".join(lines), flush=True)
        kept[name] = lines
    text = [
        "# Measured figures",
        "",
        "Written by `make bench`. Ratios are of runs beside each other on one machine; absolute times are",
        "of that machine only.",
        "",
    ]
    text += [f"Machine: {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}.", ""]
    for name, title in PARTS.items():
        if name in kept:
            text += [f"## {title}", "", f"<!-- {name} -->", *kept[name], ""]
    PAGE.write_text("\n".join(text), encoding="utf-8")


def _measured(name: str) -> list[str]:
    """One part's lines, from a process of its own: a window it opened must not outlive its display here."""
    words = [sys.executable, "-m", "benchmarks", "--part", name]
    done = subprocess.run(words, stdout=subprocess.PIPE, text=True, check=False)
    _, found, lines = done.stdout.partition(_MARK)
    if not found:
        raise SystemExit(f"The part {name} ended without figures (status {done.returncode})")
    return lines.strip("\n").split("\n")


def _part(name: str) -> None:
    lines = importlib.import_module(f"benchmarks.{name}").measure()
    print(_MARK + "\n".join(lines), flush=True)
    os._exit(0)


def _kept() -> dict[str, list[str]]:
    if not PAGE.is_file():
        return {}
    kept: dict[str, list[str]] = {}
    for section in PAGE.read_text(encoding="utf-8").split("\n## ")[1:]:
        _, _, rest = section.partition("<!-- ")
        name, _, body = rest.partition(" -->\n")
        if name in PARTS:
            kept[name] = body.strip("\n").split("\n")
    return kept


if __name__ == "__main__":
    if sys.argv[1:2] == ["--part"]:
        _part(sys.argv[2])
    main(sys.argv[1:])
