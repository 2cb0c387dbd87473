"""What load may do to a stream: the contracts of blocks, and what the gate of an input must know to keep them."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Final, Literal

import msgspec

from slac.plan.expressions import AnyExpr

ShedMode = Literal["never", "approximate", "subset"]
Whole = Literal["windows", "keys"]

MOST_STRATA: Final = 6
"""64 classes: of more, each would hold too few events to tell anything by."""


class ShedContract(msgspec.Struct, frozen=True, kw_only=True):
    """What the results of a node must stay worth.

    `approximate`: rows of a gate that drops carry weights, and results are estimates; `error` bounds their relative
    error (None: no bound), in a share `confidence` of them. `subset`: a result is exact or marked as not evaluated, so
    rows are not weighted; `by` says whether whole windows or whole keys are left out. `never`: nothing is dropped.
    Where contracts compete, the error of one of `priority` 2 counts twice. `stated` is False for what the compiler
    chose.
    """

    mode: ShedMode = "approximate"
    error: float | None = None
    confidence: float = 0.95
    by: Whole = "windows"
    priority: int = 1
    stated: bool = False


class Stratum(msgspec.Struct, frozen=True, kw_only=True):
    """A condition over the columns of an input by which its gate tells events apart; `sql` as the document has it."""

    when: AnyExpr
    sql: str = ""


class GateNeed(msgspec.Struct, frozen=True, kw_only=True):
    """A contract as it meets the gate of one input: which events it needs, and for what.

    `reads`: numbers of the strata conditions that such an event meets, all of them. `groups`: columns of the input
    that results are by, and `window` the time (µs) that a result covers: both say of how many events it is made.
    `value`: what is summed or averaged over them, None where they are counted. `exact`: the gate's own counts answer
    it. `keep`: every single event is a result (a violation of a row), and none may be thinned while there is a choice.
    """

    block: str
    contract: ShedContract
    reads: tuple[int, ...] = ()
    groups: tuple[str, ...] = ()
    window: int = 0
    value: AnyExpr | None = None
    exact: bool = False
    keep: bool = False


class GateSpec(msgspec.Struct, frozen=True, kw_only=True):
    """What the gate of an input goes by.

    `contract` is the strictest of all that it has to keep. `strata`: at most `MOST_STRATA` conditions; the class of an
    event is the set of those that it meets. `groups`: columns by which it is counted before anything is dropped (with
    the class and the time, cut to `pane` µs), None where nothing is counted; `latest`: what carries a count has the
    time of the latest event, and the earliest stays too, because silences are measured between them. `key`: columns by
    whose values whole keys are kept or dropped, ahead of patterns, joins, traces, sessions and subsets of keys; empty
    where events are dropped one by one.
    `trace`: the key is a trace id, whose low 56 bits are R; with `explicit` it is `rv` where a span says one.
    `shared`: gates of this name feed one pattern, join or trace, and use one threshold. `windows`: size and hop
    (µs) of windows that are left out as a whole. `patience`: for how long (µs) a burst may wait before it is dropped
    from. `disk`: bytes that may wait on disk (`never`). `lag`: how far (µs) what can wait may lag behind before it is
    dropped from, None: it never is.
    """

    contract: ShedContract = ShedContract()
    strata: tuple[Stratum, ...] = ()
    needs: tuple[GateNeed, ...] = ()
    groups: tuple[str, ...] | None = None
    pane: int = 0
    latest: bool = False
    key: tuple[str, ...] = ()
    trace: bool = False
    explicit: bool = False
    shared: str = ""
    windows: tuple[int, int] | None = None
    patience: int = 0
    disk: int = 0
    lag: int | None = None

    @property
    def may_drop_unread(self) -> bool:
        """Whether records may be dropped before they are decoded: never where a lost one could look like an absence."""
        return not self.key and self.windows is None and not any(n.keep for n in self.needs)


def contract_text(contract: ShedContract) -> str:
    """As a document says it: `never`, `approximate: error 2%, confidence 95%`, `subset by keys, priority 2`."""
    words: list[str] = []
    match contract.mode:
        case "subset":
            words.append(f"subset by {contract.by}")
        case "approximate" if contract.error is not None:
            words += [f"approximate: error {contract.error:.4g}", f"confidence {contract.confidence:.4g}"]
        case mode:
            words.append(mode)
    return ", ".join((*words, *([f"priority {contract.priority}"] if contract.priority > 1 else ())))


def strictest(contracts: Iterable[ShedContract]) -> ShedContract | None:
    """The contract that keeps all of them: `never` before `subset` before the smallest error; None of none."""
    order: tuple[ShedMode, ...] = ("never", "subset", "approximate")

    def strict(contract: ShedContract) -> tuple[int, float, float, int]:
        error = math.inf if contract.error is None else contract.error
        return order.index(contract.mode), error, -contract.confidence, -contract.priority

    return min(contracts, key=strict, default=None)
