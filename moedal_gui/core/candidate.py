"""Columns of the tables that leave the program."""

from __future__ import annotations

PIT_COLUMNS: tuple[str, ...] = (
    "pit_id", "foil", "scan", "field", "x_px", "y_px", "x_um", "y_um", "surface", "surface_score", "probability",
    "major_px", "minor_px", "azimuth_deg", "snr", "density_per_mm2", "isolated_fraction", "score_candidate",
    "score_top", "score_bottom", "score_misc", "score_uncertainty", "class", "label", "pair_id", "twin_id", "run",
    "regime", "score_note", "by_hand", "major_error", "minor_error",
)  # fmt: skip

CANDIDATE_COLUMNS: tuple[str, ...] = (
    "candidate_id", "foil", "entry_pit", "exit_pit", "x_um", "y_um", "exit_x_um", "exit_y_um", "stage_x", "stage_y",
    "exit_stage_x", "exit_stage_y", "stage_unit", "dip_deg", "azimuth_deg", "size_ratio", "score",
    "accidental_probability", "density_per_mm2", "regime", "label", "run", "score_note",
)  # fmt: skip

TRACK_COLUMNS: tuple[str, ...] = ("sheets", "track_id", "track_accidental_probability")
"""After `CANDIDATE_COLUMNS` where foils of the project lie in stacks: how many sheets the track goes through, its number, and
the probability that the links are not one track; empty for a foil in no stack."""

LINK_COLUMNS: tuple[str, ...] = (
    "entry_pit", "exit_pit", "dx_px", "dy_px", "residual_px", "dip_deg", "azimuth_deg", "size_ratio", "score",
    "accidental_probability", "regime", "passes",
)  # fmt: skip
