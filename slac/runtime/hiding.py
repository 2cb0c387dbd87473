"""The stage of an input where sensitive fields are hashed: what is behind it never sees them, but for who may."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import polars as pl

from slac.adapters.decoding import Quarantined, without_values
from slac.diagnostics import RunFailed
from slac.plan.nodes import SourceNode
from slac.plan.privacy import clear_column
from slac.stream.privacy import Hasher

_NO_KEY: Final = "its events have sensitive fields ({fields}), which are hashed under a key, and there is none"


class Hiding:
    """Hashes what `node` calls sensitive; RunFailed without a key for it."""

    def __init__(self, node: SourceNode, hasher: Hasher | None) -> None:
        if node.sensitive and hasher is None:
            raise RunFailed(f'input "{node.block}": {_NO_KEY.format(fields=", ".join(node.sensitive))}')
        self._node = node
        self._hasher = hasher
        self._hashed = frozenset(node.sensitive)
        self.columns = (*node.schema.names, *map(clear_column, node.clear))
        """The columns of rows behind this stage, meta columns aside."""

    @property
    def fingerprint(self) -> str:
        """Tells the key from others; empty where nothing is hashed."""
        return self._hasher.fingerprint if self._hasher is not None and self._hashed else ""

    def check(self, fingerprint: str) -> None:
        """RunFailed where a state was made with another key: its keys and groups would be other ones from here on."""
        if fingerprint and self.fingerprint and fingerprint != self.fingerprint:
            raise RunFailed(
                f'input "{self._node.block}": the state was made with another key for sensitive fields; '
                "run with that key, or with a new state"
            )

    def hidden(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The decoded rows with hashes, and beside them in clear what some selection is allowed to see."""
        hasher = self._hasher
        if hasher is None or not self._hashed:
            return frame
        columns = [hasher.column(c) if c.name in self._hashed else c for c in frame.get_columns()]
        return pl.DataFrame([*columns, *(frame[name].alias(clear_column(name)) for name in self._node.clear)])

    def refused(self, record: Quarantined) -> Quarantined:
        """What may be kept of a record that cannot be used."""
        if self._node.keeps_raw:
            return record
        reason = without_values(record.reason) if self._hashed else record.reason
        return replace(record, raw=b"", reason=reason, hash=(self._hasher or _PUBLIC).raw(record.raw))


_PUBLIC: Final = Hasher(b"no secret, for inputs without one")
