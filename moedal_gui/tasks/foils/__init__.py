"""Many foils: the pipeline over a folder of them, here or on a cluster."""
