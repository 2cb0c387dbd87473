"""The columns of what audits and violations publish."""

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
    state of the report before, NULL at first); `verdict` (OK, VIOLATED, UNDECIDED); `since` (when the state was entered); `period_start`,
    `period_end` (the reporting period, start excluded; start NULL at first). Of an audit that may hold changes back
    also `changes` (of state in the period, told or not), and where it knows of flapping, before it, whether the key
    does. Then one list of structs a report body.
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


def violation_schema(keys: tuple[Field, ...]) -> Schema:
    """Columns of a violation: keys; `kind` (raised, resolved); `severity`; `since` (when it was raised); `message`."""
    return Schema(
        (
            *keys,
            Field("kind", String(), nullable=False),
            Field("severity", String(), nullable=False),
            Field("since", Timestamp(), nullable=False),
            Field("message", String()),
        )
    )
