"""From the pixels of a field to its pits."""
