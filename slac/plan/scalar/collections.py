"""What is read out of lists and maps.

A map is a JSON object as text, with every quote inside a name or a value escaped: so `,"pod":"` is found nowhere but
where the label `pod` begins.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

import polars as pl

from slac.plan.expressions import Call, Literal
from slac.plan.scalar.function import Function, plain
from slac.plan.signatures import BOOL, INT, MAP, SCALAR, STRING, Constant, Overload, Param, overload
from slac.stream.types import AnyType, List


def _constant(call: Call, index: int) -> str | int:
    match call.args[index]:
        case Literal(value=str(value)) | Literal(value=int(value)):
            return value
        case _:
            raise AssertionError(f"argument {index} of {call.function} is checked to be a constant when it is typed")


def label_pattern(name: str) -> str:
    """The regular expression whose first group is the value of this label, as it is written in JSON."""
    written = re.escape(json.dumps(name, ensure_ascii=False))
    return rf'[{{,]{written}:"((?:[^"\\]|\\.)*)"'


def _label(call: Call, args: Sequence[pl.Expr]) -> pl.Expr:
    found = args[0].str.extract(label_pattern(str(_constant(call, 1))), 1)
    return found.map_batches(_unescaped, return_dtype=pl.String, is_elementwise=True)


def _unescaped(found: pl.Series) -> pl.Series:
    """Text as it was before it was written as JSON; escapes are rare, and preparing to decode them costs a query."""
    values = found.to_list()
    if not any(value is not None and "\\" in value for value in values):
        return found
    texts = [json.loads(f'"{value}"') if value is not None and "\\" in value else value for value in values]
    return pl.Series(found.name, texts, dtype=pl.String)


def _item(call: Call, args: Sequence[pl.Expr]) -> pl.Expr:
    place = int(_constant(call, 1))
    return args[0].list.get(place - 1 if place > 0 else place, null_on_oob=True)


def _contains(items: pl.Expr, wanted: pl.Expr) -> pl.Expr:
    return pl.when(items.is_not_null() & wanted.is_not_null()).then(items.list.contains(wanted))


_NAME = Param(STRING, Constant(what="the name of the label"))
_ITEMS: tuple[AnyType, ...] = tuple(t for t in SCALAR if t != MAP)

FUNCTIONS: tuple[Function, ...] = (
    Function(
        key="label", usage="labels['name']", rules=(overload([MAP, _NAME], STRING),), lower=_label, nulls="always"
    ),
    Function(
        key="item",
        usage="list[1]",
        rules=tuple(overload([List(t), Param(INT, Constant(what="the place in the list"))], t) for t in _ITEMS),
        lower=_item,
        nulls="always",
    ),
    Function(
        key="list_contains",
        usage="LIST_CONTAINS(list, value)",
        rules=tuple(Overload((Param(List(t)), Param(t)), BOOL) for t in _ITEMS),
        lower=plain(_contains),
        names=("LIST_CONTAINS", "LIST_HAS"),
    ),
)
