"""The cases that peers take part in: what goes in, what comes out in which form, who does it too, and the bars."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import polars as pl

from benchmarks.report import Bar

Schema = Mapping[str, type[pl.DataType]]

ESPER: Final = "esper"
BYTEWAX: Final = "bytewax"

_WINDOW: Final[Schema] = {
    "began": pl.Int64,
    "client": pl.String,
    "n": pl.Int64,
    "total": pl.Float64,
    "longest": pl.Float64,
}
_AT: Final = pl.col("_time").cast(pl.Int64).alias("at")
_BEGAN: Final = pl.col("_window_start").cast(pl.Int64).alias("began")


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """One way in which a peer says a case; `name` is that of its program, `said` tells it from other ways.

    `events`: so many of the input, where the peer would take too long for all of them. `may_differ`: a peer whose
    results depend on the clock of the machine is reported as such where they do not agree; with any other nothing is
    timed.
    """

    peer: str
    name: str
    said: str = ""
    bar: Bar | None = None
    events: int | None = None
    may_differ: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One document (`NAME.yaml`) over `events` of the inputs `reads`, by source block; the first is counted.

    `rows` brings what is published into the form of the peers: the columns of `schema`, instants in µs.
    `step`, `span` (ms): at multiples of `step` windows end, and `span` after the last event all has been said.
    `explode`: the column of lists of which each element makes a row.
    """

    name: str
    title: str
    document: str
    reads: Mapping[str, str]
    schema: Schema
    rows: tuple[pl.Expr, ...]
    events: int = 500_000
    form: str = "arrow"
    step: int = 10_000
    span: int = 60_000
    peers: tuple[Form, ...] = ()
    explode: str | None = None


def _esper(name: str, said: str = "", bar: float | None = None) -> Form:
    return Form(peer=ESPER, name=name, said=said, bar=None if bar is None else Bar("over", bar, "ratio"))


def _bytewax(name: str) -> Form:
    return Form(peer=BYTEWAX, name=name, bar=Bar("over", 10.0, "ratio"), events=100_000, may_differ=True)


_REQUESTS: Final = {"requests": "requests"}
_GROUPED: Final = (_BEGAN, *(pl.col(name) for name in ("client", "n", "total", "longest")))
_PASSED: Final[Schema] = {"at": pl.Int64, "client": pl.String, "duration": pl.Float64}
_PAIR: Final[Schema] = {"began": pl.Int64, "ended": pl.Int64, "order": pl.String}
_PAIRED: Final = (
    (pl.col("_time") - pl.col("waited")).cast(pl.Int64).alias("began"),
    pl.col("_time").cast(pl.Int64).alias("ended"),
    pl.col("order"),
)

CASES: Final = (
    Case(
        name="filter",
        title="filter, columnar",
        document="filter",
        reads=_REQUESTS,
        events=1_000_000,
        schema=_PASSED,
        rows=(_AT, pl.col("client"), pl.col("duration")),
        peers=(_esper("filter", bar=5.0), _bytewax("filter")),
    ),
    Case(
        name="filter_ndjson",
        title="filter, NDJSON",
        document="filter",
        reads=_REQUESTS,
        events=200_000,
        form="ndjson",
        schema=_PASSED,
        rows=(_AT, pl.col("client"), pl.col("duration")),
        peers=(_esper("filter_json", "JSON event type", 1.3),),
    ),
    Case(
        name="tumbling",
        title="tumbling 10 s, 1 000 keys, columnar",
        document="tumbling_esper",
        reads=_REQUESTS,
        events=1_000_000,
        schema=_WINDOW,
        rows=_GROUPED,
        peers=(
            _esper("tumbling", "context", 2.5),
            _esper("tumbling_batch", "ext_timed_batch", 15.0),
            _bytewax("tumbling"),
        ),
    ),
    Case(
        name="tumbling_ndjson",
        title="tumbling 10 s, 1 000 keys, NDJSON",
        document="tumbling_esper",
        reads=_REQUESTS,
        events=200_000,
        form="ndjson",
        schema=_WINDOW,
        rows=_GROUPED,
        peers=(_esper("tumbling_json", "JSON event type, context", 1.3),),
    ),
    Case(
        name="hopping",
        title="hopping 60 s every 10 s, 1 000 keys, columnar",
        document="hopping",
        reads=_REQUESTS,
        step=5_000,
        events=700_000,
        schema=_WINDOW,
        rows=_GROUPED,
        peers=(
            _esper("hopping", "#time, output snapshot", 20.0),
            _esper("hopping_contexts", "overlapping contexts"),
            _esper("hopping_panes", "panes written by hand"),
            _bytewax("hopping"),
        ),
    ),
    Case(
        name="sliding",
        title="sliding 60 s, a result per event, columnar",
        document="sliding",
        reads=_REQUESTS,
        events=700_000,
        schema={"at": pl.Int64, **{name: kind for name, kind in _WINDOW.items() if name != "began"}},
        rows=(_AT, *_GROUPED[1:]),
        peers=(
            _esper("sliding", "#ext_timed", 20.0),
            _esper("sliding_contexts", "#ext_timed in a context by key"),
        ),
    ),
    Case(
        name="latest",
        title="latest-join by key, columnar",
        document="latest",
        reads={"requests": "requests", "quotas": "quotas"},
        schema={**_PASSED, "most": pl.Float64},
        rows=(_AT, *(pl.col(name) for name in ("client", "duration", "most"))),
        peers=(
            _esper("latest_join", "unidirectional join, #unique", 6.0),
            _esper("latest_table", "table"),
            _bytewax("latest"),
        ),
    ),
    Case(
        name="three_sigma",
        title="running three-sigma by key (Q3), columnar",
        document="three_sigma",
        reads=_REQUESTS,
        schema={**_PASSED, "mean": pl.Float64},
        rows=(_AT, *(pl.col(name) for name in ("client", "duration", "mean"))),
        peers=(_esper("three_sigma", "into table", 0.8), _bytewax("three_sigma")),
    ),
    Case(
        name="pattern_next",
        title="every a -> b by key within 2 min, columnar",
        document="pattern_next",
        reads={"steps": "steps_fast"},
        span=120_000,
        events=300_000,
        schema=_PAIR,
        rows=_PAIRED,
        peers=(_esper("pattern_next", bar=5.0),),
    ),
    Case(
        name="pattern_each",
        title="every a -> every b by key within 2 min (Q6), columnar",
        document="pattern_each",
        reads={"steps": "steps_slow"},
        events=100_000,
        span=120_000,
        schema=_PAIR,
        rows=_PAIRED,
        peers=(_esper("pattern_each", bar=8.0),),
    ),
    Case(
        name="audit",
        title="audit of scenario 1 over 10 000 modules, columnar",
        document="audit",
        reads={"runs": "module_runs"},
        step=600_000,
        span=600_000,
        explode="cases",
        events=600_000,
        schema={
            "at": pl.Int64,
            "module": pl.String,
            "kind": pl.String,
            "state": pl.String,
            "test_case": pl.String,
            "runs": pl.Int64,
            "successes": pl.Int64,
            "case_state": pl.String,
        },
        rows=(
            # A report has the last instant of its window; the peer says it when the window is over.
            (pl.col("_time").cast(pl.Int64) + 1).alias("at"),
            pl.col("module"),
            pl.col("kind"),
            pl.col("state"),
            pl.col("cases").struct.field("test_case"),
            pl.col("cases").struct.field("runs"),
            pl.col("cases").struct.field("successes"),
            pl.col("cases").struct.field("state").alias("case_state"),
        ),
        peers=(_esper("audit", "tables, on-merge, on-select-delete"),),
    ),
)
BY_NAME: Final[Mapping[str, Case]] = {case.name: case for case in CASES}
