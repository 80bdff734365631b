"""Where fields and scans lie in the frame of their foil."""
