"""The class of a trace: a stable hash of which operations called which, in what order; traces alike have the same.

A call is hashed from its operation (and host), its place and its depth; a trace is the sum of its calls' hashes. So
no text is put together, and a trace costs a few additions a call.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl
import xxhash

from slac.plan.traces import TraceSpec
from slac.runtime.traces.groups import Groups, Hashes, Longs
from slac.runtime.traces.records import HOST_OF, OPERATION
from slac.stream.framing import places_of
from slac.stream.ids import format_id, splitmix64

_MISSING = np.uint64(0)
_FEW: Final = 2048


def signatures(frame: pl.DataFrame, spec: TraceSpec) -> Hashes:
    """Of each record, what it is a call of: the operation, and where classes are by host, the host."""
    signature = text_hashes(frame[OPERATION])
    return splitmix64(signature ^ splitmix64(text_hashes(frame[HOST_OF]))) if spec.by_host else signature


def text_hashes(texts: pl.Series) -> Hashes:
    """Stable hashes of texts, of which few are different; a missing one has a hash as well."""
    if len(texts) <= _FEW:
        return _few_hashes(texts.to_list())
    name = texts.name
    known = texts.unique()
    hashes = [0 if t is None else xxhash.xxh3_64_intdigest(t.encode()) for t in known.to_list()]
    table = pl.DataFrame({name: known, "hash": pl.Series(hashes, dtype=pl.UInt64)})
    found = texts.to_frame().join(table, on=name, how="left", nulls_equal=True, maintain_order="left")
    return found["hash"].to_numpy()


def _few_hashes(texts: list[str | None]) -> Hashes:
    """For so few, two queries would cost more than going through them."""
    hashes = {t: 0 if t is None else xxhash.xxh3_64_intdigest(t.encode()) for t in set(texts)}
    return np.fromiter(map(hashes.__getitem__, texts), np.uint64, len(texts))


def classes(signature: Hashes, place: Longs, depth: Longs, groups: Groups) -> Hashes:
    """Of each trace, its class: calls in the order of places, each with its depth."""
    where = splitmix64((place.astype(np.uint64) << np.uint64(32)) | depth.astype(np.uint64))
    return _summed(splitmix64(signature ^ where), groups)


def path_classes(signature: Hashes, parent: Longs, depth: Longs, groups: Groups) -> Hashes:
    """Of each trace, its class where calls have no order: which path of operations led to each call.

    `parent`: of each call, the row of its caller (of a root, its own).
    """
    path = splitmix64(signature)
    for level in range(1, int(depth.max(initial=0)) + 1):
        here = np.flatnonzero(depth == level)
        path[here] = splitmix64(signature[here] ^ splitmix64(path[parent[here]]))
    return _summed(path, groups)


def class_text(hashes: Hashes) -> pl.Series:
    """Hashes as 16 hex digits."""
    different, which = np.unique(hashes, return_inverse=True)
    texts = pl.Series("class", [format_id(int(h)) for h in different], dtype=pl.String)
    return texts[places_of(which)]


def _summed(calls: Hashes, groups: Groups) -> Hashes:
    with np.errstate(over="ignore"):
        return splitmix64(groups.sums(calls) ^ groups.counts.astype(np.uint64))
