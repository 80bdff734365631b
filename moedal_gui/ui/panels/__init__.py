"""One panel per file; table.py lists them."""
