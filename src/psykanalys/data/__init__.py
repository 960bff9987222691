"""Raw files to one processed shape. The only part of the package that reads raw data."""
