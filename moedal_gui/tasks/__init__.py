"""One file per step of the pipeline, and table.py that lists them."""
