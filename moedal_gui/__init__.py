"""moedal-gui: a workbench for etch pits in nuclear track foils."""

__version__ = "0.1.0"
