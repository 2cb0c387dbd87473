"""What the commands share that exchange the plan of running runtimes: finding them, and telling what came of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from slac.cli.asking import finds_runtimes, found_places
from slac.cli.console import put, say
from slac.cli.documents import allows_functions, compile_quietly
from slac.diagnostics import DocumentInvalid, RunFailed, UsageError, listed
from slac.plan.changes import BlockChange, Changes, collapsed, compare
from slac.plan.graph import Plan

if TYPE_CHECKING:
    from slac.compiler import Compiled
    from slac.runtime.inspection.client import Place
    from slac.runtime.succession.partners import Partner

_CONNECT = click.option(
    "--connect",
    multiple=True,
    metavar="[NODE/INSTANCE=]ADDRESS",
    help="A runtime that was started elsewhere, at its `--control` address. May be repeated.",
)
_DRY_RUN = click.option("--dry-run", is_flag=True, help="Only say what would become of each block's state.")
_FORMAT = click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
_SET = click.option("--set", "assignments", multiple=True, metavar="NAME=VALUE", help="A parameter of the document.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the options of such a command say: of the document, of where its runtimes are, and of what is to be told."""

    assignments: tuple[str, ...]
    directory: Path
    connect: tuple[str, ...]
    keys: Path | None
    own: str | None
    dry_run: bool
    form: str

    def compiled(self, path: str, *, collapse: bool = False, moves: Mapping[str, str] | None = None) -> Compiled:
        """The one document at `path`, compiled; UsageError where there are several."""
        compiled = compile_quietly([path], self.assignments, collapse=collapse, moves=moves)
        if len(compiled) != 1:
            raise UsageError(f'"{path}" holds {len(compiled)} documents; runtimes go on with one')
        return compiled[0]


def changes_runtimes(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options by which a command compiles a document and finds all its runtimes; it takes them as `asked`."""

    @wraps(command)
    def gathered(**values: Any) -> Any:
        asked = Asked(**{f.name: values.pop(f.name) for f in fields(Asked)})
        return command(asked=asked, **values)

    return _SET(allows_functions(finds_runtimes(_DRY_RUN(_FORMAT(gathered)), _CONNECT)))


def found_partners(document: str, asked: Asked) -> list[Partner]:
    """All runtimes of a document that can be asked; UsageError where there is none."""
    from slac.runtime.inspection.client import ask_status
    from slac.runtime.succession.partners import Partner

    found = []
    for place in _places(asked):
        try:
            status = ask_status(place)
        except RunFailed:
            if place.name.startswith(f"{document}.") or "://" in place.name:
                raise
            continue
        if status.document == document:
            found.append(Partner(place=place, status=status))
    if not found:
        raise UsageError(f'no runtime of "{document}" runs here: say --directory, or --connect to its address')
    return found


def _places(asked: Asked) -> list[Place]:
    from slac.runtime.inspection.client import places

    found = places(asked.directory)
    for text in asked.connect:
        runtime, equals, address = text.rpartition("=")
        found += found_places(asked.directory, address, asked.keys, asked.own, runtime if equals else None)
    return found


def plan_that_runs(partners: Sequence[Partner]) -> Plan:
    """The plan that all of them run; UsageError where they do not agree."""
    from slac.runtime.succession.conducting import running_plan

    plans = [Plan.from_json(running_plan(p.place).plan) for p in partners]
    if len({plan.meaning for plan in plans}) > 1:
        raise UsageError(f"{listed([p.name for p in partners])} do not run the same version of the document")
    return plans[0]


@contextmanager
def told_that_nothing_changes() -> Iterator[None]:
    """Say so where a document, or a runtime, is why a change does not come about."""
    try:
        yield
    except (DocumentInvalid, UsageError):
        say("slac: nothing was changed: all runtimes go on with the plan that they run")
        raise


def lost_on_the_way(old: Plan, new: Plan) -> list[str]:
    """The blocks whose state would not survive a move, and why."""
    changes = compare(collapsed(old), collapsed(new), placed=(old, new))
    return [f'"{b.block}": {b.state.why}' for b in changes.blocks if b.state and b.state.outcome == "lost"]


def exchange(partners: Sequence[Partner], old: Plan, new: Plan, asked: Asked) -> int:
    """Let all of them go on with `new`, or only say what that would do; what becomes of each block is printed."""
    from slac.runtime.succession.conducting import conduct
    from slac.runtime.succession.partners import refuse_incomplete, refuse_unmovable

    refuse_incomplete(partners, old)
    refuse_unmovable(partners, old, new)
    changes = compare(collapsed(old), collapsed(new), placed=(old, new))
    if asked.dry_run:
        put(_as_json(changes, partners, None) if asked.form == "json" else _as_text(changes))
        return 0
    with told_that_nothing_changes():
        made = conduct(partners, old, new, lambda what: say(f"slac: {what}"))
    if asked.form == "json":
        put(_as_json(changes, partners, made.stood_still))
    else:
        names = listed([p.name for p in partners])
        put(_as_text(changes))
        put(f"{names} go on with the new plan; nothing was worked off for {made.stood_still:.2f} s.\n")
    return 0


def _as_text(changes: Changes) -> str:
    shown = [b for b in changes.blocks if b.state is not None or b.change != "same"]
    width = max((len(b.block) for b in shown), default=0)
    return "".join(f"{b.block:{width}}  {b.change:7}  {_state(b)}".rstrip() + "\n" for b in shown)


def _state(block: BlockChange) -> str:
    return f"{block.state.outcome:7}  {block.state.why}" if block.state is not None else ""


def _as_json(changes: Changes, partners: Sequence[Partner], stood_still: float | None) -> str:
    import msgspec

    blocks = [b for b in changes.blocks if b.state is not None or b.change != "same"]
    told = {"runtimes": [p.name for p in partners], "stood_still": stood_still, "blocks": blocks}
    return msgspec.json.format(msgspec.json.encode(told), indent=2).decode() + "\n"
