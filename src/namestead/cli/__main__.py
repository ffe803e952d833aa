"""`python -m namestead.cli` is `namestead`."""

from namestead.cli import main

main()
