"""Foils with known truth: etching, optics, dirt, camera, whole scans. They train and demonstrate."""
