"""The tables of a project, version by version; a script is never changed once it has been released."""

from __future__ import annotations

CATALOGUE: tuple[str, ...] = (
    """
    CREATE TABLE scans (
        scan_id INTEGER PRIMARY KEY AUTOINCREMENT, foil TEXT NOT NULL, scan TEXT NOT NULL, source TEXT NOT NULL,
        description TEXT NOT NULL, read_as TEXT NOT NULL, flat TEXT, whole INTEGER NOT NULL DEFAULT 0, notes TEXT NOT NULL DEFAULT '[]',
        UNIQUE (foil, scan));
    CREATE TABLE fields (
        field_id INTEGER PRIMARY KEY AUTOINCREMENT, scan_id INTEGER NOT NULL REFERENCES scans ON DELETE CASCADE,
        ordinal INTEGER NOT NULL, field TEXT NOT NULL, width INTEGER NOT NULL, height INTEGER NOT NULL,
        stage_x REAL, stage_y REAL, batch TEXT, slot INTEGER, missing TEXT NOT NULL, extra TEXT NOT NULL,
        UNIQUE (scan_id, field));
    CREATE TABLE runs (
        run_id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL, task TEXT NOT NULL,
        scan_id INTEGER REFERENCES scans ON DELETE CASCADE, version TEXT NOT NULL, parameters TEXT NOT NULL,
        input_hash TEXT NOT NULL, started TEXT NOT NULL, finished TEXT, summary TEXT NOT NULL DEFAULT '{}', UNIQUE (name, scan_id));
    CREATE TABLE run_fields (
        run_id INTEGER NOT NULL REFERENCES runs ON DELETE CASCADE, field_id INTEGER NOT NULL REFERENCES fields ON DELETE CASCADE,
        pits INTEGER NOT NULL, PRIMARY KEY (run_id, field_id));
    CREATE TABLE pits (
        pit_id INTEGER PRIMARY KEY AUTOINCREMENT, run_id INTEGER NOT NULL REFERENCES runs ON DELETE CASCADE,
        field_id INTEGER NOT NULL REFERENCES fields ON DELETE CASCADE, x_px REAL NOT NULL, y_px REAL NOT NULL,
        surface TEXT, surface_score REAL, probability REAL, major_px REAL, minor_px REAL, azimuth_deg REAL, snr REAL,
        double_of INTEGER REFERENCES pits ON DELETE SET NULL);
    CREATE INDEX pits_by_run ON pits (run_id);
    CREATE INDEX pits_by_field ON pits (field_id);
    CREATE TABLE links (
        link_id INTEGER PRIMARY KEY AUTOINCREMENT, run_id INTEGER NOT NULL REFERENCES runs ON DELETE CASCADE,
        entry_pit INTEGER NOT NULL, exit_pit INTEGER NOT NULL, dx_px REAL, dy_px REAL, residual_px REAL, dip_deg REAL,
        azimuth_deg REAL, size_ratio REAL, score REAL, accidental_probability REAL, regime TEXT, passes INTEGER NOT NULL);
    CREATE INDEX links_by_run ON links (run_id);
    CREATE TABLE placements (
        run_id INTEGER NOT NULL REFERENCES runs ON DELETE CASCADE, scan_id INTEGER NOT NULL REFERENCES scans ON DELETE CASCADE,
        placement TEXT NOT NULL, PRIMARY KEY (run_id, scan_id));
    """,
    """
    CREATE TABLE scores (
        run_id INTEGER NOT NULL REFERENCES runs ON DELETE CASCADE, pit_id INTEGER NOT NULL REFERENCES pits ON DELETE CASCADE,
        score_candidate REAL, score_top REAL, score_bottom REAL, score_misc REAL, score_uncertainty REAL, class TEXT NOT NULL,
        others TEXT NOT NULL, experts TEXT NOT NULL, PRIMARY KEY (run_id, pit_id)) WITHOUT ROWID;
    """,
    """
    ALTER TABLE run_fields ADD COLUMN measures TEXT NOT NULL DEFAULT '{}';
    """,
    """
    CREATE TABLE track_links (
        run_id INTEGER NOT NULL REFERENCES runs ON DELETE CASCADE, link_id INTEGER NOT NULL REFERENCES links ON DELETE CASCADE,
        track INTEGER NOT NULL, sheet INTEGER NOT NULL, score REAL, residual_px REAL, bend_deg REAL, PRIMARY KEY (run_id, link_id));
    CREATE TABLE datum_changes (
        change_id INTEGER PRIMARY KEY AUTOINCREMENT, foil TEXT NOT NULL, scan TEXT NOT NULL, before TEXT NOT NULL,
        after TEXT NOT NULL, annotator TEXT NOT NULL, origin TEXT NOT NULL CHECK (origin IN ('hand', 'files')), "when" TEXT NOT NULL);
    CREATE TRIGGER datum_changes_stay_u BEFORE UPDATE ON datum_changes
        BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
    CREATE TRIGGER datum_changes_stay_d BEFORE DELETE ON datum_changes
        BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
    """,
    """
    CREATE TABLE looks (
        look_id INTEGER PRIMARY KEY AUTOINCREMENT, foil TEXT NOT NULL, scan TEXT NOT NULL, field TEXT NOT NULL, x_px REAL NOT NULL,
        y_px REAL NOT NULL, annotator TEXT NOT NULL, "when" TEXT NOT NULL);
    """,
    """
    ALTER TABLE pits ADD COLUMN by_hand INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE pits ADD COLUMN correction INTEGER;
    CREATE INDEX pits_by_hand ON pits (run_id) WHERE by_hand != 0 OR correction IS NOT NULL;
    ALTER TABLE links ADD COLUMN by_hand INTEGER NOT NULL DEFAULT 0;
    CREATE TABLE corrected (run_id INTEGER PRIMARY KEY REFERENCES runs ON DELETE CASCADE, mark TEXT NOT NULL);
    """,
    """
    ALTER TABLE pits ADD COLUMN major_error REAL;
    ALTER TABLE pits ADD COLUMN minor_error REAL;
    """,
    """
    ALTER TABLE runs ADD COLUMN taken_up TEXT;
    """,
)

LABELS: tuple[str, ...] = (
    """
    CREATE TABLE labels (
        label_id INTEGER PRIMARY KEY AUTOINCREMENT, foil TEXT NOT NULL, scan TEXT NOT NULL, field TEXT NOT NULL,
        x_px REAL NOT NULL, y_px REAL NOT NULL, surface TEXT NOT NULL, label TEXT NOT NULL, annotator TEXT NOT NULL,
        "when" TEXT NOT NULL, pass TEXT NOT NULL, extra TEXT NOT NULL, origin TEXT NOT NULL, stroke INTEGER NOT NULL);
    CREATE INDEX labels_by_place ON labels (scan, field);
    CREATE INDEX labels_by_stroke ON labels (stroke);
    CREATE TABLE strokes (
        stroke INTEGER PRIMARY KEY AUTOINCREMENT, annotator TEXT NOT NULL, kind TEXT NOT NULL CHECK (kind IN ('give', 'undo', 'redo')),
        target INTEGER, "when" TEXT NOT NULL);
    CREATE INDEX strokes_by_annotator ON strokes (annotator);
    CREATE TABLE verdicts (
        verdict_id INTEGER PRIMARY KEY AUTOINCREMENT, foil TEXT NOT NULL,
        entry_scan TEXT NOT NULL, entry_field TEXT NOT NULL, entry_x_px REAL NOT NULL, entry_y_px REAL NOT NULL,
        exit_scan TEXT NOT NULL, exit_field TEXT NOT NULL, exit_x_px REAL NOT NULL, exit_y_px REAL NOT NULL,
        verdict TEXT NOT NULL CHECK (verdict IN ('accepted', 'rejected', '')), annotator TEXT NOT NULL, "when" TEXT NOT NULL);
    CREATE TABLE seen (annotator TEXT NOT NULL, foil TEXT NOT NULL, scan TEXT NOT NULL, field TEXT NOT NULL, "when" TEXT NOT NULL,
        PRIMARY KEY (annotator, foil, scan, field));
    CREATE TRIGGER labels_stay_u BEFORE UPDATE ON labels BEGIN SELECT RAISE(ABORT, 'labels are append-only'); END;
    CREATE TRIGGER labels_stay_d BEFORE DELETE ON labels BEGIN SELECT RAISE(ABORT, 'labels are append-only'); END;
    CREATE TRIGGER strokes_stay_u BEFORE UPDATE ON strokes BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
    CREATE TRIGGER strokes_stay_d BEFORE DELETE ON strokes BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
    """,
    """
    CREATE TABLE corrections (
        correction_id INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL CHECK (kind IN ('add', 'remove', 'move', 'link')),
        foil TEXT NOT NULL, scan TEXT NOT NULL, field TEXT NOT NULL, x_px REAL NOT NULL, y_px REAL NOT NULL, surface TEXT NOT NULL,
        to_scan TEXT NOT NULL, to_field TEXT NOT NULL, to_x_px REAL NOT NULL, to_y_px REAL NOT NULL, to_surface TEXT NOT NULL,
        major_px REAL, minor_px REAL, azimuth_deg REAL, surface_score REAL, snr REAL,
        annotator TEXT NOT NULL, "when" TEXT NOT NULL, origin TEXT NOT NULL, stroke INTEGER NOT NULL);
    CREATE INDEX corrections_by_stroke ON corrections (stroke);
    CREATE TRIGGER corrections_stay_u BEFORE UPDATE ON corrections BEGIN SELECT RAISE(ABORT, 'corrections are append-only'); END;
    CREATE TRIGGER corrections_stay_d BEFORE DELETE ON corrections BEGIN SELECT RAISE(ABORT, 'corrections are append-only'); END;
    """,
)
