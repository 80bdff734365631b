"""Every command of the window, in one plain table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from moedal_gui.core.label import CLASSES

When = Literal["always", "project", "writable", "scan", "ring", "pits", "pit", "scores", "links", "selection"]


@dataclass(frozen=True)
class Command:
    """One command: what it is called, where it is found, when it can be used.

    Attributes
    ----------
    menu
        ``Menu`` or ``Menu > Submenu``; empty: only in the palette and by key.
    keys
        Key sequences in Qt's portable words; the person may replace them.
    when
        The state it needs.
    verb
        The task it starts, a row of TASKS.
    checkable
        Whether it is a switch.
    separated
        Whether a line stands above it in the menu.
    """

    id: str
    title: str
    tip: str
    menu: str = ""
    keys: tuple[str, ...] = ()
    when: When = "always"
    toolbar: bool = False
    verb: str = ""
    checkable: bool = False
    separated: bool = False


@dataclass(frozen=True)
class State:
    """What the commands' rules ask about."""

    project: bool = False
    writable: bool = False
    scan: bool = False
    ring: bool = False
    pits: bool = False
    pit: bool = False
    scores: bool = False
    links: bool = False
    selection: bool = False

    def allows(self, when: When) -> bool:
        """Whether a command with that rule can be used now."""
        return when == "always" or bool(getattr(self, when))


def _class_commands() -> tuple[Command, ...]:
    plain = tuple(
        Command(f"label.{name}", name.capitalize(), f"Label this pit {name}, and the other end of its link; then the next pit",
                "Label", (str(n),), "pit")
        for n, name in enumerate(CLASSES, start=1)
    )  # fmt: skip
    alone = tuple(
        Command(f"label.{name}.alone", f"{name.capitalize()}, this pit only",
                f"Label this pit {name} and leave the other end of its link alone", "Label > This pit only",
                (f"Shift+{n}",), "pit")
        for n, name in enumerate(CLASSES, start=1)
    )  # fmt: skip
    return (*plain, *alone)


COMMANDS: tuple[Command, ...] = (
    Command("scan.open", "Open scan…", "Look into a folder or picture of a microscope before taking it in", "File",
            ("Ctrl+Shift+O",), toolbar=True),
    Command("project.open", "Open project…", "Open a folder that ends in .moedal", "File", ("Ctrl+O",), toolbar=True),
    Command("demo.open", "Open the demo foil", "A simulated foil with known truth; made once, then reused", "File"),
    Command("project.close", "Close project", "Put the project away and show the start page", "File", ("Ctrl+W",),
            "project"),
    Command("task.label-import", "Import labels…", "Take labels from a CSV file or the lab's JSON lists", "File",
            when="writable", verb="label import", separated=True),
    Command("task.label-export", "Export labels…", "Write all labels in force to a CSV file", "File", when="project",
            verb="label export"),
    Command("labels.restore", "Restore labels from a copy…", "Bring back labels from a dated copy of the journal", "File",
            when="writable"),
    Command("task.pits-import", "Import pits…", "Take pits that another program found", "File", when="writable",
            verb="pits import"),
    Command("task.export", "Export…", "Pits, labels or candidates as CSV, JSON, GeoJSON, Micro-Manager or stage list",
            "File", ("Ctrl+E",), "project", toolbar=True, verb="export", separated=True),
    Command("task.report", "Report…", "One self-contained page with pictures and provenance", "File", ("Ctrl+R",), "project",
            verb="report"),
    Command("view.picture", "Save view as picture…", "The canvas as it stands, with its scale bar, as PNG", "File",
            ("Ctrl+Shift+S",), "scan"),
    Command("window.quit", "Quit", "Close the window; labels are on disk already", "File", ("Ctrl+Q",), separated=True),
    Command("label.undo", "Undo", "Take back your newest label or correction", "Edit", ("Ctrl+Z", "U"), "project"),
    Command("label.redo", "Redo", "Give again what undo took back", "Edit", ("Ctrl+Shift+Z",), "project"),
    Command("pit.add", "Put a pit here", "Put a pit the detector missed under the cursor: mouth and surface are fitted there", "Edit",
            ("A",), "scan", separated=True),
    Command("pit.remove", "No pit", "Take out the pit in front: it is none; nothing is deleted", "Edit", ("Del",), "pit"),
    Command("pit.link", "Link by hand", "Then click the other end of the track, on the other surface; Ctrl+drag moves a pit", "Edit",
            ("L",), "pit", checkable=True),
    Command("selection.kind", "Select same kind", "Select every pit of this pit's label, or of its surface", "Edit",
            ("Ctrl+K",), "pit", separated=True),
    Command("selection.passing", "Select what passes", "Select the pits that pass the working point; the selection follows it",
            "Edit", ("Ctrl+Shift+K",), "scores"),
    Command("selection.none", "Let go", "Select nothing, stop the film, close the search", "Edit", ("Esc",)),
    Command("place.copy", "Copy place", "Copy the cursor's place in every frame", "Edit", ("Ctrl+Shift+C",), "scan"),
    Command("search.show", "Go to…", "A field, a pit, a place on the stage or on the foil", "Edit", ("Ctrl+F",), "scan",
            separated=True),
    Command("palette.show", "Command palette…", "Find any command by its name", "Edit", ("Ctrl+Shift+P",)),
    Command("view.fit", "Whole scan", "Show all fields", "View", ("Home",), "scan", toolbar=True),
    Command("view.one", "One to one", "One pixel of the picture on one of the screen", "View", ("Ctrl+1",), "scan"),
    Command("view.closer", "Closer", "Zoom in", "View", ("+", "="), "scan"),
    Command("view.farther", "Farther", "Zoom out", "View", ("-",), "scan"),
    Command("film.play", "Film round the lamps", "Play the rim lamps one after another; hold the key to spin, let go to stop",
            "View", ("F",), "ring", toolbar=True, checkable=True, separated=True),
    Command("picture.even", "Even light", "Take vignetting and the steps between fields out of the channels; off: values as stored",
            "View", ("E",), "scan", checkable=True),
    Command("picture.next", "Next picture", "The next channel", "View", ("]",), "scan"),
    Command("picture.previous", "Previous picture", "The channel before", "View", ("[",), "scan"),
    Command("view.pits", "Pits", "Draw pits over the picture", "View", ("P",), "scan", checkable=True, separated=True),
    Command("view.links", "Links", "Draw a line from entry to exit", "View", ("K",), "scan", checkable=True),
    Command("view.outlines", "Field borders", "Draw the border and name of each field", "View", ("O",), "scan",
            checkable=True),
    Command("view.heat", "Density on the canvas", "Lay the map of the Density panel over the picture", "View", ("H",), "pits",
            checkable=True),
    Command("field.next", "Next unseen field", "Go to the next field you have not looked at", "View", ("PgDown",), "scan",
            separated=True),
    Command("field.previous", "Previous field", "Go to the field before", "View", ("PgUp",), "scan"),
    Command("region.next", "Next region", "Go to the next region to look at by film", "View", ("Shift+R",), "pits"),
    Command("region.looked", "Region looked at", "Note that you have looked at the region in front", "View", ("Shift+L",), "pits"),
    Command("field.cleaning", "Show cleaning of this field…", "Before, after, and what cleaning would take from the field in the middle",
            "View", ("Shift+D",), "scan"),
    Command("tool.rectangle", "Select by rectangle", "Draw a rectangle; Shift+drag does the same at any time", "View",
            ("R",), "pits", toolbar=True, checkable=True, separated=True),
    Command("tool.lasso", "Select by lasso", "Draw round pits; Alt+drag does the same at any time", "View", ("T",), "pits",
            toolbar=True, checkable=True),
    Command("theme.system", "As the system", "Light or dark as the system says", "View > Theme", checkable=True),
    Command("theme.light", "Light", "Dark text on a light ground", "View > Theme", checkable=True),
    Command("theme.dark", "Dark", "Light text on a dark ground", "View > Theme", checkable=True),
    Command("font.larger", "Larger text", "Make all text larger", "View > Text", ("Ctrl++", "Ctrl+=")),
    Command("font.smaller", "Smaller text", "Make all text smaller", "View > Text", ("Ctrl+-",)),
    Command("font.normal", "Normal text", "Text as the system has it", "View > Text", ("Ctrl+0",)),
    Command("layout.reset", "Reset layout", "Put every panel back in its place", "View > Panels"),
    Command("task.preselect", "Pre-select pits…", "Find pits in every field", "Steps", ("F5",), "writable",
            toolbar=True, verb="preselect"),
    Command("task.register", "Register scans…", "Bring the foil's scans into one frame", "Steps", ("F6",), "writable",
            verb="register"),
    Command("datum.set", "Set datum points…", "Click the pin holes of a scan on the canvas and see at once how they fit", "Steps",
            ("Shift+F6",), "scan"),
    Command("task.link", "Link entry and exit…", "Pair pits of the two surfaces into tracks", "Steps", ("F7",), "writable",
            toolbar=True, verb="link"),
    Command("task.train", "Train…", "Train experts on the labels, beside your work", "Steps", ("F8",), "writable",
            toolbar=True, verb="train"),
    Command("task.score", "Score pits…", "What the ensemble says of every pit", "Steps", ("F9",), "pits", toolbar=True,
            verb="score"),
    Command("task.regions", "Regions to look at…", "Where it is too dense for a list of pits, find what stands out of its surroundings",
            "Steps", when="writable", verb="regions"),
    Command("task.evaluate", "Compare with truth…", "Efficiency and purity against a list of true pits", "Steps",
            when="project", verb="evaluate", separated=True),
    Command("task.remove", "Remove…", "Take a scan or a run out of the project; labels always stay", "Steps",
            when="writable", verb="remove"),
    Command("runs.show", "Runs…", "What made what: every run of this project, and the way back to an earlier one", "Steps",
            when="project"),
    *_class_commands(),
    Command("label.none", "Take label back", "This pit carries no label any more", "Label", ("0", "Backspace"), "pit"),
    Command("queue.next", "Next pit", "Go on in the queue", "Label", ("Space",), "pits", separated=True),
    Command("queue.previous", "Pit before", "Go back in the queue", "Label", ("Shift+Space",), "pits"),
    Command("gallery.show", "Gallery", "Many crops at once; one key labels all that are selected", "Label", ("G",), "pits"),
    Command("proposals.show", "Confirm proposals…", "Labels the ensemble is sure of; they count only once you confirm them",
            "Label", ("Shift+G",), "scores"),
    Command("mistakes.show", "Worst mistakes…", "Labelled pits that the ensemble is sure are something else, worst first",
            "Label", when="scores"),
    Command("orphan.next", "Next orphan", "Go to your next label on this scan that no pit carries", "Label", when="pits"),
    Command("why.show", "Why this pit", "What its score hangs on, what each expert says, and labelled pits like it", "Label",
            ("W",), "pits"),
    Command("blind.toggle", "Blind mode", "Hide labels and scores while you label, and pass by nothing that others labelled",
            "Label", ("B",), "pits", checkable=True),
    Command("annotator.ask", "Who labels…", "Your name and the pass, kept with every label", "Label", separated=True),
    Command("candidate.accept", "Accept candidate", "This pair is a track", "Candidates", ("Y",), "links"),
    Command("candidate.reject", "Reject candidate", "This pair is an accident", "Candidates", ("N",), "links"),
    Command("candidate.clear", "Take verdict back", "This pair carries no verdict any more", "Candidates", ("C",), "links"),
    Command("candidate.next", "Next candidate", "The next row of the table", "Candidates", ("Ctrl+Down",), "links"),
    Command("candidate.previous", "Candidate before", "The row above", "Candidates", ("Ctrl+Up",), "links"),
    Command("help.shortcuts", "Keys…", "Every key, and a place to change it", "Help", ("F1",)),
    Command("help.messages", "Messages", "Everything the window has said", "Help", ("Ctrl+M",)),
    Command("help.doctor", "Doctor", "OpenGL, disk, locks and versions, each with its remedy", "Help"),
)  # fmt: skip


def command(identity: str) -> Command:
    """The command of an id."""
    return next(c for c in COMMANDS if c.id == identity)


def keys_in_force(chosen: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    """Command id -> keys, with the person's own in place of the table's."""
    return {c.id: tuple(chosen.get(c.id, c.keys)) for c in COMMANDS}


def conflicts(keys: dict[str, tuple[str, ...]]) -> dict[str, list[str]]:
    """Key sequences that more than one command claims, with those commands' ids."""
    claimed: dict[str, list[str]] = {}
    for identity, sequences in keys.items():
        for sequence in sequences:
            claimed.setdefault(sequence.lower(), []).append(identity)
    return {sequence: ids for sequence, ids in claimed.items() if len(ids) > 1}
