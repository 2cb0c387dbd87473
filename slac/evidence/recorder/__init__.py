"""Records what a runtime does: looks on by reference, and encodes and writes in a thread of its own."""

from slac.evidence.recorder.book import RunLog

__all__ = ["RunLog"]
