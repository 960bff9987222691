"""From raw files to processed tables: reading, refusing, preparing."""
