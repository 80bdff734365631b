"""What is fast: measured side by side with what a user would otherwise take, in one run, as ratios."""
