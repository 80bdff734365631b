"""moedal-gui: a workbench for etch pits in nuclear track foils."""

import os

__version__ = "0.1.0"

# Work is spread over processes, a field each; linear algebra that spreads every small product over all cores as well
# makes each of them slower. This must be said before numpy is loaded; what a person has set stays.
for _name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

# A detector is trained on all cores beside other work: threads that spin while they wait for one that has to share its core
# make it fifteen times slower there; threads that sleep cost a twentieth on an idle machine.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
