"""The catalogue: scans, fields, runs, pits, links and placements, and who made them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from moedal_gui.core.correction import TAKEN_OUT
from moedal_gui.core.errors import ArgumentError, NotFoundError
from moedal_gui.core.field import Field
from moedal_gui.core.label import now
from moedal_gui.core.pit import DETECTION_COLUMNS
from moedal_gui.core.scan import ScanDescription, from_plain, to_plain
from moedal_gui.store.database import Database
from moedal_gui.store.datum_journal import DatumJournal
from moedal_gui.store.hand_rows import HandRows
from moedal_gui.store.link_rows import LinkRows
from moedal_gui.store.looks import Looks
from moedal_gui.store.rows import finish, plain_rows
from moedal_gui.store.schema import CATALOGUE
from moedal_gui.store.score_rows import ScoreRows


@dataclass(frozen=True)
class ScanRecord:
    """A scan as the catalogue knows it.

    ``description`` is in force; ``read_as`` is what the files said when they were last ingested; ``flat`` is the text
    of `imaging.flat_field.FlatField.to_json`.
    """

    scan_id: int
    foil: str
    scan: str
    source: str
    description: ScanDescription
    flat: str | None
    whole: bool
    notes: tuple[str, ...]
    read_as: ScanDescription


@dataclass(frozen=True)
class FieldRow:
    """A field as the catalogue knows it; ``batch`` is None for a position without a picture."""

    field_id: int
    ordinal: int
    field: str
    width: int
    height: int
    stage_x: float
    stage_y: float
    batch: str | None
    slot: int
    missing: tuple[int, ...]
    extra: Mapping[str, str]


@dataclass(frozen=True)
class RunRecord:
    """One run of a task: what made the rows that carry its id; ``taken_up``: when somebody last went back to it."""

    run_id: int
    name: str
    task: str
    scan_id: int | None
    version: str
    parameters: Mapping[str, Any]
    input_hash: str
    started: str
    finished: str | None
    summary: Mapping[str, Any]
    taken_up: str | None = None

    @property
    def since(self) -> str:
        """When it last became the current one: finished, or taken up again."""
        return max(self.finished or "", self.taken_up or "")


class Catalogue:
    """Reads and writes the catalogue of one project."""

    def __init__(self, path: Path, *, write: bool) -> None:
        self._database = Database(path, CATALOGUE, write=write)
        self.datum = DatumJournal(self._database)
        self.scores = ScoreRows(self._database)
        self.links = LinkRows(self._database)
        self.looks = Looks(self._database)
        self.hand = HandRows(self._database)

    # scans and fields
    def add_scan(self, description: ScanDescription, source: str) -> ScanRecord:
        """Enter a scan, or return the one of that foil and name that is there."""
        with self._database.transaction() as connection:
            connection.execute(
                "INSERT OR IGNORE INTO scans (foil, scan, source, description, read_as) VALUES (?, ?, ?, ?, ?)",
                (description.foil, description.scan, source, *[json.dumps(to_plain(description))] * 2),
            )
        return self.scan(f"{description.foil}/{description.scan}")

    def update_scan(
        self,
        scan_id: int,
        *,
        description: ScanDescription | None = None,
        flat: str | None = None,
        read_as: ScanDescription | None = None,
        whole: bool | None = None,
        notes: Sequence[str] | None = None,
    ) -> None:
        """Change what is known about a scan; only what is given changes."""
        changes: dict[str, Any] = {}
        if description is not None:
            changes["description"] = json.dumps(to_plain(description))
        if flat is not None:
            changes["flat"] = flat
        if read_as is not None:
            changes["read_as"] = json.dumps(to_plain(read_as))
        if whole is not None:
            changes["whole"] = int(whole)
        if notes is not None:
            changes["notes"] = json.dumps(list(notes))
        with self._database.transaction() as connection:
            for column, value in changes.items():
                connection.execute(f"UPDATE scans SET {column} = ? WHERE scan_id = ?", (value, scan_id))

    def scans(self) -> list[ScanRecord]:
        """All scans, in the order they were ingested."""
        rows = self._database.connection().execute(
            "SELECT scan_id, foil, scan, source, description, flat, whole, notes, read_as FROM scans ORDER BY scan_id"
        )
        return [
            ScanRecord(i, foil, scan, source, from_plain(json.loads(text)), flat, bool(whole),
                       tuple(json.loads(notes)), from_plain(json.loads(read_as)))
            for i, foil, scan, source, text, flat, whole, notes, read_as in rows
        ]  # fmt: skip

    def scan(self, name: str) -> ScanRecord:
        """The scan of a name, or of ``foil/scan``.

        Raises
        ------
        NotFoundError
            When there is none of that name.
        ArgumentError
            When two foils have a scan of that name.
        """
        every = self.scans()
        found = [s for s in every if name in (s.scan, f"{s.foil}/{s.scan}")]
        if not found:
            known = ", ".join(s.scan for s in every) or "none"
            raise NotFoundError(f"There is no scan called {name}", remedy=f"take one of: {known}")
        if len(found) > 1:
            choices = " or ".join(f"{s.foil}/{s.scan}" for s in found)
            raise ArgumentError(f"More than one foil has a scan called {name}", remedy=f"write {choices}")
        return found[0]

    def scan_by_id(self, scan_id: int) -> ScanRecord:
        """The scan of an id."""
        return next(s for s in self.scans() if s.scan_id == scan_id)

    def add_fields(self, scan_id: int, fields: Sequence[Field], batch: str | None) -> None:
        """Enter fields whose pixels lie in ``batch`` in this order (None: positions without pictures).

        A field that was there without pixels, or with some missing, gets the new ones; a whole one keeps its own.
        """
        with self._database.transaction() as connection:
            row = connection.execute(
                "SELECT coalesce(max(ordinal), -1) FROM fields WHERE scan_id = ?", (scan_id,)
            ).fetchone()
            for slot, item in enumerate(fields):
                connection.execute(
                    "INSERT INTO fields (scan_id, ordinal, field, width, height, stage_x, stage_y, batch, slot, missing, extra)"
                    " VALUES (?,?,?,?,?,?,?,?,?,?,?) ON CONFLICT (scan_id, field) DO UPDATE SET width=excluded.width,"
                    " height=excluded.height, stage_x=excluded.stage_x, stage_y=excluded.stage_y, batch=excluded.batch,"
                    " slot=excluded.slot, missing=excluded.missing, extra=excluded.extra WHERE fields.batch IS NULL OR fields.missing != '[]'",
                    (scan_id, int(row[0]) + 1 + slot, item.name, item.width, item.height, item.stage_x, item.stage_y, batch,
                     slot if batch is not None else None, json.dumps(item.missing), json.dumps(dict(item.extra))),
                )  # fmt: skip

    def set_positions(self, scan_id: int, positions: Mapping[str, tuple[float, float]]) -> None:
        """Give fields that are there (new) stage positions."""
        with self._database.transaction() as connection:
            connection.executemany(
                "UPDATE fields SET stage_x = ?, stage_y = ? WHERE scan_id = ? AND field = ?",
                [(x, y, scan_id, name) for name, (x, y) in positions.items()],
            )

    def fields(self, scan_id: int) -> pd.DataFrame:
        """Fields of a scan in reading order.

        Columns field_id, ordinal, field, width, height, stage_x, stage_y, batch, slot, missing (tuple), extra (dict).
        """
        table = self._read(
            "SELECT field_id, ordinal, field, width, height, stage_x, stage_y, batch, slot, missing, extra FROM fields"
            " WHERE scan_id = ? ORDER BY ordinal", (scan_id,),
        )  # fmt: skip
        table["missing"] = [tuple(json.loads(text)) for text in table["missing"]]
        table["extra"] = [json.loads(text) for text in table["extra"]]
        table["stage_x"] = table["stage_x"].astype(float)
        table["stage_y"] = table["stage_y"].astype(float)
        return table

    def field_rows(self, scan_id: int) -> list[FieldRow]:
        """`fields` as values, one a field."""
        table = self.fields(scan_id)
        return [
            FieldRow(int(i), int(o), str(f), int(w), int(h), float(x), float(y), None if pd.isna(b) else str(b),
                     -1 if pd.isna(s) else int(s), m, e)
            for i, o, f, w, h, x, y, b, s, m, e in table.itertuples(index=False, name=None)
        ]  # fmt: skip

    def batch_count(self, scan_id: int) -> int:
        """How many pixel files of a scan the catalogue knows."""
        row = (
            self._database.connection()
            .execute("SELECT count(DISTINCT batch) FROM fields WHERE scan_id = ?", (scan_id,))
            .fetchone()
        )
        return int(row[0])

    def remove_scan(self, scan_id: int) -> None:
        """Forget a scan with its fields, runs and pits (labels live elsewhere and stay)."""
        with self._database.transaction() as connection:
            connection.execute("DELETE FROM runs WHERE scan_id = ?", (scan_id,))
            connection.execute("DELETE FROM scans WHERE scan_id = ?", (scan_id,))

    # runs
    def open_run(
        self,
        task: str,
        scan_id: int | None,
        parameters: Mapping[str, Any],
        input_hash: str,
        version: str,
        name: str | None = None,
    ) -> RunRecord:
        """The unfinished run of just these words and this input, or a new one."""
        words = json.dumps(parameters, sort_keys=True)
        for run in self.runs(task, scan_id):
            same = (
                run.finished is None
                and run.input_hash == input_hash
                and run.version == version
                and name in (None, run.name)
            )
            if same and json.dumps(run.parameters, sort_keys=True) == words:
                return run
        with self._database.transaction() as connection:
            number = connection.execute("SELECT coalesce(max(run_id), 0) + 1 FROM runs").fetchone()[0]
            called = name or f"{task}-{number}"
            taken = connection.execute(
                "SELECT 1 FROM runs WHERE name = ? AND scan_id IS ?", (called, scan_id)
            ).fetchone()
            if taken:
                raise ArgumentError(
                    f"There is a run called {called} already", remedy="give another name or remove that run"
                )
            run_id = connection.execute(
                "INSERT INTO runs (name, task, scan_id, version, parameters, input_hash, started) VALUES (?,?,?,?,?,?,?) RETURNING run_id",
                (called, task, scan_id, version, words, input_hash, now()),
            ).fetchone()[0]
        return self._run(int(run_id))

    def finish_run(self, run_id: int, summary: Mapping[str, Any]) -> None:
        """Mark a run whole; from now on it is the current one."""
        with self._database.transaction() as connection:
            finish(connection, run_id, summary)

    def take_up(self, run_id: int) -> None:
        """Make a whole run the current one again, until another is finished or taken up; what made it and when stays."""
        with self._database.transaction() as connection:
            connection.execute("UPDATE runs SET taken_up = ? WHERE run_id = ?", (now(), run_id))

    def runs(self, task: str | None = None, scan_id: int | None = None) -> list[RunRecord]:
        """Runs, oldest first."""
        query = "SELECT run_id, name, task, scan_id, version, parameters, input_hash, started, finished, summary, taken_up FROM runs"
        found = [_run_record(row) for row in self._database.connection().execute(query + " ORDER BY run_id")]
        return [r for r in found if task in (None, r.task) and scan_id in (None, r.scan_id)]

    def current_run(self, task: str, scan_id: int | None = None, name: str | None = None) -> RunRecord | None:
        """The whole run of a task (on a scan) that was finished or taken up last, or the one of that name; None when there is none of it."""
        return _newest([r for r in self.runs(task, scan_id) if name in (None, r.name)])

    def current_runs(self, task: str) -> dict[int, RunRecord]:
        """Scan id -> what `current_run` gives for it; scans without a whole run are left out."""
        of_scan: dict[int, list[RunRecord]] = {}
        for run in self.runs(task):
            if run.scan_id is not None:
                of_scan.setdefault(run.scan_id, []).append(run)
        newest = {scan_id: _newest(runs) for scan_id, runs in of_scan.items()}
        return {scan_id: run for scan_id, run in newest.items() if run is not None}

    def runs_named(self, name: str) -> list[RunRecord]:
        """The runs of a name, one a scan; NotFoundError when there is none."""
        found = [run for run in self.runs() if run.name == name]
        if not found:
            raise NotFoundError(f"There is no run called {name}", remedy="`runs` lists them")
        return found

    def remove_run(self, run_id: int) -> None:
        """Forget a run and every row it made."""
        with self._database.transaction() as connection:
            connection.execute("DELETE FROM runs WHERE run_id = ?", (run_id,))

    # pits
    def add_pits(
        self, run_id: int, field_id: int, table: pd.DataFrame, measures: Mapping[str, float] | None = None
    ) -> None:
        """Enter one field's pits (DETECTION_COLUMNS), what was measured of the field, and that it is done, at once.

        Columns that whoever found them does not state stay empty.
        """
        names = list(DETECTION_COLUMNS)
        rows = plain_rows(table.reindex(columns=names))
        with self._database.transaction() as connection:
            connection.execute(
                "INSERT INTO run_fields (run_id, field_id, pits, measures) VALUES (?, ?, ?, ?)",
                (run_id, field_id, len(rows), json.dumps(dict(measures or {}))),
            )
            connection.executemany(
                f"INSERT INTO pits (run_id, field_id, {', '.join(names)}) VALUES (?, ?, {', '.join('?' * len(names))})",
                [(run_id, field_id, *row) for row in rows],
            )

    def done_fields(self, run_id: int) -> set[int]:
        """Ids of the fields a run has done."""
        return {
            int(r[0])
            for r in self._database.connection().execute("SELECT field_id FROM run_fields WHERE run_id = ?", (run_id,))
        }

    def measures(self, run_id: int) -> dict[str, dict[str, float]]:
        """What a run measured of each field, by the field's name."""
        rows = self._database.connection().execute(
            "SELECT fields.field, measures FROM run_fields JOIN fields USING (field_id) WHERE run_id = ?", (run_id,)
        )
        return {str(name): {k: float(v) for k, v in json.loads(words).items()} for name, words in rows}

    def set_doubles(self, run_id: int, double_of: Mapping[int, int]) -> None:
        """Note which pits of a run are the same pit seen again in an overlapping field."""
        with self._database.transaction() as connection:
            connection.execute("UPDATE pits SET double_of = NULL WHERE run_id = ?", (run_id,))
            connection.executemany(
                "UPDATE pits SET double_of = ? WHERE pit_id = ?", [(a, b) for b, a in double_of.items()]
            )

    def pits(self, run_id: int, *, merged: bool = True) -> pd.DataFrame:
        """Pits of a run: pit_id, field_id, field, DETECTION_COLUMNS, double_of, by_hand; ``merged`` leaves doubles out.

        Pits a person took out are left out; ``by_hand`` is 1 where a person put the pit (`core.correction.PUT`).
        """
        only = f"AND by_hand != {TAKEN_OUT}" + (" AND double_of IS NULL" if merged else "")
        names = ", ".join(f"pits.{n}" for n in DETECTION_COLUMNS)
        table = self._read(
            f"SELECT pit_id, pits.field_id, fields.field, {names}, double_of, by_hand FROM pits JOIN fields USING (field_id)"
            f" WHERE run_id = ? {only} ORDER BY pit_id", (run_id,),
        )  # fmt: skip
        for name, dtype in DETECTION_COLUMNS.items():
            if dtype == "float64":
                table[name] = table[name].astype(float)
        table["surface"] = table["surface"].astype("str")
        return table

    # placements
    def set_placement(self, run_id: int, scan_id: int, placement: Mapping[str, Any]) -> None:
        """Keep where a registration run put a scan."""
        with self._database.transaction() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO placements VALUES (?, ?, ?)", (run_id, scan_id, json.dumps(placement))
            )

    def placement(self, run_id: int, scan_id: int) -> Mapping[str, Any] | None:
        """What `set_placement` kept."""
        row = (
            self._database.connection()
            .execute("SELECT placement FROM placements WHERE run_id = ? AND scan_id = ?", (run_id, scan_id))
            .fetchone()
        )
        return dict(json.loads(row[0])) if row else None

    def close(self) -> None:
        """Checkpoint and close."""
        self._database.close()

    def _run(self, run_id: int) -> RunRecord:
        return next(r for r in self.runs() if r.run_id == run_id)

    def _read(self, query: str, values: Sequence[Any] = ()) -> pd.DataFrame:
        return pd.read_sql_query(query, self._database.connection(), params=list(values))


def _newest(runs: Sequence[RunRecord]) -> RunRecord | None:
    whole = [r for r in runs if r.finished is not None]
    return max(whole, key=lambda r: (r.since, r.taken_up is not None, r.run_id)) if whole else None


def _run_record(row: Sequence[Any]) -> RunRecord:
    run_id, name, task, scan_id, version, parameters, input_hash, started, finished, summary, taken_up = row
    return RunRecord(
        run_id, name, task, scan_id, version, json.loads(parameters), input_hash, started, finished, json.loads(summary),
        taken_up,
    )  # fmt: skip
