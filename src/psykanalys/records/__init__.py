"""Contact-level extracts to waiting-time observations: each row checked, counted out of core, nothing dropped silently."""
