"""Learning: training sets, networks, folds and what comes of them; torch lives here and nowhere else."""
