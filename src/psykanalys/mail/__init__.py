"""A finished report on its way out: guard, letter, drafts, SMTP, and the log of what was mailed."""
