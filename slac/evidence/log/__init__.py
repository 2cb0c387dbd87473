"""The log of a runtime: what came in, in order, and what every block made of it, in Parquet files of bounded size.

`slac.evidence.log.layout` says what lies where, `LogDirectory` reads it, `LogWriter` writes it.
"""

from slac.evidence.log.entries import Entry, EntryKind
from slac.evidence.log.feed import (
    Doubted,
    Entered,
    GateChanged,
    Held,
    Lost,
    Marked,
    Missing,
    Ran,
    Restored,
    RunBegan,
    Saved,
    Step,
    steps,
)
from slac.evidence.log.header import Header
from slac.evidence.log.reader import Damage, LogDirectory, LogSegment, NotLogged, of_one_plan, open_logs
from slac.evidence.log.writer import LogWriter

__all__ = [
    "Damage",
    "Doubted",
    "Entered",
    "Entry",
    "EntryKind",
    "GateChanged",
    "Header",
    "Held",
    "LogDirectory",
    "LogSegment",
    "LogWriter",
    "Lost",
    "Marked",
    "Missing",
    "NotLogged",
    "Ran",
    "Restored",
    "RunBegan",
    "Saved",
    "Step",
    "of_one_plan",
    "open_logs",
    "steps",
]
