"""What `slac replay` says: of each runtime what came out the same, or which verdicts are other ones."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from slac.evidence.replay import BackTest, Difference, EvidenceAgain, Replayed

SHOWN: Final = 30
"""Differences that are shown as text; JSON has all."""


def as_json(found: Any) -> str:
    """Any of the structs, or a list of them."""
    import msgspec

    return msgspec.json.format(msgspec.json.encode(found), indent=2).decode() + "\n"


def same_text(found: Sequence[Replayed]) -> str:
    """A table for each runtime, then what is missing."""
    return "".join("\n".join(_of_runtime(one)) + "\n" for one in found)


def _of_runtime(one: Replayed) -> Iterator[str]:
    starts = f", {one.runs} runs" if one.runs != 1 else ""
    yield f"{one.name}: {one.events} events{starts}"
    width = max((len(o.node) for o in one.outcomes), default=0)
    for outcome in one.outcomes:
        count = max(len(str(o.logged)) for o in one.outcomes)
        told = (
            "the same" if outcome.same and outcome.logged else "" if outcome.same else f"differs: {outcome.difference}"
        )
        missing = f"{outcome.missing} not in the log" if outcome.missing else ""
        words = ", ".join(w for w in (told, missing) if w) or "the same"
        yield f"  {outcome.node:{width}}  {outcome.logged:{count}} rows  {words}"
    if not one.outcomes:
        yield "  no rows to compare"
    for note in one.notes:
        yield f"  note: {note}"
    for gap in one.gaps:
        yield f"  not whole: {gap}"


def evidence_text(found: EvidenceAgain) -> str:
    """A line for each block with verdicts, then those that are other ones."""
    lines = [f"{found.document} on {', '.join(found.runtimes)}: each verdict from its evidence alone"]
    width = max((len(b.block) for b in found.blocks), default=0)
    for one in found.blocks:
        alone = one.verdicts - one.restated
        told = "the same" if one.same == alone else f"{one.same} the same"
        told += f", {len(one.differs)} differ" if one.differs else ""
        told += f", {len(one.gone)} not made again" if one.gone else ""
        told += f", {one.restated} corrected what was said before, and are left out" if one.restated else ""
        if one.partly:
            told += f"; what {', '.join(one.lacking)} was made of is not there for {one.partly}"
        lines.append(f"  {one.block:{width}}  {one.verdicts} verdict{'' if one.verdicts == 1 else 's'}  {told}")
        lines += [f"    {line}" for line in [*one.differs, *one.gone][:SHOWN]]
    if not found.blocks:
        lines.append("  no verdicts")
    lines += [f"  not whole: {gap}" for gap in found.gaps]
    return "\n".join(lines) + "\n"


def back_test_text(found: BackTest, events: int) -> str:
    """The differences, each with its reasons."""
    many = len(found.differences)
    counts = f"{events} events, {found.old} verdicts before and {found.new} now: "
    lines = [counts + (f"{many} differ" if many else "all are the same")]
    told: set[str] = set()
    for difference in found.differences[:SHOWN]:
        lines += ["", *_of_difference(difference, told)]
    if many > SHOWN:
        lines += ["", f"… and {many - SHOWN} more: --format json has all"]
    return "\n".join(lines) + "\n"


def _of_difference(difference: Difference, told: set[str]) -> Iterator[str]:
    """A reason that was told of one before is not told again."""
    key = ", ".join(f"{k}={v}" for k, v in difference.key.items())
    yield f"{difference.time}  {difference.block}{f' {key}' if key else ''}"
    yield f"  before: {_told(difference.old)}"
    yield f"  now:    {_told(difference.new)}"
    for reason in difference.why:
        if reason not in told:
            yield f"  because {reason}"
    told.update(difference.why)


def _told(said: Mapping[str, Any] | None) -> str:
    return ", ".join(f"{name} {value}" for name, value in said.items()) if said is not None else "nothing"
