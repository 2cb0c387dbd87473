"""What is said of a state beside its condition, in words: how long, how often, and when."""

from __future__ import annotations

from collections.abc import Iterator

from slac.language.durations import format_duration
from slac.plan.guards import Flapping, schedule_text, settle_text
from slac.plan.nodes import StateSpec


def timing_texts(state: StateSpec) -> Iterator[str]:
    """Its `for`, `follows`, `after`, `report_every` and `report_at`, as far as it has them."""
    if state.settle is not None:
        yield f"for {settle_text(state.settle)}"
    if state.follows:
        yield f"follows {', '.join(state.follows)}"
    if state.after is not None:
        yield f"after {format_duration(state.after.time)} {state.after.to}"
    if state.report_every is not None:
        grows = state.backoff
        more = "" if grows is None else f", then {grows.factor:g} times as long, up to {format_duration(grows.max)}"
        yield f"reported every {format_duration(state.report_every)}{more}"
    yield from (f"reported at {schedule_text(s)}" for s in state.report_at)


def flapping_text(flapping: Flapping | None) -> str:
    """How many changes are too many; empty where none are."""
    return "" if flapping is None else f"{flapping.changes} within {format_duration(flapping.within)}"
