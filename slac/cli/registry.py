"""The one table of commands: a new command is a file in `slac/cli/commands/` and a line here.

It is imported when the command is called, so that `slac --help`
and every other command start without what it needs.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from types import MappingProxyType
from typing import NamedTuple, cast

import click


class Entry(NamedTuple):
    """Where a command is (`module:name` of a `click.Command`), and its line in `slac --help`."""

    place: str
    help: str


COMMANDS: Mapping[str, Entry] = MappingProxyType(
    {
        "apply": Entry("slac.cli.commands.apply:apply", "Let running runtimes go on with a new version."),
        "capacity": Entry("slac.cli.commands.capacity:capacity", "Say what documents will need before they run."),
        "check": Entry("slac.cli.commands.check:check", "Check documents, offline or with a look outside."),
        "compile": Entry("slac.cli.commands.compile:compile_", "Check documents and show the plan that they become."),
        "completion": Entry("slac.cli.commands.completion:completion", "Print what a shell needs to complete slac."),
        "diff": Entry("slac.cli.commands.diff:diff", "Show how two documents differ, and what state survives."),
        "explain": Entry("slac.cli.commands.explain:explain", "Explain a diagnostic code, or list all of them."),
        "fmt": Entry("slac.cli.commands.fmt:fmt", "Write documents in the one form that all have."),
        "generate": Entry(
            "slac.cli.commands.generate:generate", "Make events that reach every state and threshold of a document."
        ),
        "graph": Entry("slac.cli.commands.graph:graph", "Draw the dataflow of a document."),
        "history": Entry("slac.cli.commands.history:history", "Show what audits and violations have said."),
        "init": Entry("slac.cli.commands.init:init", "Write a first document that runs on any machine."),
        "keys": Entry("slac.cli.commands.keys:keys", "Make keys of runtimes and people, and say who is allowed."),
        "log": Entry("slac.cli.commands.log:log", "Say how much runtimes log, or change it."),
        "move": Entry("slac.cli.commands.move:move", "Move a block of running runtimes to another node."),
        "replay": Entry("slac.cli.commands.replay:replay", "Run a log again, or try another document on it."),
        "run": Entry("slac.cli.commands.run:run", "Run documents, or one node of them."),
        "schema": Entry("slac.cli.commands.schema:schema", "Print the JSON Schema of SLA documents."),
        "simulate": Entry("slac.cli.commands.simulate:simulate", "Run a document step by step over events."),
        "status": Entry("slac.cli.commands.status:status", "Show what the runtimes of this machine are doing."),
        "tap": Entry("slac.cli.commands.tap:tap", "Show rows of a block as they pass."),
        "test": Entry("slac.cli.commands.test:test", "Run the tests of documents, under a virtual clock."),
        "top": Entry("slac.cli.commands.top:top", "Watch the runtimes of this machine."),
        "why": Entry("slac.cli.commands.why:why", "Explain a verdict down to its events, from the logs."),
    }
)
"""Commands in the order of `slac --help`."""


def load(name: str) -> click.Command:
    """Import a command."""
    module, _, attribute = COMMANDS[name].place.partition(":")
    return cast(click.Command, getattr(import_module(module), attribute))
