"""What README and docs show works: whole documents compile, and command lines name commands and options that exist."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from slac.cli.registry import COMMANDS, load
from slac.compiler import CompileOptions
from slac.compiler.compile import compile_document
from slac.diagnostics import Source
from slac.plan.aggregate_signatures import AGGREGATES
from slac.plan.functions import SQL_NAMES

ROOT = Path(__file__).parents[2]
WRONG_ON_PURPOSE = ROOT / "docs" / "diagnostics"
"""These pages show documents with mistakes; tests of their own compile them."""
PAGES = sorted(
    [ROOT / "README.md", ROOT / "ARCHITECTURE.md", *(ROOT / "docs").rglob("*.md"), *(ROOT / "sla_docs").rglob("*.md")]
)
DOCUMENTS = [
    path
    for folder in ("sla_docs", "examples")
    for path in sorted((ROOT / folder).rglob("*.yaml"))
    if not path.name.endswith(".test.yaml")
]

_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
_COMMAND = re.compile(r"^(?:#\s+)?(slac [a-z-]+\b[^#`\n]*)", re.MULTILINE)
_INLINE = re.compile(r"`(slac [a-z][^`]*)`")


def name(path: Path) -> str:
    """How a file is called in the list of tests."""
    return path.relative_to(ROOT).as_posix()


def shown_documents() -> Iterator[object]:
    """Every whole document in a page's yaml blocks."""
    for page in PAGES:
        if WRONG_ON_PURPOSE in page.parents:
            continue
        blocks = [text for kind, text in _BLOCK.findall(page.read_text(encoding="utf-8")) if kind == "yaml"]
        for i, text in enumerate(text for text in blocks if re.search(r"^kind: SLA$", text, re.MULTILINE)):
            yield pytest.param(name(page), text, id=f"{name(page)}-{i}")


def shown_commands() -> Iterator[tuple[str, str]]:
    """Every command line: in shell blocks, in backticks, and in the headers of documents."""
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for kind, block in _BLOCK.findall(text):
            if kind == "sh":
                yield from ((name(page), found) for found in _COMMAND.findall(block))
        yield from ((name(page), found) for found in _INLINE.findall(_BLOCK.sub("", text)))
    for document in DOCUMENTS:
        yield from ((name(document), found) for found in _COMMAND.findall(document.read_text(encoding="utf-8")))


@pytest.mark.parametrize(("page", "text"), list(shown_documents()))
def test_a_shown_document_compiles(page: str, text: str) -> None:
    """A document that a page shows as a whole has no mistakes, with the functions that the page shows."""
    modules = [b for kind, b in _BLOCK.findall((ROOT / page).read_text(encoding="utf-8")) if kind == "python"]
    compile_document(Source(page, text), CompileOptions(functions=lambda _, __: modules[0]))


@pytest.mark.parametrize("path", DOCUMENTS, ids=name)
def test_a_shipped_document_compiles(path: Path) -> None:
    """So has one that is shipped, and no warnings either."""
    compiled = compile_document(Source(name(path), path.read_text(encoding="utf-8")))

    assert not compiled.diagnostics


@pytest.mark.parametrize(("page", "line"), sorted(set(shown_commands())))
def test_a_shown_command_exists(page: str, line: str) -> None:
    """The command and each of its options are there."""
    words = [word for word in shlex.split(line.strip().rstrip("\\")) if word not in {"…", "..."}]
    command, at = load_known(words)
    for word in words[at:]:
        if word.startswith("-") and word != "-":
            assert word.partition("=")[0] in options_of(command), f"{page}: {line}"


def load_known(words: list[str]) -> tuple[click.Command, int]:
    """The (sub)command that a line calls, and where its arguments begin."""
    assert words[1] in COMMANDS, f"no command {words[1]}"
    command, at = load(words[1]), 2
    while isinstance(command, click.Group) and at < len(words):
        assert words[at] in command.commands, f"no command {words[at]}"
        command, at = command.commands[words[at]], at + 1
    return command, at


def options_of(command: click.Command) -> set[str]:
    """Every spelling of every option."""
    return {"--help", "-h", *(option for parameter in command.params for option in parameter.opts)}


def test_the_first_document_is_the_one_that_is_shipped() -> None:
    """What the README shows as the first document is sla_docs/first.yaml."""
    blocks = [text for kind, text in _BLOCK.findall((ROOT / "README.md").read_text(encoding="utf-8")) if kind == "yaml"]

    assert (ROOT / "sla_docs/first.yaml").read_text(encoding="utf-8") in blocks


def test_the_language_page_names_every_function() -> None:
    """Each scalar function and each aggregate stands on the page of the language."""
    words = set(re.findall(r"\b[A-Z][A-Z0-9_]+\b", (ROOT / "docs/language.md").read_text(encoding="utf-8")))

    assert not {*SQL_NAMES, *AGGREGATES} - words
