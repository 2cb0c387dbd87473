"""Which files a command line means, and their bytes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from glob import glob, has_magic
from os.path import normpath
from pathlib import Path
from typing import Final, Protocol

from slac.diagnostics import UsageError
from slac.language.imports import ImportUnreadable
from slac.language.source import MAX_BYTES

DEFAULT: Final = "sla.yaml"
"""The document of a command that names none."""

_SUFFIXES: Final = (".yaml", ".yml")
_TESTS: Final = (".test.yaml", ".test.yml")
"""How files of tests end, which stand beside documents and are none."""


def read_sources(paths: Sequence[str], *, stdin: bytes | None = None) -> Iterator[tuple[str, bytes]]:
    """The name and the bytes of every document, each file once; UsageError where there is nothing to read."""
    for name in dict.fromkeys(f for path in paths or _default() for f in _files(path)):
        if name == "-":
            yield name, stdin or b""
        else:
            yield name, _bytes(name)


def read_import(importer: str, path: str) -> tuple[str, bytes]:
    """The file that a document imports, its path taken from the folder of the importing file."""
    found = Path(normpath(Path(importer).parent / Path(path).expanduser()))
    try:
        if not found.is_file():
            raise ImportUnreadable(f'there is no file "{found}" to import')
        if found.stat().st_size > MAX_BYTES:
            raise ImportUnreadable(f'"{found}" is too large to import: more than {MAX_BYTES} bytes')
        return str(found), found.read_bytes()
    except (OSError, ValueError, RuntimeError) as error:
        raise ImportUnreadable(f'"{path}" cannot be read: {getattr(error, "strerror", None) or error}') from error


class FunctionReader(Protocol):
    """Gives the text of a module of functions."""

    def __call__(self, document: str, path: str) -> str:
        """The text of what `document` calls `path`; FunctionsUnreadable with a sentence where that cannot be."""
        ...


class FunctionsUnreadable(Exception):
    """A module of functions that cannot be read; its text says why."""


def read_functions(document: str, path: str) -> str:
    """The text of a module that stands in the folder of a document, or below it."""
    try:
        folder = Path(document).parent.resolve()
        found = (folder / path).resolve()
        if Path(path).is_absolute() or not found.is_relative_to(folder):
            raise FunctionsUnreadable(f'"{path}" does not lie in the folder of the document')
        if not found.is_file():
            raise FunctionsUnreadable(f'there is no file "{path}" in the folder of the document')
        if found.stat().st_size > MAX_BYTES:
            raise FunctionsUnreadable(f'"{path}" is too large: more than {MAX_BYTES} bytes')
        return found.read_text(encoding="utf-8")
    except (OSError, ValueError, RuntimeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise FunctionsUnreadable(f'"{path}" cannot be read: {reason}') from error


def _default() -> tuple[str, ...]:
    if not Path(DEFAULT).is_file():
        raise UsageError(f"no document was named, and there is no {DEFAULT} in this folder")
    return (DEFAULT,)


def _files(path: str) -> list[str]:
    if path == "-":
        return [path]
    if Path(path).is_dir():
        found = sorted(str(p) for p in Path(path).rglob("*") if _is_document(p) and p.is_file())
        return _some(found, f'the folder "{path}" holds no {" or ".join(f"*{s}" for s in _SUFFIXES)} file')
    if not Path(path).exists() and has_magic(path):
        matching = glob(path, recursive=True)  # noqa: PTH207  # as the user wrote it
        found = sorted(f for f in matching if Path(f).is_file() and not f.endswith(_TESTS))
        return _some(found, f'no file matches "{path}"')
    return [path]


def _is_document(path: Path) -> bool:
    return path.suffix in _SUFFIXES and not path.name.endswith(_TESTS)


def _some(found: list[str], otherwise: str) -> list[str]:
    if not found:
        raise UsageError(otherwise)
    return found


def _bytes(name: str) -> bytes:
    try:
        return Path(name).read_bytes()
    except FileNotFoundError:
        raise UsageError(f'there is no file "{name}"') from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise UsageError(f'"{name}" cannot be read: {reason}') from error
