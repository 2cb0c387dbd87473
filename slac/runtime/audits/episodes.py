"""From publications to the rows of a violation: which of them are told, and the id that an episode has all along.

An episode begins when a key is raised, goes on with its stays and ends when it is resolved; its id is that of the row
that raised it, and its message is told again where no row of its own is at hand.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
import polars as pl

from slac.plan.nodes import AbsenceNode, ViolationNode
from slac.runtime.audits.messages import message
from slac.runtime.audits.occurrences import occurrence_ids
from slac.runtime.audits.publications import FORGOTTEN, KIND, ORDER, ROW, STATE
from slac.runtime.audits.publications import STAY as STAYS
from slac.runtime.audits.publications import TIME as WHEN
from slac.runtime.audits.slots import SLOT, Longs, Slots
from slac.stream.batch import ID, KEPT, SEEN, TIME, TIME_TYPE, WEIGHT_ONE

RAISED: Final = "raised"
STAY: Final = "stay"
RESOLVED: Final = "resolved"
EPISODE: Final = "episode"
BEGAN: Final = "began"
"""Columns by slot: the id of the row that raised the key, bit by bit, and its instant (µs)."""
_RAISED_STATE: Final = 0
_META: Final = (TIME, ID, SEEN, KEPT)


class EpisodeRows:
    """Makes the rows of one violation out of the publications of its machines."""

    def __init__(self, node: ViolationNode, document: str, slots: Slots) -> None:
        self._node = node
        self._document = document
        self._slots = slots
        self._types = node.schema.polars()
        self._messages: dict[int, str | None] = {}
        slots.add({EPISODE: 0, BEGAN: 0})

    def frame(self, table: pl.DataFrame, rows: pl.DataFrame | None) -> pl.DataFrame | None:
        """What is told, in the order of (`_time`, `_id`), or None; the table has numbers of these rows."""
        told = table.with_columns(self._kind()).filter(pl.col("told").is_not_null()).sort(ORDER)
        if not told.height:
            return None
        texts = self._messages_of(told, rows)
        named = told.select(
            SLOT,
            pl.col(WHEN).cast(TIME_TYPE).alias(TIME),
            pl.col("told").alias("kind"),
            pl.when(pl.col(KIND) == FORGOTTEN).then(pl.lit("forgotten")).alias("reason"),
            pl.Series("message", texts, pl.String),
            *self._support(told, rows),
        ).hstack(self._slots.keys_of(told[SLOT].to_numpy()))
        ids = occurrence_ids(named, self._document, self._node.block, (*self._node.keys, "kind", TIME))
        named = self._episodes(named.with_columns(ids)).with_columns(*constants(self._node))
        return named.select(*_META, *(pl.col(n).cast(t) for n, t in self._types.items())).sort(TIME, ID)

    def part(self, slots: Longs) -> pl.DataFrame:
        """The messages of those of these slots that are raised."""
        found = {s: self._messages[s] for s in slots.tolist() if s in self._messages}
        return pl.DataFrame({SLOT: list(found), "message": list(found.values())}, schema=_MESSAGES)

    def restore(self, messages: pl.DataFrame) -> None:
        """Take over what `part` gave of all slots."""
        self._messages = dict(messages.rows())

    def forget(self, slots: Longs) -> None:
        """These slots are raised no more."""
        for slot in slots.tolist():
            self._messages.pop(slot, None)

    def graft(self, messages: pl.DataFrame, there: Sequence[int], here: Sequence[int]) -> None:
        """Take over what `part` elsewhere gave, whose slots are others here."""
        places = dict(zip(there, here, strict=True))
        self._messages |= {places[slot]: text for slot, text in messages.rows()}

    def _kind(self) -> pl.Expr:
        """The word for a publication; NULL for what is not told: nobody asks for what is in order."""
        raised = pl.col(STATE) == _RAISED_STATE
        return (
            pl.when(raised & (pl.col(KIND) == FORGOTTEN)).then(pl.lit(RESOLVED))
            .when(raised & (pl.col(KIND) == STAYS)).then(pl.lit(STAY))
            .when(raised).then(pl.lit(RAISED))
            .when((pl.col("previous") == _RAISED_STATE) & (pl.col(KIND) != FORGOTTEN)).then(pl.lit(RESOLVED))
            .alias("told")
        )  # fmt: skip

    def _support(self, told: pl.DataFrame, rows: pl.DataFrame | None) -> list[pl.Series]:
        at = told[ROW].to_numpy() - 1
        found = []
        for name in (SEEN, KEPT):
            amounts = np.zeros(1, np.int64) if rows is None else np.append(rows[name].to_numpy(), 0)
            values = amounts[at] / WEIGHT_ONE if name == SEEN else amounts[at]
            found.append(pl.Series(name, values))
        return found

    def _messages_of(self, told: pl.DataFrame, rows: pl.DataFrame | None) -> list[str | None]:
        """Of what a row has made, its message; else that of the episode."""
        made, texts = told[ROW].filter(told[ROW] > 0), list[str | None]()
        own: Iterator[str | None] = iter(())
        if rows is not None:
            text = message(self._node.message, rows.columns).alias("message")
            own = iter(rows[(made - 1).to_numpy()].with_columns(text)["message"].to_list())
        for slot, row, kind in told.select(SLOT, ROW, "told").iter_rows():
            texts.append(next(own) if row else self._messages.get(slot))
            if kind == RAISED:
                self._messages[slot] = texts[-1]
            elif kind == RESOLVED:
                self._messages.pop(slot, None)
        return texts

    def _episodes(self, named: pl.DataFrame) -> pl.DataFrame:
        """Adds `violation` and `since`, and remembers by slot the episode that it is in."""
        before = pl.Series("_before", self._slots[EPISODE][named[SLOT].to_numpy()].view(np.uint64), pl.UInt64)
        since = pl.Series("_since", self._slots[BEGAN][named[SLOT].to_numpy()], pl.Int64)
        begins = pl.when(pl.col("kind") == RAISED)
        found = named.with_columns(
            pl.coalesce(begins.then(ID).forward_fill().over(SLOT), before).alias("_episode"),
            pl.coalesce(begins.then(pl.col(TIME).cast(pl.Int64)).forward_fill().over(SLOT), since).alias("_since"),
        )
        last = found.unique(SLOT, keep="last", maintain_order=True)
        slots = last[SLOT].to_numpy()
        self._slots[EPISODE][slots] = last["_episode"].to_numpy().view(np.int64)
        self._slots[BEGAN][slots] = last["_since"].to_numpy()
        return found.with_columns(hex_ids(found["_episode"]), pl.col("_since").cast(TIME_TYPE).alias("since"))


_MESSAGES: Final = {SLOT: pl.Int64(), "message": pl.String()}


def hex_ids(ids: pl.Series) -> pl.Series:
    """Ids as outputs write them, in the column `violation`."""
    return pl.Series("violation", [f"{i:016x}" for i in ids.to_list()], pl.String)


def constants(node: ViolationNode | AbsenceNode) -> list[pl.Expr]:
    """What all rows of a violation have in common: its severity, and its labels if it has any."""
    labels = [pl.struct(pl.lit(v).alias(k) for k, v in node.labels.items()).alias("labels")] if node.labels else []
    return [pl.lit(node.severity).alias("severity"), *labels]
