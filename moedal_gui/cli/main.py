"""The command line: every row of TASKS is a subcommand; without a verb the workbench opens."""

from __future__ import annotations

import inspect
import json
import logging
import shutil
import signal
import sys
from collections.abc import Callable
from dataclasses import MISSING, Field, fields
from pathlib import Path
from types import FrameType, TracebackType
from typing import Annotated, Any, Literal, get_type_hints

import typer

from moedal_gui import __version__, paths
from moedal_gui.cli.progress import ProgressLine
from moedal_gui.core.errors import ArgumentError, CancelledError, MoedalError
from moedal_gui.core.task import Outcome, Parameter
from moedal_gui.formats.tables import plain
from moedal_gui.store.project import Project
from moedal_gui.store.training_folder import trainings
from moedal_gui.tasks.loop import run
from moedal_gui.tasks.row import TaskRow
from moedal_gui.tasks.table import TASKS

_FAILED, _WRONG = 1, 2


def main(arguments: list[str] | None = None) -> int:
    """Run the program; returns (or exits with) its status."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    verbs = {row.verb.split()[0] for row in TASKS}
    if not words or (words[0] not in verbs and not words[0].startswith("-")):
        return _open_window(words)
    try:
        status = application()(words, standalone_mode=False)
    except typer.Exit as leave:
        status = leave.exit_code
    except Exception as error:  # noqa: BLE001 - the outermost edge: one sentence instead of a trace
        status = _tell(error)
    sys.exit(status if isinstance(status, int) else 0)


def application() -> typer.Typer:
    """The typer application made from TASKS."""
    app = typer.Typer(
        add_completion=False, no_args_is_help=True, help="Find, pair, label and rank etch pits in scans of track foils."
    )
    groups: dict[str, typer.Typer] = {}
    for row in TASKS:
        group, _, verb = row.verb.rpartition(" ")
        target = app
        if group:
            if group not in groups:
                groups[group] = typer.Typer(no_args_is_help=True, help=f"{group.capitalize()} from and to files.")
                app.add_typer(groups[group], name=group)
            target = groups[group]
        target.command(verb, help=row.explain)(_command(row))

    @app.callback(invoke_without_command=True)
    def _root(version: Annotated[bool, typer.Option("--version", help="Say the version and stop.")] = False) -> None:
        if version:
            typer.echo(f"moedal-gui {__version__}")
            raise typer.Exit(0)

    return app


def _command(row: TaskRow) -> Callable[..., None]:
    """A function whose signature is the task's parameters, for typer to read."""
    hints = get_type_hints(row.parameters)
    spoken = [f for f in fields(row.parameters) if "parameter" in f.metadata]
    signature = []
    if row.needs != "nothing":
        signature.append(_argument("project", Path, "the project's folder"))
    signature += [_typer_parameter(f, hints[f.name]) for f in spoken]
    if row.needs in ("writer", "maker"):
        signature.append(_option("wait", bool, False, "wait for another program that writes to the project"))
    signature.append(_option("as_json", bool, False, "print one JSON object on stdout", "--json"))
    required = [p for p in signature if p.default is inspect.Parameter.empty]
    optional = [p for p in signature if p.default is not inspect.Parameter.empty]

    def command(**values: Any) -> None:
        as_json, wait, project = values.pop("as_json"), values.pop("wait", False), values.pop("project", None)
        given = {k: tuple(v) if isinstance(v, list) else v for k, v in values.items()}
        raise typer.Exit(_run(row, project, given, wait=wait, as_json=as_json))

    command.__signature__ = inspect.Signature([*required, *optional])  # type: ignore[attr-defined]
    command.__name__ = row.verb.replace(" ", "_").replace("-", "_")
    return command


def _typer_parameter(item: Field[Any], kind: Any) -> inspect.Parameter:
    words: Parameter = item.metadata["parameter"]
    if words.choices:
        choice: Any = Literal.__getitem__(words.choices)
        kind = choice | None if item.default is None else choice
    if words.positional:
        return _argument(item.name, list[kind.__args__[0]] if words.many else kind, words.explain)
    default = inspect.Parameter.empty if item.default is MISSING else item.default
    flag = f"--{item.name.rstrip('_').replace('_', '-')}"
    return _option(item.name, kind, default, words.explain, flag, *([words.short] if words.short else []))


def _argument(name: str, kind: Any, explain: str) -> inspect.Parameter:
    annotation = Annotated[kind, typer.Argument(help=explain, show_default=False)]
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, annotation=annotation)


def _option(name: str, kind: Any, default: Any, explain: str, *flags: str) -> inspect.Parameter:
    names = flags or (f"--{name.replace('_', '-')}",)
    if kind is bool:
        names = tuple(names)
    annotation = Annotated[
        kind, typer.Option(*names, help=explain, show_default=default not in (None, False, inspect.Parameter.empty))
    ]
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)


def _run(row: TaskRow, path: Path | None, values: dict[str, Any], *, wait: bool, as_json: bool) -> int:
    _log_to_stderr()
    stop = _Stop()
    line = ProgressLine(row.title)
    try:
        with stop:
            outcome = _outcome(row, path, values, wait, line, stop)
    except Exception as error:  # noqa: BLE001 - the outermost edge: one sentence instead of a trace
        line.close()
        return _tell(error)
    line.close()
    if as_json:
        sys.stdout.write(json.dumps(plain(dict(outcome.values)), ensure_ascii=False) + "\n")
    else:
        sys.stdout.write(outcome.sentence + "\n")
    sys.stdout.flush()
    if row.verb == "demo" and not values.get("headless"):
        return _open_window([str(outcome.values["project"])])
    return 0


def _outcome(
    row: TaskRow, path: Path | None, values: dict[str, Any], wait: bool, line: ProgressLine, stop: _Stop
) -> Outcome:
    parameters = row.parameters(**values)
    if path is None:
        return run(row.plan(None, parameters), progress=line, cancelled=stop)
    write = row.needs in ("writer", "maker")
    fresh = row.needs == "maker" and not path.exists()
    try:
        with Project.open(path, write=write, create=row.needs == "maker", wait=wait) as project:
            return run(row.plan(project, parameters), progress=line, cancelled=stop)
    except MoedalError:
        if fresh and path.is_dir():
            _forget_if_empty(path)
        raise


def _forget_if_empty(path: Path) -> None:
    """A project that was made for a scan that turned out to be none leaves nothing behind; a training begun stays."""
    with Project.open(path) as project:
        kept = (path / "training").rglob("checkpoint.npz")
        begun = any((trainings(path / "training"), any(kept), project.experts.entries(), project.detectors.entries()))
        empty = not begun and not project.catalogue.scans() and not len(project.labels.in_force())
    if empty:
        shutil.rmtree(path)


class _Stop:
    """Ctrl-C and a polite kill as a cancel between units; a second one ends at once."""

    def __init__(self) -> None:
        self._asked = False
        self._before: dict[int, Any] = {}

    def __enter__(self) -> _Stop:
        for number in (signal.SIGINT, signal.SIGTERM):
            self._before[number] = signal.signal(number, self._ask)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def __call__(self) -> bool:
        return self._asked

    def _ask(self, _number: int, _frame: FrameType | None) -> None:
        if self._asked:
            raise KeyboardInterrupt
        self._asked = True


def _tell(error: BaseException) -> int:
    """Say what went wrong in one line; the whole trace goes to the log file."""
    if isinstance(error, ArgumentError):
        sys.stderr.write(f"{error}\n")
        return _WRONG
    if isinstance(error, CancelledError):
        sys.stderr.write("Cancelled; run the same command again to go on\n")
        return _FAILED
    if isinstance(error, MoedalError):
        sys.stderr.write(f"{error}\n")
        return _FAILED
    shown = getattr(error, "show", None)
    if callable(shown) and hasattr(error, "exit_code"):  # click's own complaints about arguments
        words = getattr(error, "format_message", lambda: str(error))().replace("Value error, ", "")
        sys.stderr.write(f"{' '.join(words.split())} (--help says what is expected)\n")
        return int(error.exit_code)
    log = _log_file()
    for handler in logging.getLogger("moedal_gui").handlers:
        if isinstance(handler, logging.FileHandler):
            handler.handle(
                logging.LogRecord("moedal_gui", logging.ERROR, __file__, 0, "unexpected", None, _trace(error))
            )
    sys.stderr.write(
        f"Something unexpected went wrong ({type(error).__name__}: {error}); the whole story is in {log}\n".replace(
            "\n", " "
        )
        + "\n"
    )
    return _FAILED


def _trace(error: BaseException) -> tuple[type[BaseException], BaseException, TracebackType | None]:
    return type(error), error, error.__traceback__


def _log_to_stderr() -> None:
    logger = logging.getLogger("moedal_gui")
    if not logger.handlers:
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(logging.Formatter("%(message)s"))
        handler.setLevel(logging.INFO)
        logger.addHandler(handler)
        logger.setLevel(logging.DEBUG)
        _log_file()


def _log_file() -> Path | str:
    folder = paths.logs()
    logger = logging.getLogger("moedal_gui")
    for handler in logger.handlers:
        if isinstance(handler, logging.FileHandler):
            return handler.baseFilename
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handler = logging.FileHandler(folder / "moedal-gui.log", encoding="utf-8", delay=True)
    except OSError:
        return "no file (the log folder cannot be written)"
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logger.addHandler(handler)
    return handler.baseFilename


def _open_window(words: list[str]) -> int:
    if len(words) > 1:
        sys.stderr.write(
            f"Unknown words: {' '.join(words[1:])}: give one project or scan, or a verb (--help lists them)\n"
        )
        sys.exit(_WRONG)
    target = Path(words[0]) if words else None
    if target is not None and not target.exists():
        sys.stderr.write(f"There is no such project, scan or verb ({target}): check the path, or see --help\n")
        sys.exit(_WRONG)
    from moedal_gui.cli.window import open_window

    sys.exit(open_window(target))
