"""`python -m slac.cli`: the same as the console script."""

import sys

from slac.cli.main import console

if __name__ == "__main__":
    sys.exit(console())
