"""An explanation as text: the verdict first, what it was made of below it, down to the raw events."""

from __future__ import annotations

from collections.abc import Iterator

from slac.evidence.why.step import Group, Step, Why
from slac.evidence.why.values import shown


def as_text(why: Why) -> str:
    """The whole tree; ends with a line break."""
    lines = [*_step(why.root, "", "", seen=set())]
    lines += [f"note: {remark}" for remark in why.remarks]
    lines += [f"missing: {damage}" for damage in why.damage]
    return "".join(line + "\n" for line in lines)


def _step(step: Step, head: str, below: str, seen: set[str]) -> Iterator[str]:
    revision = f" revision {step.revision}" if step.revision else ""
    where = f"  [{step.runtime}]" if step.runtime else ""
    window = f" (from {step.window_start})" if step.window_start else ""
    yield f"{head}{step.node}  {step.id}{revision}  {step.time}{window}{where}"
    inside = f"{below}{'│ ' if step.inputs else '  '}"
    if step.node not in seen:
        seen.add(step.node)
        yield from (f"{inside}  {line}" for line in step.definition)
    if step.values:
        yield f"{inside}= {', '.join(f'{n}: {shown(v)}' for n, v in step.values.items())}"
    yield from (f"{inside}: {line}" for line in step.arithmetic)
    for place, group in enumerate(step.inputs):
        is_last = place == len(step.inputs) - 1
        yield from _group(group, f"{below}{'└─' if is_last else '├─'}", f"{below}{'  ' if is_last else '│ '}", seen)


def _group(group: Group, head: str, below: str, seen: set[str]) -> Iterator[str]:
    role = f", {group.role}" if group.role else ""
    witness = "; it stands for all before it" if group.witness else ""
    rows = "1 row" if group.count == 1 else f"{group.count} rows"
    yield f"{head} {rows} of {group.node}{role}{witness}"
    left_out = group.count - len(group.steps)
    for place, step in enumerate(group.steps):
        is_last = place == len(group.steps) - 1
        if is_last and left_out:
            spans = ", ".join(f"{n}: {shown(a)} to {shown(b)}" for n, (a, b) in group.spans.items())
            yield f"{below}├─ … {left_out} more{f' ({spans} in all)' if spans else ''}"
        yield from _step(step, f"{below}{'└─ ' if is_last else '├─ '}", f"{below}{'   ' if is_last else '│  '}", seen)
