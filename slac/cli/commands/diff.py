"""`slac diff`: what changes between two documents, and what becomes of the state of a running one."""

from __future__ import annotations

import click

from slac.cli.console import put
from slac.cli.documents import allows_functions, compile_quietly
from slac.cli.errors import report
from slac.diagnostics import DocumentInvalid, UsageError
from slac.plan.changes import BlockChange, Changes, compare
from slac.plan.graph import Plan

_SIGNS = {"added": "+", "removed": "-", "changed": "~", "same": " "}
_SAME_MEANING = "A runtime that is started anew with NEW goes on with its state directory."
_OTHER_MEANING = (
    "`slac apply NEW` does that to runtimes that run. One that is started anew with NEW takes a state directory only\n"
    "of the meaning that wrote it: it needs another directory, and begins without any of this state."
)


@click.command()
@click.argument("old", type=click.Path())
@click.argument("new", type=click.Path())
@click.option("--set", "assignments", multiple=True, metavar="NAME=VALUE", help="A parameter of both documents.")
@allows_functions
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def diff(old: str, new: str, assignments: tuple[str, ...], form: str) -> int:
    """Compare what the documents OLD and NEW mean, block by block, and say what becomes of each block's state.

    Exit code 0: they mean the same, whatever their texts; 1: they differ; 2: one of them cannot be compared.
    """
    if old == new == "-":
        raise UsageError("standard input can be one of the two documents, not both")
    try:
        collapsed = _plan(old, assignments, collapse=True), _plan(new, assignments, collapse=True)
        placed = _plan(old, assignments), _plan(new, assignments)
    except DocumentInvalid as invalid:
        # 1 says that they differ, as with diff(1).
        report(invalid, click.get_current_context().find_root().obj or {})
        return UsageError.exit_code
    changes = compare(*collapsed, placed=placed)
    put(_as_json(changes) if form == "json" else _as_text(changes))
    return int(not changes.equal)


def _plan(path: str, assignments: tuple[str, ...], *, collapse: bool = False) -> Plan:
    compiled = compile_quietly([path], assignments, collapse=collapse)
    if len(compiled) != 1:
        raise UsageError(f'"{path}" holds {len(compiled)} documents; two documents are compared')
    return compiled[0].plan


def _as_json(changes: Changes) -> str:
    import msgspec

    return msgspec.json.format(msgspec.json.encode(changes), indent=2).decode() + "\n"


def _as_text(changes: Changes) -> str:
    shown = [b for b in changes.blocks if b.change != "same"]
    lines = [f"~ document: {changes.old} => {changes.new}"] if changes.old != changes.new else []
    lines += [line for block in shown for line in _block(block)]
    if not lines:
        return ""
    states = [b for b in changes.blocks if b.state is not None]
    width = max((len(b.block) for b in states), default=0)
    lines += ["", "State:"] if states else []
    lines += [f"  {b.block:{width}}  {b.state.outcome:7}  {b.state.why}" for b in states if b.state is not None]
    return "\n".join([*lines, "", _SAME_MEANING if changes.same_meaning else _OTHER_MEANING]) + "\n"


def _block(block: BlockChange) -> list[str]:
    lines = [f"{_SIGNS[block.change]} {block.block}"]
    for word in block.words if block.change == "changed" else ():
        lines.append(f"    {word.word}:")
        lines += [f"      {sign} {text}" for sign, text in (("-", word.old), ("+", word.new)) if text is not None]
    return lines
