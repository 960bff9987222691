"""Contact-level extracts to waiting-time observations: every row checked and counted, out of core."""
