"""A table becomes a source whose rows are what has changed in it."""

from __future__ import annotations

from slac.adapters import tables as adapter
from slac.adapters.secrets import checked
from slac.compiler.blocks.context import Lowering
from slac.compiler.passes.events import dtype_of
from slac.language.table_decls import TableDecl
from slac.plan.nodes import SourceNode, TableSpec
from slac.plan.shedding import GateSpec, ShedContract
from slac.stream.types import Field, List, Map, Schema, Struct


def lower_table(block: TableDecl, lowering: Lowering) -> None:
    """One `SourceNode` with a `TableSpec`; its settings were checked before."""
    fields = []
    for column in block.columns:
        dtype = dtype_of(column)
        if isinstance(dtype, List | Map | Struct):
            lowering.say("types/field", f'a column of a table is one value; "{column.name}" is {dtype}', column)
        fields.append(Field(column.name, dtype, column.nullable))
    schema = Schema(tuple(fields))
    keys = lowering.keys(block.key, schema, block.name)
    if lowering.found:
        return
    settings, _ = checked(adapter, {name: s.value for name, s in block.settings.items()})
    lowering.add(
        SourceNode(
            id=block.name,
            block=block.name,
            node="",
            schema=schema,
            adapter=block.adapter.name,
            settings=settings,
            event=block.name,
            payload=schema,
            context=Schema(()),
            time_mode="ingest",
            idle=0,
            gate=GateSpec(contract=ShedContract(mode="never")),
            can_wait=True,
            table=TableSpec(key=tuple(k.name for k in keys), max_rows=adapter.most_rows(settings)),
        )
    )
