"""Tables to tables, curves and maps."""
