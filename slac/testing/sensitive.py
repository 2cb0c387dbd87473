"""The key that sensitive fields are hashed with where nothing is secret: in tests and simulations."""

from __future__ import annotations

from typing import Final

from slac.stream.privacy import Hasher

HASHER: Final = Hasher(b"a key that everybody knows")
"""A test writes values in clear, and means their hashes under this key."""
