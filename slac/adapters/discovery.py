"""Adapters are found by entry point (`slac.inputs`, `slac.outputs`) and imported only when a document uses them."""

import difflib
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Literal, Protocol, cast

from jsonschema import Draft7Validator
from jsonschema.exceptions import ValidationError

from slac.adapters.environment import Problem
from slac.adapters.settings import formats
from slac.diagnostics import UsageError
from slac.stream.ports import InputAdapter, InputContext, OutputAdapter, OutputContext

Kind = Literal["inputs", "outputs"]
SettingPath = tuple[str | int, ...]
"""Keys and indexes from an adapter's settings down to a value."""


class InputModule(Protocol):
    """What the module of an input adapter has. It may have `EVENT` too: what each field that it offers means.

    `ANSWERS`, where it is there and true: a sender is told whether its records were taken, and has them still if not.
    Input and output modules that name an address or a file have `probe_environment(settings) -> list[Problem]`.
    """

    SCHEMA: dict[str, Any]
    CAN_WAIT: bool

    def build(self, settings: Mapping[str, Any], context: InputContext) -> InputAdapter:
        """The adapter for checked settings; touches nothing outside yet."""
        ...


class OutputModule(Protocol):
    """What the module of an output adapter has."""

    SCHEMA: dict[str, Any]
    CAN_WAIT: bool

    def build(self, settings: Mapping[str, Any], context: OutputContext) -> OutputAdapter:
        """The adapter for checked settings; touches nothing outside yet."""
        ...


AdapterModule = InputModule | OutputModule


def names(kind: Kind) -> tuple[str, ...]:
    """Names of the adapters that are installed, sorted."""
    return tuple(sorted(_found(kind)))


def input_adapter(name: str) -> InputModule:
    """The module of an input adapter; UsageError where there is none of this name."""
    return cast(InputModule, _load("inputs", name))


def answers(name: str) -> bool:
    """Whether senders of an input adapter are told what was taken."""
    return bool(getattr(input_adapter(name), "ANSWERS", False))


def output_adapter(name: str) -> OutputModule:
    """The module of an output adapter; UsageError where there is none of this name."""
    return cast(OutputModule, _load("outputs", name))


def probe_environment(module: AdapterModule, settings: Mapping[str, Any]) -> list[Problem]:
    """What is wrong outside for checked settings; nothing for a module that names nothing outside."""
    probe = getattr(module, "probe_environment", None)
    return [] if probe is None else cast("list[Problem]", probe(settings))


def beyond(module: AdapterModule, settings: Mapping[str, Any]) -> str:
    """The setting by which checked settings reach beyond this machine unguarded; empty where none does."""
    found = getattr(module, "beyond", None)
    return "" if found is None else str(found(settings))


def check_settings(module: AdapterModule, settings: Mapping[str, Any]) -> list[tuple[SettingPath, str]]:
    """What is wrong with the settings: the place of each fault and a sentence. Empty when they can be built from."""
    validator = Draft7Validator(module.SCHEMA, format_checker=formats())
    faults = [fault for error in validator.iter_errors(settings) for fault in _faults(error)]
    return sorted(faults, key=lambda fault: ([str(step) for step in fault[0]], fault[1]))


@cache
def _found(kind: Kind) -> dict[str, EntryPoint]:
    return {point.name: point for point in entry_points(group=f"slac.{kind}")}


def _load(kind: Kind, name: str) -> Any:
    found = _found(kind)
    if name not in found:
        close = difflib.get_close_matches(name, found, n=1)
        hint = f" Did you mean {close[0]!r}?" if close else ""
        raise UsageError(f"there is no {kind[:-1]} adapter {name!r}; there are: {', '.join(sorted(found))}.{hint}")
    return found[name].load()


def _faults(error: ValidationError) -> Iterator[tuple[SettingPath, str]]:
    form = cast(Any, error.schema).get("x-form")
    if form is not None and error.validator in {"pattern", "oneOf", "anyOf"}:
        path = tuple(error.absolute_path)
        yield path, f"say {form}" if isinstance(error.instance, dict) else f"{error.instance!r} is not {form}"
    else:
        yield from _other_faults(error)


def _other_faults(error: ValidationError) -> Iterator[tuple[SettingPath, str]]:
    path = tuple(error.absolute_path)
    expected: Any = error.validator_value
    match error.validator:
        case "additionalProperties":
            schema: Any = error.schema
            given: Any = error.instance
            allowed = sorted(schema.get("properties", {}))
            for key in sorted(set(given).difference(allowed)):
                yield (*path, key), _unknown(key, allowed)
        case "required":
            for key in expected:
                if key not in cast(Any, error.instance):
                    yield path, f"{key!r} is missing"
        case "type" if cast(Any, error.schema).get("format") == "slac-duration":
            yield path, f"{error.instance!r} is no duration: write it with its unit, like 30s"
        case "type" if cast(Any, error.schema).get("format") == "slac-size":
            yield path, f"{error.instance!r} is no size: write it with its unit, like 8MiB"
        case "format":
            # The format's own sentence says more than "is not a slac-duration".
            yield path, str(error.cause or error.message)
        case "enum":
            yield path, f"{error.instance!r} is not one of {', '.join(map(str, expected))}"
        case "oneOf" if all(set(choice) == {"required"} for choice in expected):
            yield path, f"exactly one of {', '.join(choice['required'][0] for choice in expected)} is needed"
        case "oneOf" | "anyOf" if error.context:
            yield path, f"{error.message}: {'; or '.join(inner.message for inner in error.context)}"
        case _:
            yield path, error.message


def _unknown(key: str, allowed: list[str]) -> str:
    close = difflib.get_close_matches(key, allowed, n=1)
    hint = f" did you mean {close[0]!r}?" if close else ""
    return f"unknown setting {key!r}; there are: {', '.join(allowed)};{hint}".rstrip(";")
