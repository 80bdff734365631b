"""Labels in and out of the journal."""
