"""SQL text to a sqlglot tree in which every operand knows its place and every function keeps the name it was given.

sqlglot's DuckDB parser, with all its knowledge of functions, statements, aliases and lambdas taken out: what is left
reads one expression, and calls are `Anonymous`. It is the registry in `slac.plan.functions` that says what exists.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Final, NoReturn, cast

from sqlglot import exp
from sqlglot.dialects.duckdb import DuckDB
from sqlglot.errors import ParseError, TokenError
from sqlglot.parser import Parser
from sqlglot.parsers.duckdb import DuckDBParser
from sqlglot.tokenizer_core import Token, TokenType

from slac.compiler.sql.words import STATEMENT_WORDS

__all__ = ["BEGIN", "END", "Unreadable", "parse", "tokenize"]

BEGIN: Final = "slac_begin"
END: Final = "slac_end"
"""Keys of a node's `meta`: the half-open stretch of code points that it was read from."""


class _Dialect(DuckDB):
    """DuckDB without the words of statements, so that a column may be called `call`, `all` or `values`."""

    class Tokenizer(DuckDB.Tokenizer):
        """Reads words of statements as names."""

        COMMANDS: ClassVar[Any] = set()
        KEYWORDS: ClassVar[Any] = {w: t for w, t in DuckDB.Tokenizer.KEYWORDS.items() if w not in STATEMENT_WORDS}


_DIALECT: Final = _Dialect()
_KEPT: Final = ("CAST", "TRY_CAST", "EXTRACT", "POSITION")


class Unreadable(ParseError):
    """Text that is no expression, with the stretch of code points where that shows."""

    def __init__(self, message: str, start: int, end: int) -> None:
        super().__init__(message)
        self.message = message
        self.start = start
        self.end = end


class _ExpressionParser(DuckDBParser):
    """Reads one expression; see the module."""

    FUNCTIONS: ClassVar[Any] = {}
    FUNCTION_PARSERS: ClassVar[Any] = {name: DuckDBParser.FUNCTION_PARSERS[name] for name in _KEPT}
    NO_PAREN_FUNCTIONS: ClassVar[Any] = {}
    NO_PAREN_FUNCTION_PARSERS: ClassVar[Any] = {"CASE": DuckDBParser.NO_PAREN_FUNCTION_PARSERS["CASE"]}

    def _parse_statement(self) -> exp.Expr | None:
        return self._parse_disjunction()

    def _parse_type(self, *args: Any, **kwargs: Any) -> exp.Expr | None:
        # `unknown['host']` is a column, not an array of a type that sqlglot knows by that name.
        if self._next and self._next.token_type == TokenType.L_BRACKET and self._curr.token_type != TokenType.L_BRACKET:
            return self._parse_column()
        return super()._parse_type(*args, **kwargs)

    def _parse_unary(self) -> exp.Expr | None:
        first = self._curr
        node: exp.Expr | None = super()._parse_unary()
        if node is not None and first and BEGIN not in node.meta:
            node.meta[BEGIN], node.meta[END] = first.start, self._prev.end + 1
        return node

    def _parse_range(self, this: exp.Expr | None = None, parse_is: bool = True) -> exp.Expr | None:  # noqa: FBT001, FBT002
        first = self._curr
        node: exp.Expr | None = super()._parse_range(this, parse_is)
        if this is None and node is not None and first and BEGIN not in node.meta:
            node.meta[BEGIN], node.meta[END] = first.start, self._prev.end + 1
        return node

    def expression(self, instance: Any, token: Any = None, comments: Any = None) -> Any:
        node = super().expression(instance, token, comments)
        leaf = token or self._prev
        if isinstance(node, exp.Null | exp.Boolean) and leaf:
            node.meta[BEGIN], node.meta[END] = leaf.start, leaf.end + 1
        return node

    def _parse_interval(self, require_interval: bool = True, parse_function_unit: bool = True) -> Any:  # noqa: FBT001, FBT002
        """`INTERVAL '5 minutes'`, `INTERVAL '5' MINUTE` or `INTERVAL 5 MINUTE`, as it was written."""
        if self._curr.token_type != TokenType.INTERVAL or self._next.token_type not in _AMOUNTS:
            return None
        self._advance(2)
        amount, following = self._prev, cast(Any, self._curr)
        named = following and following.token_type == TokenType.VAR
        unit = following.text if named and amount.text.strip().replace(".", "", 1).isdigit() else ""
        if unit:
            self._advance()
        return exp.Interval(this=exp.Literal.string(f"{amount.text} {unit}".strip()))

    def raise_error(self, message: str, token: Any = None) -> NoReturn:
        at = token or self._curr or self._prev
        raise Unreadable(message, at.start, at.end + 1)


_AMOUNTS: Final = (TokenType.STRING, TokenType.NUMBER)


def tokenize(text: str) -> list[Token]:
    """The tokens of the text, with their places; raises `Unreadable` for a text that does not end, and the like."""
    try:
        return _DIALECT.tokenize(text)
    except TokenError:
        start = _open_quote(text)
        raise Unreadable("a quote is opened and not closed", start, len(text)) from None


def parse(tokens: Sequence[Token], text: str) -> exp.Expr:
    """The one expression that the tokens make; raises `Unreadable`."""
    parser = cast(Any, _ExpressionParser)(dialect=_DIALECT)
    found = cast(Parser, parser).parse(list(tokens), text)
    if len(found) != 1 or found[0] is None:
        raise Unreadable("no expression", 0, len(text))
    return found[0]


def _open_quote(text: str) -> int:
    """Where the quote stands that never closes."""
    quote, start = "", 0
    for at, character in enumerate(text):
        if not quote and character in "'\"":
            quote, start = character, at
        elif character == quote:
            quote = ""
    return start
