"""Which addresses stay on one machine."""

from __future__ import annotations

import ipaddress
import re
from typing import Final

_TCP: Final = re.compile(r"^tcp://(?:\[(?P<six>[^\]]+)\]|(?P<host>[^:]+)):")


def is_local(address: str) -> bool:
    """Whether nobody on another machine can reach `address` (or be reached by dialling it): loopback, ipc, inproc."""
    if not address.startswith("tcp://"):
        return address.startswith(("ipc://", "inproc://"))
    found = _TCP.match(address)
    if found is None:
        return False
    host = found["six"] or found["host"]
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        # A name may lead anywhere, and `*` is every interface.
        return False
