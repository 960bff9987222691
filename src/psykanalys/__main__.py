"""`python -m psykanalys`: the same as the command."""

from psykanalys.cli import main

main()
