"""What is wrong with a pattern's text, and where."""

from __future__ import annotations


class PatternSyntaxError(ValueError):
    """Text that is no pattern: what was wanted, the code points `[start, end)` where that shows, and a next step."""

    def __init__(self, summary: str, start: int, end: int, suggestion: str = "") -> None:
        super().__init__(summary)
        self.summary = summary
        self.start = start
        self.end = end
        self.suggestion = suggestion
