"""Other people's files: read, and where asked for, written."""
