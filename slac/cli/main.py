"""The entry point `slac`: commands that are loaded when they are called, and one place where errors become messages."""

from __future__ import annotations

import gc
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import click
from click.shell_completion import CompletionItem

from slac import __version__
from slac.cli.registry import COMMANDS, load
from slac.diagnostics import suggest
from slac.diagnostics.errors import SlacError


class LazyGroup(click.Group):
    """A group whose commands are imported one by one, when they are called or asked for help."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The commands in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of this name, imported now."""
        return load(cmd_name) if cmd_name in COMMANDS else None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that is called; of a word that is none, the command that it may mean."""
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            hint = suggest(args[0], COMMANDS) or f"There are: {', '.join(COMMANDS)}."
            ctx.fail(f'there is no command "{args[0]}"; {hint}')
        return super().resolve_command(ctx, args)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """The table's names and helps, for the same reason; then what click knows of options."""
        named = [CompletionItem(n, help=e.help) for n, e in COMMANDS.items() if n.startswith(incomplete)]
        return [*named, *click.Command.shell_complete(self, ctx, incomplete)]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The table's own one-line helps: no command is imported for `slac --help`."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.help) for name, entry in COMMANDS.items()])


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="slac")
def slac() -> None:
    """SLA documents, compiled, distributed, run within a budget, and explained."""


def console() -> int:
    """What the script `slac` calls: `main`, with a collector that stays out of the way of imports.

    Loading the compiler makes some hundred thousand objects that live as long as the process: looking through them
    again and again, and once more at the end, took a third of `slac compile` (docs/adr/0013).
    """
    # Until a command has its own way to stop, Ctrl-C ends it at once, even while it is still being loaded.
    signal.signal(signal.SIGINT, lambda *_: os._exit(130))
    gc.set_threshold(400_000, 50, 100)
    # NumPy's linear algebra would start a thread for each core, of which nothing here has a use.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    code = main()
    gc.freeze()
    return code


def main(arguments: Sequence[str] | None = None, *, environment: Mapping[str, str] | None = None) -> int:
    """Run one command; returns the exit code: 0 ok, 1 document invalid, 2 usage, 3 does not fit, 4 failed.

    `arguments` and `environment` default to those of the process: nothing else in slac reads them.
    """
    environment = os.environ if environment is None else environment
    try:
        result: Any = slac.main(
            args=None if arguments is None else list(arguments),
            prog_name="slac",
            standalone_mode=False,
            obj=environment,
        )
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except click.ClickException as error:
        error.show()
        return SlacError.exit_code if isinstance(error, click.FileError) else 2
    except (KeyboardInterrupt, click.Abort):
        return 130
    except BrokenPipeError:
        # Whoever read our output has gone (`slac compile | head`): nothing is left to say, not even by the interpreter.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:  # noqa: BLE001  # no traceback ever reaches a user
        from slac.cli.errors import report

        return report(error, environment)
    return result if isinstance(result, int) else 0
