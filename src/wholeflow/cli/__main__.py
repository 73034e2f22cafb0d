"""`python -m wholeflow.cli`."""

from wholeflow.cli import main

main()
