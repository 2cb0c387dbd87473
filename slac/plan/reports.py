"""The columns of what audits and violations publish."""

from collections.abc import Collection

from slac.stream.types import Bool, Field, Int, List, Schema, String, Struct, Timestamp


def report_schema(
    keys: tuple[Field, ...],
    bodies: tuple[tuple[str, Schema], ...],
    *,
    flapping: bool = False,
    inhibited: bool = False,
) -> Schema:
    """Columns of an audit's reports.

    Keys; `kind` (initial, change, stay, scheduled, calm, released, forgotten, withdrawn); `state`; `previous` (the
    state of the report before, NULL at first); `verdict` (OK, VIOLATED, UNDECIDED); `since` (when the state was
    entered); `period_start`, `period_end` (the reporting period, start excluded; start NULL at first). Of an audit that
    may hold changes back also `changes` (of state in the period, told or not), and where it knows of flapping, before
    it, whether the key does. Then one list of structs a report body.
    """
    counts: tuple[Field, ...] = (Field("flapping", Bool(), nullable=False),) if flapping else ()
    if flapping or inhibited:
        counts += (Field("changes", Int(), nullable=False),)
    return Schema(
        (
            *keys,
            Field("kind", String(), nullable=False),
            Field("state", String(), nullable=False),
            Field("previous", String()),
            Field("verdict", String(), nullable=False),
            Field("since", Timestamp(), nullable=False),
            Field("period_start", Timestamp()),
            Field("period_end", Timestamp(), nullable=False),
            *counts,
            *(Field(name, List(Struct(body.fields)), nullable=False) for name, body in bodies),
        )
    )


def violation_schema(keys: tuple[Field, ...], labels: Collection[str] = (), *, silence: bool = False) -> Schema:
    """Columns of a violation.

    Keys; `kind` (raised, stay, resolved, withdrawn); `severity`; `since` (when it was raised); `reason` (why, where the
    condition alone does not say so); of a silence `last_seen` (the latest row before it; NULL for none); `message`;
    `violation` (the id of the episode: that of the row that raised it); `labels`, a struct, if there are any.
    """
    known = (Field("labels", Struct(tuple(Field(n, String(), nullable=False) for n in labels))),) if labels else ()
    return Schema(
        (
            *keys,
            Field("kind", String(), nullable=False),
            Field("severity", String(), nullable=False),
            Field("since", Timestamp(), nullable=False),
            Field("reason", String()),
            *((Field("last_seen", Timestamp()),) if silence else ()),
            Field("message", String()),
            Field("violation", String(), nullable=False),
            *known,
        )
    )
