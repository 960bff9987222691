"""Reproducible analyses of Swedish county plans for mental health."""
