"""Ports of the loopback interface for servers that a test, a demo or a benchmark starts by address.

They lie below the range from which the kernel serves outgoing connections and binds to port 0: one that was bound to 0
and let go again may be somebody else's a moment later, and who starts on it then fails once in a thousand runs.
"""

import os
import socket
from itertools import count

__all__ = ["free_port"]

_LOWEST, _HOW_MANY = 20_000, 12_000

# Neighbouring processes (the workers of one test run) begin far apart; no process is given the same port twice.
_candidates = (_LOWEST + (os.getpid() * 997 + n) % _HOW_MANY for n in count())


def free_port() -> int:
    """A port of 127.0.0.1 that nobody uses, and that nobody is given by chance."""
    return next(port for port in _candidates if _is_free(port))


def _is_free(port: int) -> bool:
    try:
        socket.create_server(("127.0.0.1", port)).close()
    except OSError:
        return False
    return True
