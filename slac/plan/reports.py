"""The columns of what audits and violations publish."""

from slac.stream.types import Field, List, Schema, String, Struct, Timestamp


def report_schema(keys: tuple[Field, ...], bodies: tuple[tuple[str, Schema], ...]) -> Schema:
    """Columns of an audit's reports.

    Keys; `kind` (initial, change, stay); `state`; `previous` (the state before, NULL at first); `verdict` (OK,
    VIOLATED, UNDECIDED); `since` (when the state was entered); `period_start`, `period_end` (the reporting period,
    start excluded; start NULL at first); then one list of structs a report body.
    """
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
