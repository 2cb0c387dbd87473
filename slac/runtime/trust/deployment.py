"""The key of a deployment, under which all of its runtimes hash sensitive fields: made once, shared by hand."""

from __future__ import annotations

import os
import secrets
import stat
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from slac.diagnostics import RunFailed, UsageError
from slac.plan.nodes import AnyNode
from slac.plan.privacy import sensitive_inputs
from slac.stream.privacy import Hasher

KEY: Final = "SLAC_SENSITIVE_KEY"
"""The variable that may hold the key itself, as hexadecimal digits."""
FILE: Final = "deployment.key"
"""Its name in a directory of keys."""
_BYTES: Final = 32
_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO


def new_key(path: Path) -> Hasher:
    """Make a key in a file for its owner only. UsageError where there is something already, or nothing can be."""
    key = secrets.token_bytes(_BYTES)
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(key.hex().encode() + b"\n")
    except FileExistsError as error:
        raise UsageError(
            f"{path} is there already; what was hashed with it could not be told from new values"
        ) from error
    except OSError as error:
        raise UsageError(f"the key {path} cannot be written: {error.strerror}") from error
    return Hasher(key)


def hasher_of(
    nodes: Iterable[AnyNode], *, path: Path | None, keys: Path | None, environment: Mapping[str, str]
) -> Hasher | None:
    """What hashes the sensitive fields of these nodes; None where they have none.

    The key is in the file `path`, else in the environment, else beside the other `keys`. RunFailed where it is nowhere,
    cannot be read, or can be read by others.
    """
    inputs = sensitive_inputs(nodes)
    if not inputs:
        return None
    beside = keys / FILE if keys is not None else None
    if path is None and KEY in environment:
        return _hasher(environment[KEY], f"the variable {KEY}")
    found = path or (beside if beside is not None and beside.exists() else None)
    if found is None:
        names = ", ".join(f"{n.block}: {', '.join(n.sensitive)}" for n in inputs)
        raise RunFailed(
            f"there are sensitive fields ({names}), and no key to hash them with: make one for all runtimes of the "
            f"deployment with `slac keys new-deployment`, and say where it is with --sensitive-key, or in {KEY}"
        )
    return _hasher(_read(found), f"the key {found}")


def _read(path: Path) -> str:
    try:
        mode, text = path.stat().st_mode, path.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise RunFailed(f"the key {path} cannot be read: {error}") from error
    if mode & _OTHERS:
        raise RunFailed(f"the key {path} can be read by others: `chmod 600` it, or make another if they may have")
    return text


def _hasher(text: str, where: str) -> Hasher:
    try:
        return Hasher(bytes.fromhex(text.strip()))
    except ValueError:
        # Neither the digits nor what is wrong with one of them is shown.
        raise RunFailed(f"{where} is no key: 32 to 128 hexadecimal digits are wanted") from None
