"""Notebook + parameters → one HTML file. Knows papermill and nbconvert, and no indicator."""
