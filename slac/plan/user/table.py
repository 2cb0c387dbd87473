"""The modules that this process has been allowed to load, by what they are made from.

An expression names a function by the digest of its module's text, so what it means does not depend on what else was
loaded, or when: this is a cache that is filled where the user allowed it, and nowhere else (docs/adr/0015).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from slac.plan.scalar.function import Function
from slac.plan.user.failures import FunctionsRefused, FunctionWrong
from slac.plan.user.load import LoadedModule, load_module
from slac.plan.user.module import FunctionModule

_LOADED: Final[dict[str, LoadedModule]] = {}
_BY_KEY: Final[dict[str, Function]] = {}


def user_function(key: str) -> Function | None:
    """The function that an expression names; None where its module was not loaded in this process."""
    return _BY_KEY.get(key)


def load(module: FunctionModule) -> LoadedModule:
    """Load a module, once a process; FunctionWrong where it, or a function in it, cannot be used."""
    found = _LOADED.get(module.digest)
    if found is None:
        found = _LOADED.setdefault(module.digest, load_module(module))
        _BY_KEY.update({f.key: f for f in found.functions.values()})
    return found


def activate(modules: Iterable[FunctionModule], *, allowed: bool) -> None:
    """Make the functions of a plan callable.

    FunctionsRefused where the user has not allowed it, where a text is not the one that was compiled, or where it does
    not load here.
    """
    for module in modules:
        if not allowed:
            raise FunctionsRefused(
                f"The plan calls functions of {module.path}, which is Python that runs with all that you may do. "
                "Start slac with --allow-functions if you trust it."
            )
        if not module.is_whole:
            raise FunctionsRefused(
                f"The plan's copy of {module.path} is not what was compiled: its digest is not {module.digest[:16]}…. "
                "Compile the document again."
            )
        try:
            load(module)
        except FunctionWrong as wrong:
            raise FunctionsRefused(f"The plan's functions cannot be used here: {wrong}.") from None
