"""moedal-gui: a workbench for etch pits in nuclear track foils."""
