"""A computation with `traces` becomes a node that puts them together, and a selection where it chooses columns."""

from __future__ import annotations

from slac.compiler.blocks.computations import select_rows
from slac.compiler.blocks.context import Lowering
from slac.compiler.blocks.expressions import condition, scope_of
from slac.diagnostics import listed, suggest
from slac.language.terms import Ref
from slac.language.trace_decls import TracesDecl
from slac.plan.nodes import AnyNode, SelectNode, TracesNode
from slac.plan.traces import HOST, ROLES, TraceSpec, trace_schema
from slac.stream.types import AnyType, Enum, Field, Int, Schema, String

_TEXT_OR_NUMBER = ("span", "parent")


def lower_traces(block: TracesDecl, lowering: Lowering) -> None:
    """In order of effect: where, traces, then select and what it emits; the last node has the block's name."""
    upstream = lowering.stream(block, block.from_)
    if upstream is None:
        return
    before = len(lowering.found)
    where = condition(lowering, block.where, scope_of(upstream, block.from_.name, lowering.event(block.from_)))
    keys = lowering.keys(block.by, upstream.schema, block.from_.name)
    spec = _spec(block, lowering, upstream.schema)
    if len(lowering.found) > before or spec is None:
        return
    depth = lowering.depth(block, upstream)
    left = upstream
    if where is not None:
        left = lowering.add(
            SelectNode(
                id=f"{block.name}.where",
                block=block.name,
                node="",
                inputs=(upstream.id,),
                schema=upstream.schema,
                depth=depth,
                windowed=upstream.windowed,
                where=where,
            )
        )
    chooses = block.select is not None or bool(block.then) or block.emits is not None
    named = tuple(Field(k.name, k.dtype, nullable=False) for k in keys)
    made: AnyNode = lowering.add(
        TracesNode(
            id=f"{block.name}.traces" if chooses else block.name,
            block=block.name,
            node="",
            inputs=(left.id,),
            schema=trace_schema(named, spec),
            depth=depth,
            keys=tuple(k.name for k in keys),
            spec=spec,
            retain=block.retain_us,
        )
    )
    if chooses:
        select_rows(block, lowering, made, scope_of(made, block.name), None)


def _spec(block: TracesDecl, lowering: Lowering, schema: Schema) -> TraceSpec | None:
    wanted = dict(ROLES[block.form])
    if block.by_host:
        wanted[HOST] = (HOST, String())
    _check_words(block, lowering, wanted)
    columns: dict[str, str] = {}
    for role, (default, dtype) in wanted.items():
        said = block.columns.get(role, Ref(name=default, span=block.form_span, path=f"{block.path}.traces"))
        if _fits(block, lowering, role, said, dtype, schema):
            columns[role] = said.name
    if len(columns) < len(wanted):
        return None
    return TraceSpec(
        form=block.form,
        columns=columns,
        timeout=block.timeout_us,
        within=block.within_us or 0,
        limit=block.limit,
        by_host=block.by_host,
        repair=block.repair,
        operations=block.operations,
    )


def _check_words(block: TracesDecl, lowering: Lowering, wanted: dict[str, tuple[str, AnyType]]) -> None:
    for role, said in block.columns.items():
        if role not in wanted:
            lowering.say(
                "schema/unknown-key",
                f"`{role}` has no meaning for traces of {block.form}{' by operation' if role == HOST else ''}",
                said,
                details=f"columns of {block.form}: {listed(wanted)}",
            )
    if block.repair and block.form != "events":
        lowering.say(
            "schema/unknown-key",
            f"`repair` has no meaning for traces of {block.form}: a call that was cut off has left no record at all",
            block,
        )


def _fits(block: TracesDecl, lowering: Lowering, role: str, said: Ref, dtype: AnyType, schema: Schema) -> bool:
    if said.name not in schema:
        lowering.say(
            "names/unknown-column",
            f'"{block.from_.name}" has no column "{said.name}", which would be the {role} of a record',
            said,
            suggestion=suggest(said.name, schema.names) or f"name the column: traces: {{{role}: its_name}}",
            details=f"its columns: {listed(schema.names)}",
        )
        return False
    found = schema[said.name].dtype
    text = isinstance(dtype, String) and isinstance(found, Enum)
    if found == dtype or text or (role in _TEXT_OR_NUMBER and isinstance(found, Int)):
        return True
    lowering.say(
        "types/mismatch",
        f'the {role} of a record is {dtype}, but "{said.name}" is {found}',
        said,
        details="compute it in a probe: TO_TIMESTAMP(seconds) gives an instant, n * INTERVAL '1 ms' a duration",
    )
    return False
