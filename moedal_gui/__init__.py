"""moedal-gui: a workbench for etch pits in nuclear track foils."""

import os

__version__ = "0.1.0"

# Work is spread over processes, a field each; linear algebra that spreads every small product over all cores as well
# makes each of them slower. This must be said before numpy is loaded; what a person has set stays.
for _name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")
