"""By which name a socket's file can be had: the system takes short ones only."""

from __future__ import annotations

import os
from pathlib import Path

import zmq

LONGEST: int = zmq.IPC_PATH_MAX_LEN
"""Bytes of a socket's path, at most."""


def address_of(path: Path) -> str:
    """The address of the file by its name as it is given; where that is too long, by the shortest that it has.

    From the root, or from the working directory. `fits` says whether that is short enough.
    """
    if fits(f"ipc://{path}"):
        return f"ipc://{path}"
    real = os.path.realpath(path)
    return "ipc://" + min(real, os.path.relpath(real), key=lambda name: len(os.fsencode(name)))


def fits(address: str) -> bool:
    """Whether the system takes this address; others than those of files always do."""
    return len(os.fsencode(address.removeprefix("ipc://"))) <= LONGEST or not address.startswith("ipc://")
