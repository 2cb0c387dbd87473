"""`slac completion`: what a shell needs to complete slac's commands, options and documents."""

from __future__ import annotations

import click

from slac.cli.console import put

_USE = {
    "bash": "slac completion bash > ~/.local/share/bash-completion/completions/slac",
    "zsh": "slac completion zsh > ~/.zfunc/_slac",
    "fish": "slac completion fish > ~/.config/fish/completions/slac.fish",
}


@click.command()
@click.argument("shell", type=click.Choice(list(_USE)))
def completion(shell: str) -> None:
    """Print the completion script of a SHELL; its first line says which file it belongs into."""
    from click.shell_completion import get_completion_class

    root = click.get_current_context().find_root().command
    kind = get_completion_class(shell)
    if kind is None:  # click knows all three
        raise AssertionError(shell)
    put(f"# {_USE[shell]}\n" + _script(kind, root))


def _script(kind: type[click.shell_completion.ShellComplete], root: click.Command) -> str:
    """The script without click's look for bash, whose version does not matter to one that only prints."""
    complete = kind(root, {}, "slac", "_SLAC_COMPLETE")
    return complete.source_template % complete.source_vars()
