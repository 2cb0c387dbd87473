"""Where nodes listen and what others dial are addresses that ZeroMQ takes.

Before: `central: {listen: nonsense}`. After: a finding that says how an address is written.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from slac.compiler.draft import Draft, Found
from slac.diagnostics import Diagnostic
from slac.language.document import PlacementDecl
from slac.plan.graph import NUMBER

_HOST: Final = r"(?:[A-Za-z0-9_](?:[A-Za-z0-9._-]*[A-Za-z0-9_])?|\[[0-9A-Fa-f:.%A-Za-z]+\])"
_TCP: Final = re.compile(rf"tcp://(?P<host>\*|{_HOST}):(?P<port>[0-9]{{1,5}})")
_OTHER: Final = re.compile(r"(?:ipc|inproc)://\S+")
_LARGEST_PORT: Final = 65_535


def addresses(draft: Draft) -> Found:
    """Refuse every `listen` and `address` of the placement that is none."""
    return draft, [d for node in draft.document.placement for d in _of(node)]


def _of(node: PlacementDecl) -> Iterator[Diagnostic]:
    for key, text in (("listen", node.listen), ("address", node.address)):
        problem = _problem(key, text.replace(NUMBER, "0") if node.instances > 1 else text) if text is not None else ""
        use = "bind" if key == "listen" else "be dialled at"
        if problem:
            yield Diagnostic(
                code="placement/bad-address",
                summary=f'"{text}" is no address that "{node.name}" could {use}',
                span=node.places.get(key, node.span),
                path=f"{node.path}.{key}",
                suggestion=problem,
            )


def _problem(key: str, text: str) -> str:
    """How to write it; empty where nothing is wrong."""
    found = _TCP.fullmatch(text)
    if found is None:
        if _TCP.fullmatch(f"tcp://{text}"):
            return f"write tcp://{text}"
        known = _OTHER.fullmatch(text)
        return "" if known else "write it like tcp://10.0.0.5:7000, or ipc:///run/slac/central within one machine"
    if not 0 < int(found["port"]) <= _LARGEST_PORT:
        return f"a port lies between 1 and {_LARGEST_PORT}"
    if key == "address" and found["host"] == "*":
        return "`*` is every interface, which can be bound and not dialled: name the host"
    return ""
