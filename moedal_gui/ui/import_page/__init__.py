"""The page that looks into a scan before it is taken in."""
