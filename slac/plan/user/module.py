"""A module of functions as a plan carries it, and the keys by which expressions name its functions."""

from __future__ import annotations

from hashlib import sha256
from typing import Final

import msgspec

_LEAD: Final = "user:"
_SHORT: Final = 16


class FunctionModule(msgspec.Struct, frozen=True, kw_only=True):
    """The text of a module, where it stood beside its document, and the SHA-256 of the text (64 hex digits)."""

    path: str
    digest: str
    text: str

    @classmethod
    def of(cls, path: str, text: str) -> FunctionModule:
        """The module of a text, with its digest."""
        return cls(path=path, digest=digest_of(text), text=text)

    @property
    def is_whole(self) -> bool:
        """Whether the text is the one that was compiled."""
        return digest_of(self.text) == self.digest

    def key(self, name: str) -> str:
        """What an expression calls the function `name` (in capitals): its text belongs to the name."""
        return f"{_LEAD}{self.digest[:_SHORT]}:{name}"


def digest_of(text: str) -> str:
    """The SHA-256 of a text, as 64 hex digits."""
    return sha256(text.encode()).hexdigest()


def is_user_key(key: str) -> bool:
    """Whether the key of a function is that of a document's own."""
    return key.startswith(_LEAD)


def readable(key: str) -> str:
    """A key for people: the name, and the first digits of what it was made from (`OVER@1f3a90c2`)."""
    _, digest, name = key.split(":", 2)
    return f"{name}@{digest[:8]}"
