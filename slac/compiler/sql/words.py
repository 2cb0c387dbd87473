"""Words of SQL as names of columns: those of statements are names like others, those of expressions take quotes."""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence
from typing import Final

from sqlglot.tokenizer_core import Token, TokenType

__all__ = ["RESERVED", "STATEMENT_WORDS", "words_as_columns"]


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


STATEMENT_WORDS: Final = _words("""
    ALL ALTER ANALYZE ATTACH CALL COPY CREATE CROSS DEALLOCATE DELETE DESC DESCRIBE DETACH DROP EXCEPT EXECUTE
    EXPLAIN EXPORT FETCH FOR FORCE FULL GRANT GROUP HAVING IMPORT INNER INSERT INSTALL INTERSECT INTO JOIN KILL
    LATERAL LIMIT LOAD MERGE NATURAL OFFSET ON ONLY OPTIMIZE OUTER PARTITIONED_BY PIVOT POSITIONAL PRAGMA PREPARE
    QUALIFY RENAME RESET RETURNING REVOKE ROLLBACK SHOW SUMMARIZE TABLESAMPLE TRUNCATE UNCACHE UNION UNPIVOT UPDATE
    USE USING VACUUM VALUES WINDOW WITH
""")
"""Words that mean something in a statement, and nothing in an expression."""

RESERVED: Final = _words("""
    AND AS BETWEEN CASE DISTINCT ELSE END ESCAPE FALSE FROM GLOB ILIKE IN IS ISNULL LIKE NOT NOTNULL NULL OR OVER
    REGEXP RLIKE SELECT THEN TRUE WHEN WHERE XOR
""")
"""Words that mean something in an expression: a column of such a name stands in double quotes."""


def words_as_columns(tokens: Sequence[Token], columns: Container[str]) -> Iterator[str]:
    """The reserved words of a text that are columns too, as they are written, each once."""
    seen: set[str] = set()
    for token in tokens:
        word = token.text
        is_word = token.token_type not in (TokenType.STRING, TokenType.IDENTIFIER) and word.upper() in RESERVED
        if is_word and word in columns and word not in seen:
            seen.add(word)
            yield word
