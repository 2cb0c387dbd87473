"""One test and its steps."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, TypeVar

from slac.diagnostics import Position, Span
from slac.language.durations import parse_duration
from slac.language.reading.cursor import Cursor
from slac.language.reading.terms import unit
from slac.language.tests.declarations import (
    CrashStep,
    EndStep,
    ExpectStep,
    FeedStep,
    RestartStep,
    StepDecl,
    TestDecl,
    WaitStep,
)
from slac.language.tests.instants import DEFAULT_START, parse_start
from slac.language.tests.rows import block_ref, expectation, given, series

T = TypeVar("T")

_FEED: Final = frozenset({"given", "series", "on"})


def read_test(cursor: Cursor, parameters: Mapping[str, str]) -> TestDecl:
    """The test at `cursor`; what is wrong with it is told."""
    said = cursor.get("start")
    start = unit(said, parse_start) if said is not None else None
    start = parse_start(DEFAULT_START) if start is None else start
    name, placement, instances = cursor.get("name"), cursor.get("placement"), cursor.get("instances")
    steps = cursor.get("steps") or cursor.empty("steps")
    named = {c.name: c for c in instances.entries()} if instances is not None else {}
    return TestDecl(
        name=(name.text if name is not None else None) or "",
        start=start,
        placement="collapsed" if placement is not None and placement.text == "collapsed" else "nodes",
        instances={n: tuple(i.text or "" for i in c.items()) for n, c in named.items()},
        parameters=parameters,
        steps=tuple(step for item in steps.items() if (step := _step(item, start)) is not None),
        span=name.node.span if name is not None else cursor.key_span,
        path=cursor.path,
        spans={n: c.key_span for n, c in named.items()},
    )


def _step(cursor: Cursor, start: int) -> StepDecl | None:
    keys = {c.name: c for c in cursor.entries()}
    if not keys:
        return None
    if not (keys.keys() <= _FEED or len(keys) == 1):
        cursor.say(
            "schema/bad-value",
            f"a step does one thing, and this one has {', '.join(keys)}",
            suggestion="begin each with a dash of its own; `given`, `series` and `on` stand together",
        )
        return None
    if keys.keys() <= _FEED:
        return _feed(cursor, keys, start)
    ((name, value),) = keys.items()
    return _STEPS[name](value, start) if name in _STEPS else None


def _feed(cursor: Cursor, keys: Mapping[str, Cursor], start: int) -> FeedStep | None:
    if keys.keys() == {"on"}:
        cursor.say("schema/bad-value", "`on` says where rows come in, and there are none", suggestion="add `given`")
        return None
    several = keys.get("series")
    each = () if several is None else ((several,) if several.get("block") is not None else tuple(several.items()))
    return FeedStep(
        given=tuple(g for c in (keys["given"].entries() if "given" in keys else ()) for g in given(c, start)),
        series=tuple(s for c in each if (s := series(c, start)) is not None),
        on=block_ref(keys["on"]) if "on" in keys else None,
        span=cursor.key_span,
    )


def _wait(*, silence: bool) -> Callable[[Cursor, int], StepDecl | None]:
    def read(cursor: Cursor, start: int) -> StepDecl | None:
        del start
        length = unit(cursor, parse_duration)
        return None if length is None else WaitStep(length=length, silence=silence, span=head(cursor))

    return read


def _restart(cursor: Cursor, start: int) -> StepDecl | None:
    del start
    return RestartStep(runtimes=tuple(block_ref(c) for c in cursor.items()), span=head(cursor))


def _crash(cursor: Cursor, start: int) -> StepDecl | None:
    del start
    lost = cursor.get("input")
    runtime = cursor.get("runtime") or cursor
    return CrashStep(runtime=block_ref(runtime), lost=lost is not None and lost.text == "lost", span=head(cursor))


def _end(cursor: Cursor, start: int) -> StepDecl | None:
    del start
    return EndStep(span=head(cursor))


def _expect(cursor: Cursor, start: int) -> StepDecl | None:
    made = tuple(e for c in cursor.entries() if (e := expectation(c, start)) is not None)
    return ExpectStep(blocks=made, span=head(cursor))


def head(cursor: Cursor) -> Span:
    """The key of a step."""
    span = cursor.key_span
    return Span(span.source, span.start, max(span.end, Position(span.start.line, span.start.column + 1)))


_STEPS: Final[Mapping[str, Callable[[Cursor, int], StepDecl | None]]] = {
    "wait": _wait(silence=False),
    "silence": _wait(silence=True),
    "restart": _restart,
    "crash": _crash,
    "end": _end,
    "expect": _expect,
}
