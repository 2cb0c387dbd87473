"""A record that is refused is named by its place in its source, whatever the slices that it came in."""

from __future__ import annotations

import pytest

from slac.compiler import compile_document
from slac.compiler.draft import CompileOptions
from slac.diagnostics import Source
from slac.runtime.core import Core
from slac.runtime.instructions import Refused
from slac.stream.ports import Records

DOCUMENT = """\
apiVersion: slac/v1
kind: SLA
metadata: {name: shop}
spec:
  events: {Check: {payload: {ok: bool}}}
  inputs: {checks: {adapter: http, listen: "127.0.0.1:8090", emits: Check}}
  violations: {bad: {from: checks, where: NOT ok}}
"""


@pytest.mark.parametrize("size", [1, 3, 4, 9])
def test_a_record_is_named_by_its_place(size: int) -> None:
    """Counted from 1, over all that has come from there."""
    core = Core(compile_document(Source("shop.yaml", DOCUMENT), CompileOptions(collapse=True)).plan, now=0, live=False)
    lines = [b'{"timestamp": %d, "payload": {"ok": %s}}' % (n, b"7" if n in (2, 6) else b"true") for n in range(9)]
    told = []
    for first in range(0, 9, size):
        body = b"\n".join(lines[first : first + size])
        told += core.on_records("checks", [Records(source="a", arrival=1, ndjson=body)])
    assert [i.record for i in told if isinstance(i, Refused)] == [3, 7]
