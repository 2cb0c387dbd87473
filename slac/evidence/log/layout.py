"""What lies where in a log.

A runtime logs into `<directory>/<document>.<node>.<instance>/`. Below it are segments, folders with numbers that ascend
(`00000001`), each of which stands by itself:

- `segment.json`: the header (`slac.evidence.log.header`); `plan.json.gz`: the plan that ran.
- `order.<n>.parquet`: what happened, in order (`slac.evidence.log.entries`).
- `<node id>/rows.<n>.parquet`: the rows that left a node; `<node id>/edges.<n>.parquet`: what they consumed, where
  that cannot be told from the rows (`slac.evidence.lineage`).
- `state.<seq>`: what all blocks held at that entry (`slac.evidence.log.states`): a replay may begin there.
- `parts.ndjson`: one line for each of these files once it is whole, with its digest (`slac.evidence.log.parts`).

Files come under a name that nobody reads and are renamed when they are whole. Nothing is changed afterwards, but that
small files of a segment may become one of the same rows when the segment is closed.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

FORMAT: Final = 2
"""Version of the format. A reader refuses what is newer, and what is older where it says so."""
WITHOUT_LINKS: Final = 1
"""The version before: it does not say how far links had accepted what their senders sent."""
HEADER: Final = "segment.json"
PLAN: Final = "plan.json.gz"
PARTS: Final = "parts.ndjson"
ORDER: Final = "order"
ROWS: Final = "rows"
EDGES: Final = "edges"
STATE: Final = "state"
LOCK: Final = "lock"
UNFINISHED: Final = ".tmp"
ENDING: Final = ".parquet"
_DIGITS: Final = 8


def place_of(directory: Path, document: str, node: str, instance: str) -> Path:
    """Where a runtime logs."""
    return directory / f"{document}.{node}.{instance}"


def segment_path(place: Path, number: int) -> Path:
    """The folder of a segment."""
    return place / f"{number:0{_DIGITS}d}"


def segment_numbers(place: Path) -> list[int]:
    """The segments that are there, ascending; other files are left alone."""
    if not place.is_dir():
        return []
    return sorted(int(p.name) for p in place.iterdir() if p.name.isdecimal() and p.is_dir())


def is_log(place: Path) -> bool:
    """Whether a runtime has logged here; a segment may have lost its header, or the account of its files."""
    segments = (segment_path(place, number) for number in segment_numbers(place))
    return any((segment / name).exists() for segment in segments for name in (HEADER, PLAN, PARTS))
