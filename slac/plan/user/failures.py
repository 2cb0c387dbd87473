"""What can be wrong with functions of a document's own, in whole sentences."""

from __future__ import annotations

from slac.diagnostics import RunFailed, UsageError


class FunctionWrong(Exception):
    """A module, or a function in it, that cannot be used; the text says why, `hint` how it is mended."""

    def __init__(self, why: str, hint: str = "") -> None:
        super().__init__(why)
        self.hint = hint


class FunctionsRefused(UsageError):
    """A plan whose functions this process must not load, or that are not what was compiled."""


class FunctionFailed(RunFailed):
    """A function that does not do while the plan runs what it did when it was compiled."""
