"""Whether cleaning helps on very dirty simulated fields: F1 with and without it, on seeds nothing was tuned on.

``python -m benchmarks.cleaning [--first SEED] [--fields N]``; fields are 640 x 480 with 8 lamps, dust, scratches, bubbles,
fibres and fingerprints.
"""

from __future__ import annotations

import argparse
import sys

import numpy as np

from benchmarks.detection import description_of, match
from moedal_gui.analysis.intervals import fraction, harmonic_mean
from moedal_gui.imaging.normalise import estimate_flat_field
from moedal_gui.preselect.heatmap import LearnedDetector
from moedal_gui.preselect.methods import Method, clean_field, detect
from moedal_gui.simulate.dirt import draw_dirt
from moedal_gui.simulate.field import SCALE, SimulatedField, draw_microscope, photograph
from moedal_gui.simulate.population import draw_etch, draw_population
from moedal_gui.simulate.truth import truth_table
from moedal_gui.tasks.training.detectors import detector_of, shipped_detector

SIZE = (640, 480)
FIRST_SEED, FIELDS = 9000, 12
GRAINS = (40.0, 120.0)
PITS = 60.0


def dirty_field(seed: int, grains: float) -> SimulatedField:
    """A field with so many grains of dust, and a quarter as many scratches and bubbles."""
    rng = np.random.default_rng(seed)
    etch, microscope = draw_etch(rng, None, None, None), draw_microscope(rng, 8, 8)
    pits = draw_population(rng, etch, SIZE, (PITS, PITS), SIZE[0] * SIZE[1], 4)
    dirt = draw_dirt(rng, (SIZE[1], SIZE[0]), SCALE, grains)
    stack = photograph(rng, pits, microscope, "top", SIZE, etch.surfaces_apart_px, dirt=dirt)
    return SimulatedField(
        stack, microscope.channels, microscope.optics.polarity, truth_table(pits, "f", "s", "1", SIZE)
    )


def tally(
    field: SimulatedField, method: Method, learned: LearnedDetector | None, cleaning: bool
) -> tuple[int, int, int, float]:
    """True, found, matched pits, and the share of the field that was filled."""
    flat, description = estimate_flat_field([field.stack]), description_of(field)
    cleaned = clean_field(field.stack, description, flat) if cleaning else None
    pits = detect(field.stack, description, flat, method, learned, cleaned)
    rows, _ = match(pits[["x_px", "y_px"]].to_numpy(), field.truth)
    return len(field.truth), len(pits), len(rows), cleaned.shares["filled"] if cleaned is not None else 0.0


def main(words: list[str]) -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description="Cleaning on simulated dirt")
    parser.add_argument("--first", type=int, default=FIRST_SEED)
    parser.add_argument("--fields", type=int, default=FIELDS)
    chosen = parser.parse_args(words)
    shipped = shipped_detector("slope")
    learned = detector_of(shipped.folder) if shipped is not None else None
    sys.stdout.write(
        "| grains | method | cleaned | efficiency | purity | F1 [95 %] | area filled |\n|---|---|---|---|---|---|---|\n"
    )
    for grains in GRAINS:
        fields = [dirty_field(chosen.first + k, grains) for k in range(chosen.fields)]
        for method in ("divergence", "heatmap") if learned is not None else ("divergence",):
            for cleaning in (False, True):
                rows = [tally(field, method, learned, cleaning) for field in fields]
                true, found, matched = (sum(r[k] for r in rows) for k in range(3))
                f1 = harmonic_mean(fraction(matched, true), fraction(matched, found))
                filled = np.mean([r[3] for r in rows])
                sys.stdout.write(
                    f"| {grains:g} | {method} | {'yes' if cleaning else 'no'} | {matched / true:.3f} | {matched / max(found, 1):.3f} | "
                    f"{f1['value']:.3f} [{f1['low']:.3f}, {f1['high']:.3f}] | {filled:.1%} |\n"
                )
                sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
