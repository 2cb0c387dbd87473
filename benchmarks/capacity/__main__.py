"""`python -m benchmarks.capacity NAME…`: some documents alone, by their names; no results are written."""

from __future__ import annotations

import sys

from rich.console import Console

from benchmarks.capacity import of_documents
from benchmarks.capacity.documents import documents
from benchmarks.report import report, show

if __name__ == "__main__":
    wanted = set(sys.argv[1:])
    rows = of_documents([p for p in documents() if p.stem in wanted or not wanted])
    show(report("capacity", rows, {}), Console(width=120))
