"""Kieker's records as events for slac: `Execution` for whole calls, `Operation` for their beginnings and ends."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

from examples.kieker.log import Record

_KINDS: Final = {
    "BeforeOperationEvent": "before",
    "AfterOperationEvent": "after",
    "AfterOperationFailedEvent": "after_failed",
    "BeforeConstructorEvent": "before",
    "AfterConstructorEvent": "after",
    "AfterConstructorFailedEvent": "after_failed",
}


def events(records: Iterable[Record]) -> Iterator[dict[str, Any]]:
    """The events of records, in their order; records of other types say nothing about calls and are passed over.

    Times are integers in ns. An event of an operation gets the host that its trace's metadata named before.
    """
    hosts: dict[str, str] = {}
    for record in records:
        if record.type == "TraceMetadata":
            hosts[record.fields[0]] = record.fields[3]
        elif record.type == "OperationExecutionRecord":
            yield _execution(record.fields)
        elif (kind := _KINDS.get(record.type.replace("Object", ""))) is not None:
            yield _operation(record.fields, kind, hosts.get(record.fields[1]))


def _execution(fields: tuple[str, ...]) -> dict[str, Any]:
    operation, session, trace, tin, tout, host, eoi, ess = fields
    payload = {
        "trace_id": int(trace),
        "operation": operation,
        "eoi": int(eoi),
        "ess": int(ess),
        "tin": int(tin),
        "tout": int(tout),
    }
    return {"timestamp": int(tout), "payload": payload, "context": {"host": host, "session": session}}


def _operation(fields: tuple[str, ...], kind: str, host: str | None) -> dict[str, Any]:
    at, trace, order, operation = fields[:4]
    payload = {"trace_id": int(trace), "order_index": int(order), "kind": kind, "operation": operation}
    return {"timestamp": int(at), "payload": payload, "context": {"host": host}}
