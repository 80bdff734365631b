"""Training: experts and detectors, what they learn from, and which of them is taken."""
