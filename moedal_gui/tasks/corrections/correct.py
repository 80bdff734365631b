"""The verb that puts right by hand what the detector missed, found wrongly, or put in the wrong place."""

from __future__ import annotations

import dataclasses
import getpass

from moedal_gui.core.correction import Spot
from moedal_gui.core.errors import ArgumentError
from moedal_gui.core.task import Outcome, Plan, at_once, parameter
from moedal_gui.store.catalogue import ScanRecord
from moedal_gui.store.project import Project
from moedal_gui.tasks.corrections.put_right import (
    PutRight,
    add_pit,
    link_pits,
    move_pit,
    pit_pointed_to,
    propose,
    remove_pit,
)
from moedal_gui.tasks.corrections.settle import settle_corrections

SURFACES = ("top", "bottom")
_WAYS = ("add", "remove", "move", "link")


@dataclasses.dataclass(frozen=True)
class CorrectParameters:
    """What ``correct`` is told; places are px of the field as it is stored."""

    field: str = dataclasses.field(metadata=parameter("the field"))
    scan: str | None = dataclasses.field(
        default=None, metadata=parameter("the scan; may be left out where there is one")
    )
    add: str | None = dataclasses.field(
        default=None, metadata=parameter("put a pit at X,Y: mouth and surface are fitted there")
    )
    remove: str | None = dataclasses.field(default=None, metadata=parameter("the pit at X,Y is none"))
    move: tuple[str, str] | None = dataclasses.field(default=None, metadata=parameter("put the pit at X,Y to X2,Y2"))
    link: tuple[str, str] | None = dataclasses.field(
        default=None, metadata=parameter("the pits at X,Y and X2,Y2 are one track")
    )
    surface: str | None = dataclasses.field(
        default=None, metadata=parameter("surface of the pit; else the slopes say it", choices=SURFACES)
    )
    who: str | None = dataclasses.field(
        default=None, metadata=parameter("who says so; the name you are logged in by otherwise")
    )


def plan(project: Project, parameters: CorrectParameters) -> Plan[None, None]:
    """One correction, written to the journal and to the current pits."""
    said = [way for way in _WAYS if getattr(parameters, way) is not None]
    if len(said) != 1:
        raise ArgumentError("Say one thing to put right", "", "give one of --add, --remove, --move and --link")
    texts = getattr(parameters, said[0])
    places = [_place(text) for text in ((texts,) if isinstance(texts, str) else texts)]
    scan = _scan(project, parameters.scan)
    return at_once(lambda: _correct(project, scan, parameters, said[0], places))


def _correct(
    project: Project, scan: ScanRecord, parameters: CorrectParameters, way: str, places: list[tuple[float, float]]
) -> Outcome:
    settle_corrections(project)
    surface, who = parameters.surface or "", parameters.who or getpass.getuser()
    spots = [Spot(scan.scan, parameters.field, x, y, surface) for x, y in places]
    if way == "add":
        done = add_pit(project, scan, parameters.field, propose(project, scan, spots[0]), who)
    elif way == "remove":
        done = remove_pit(project, scan, pit_pointed_to(project, scan, spots[0]), who)
    elif way == "move":
        done = move_pit(project, scan, pit_pointed_to(project, scan, spots[0]), spots[1], who)
    else:
        first, second = (pit_pointed_to(project, scan, Spot(s.scan, s.field, s.x_px, s.y_px)) for s in spots)
        done = link_pits(project, scan, first, second, who)
    return Outcome(f"{scan.scan}, field {parameters.field}: {done.sentence}", _values(scan, done))


def _values(scan: ScanRecord, done: PutRight) -> dict[str, object]:
    one = done.correction
    return {
        "kind": one.kind, "foil": scan.foil, "scan": scan.scan, "field": one.to.field, "x_px": one.to.x_px, "y_px": one.to.y_px,
        "surface": one.to.surface, "major_px": one.mouth.major_px, "minor_px": one.mouth.minor_px,
        "azimuth_deg": one.mouth.azimuth_deg, "annotator": one.annotator, "when": one.when, "pit_id": done.pit_id,
    }  # fmt: skip


def _place(text: str) -> tuple[float, float]:
    try:
        x, y = (float(part) for part in text.split(","))
    except ValueError:
        raise ArgumentError(f"{text} is no place", "", "write X,Y in px, such as 312.5,88") from None
    return x, y


def _scan(project: Project, name: str | None) -> ScanRecord:
    scans = project.catalogue.scans()
    if name is None and len(scans) != 1:
        known = ", ".join(s.scan for s in scans) or "none"
        raise ArgumentError("Say which scan", "", f"give --scan, one of: {known}")
    return scans[0] if name is None else project.catalogue.scan(name)
