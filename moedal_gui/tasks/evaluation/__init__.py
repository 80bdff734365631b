"""How good pits, links and scores are, against what is known."""
