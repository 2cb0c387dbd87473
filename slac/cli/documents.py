"""What all commands that take documents share: their arguments, and compiling what they name."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from slac.cli.errors import show

if TYPE_CHECKING:
    from slac.compiler import Compiled
    from slac.compiler.sources import FunctionReader
    from slac.compiler.stopwatch import Stopwatch

_ALLOWED: Final = "slac.allow_functions"
_STDIN: Final = "slac.stdin"

Command = TypeVar("Command", bound=Callable[..., Any])


def takes_documents(command: Command) -> Command:
    """Add the argument `paths` and the options `--set` (`assignments`) and `--allow-functions` to a command."""
    paths = click.argument("paths", nargs=-1, metavar="[DOCUMENT]...", type=click.Path())
    assignments = click.option(
        "--set",
        "assignments",
        multiple=True,
        metavar="NAME=VALUE",
        help="Give a parameter of the document, or of an import (kube.limit), a value. May be repeated.",
    )
    return paths(assignments(allows_functions(command)))


def allows_functions(command: Command) -> Command:
    """Add the option `--allow-functions`, of which a command learns nothing: compiling asks the context for it."""

    def remember(context: click.Context, _: click.Parameter, value: bool) -> None:  # noqa: FBT001 - click's own form
        context.meta[_ALLOWED] = value

    option = click.option(
        "--allow-functions",
        is_flag=True,
        expose_value=False,
        callback=remember,
        help="Load the Python that documents name in `functions`: it runs with all that you may do.",
    )
    return option(command)


def functions_allowed() -> bool:
    """Whether the command that runs was given `--allow-functions`."""
    return bool(click.get_current_context().meta.get(_ALLOWED))


def functions_reader() -> FunctionReader | None:
    """What reads the modules that documents name; None without `--allow-functions`."""
    from slac.compiler.sources import read_functions

    return read_functions if functions_allowed() else None


def compile_for_command(
    paths: Sequence[str],
    assignments: Sequence[str],
    *,
    collapse: bool = False,
    stopwatch: Stopwatch | None = None,
) -> tuple[Compiled, ...]:
    """Compile what the command line names, and show warnings and notes; raises DocumentInvalid or UsageError.

    To be called within a command: `main` has put the environment into click's context.
    """
    compiled = compile_quietly(paths, assignments, collapse=collapse, stopwatch=stopwatch)
    show_remarks(compiled)
    return compiled


def show_remarks(compiled: Iterable[Compiled]) -> None:
    """Show the warnings and notes of what was compiled."""
    show((d for c in compiled for d in c.diagnostics), _environment())


def compile_quietly(
    paths: Sequence[str],
    assignments: Sequence[str],
    *,
    collapse: bool = False,
    whole: bool = False,
    stopwatch: Stopwatch | None = None,
    moves: Mapping[str, str] | None = None,
) -> tuple[Compiled, ...]:
    """The same for commands that show warnings and notes in a way of their own."""
    # A runtime that has its plan shares this module, and is to carry no compiler.
    from slac.compiler import CompileOptions, compile_paths

    options = CompileOptions(
        environment=_environment(),
        parameters=parameters(assignments),
        collapse=collapse,
        whole=whole,
        functions=functions_reader(),
        moves=moves or {},
        stopwatch=stopwatch,
    )
    return compile_paths(paths, options, stdin=read_stdin(paths))


def read_stdin(paths: Sequence[str]) -> bytes | None:
    """Standard input, where `-` is one of the documents."""
    if "-" not in paths:
        return None
    # It can be read once, and a command may compile its documents twice.
    meta = click.get_current_context().meta
    if _STDIN not in meta:
        meta[_STDIN] = sys.stdin.buffer.read()
    read: bytes = meta[_STDIN]
    return read


def _environment() -> Mapping[str, str]:
    return click.get_current_context().find_root().obj or {}


def parameters(assignments: Sequence[str]) -> dict[str, str]:
    """`name=value` texts as a mapping; the last of a name holds."""
    pairs = [a.partition("=") for a in assignments]
    wrong = [name for name, equals, _ in pairs if not equals or not name]
    if wrong:
        raise click.UsageError(f'--set takes NAME=VALUE, and "{wrong[0]}" is not of this form')
    return {name: value for name, _, value in pairs}
