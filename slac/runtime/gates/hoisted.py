"""Which records may be of a class, told before they are decoded: so that failures are kept of what is dropped unread.

It may say so of too many records, never of too few: what it lets through is chosen once more when it is decoded, by the
same hash. JSON writes `false` in one way only, so a record in which it does not stand has no field that is false; a
text may be written with escapes, so of one that holds a backslash nothing is known. Columns of Arrow are asked
themselves, where they have the type that is declared.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt
import polars as pl

from slac.adapters.decoding import Lines, WireSchema, find_column
from slac.plan.expressions import AnyExpr, Call, Column, Literal
from slac.plan.nodes import SourceNode
from slac.shedding.admission import Admission, threshold_of
from slac.stream.ids import Ids, Mask, admit, salted
from slac.stream.ports import Records
from slac.stream.types import Bool, String

Value: TypeAlias = "bool | str"
Longs = npt.NDArray[np.int64]
_ESCAPE: Final = b"\\"
_WORD: Final = 4


@dataclass(frozen=True, slots=True)
class _Look:
    """A condition that a field has one of some values, all of one type; `path` says where records have it."""

    path: tuple[str, ...]
    values: tuple[Value, ...]

    @property
    def tokens(self) -> tuple[bytes, ...]:
        """One of these stands in every line of which it is true."""
        if isinstance(self.values[0], bool):
            return tuple(str(v).lower().encode() for v in self.values)
        return (_ESCAPE, *(f'"{v}"'.encode() for v in self.values))

    def of_lines(self, lines: Lines) -> Mask:
        """Whether it may be true, by line."""
        found: Mask = np.zeros(len(lines), np.bool_)
        for token in self.tokens:
            found[np.searchsorted(lines.starts, _places(lines.data, token), side="right") - 1] = True
        return found

    def of_columns(self, frame: pl.DataFrame) -> Mask | None:
        """By row; None where the column is of another type, or not there."""
        column = find_column(frame, self.path)
        if column is None or column.dtype != (pl.Boolean if isinstance(self.values[0], bool) else pl.String):
            return None
        match self.values:
            case (bool(wanted),):
                flags = column if wanted else ~column
            case _:
                flags = column.is_in(list(self.values))
        found: Mask = flags.fill_null(value=False).to_numpy()
        return found


class Hoisted:
    """Of the gate of an input. `told`: the numbers of the conditions (strata) that can be told so."""

    def __init__(self, node: SourceNode) -> None:
        schema = WireSchema(payload=node.payload, context=node.context, mapping=node.mapping)
        places = {f.name: p for f, p in schema.places() if isinstance(f.dtype, Bool | String)}
        places = {name: path for name, path in places.items() if name not in node.sensitive}
        self._looks: dict[int, _Look] = {}
        # What is chosen by other ids than records have before they are decoded is not chosen here.
        if not node.natural_id and node.gate.may_drop_unread:
            for number, stratum in enumerate(node.gate.strata):
                asked = _asked(stratum.when)
                if asked is not None and asked[0] in places:
                    self._looks[number] = _Look(places[asked[0]], asked[1])
        self.told = tuple(self._looks)

    def among(self, records: Records, lines: Lines | None) -> Callable[[int], Mask | None]:
        """By class (conditions as bits) which of some records may be of it; None where all may."""
        known: dict[int, Mask | None] = {}

        def may(one: int) -> Mask | None:
            masks = []
            for number in (n for n in self._looks if one >> n & 1):
                if number not in known:
                    known[number] = self._of(self._looks[number], records, lines)
                masks.append(known[number])
            there = [mask for mask in masks if mask is not None]
            return np.logical_and.reduce(there) if there else None

        return may

    def _of(self, look: _Look, records: Records, lines: Lines | None) -> Mask | None:
        if records.frame is not None:
            return look.of_columns(records.frame)
        return None if lines is None else look.of_lines(lines)


def chosen(classes: Longs, ids: Ids, salt: int, admission: Admission) -> tuple[Ids, Mask]:
    """By row its weight, and whether it passes, once its class (conditions as bits) is known."""
    weights = np.full(len(classes), admission.unread, np.uint64)
    hashed = salted(ids, salt)
    kept = admit(hashed, threshold_of(admission.unread))
    for one, weight in admission.hoisted.items():
        mine = classes == one
        weights[mine] = weight
        kept |= mine & admit(hashed, threshold_of(weight))
    return weights, kept


def _places(data: bytes, token: bytes) -> Longs:
    """Where a token may stand: of a longer one its end is looked for, four bytes at once, which takes half the time."""
    if len(token) >= _WORD:
        bytes_, end = np.frombuffer(data, np.uint8), np.frombuffer(token[-_WORD:], "<u4")[0]
        words = (bytes_[o : o + (len(bytes_) - o) // _WORD * _WORD].view("<u4") for o in range(_WORD))
        return np.concatenate([np.flatnonzero(w == end) * _WORD + o for o, w in enumerate(words)])
    if token not in data:
        return np.zeros(0, np.int64)
    # Of a short one there may be many in a line: texts in texts are full of escapes.
    is_here = np.ones(len(data) - len(token) + 1, np.bool_)
    for place, byte in enumerate(token):
        is_here &= np.frombuffer(data, np.uint8, len(is_here), place) == byte
    return np.flatnonzero(is_here)


def _asked(when: AnyExpr) -> tuple[str, tuple[Value, ...]] | None:
    """The column and the values of which a condition says that it has one; None for all others."""
    match when:
        case Column(name=name):
            return name, (True,)
        case Call(function="not" | "is_false", args=(Column(name=name),)):
            return name, (False,)
        case Call(function="is_true", args=(Column(name=name),)):
            return name, (True,)
        case Call(function="=" | "in", args=(Column(name=name), *literals)):
            given = [one.value for one in literals if isinstance(one, Literal)]
            values = tuple(value for value in given if isinstance(value, bool | str))
            # All of one type, so none is NULL.
            is_whole = len(values) == len(literals) and len({type(value) for value in values}) == 1
            return (name, values) if is_whole else None
        case _:
            return None
