"""Which instance a row belongs to, where several share the keys of a node: rendezvous hashing.

Each instance has a weight for each value, and the highest wins. So with one instance more, only its share of the values
goes elsewhere, and every sender agrees without a word.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import polars as pl

from slac.runtime.instructions import Send
from slac.stream.ids import Ids, hash_text, hash_values, splitmix64

_SALT = "instance"


def owners(values: pl.Series, instances: int) -> pl.Series:
    """The number of the instance of each value; NULL is a value like any other."""
    hashed = hash_values(values)
    return pl.Series(np.argmax([splitmix64(hashed ^ salt) for salt in _salts(instances)], axis=0))


def divided(send: Send, by: str, instances: int) -> list[Send]:
    """A message for each instance: its rows, and the watermark, which is the same for all."""
    frame = send.frame
    if frame is None or not frame.height:
        return [send] * instances
    owner = owners(frame[by], instances)
    return [replace(send, frame=frame.filter(owner == n)) for n in range(instances)]


def _salts(instances: int) -> Sequence[np.uint64]:
    salts: Ids = np.array([hash_text(_SALT, str(n)) for n in range(instances)], np.uint64)
    return list(salts)
