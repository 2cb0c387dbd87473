"""Secrets in settings: `{env: NAME}` or `{file: path}`, where an adapter takes text.

A plan holds the reference only, marked as `{"$secret": {"env": "NAME"}}`; the value is read when a runtime starts, and
goes to the adapter and nowhere else.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, Final

from slac.adapters.discovery import AdapterModule, SettingPath, check_settings
from slac.adapters.settings import resolve
from slac.diagnostics import RunFailed

MARK: Final = "$secret"
LARGEST: Final = 65_536
"""Bytes that the file of a secret may have."""
_PLACEHOLDER: Final = "secret"
_FORMS: Final = (frozenset({"env"}), frozenset({"file"}))
_NAMES: Final = frozenset({"password", "token"})
_HEADERS: Final = frozenset({"authorization", "proxy-authorization", "cookie", "x-api-key", "x-auth-token"})


def checked(module: AdapterModule, settings: Mapping[str, Any]) -> tuple[dict[str, Any], list[tuple[SettingPath, str]]]:
    """The settings with their secrets marked, and what is wrong with them.

    A secret is what has its form where the adapter would take text: `json: {env: prod}` is a body like any other.
    """
    secrets: set[SettingPath] = set()
    while True:
        faults = check_settings(module, _replaced(settings, secrets, lambda _: _PLACEHOLDER))
        more = {path for path, _ in faults if path and path not in secrets and _is_secret(_at(settings, path))}
        if not more:
            break
        secrets |= more
    marked: dict[str, Any] = _replaced(settings, secrets, lambda value: {MARK: value})
    return marked, [(path, sentence) for path, sentence in faults if path not in secrets]


def is_sensitive(module: AdapterModule, path: SettingPath) -> bool:
    """Whether a setting holds what nobody should read: by its name, as a header, or as its adapter's schema says."""
    match path:
        case (str(name),):
            return name in _NAMES or bool(module.SCHEMA.get("properties", {}).get(name, {}).get("x-secret"))
        case (*_, "headers", str(name)):
            return name.lower() in _HEADERS
        case _:
            return False


def resolved(settings: Any, *, block: str, environment: Mapping[str, str], directory: str) -> Any:
    """The settings with the values of their secrets; RunFailed where there is none. Relative paths: `directory`."""
    match settings:
        case {"$secret": {"env": str(name)}}:
            if not environment.get(name):
                raise RunFailed(f'"{block}" needs a secret: the environment variable {name} is not set, or is empty.')
            return environment[name]
        case {"$secret": {"file": str(path)}}:
            return _read(block, resolve(directory, path))
        case dict():
            return {
                k: resolved(v, block=block, environment=environment, directory=directory) for k, v in settings.items()
            }
        case list():
            return [resolved(v, block=block, environment=environment, directory=directory) for v in settings]
        case _:
            return settings


def _read(block: str, path: Path) -> str:
    try:
        if path.stat().st_size > LARGEST:
            raise RunFailed(f'"{block}" needs a secret: {path} is larger than {LARGEST} bytes.')
        return path.read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise RunFailed(f'"{block}" needs a secret: {path} cannot be read: {why}.') from error


def _is_secret(value: Any) -> bool:
    return isinstance(value, dict) and set(value) in _FORMS and all(isinstance(v, str) and v for v in value.values())


def _at(value: Any, path: SettingPath) -> Any:
    for step in path:
        try:
            value = value[step]
        except (KeyError, IndexError, TypeError):
            return None
    return value


def _replaced(value: Any, paths: Collection[SettingPath], make: Any, way: SettingPath = ()) -> Any:
    if way in paths:
        return make(value)
    match value:
        case dict():
            return {k: _replaced(v, paths, make, (*way, k)) for k, v in value.items()}
        case list():
            return [_replaced(v, paths, make, (*way, i)) for i, v in enumerate(value)]
        case _:
            return value
