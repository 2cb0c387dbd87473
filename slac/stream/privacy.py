"""Sensitive values become marked hashes under a key that all runtimes of a deployment share.

The key is what makes them worth anything: without it, whoever can guess a value could look up its hash. What is marked
already passes as it is, so that rows which were hashed once can be read again.
"""

from __future__ import annotations

import re
from hashlib import blake2b
from typing import Any, Final

import polars as pl

MARK: Final = "hashed:"
"""What every hashed value begins with."""
LENGTH: Final = len(MARK) + 32
"""Characters of a hashed value."""
LEAST_KEY: Final = 16
"""A key has at least so many bytes …"""
MOST_KEY: Final = 64
"""… and at most so many."""

_DIGEST: Final = 16
_MARKED: Final = re.compile(rf"{MARK}[0-9a-f]{{{2 * _DIGEST}}}")
_FEW: Final = 2048
"""Up to so many rows a query costs more than they do."""


class Hasher:
    """Hashes values under one key; ValueError where that is too short or too long to be one.

    Equal values have equal hashes, in whatever column they stand: what is no text is hashed as it is written
    (`12`, `1.5`, `true`; instants and durations in µs), a map by its sorted pairs.
    """

    def __init__(self, key: bytes) -> None:
        if not LEAST_KEY <= len(key) <= MOST_KEY:
            raise ValueError(f"a key has {LEAST_KEY} to {MOST_KEY} bytes, not {len(key)}")
        self._key = key
        self.fingerprint = blake2b(b"fingerprint", key=key, digest_size=8, person=b"slac key").hexdigest()
        """Tells two keys apart, and nothing else."""

    def value(self, value: Any) -> str:
        """The hash of one value that is there; one that is marked stays."""
        text = value if isinstance(value, str) else _written(value)
        if is_marked(text):
            return text
        return MARK + blake2b(text.encode("utf-8", "surrogatepass"), key=self._key, digest_size=_DIGEST).hexdigest()

    def column(self, values: pl.Series) -> pl.Series:
        """The hashes of a column (String), each distinct value hashed once; NULL stays NULL."""
        plain = values.cast(pl.Int64) if values.dtype.is_temporal() else values
        if plain.len() <= _FEW:
            held = plain.to_list()
            made = {v: self.value(v) for v in set(held) if v is not None}
            return pl.Series(values.name, [made.get(v) for v in held], dtype=pl.String)
        known = plain.drop_nulls().unique()
        hashes = pl.Series([self.value(v) for v in known.to_list()], dtype=pl.String)
        return plain.replace_strict(known, hashes, default=None, return_dtype=pl.String).alias(values.name)

    def raw(self, record: bytes) -> str:
        """The hash of a record as it came."""
        return MARK + blake2b(record, key=self._key, digest_size=_DIGEST).hexdigest()


def is_marked(text: str) -> bool:
    """Whether a text is a hashed value."""
    return text.startswith(MARK) and _MARKED.fullmatch(text) is not None


def _written(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else repr(value)
