"""Adapter settings as users write them: durations, sizes and paths, and the formats that adapter schemas name."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import FormatChecker

from slac.language.durations import parse_duration
from slac.language.sizes import parse_size


@cache
def formats() -> FormatChecker:
    """Checks `slac-duration` and `slac-size` in adapter schemas."""
    checker = FormatChecker(formats=())
    checker.checks("slac-duration", raises=ValueError)(_is_duration)
    checker.checks("slac-size", raises=ValueError)(_is_size)
    return checker


def _is_duration(value: object) -> bool:
    return not isinstance(value, str) or parse_duration(value) >= 0


def _is_size(value: object) -> bool:
    return not isinstance(value, str) or parse_size(value) >= 0


def schema(properties: Mapping[str, Any], required: tuple[str, ...] = ()) -> dict[str, Any]:
    """A draft-07 object schema that allows these settings and no others."""
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "type": "object",
        "additionalProperties": False,
        "properties": dict(properties),
        "required": list(required),
    }


def text(description: str, *, form: str = "", **more: Any) -> dict[str, Any]:
    """The schema of a text setting; `form` says in words, with an example, what a `pattern` asks for."""
    return {"type": "string", "description": description, **more, **({"x-form": form} if form else {})}


def length_of_time(description: str, default: str) -> dict[str, Any]:
    """The schema of a duration."""
    return {"type": "string", "format": "slac-duration", "default": default, "description": description}


def amount(description: str, default: str) -> dict[str, Any]:
    """The schema of a size in bytes."""
    return {"type": "string", "format": "slac-size", "default": default, "description": description}


def one_or_more(description: str, *, form: str = "", pattern: str = "") -> dict[str, Any]:
    """The schema of a text, or a list of texts; `form` says in words what `pattern` asks of each."""
    each = {"type": "string", "pattern": pattern} if pattern else {"type": "string"}
    return {
        "oneOf": [{**each, "minLength": 1}, {"type": "array", "items": each, "minItems": 1}],
        "description": description,
        **({"x-form": form} if form else {}),
    }


def port(description: str, default: int) -> dict[str, Any]:
    """The schema of a port: a number, or digits that a variable was replaced by."""
    return {
        "oneOf": [{"type": "integer", "minimum": 1, "maximum": 65535}, {"type": "string", "pattern": "^[0-9]{1,5}$"}],
        "default": default,
        "description": description,
        "x-form": "a port: a number from 1 to 65535, like 8080",
    }


def microseconds(settings: Mapping[str, Any], key: str, default: str) -> int:
    """A duration setting in microseconds."""
    return parse_duration(str(settings.get(key, default)))


def seconds(settings: Mapping[str, Any], key: str, default: str) -> float:
    """A duration setting in seconds."""
    return microseconds(settings, key, default) / 1_000_000


def size(settings: Mapping[str, Any], key: str, default: str) -> int:
    """A size setting in bytes."""
    return parse_size(str(settings.get(key, default)))


def as_list(value: str | list[str]) -> list[str]:
    """What `one_or_more` allows, as a list."""
    return [value] if isinstance(value, str) else list(value)


def resolve(directory: str, path: str) -> Path:
    """A path from settings: relative ones start at `directory`, `~` is the user's home."""
    return Path(directory) / Path(path).expanduser()
