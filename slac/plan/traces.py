"""How traces are put together: which columns say what, when a trace is over, and the columns of the rows that come out.

A trace is all records of one key. `executions`: one record a call, with its place in the order of calls (`order`) and
on the stack (`depth`). `events`: two records a call, before and after it (`kind`), numbered through (`order`).
`spans`: one record a call, which names itself (`span`) and its caller (`parent`).
"""

from __future__ import annotations

from typing import Final, Literal

import msgspec

from slac.stream.types import (
    AnyType,
    Bool,
    Duration,
    Field,
    Int,
    List,
    Schema,
    String,
    Struct,
    Timestamp,
)

TraceForm = Literal["executions", "events", "spans"]
Reason = Literal["fragment", "limit", "malformed", "duplicate", "within", "gap", "stack", "missing_end"]

ROLES: Final[dict[TraceForm, dict[str, tuple[str, AnyType]]]] = {
    "executions": {
        "operation": ("operation", String()),
        "order": ("eoi", Int()),
        "depth": ("ess", Int()),
        "start": ("tin", Timestamp()),
        "end": ("tout", Timestamp()),
    },
    "events": {
        "operation": ("operation", String()),
        "order": ("order_index", Int()),
        "kind": ("kind", String()),
    },
    "spans": {
        "operation": ("operation", String()),
        "span": ("span_id", String()),
        "parent": ("parent_id", String()),
        "start": ("start", Timestamp()),
        "duration": ("duration", Duration()),
    },
}
"""What a record must tell in each form: the role, the column that has it unless the document says another, its type."""
HOST: Final = "host"
"""The role (text) that classes by operation and host need besides."""
BEFORE: Final = "before"
AFTER: Final = ("after", "after_failed")
"""What `kind` says; any other text is not a record of a trace."""


class TraceSpec(msgspec.Struct, frozen=True, kw_only=True):
    """`columns`: role → column. Durations are µs.

    A trace is over when it is complete (executions: when its root has ended; events: with the last one), when nothing
    of it has been seen or known to run for `timeout`, or `within` after its first record. For `retain` after that,
    records of it are fragments. `limit`: traces held at once.
    """

    form: TraceForm
    columns: dict[str, str]
    timeout: int
    within: int
    limit: int
    by_host: bool = False
    repair: bool = False
    operations: bool = False


def trace_schema(keys: tuple[Field, ...], spec: TraceSpec) -> Schema:
    """Columns of a trace's row.

    Keys; `valid`; `reason` (NULL where valid); `root` (the operation of the first call); `start`; `duration`; `calls`;
    `depth` of the deepest call (the root has 0) and `class`, both NULL where not valid. With `repair`: `repaired`.
    With `operations`: a list of structs in the order of calls.
    """
    calls = List(Struct((Field("operation", String()), Field("depth", Int()))))
    return Schema(
        (
            *keys,
            Field("valid", Bool(), nullable=False),
            Field("reason", String()),
            Field("root", String()),
            Field("start", Timestamp(), nullable=False),
            Field("duration", Duration(), nullable=False),
            Field("calls", Int(), nullable=False),
            Field("depth", Int()),
            Field("class", String()),
            *((Field("repaired", Bool(), nullable=False),) if spec.repair else ()),
            *((Field("operations", calls, nullable=False),) if spec.operations else ()),
        )
    )
