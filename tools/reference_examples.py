# ruff: noqa: INP001 - scripts, not a package
"""The examples of the reference, by the key of their function, and the titles of its tables of keys."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

_T: Final = "TIMESTAMP '2024-02-29T12:34:56Z'"

TITLES: Final[Mapping[str, str]] = {
    "spec": "spec",
    "parameter": "A parameter",
    "import": "An import",
    "event": "An event type",
    "input": "An input",
    "probe": "A probe",
    "computation": "A computation",
    "join": "A join",
    "audit": "An audit",
    "state": "A state of an audit",
    "schedule": "A schedule",
    "reportBody": "A list of a report",
    "violation": "A violation",
    "output": "An output",
    "node": "A node of `placement`",
    "budget": "A budget",
    "test": "A test",
    "testStep": "A step of a test",
    "testSeries": "Rows of a test as a series",
    "testExpectation": "What a test expects",
}
"""Definitions of the schema in the order of the page."""

FUNCTION_EXAMPLES: Final[Mapping[str, str]] = {
    "and": "TRUE AND NULL",
    "or": "TRUE OR NULL",
    "not": "NOT FALSE",
    "=": "1 = 1.0",
    "<>": "'a' <> 'b'",
    "<": "'a' < 'b'",
    "<=": "2 <= 1",
    ">": "NULL > 1",
    ">=": "2 >= 2",
    "is_distinct": "1 IS DISTINCT FROM NULL",
    "is_not_distinct": "NULL IS NOT DISTINCT FROM NULL",
    "is_null": "NULL IS NULL",
    "is_true": "(1 = NULL) IS TRUE",
    "is_false": "(1 = 2) IS FALSE",
    "in": "'low' IN ('up', 'low')",
    "coalesce": "COALESCE(NULL, 2)",
    "nullif": "NULLIF(3, 3)",
    "greatest": "GREATEST(1, 3, 2)",
    "least": "LEAST(1, 3, 2)",
    "+": "1 + 2",
    "-": "INTERVAL '5 minutes' - INTERVAL '30 seconds'",
    "*": "2 * 1.5",
    "/": "7 / 2",
    "//": "7 // 2",
    "%": "7 % 2",
    "negate": "-(1 + 2)",
    "abs": "ABS(-3)",
    "round": "ROUND(2.345, 2)",
    "floor": "FLOOR(-1.5)",
    "ceil": "CEIL(1.2)",
    "sqrt": "SQRT(16)",
    "ln": "LN(1)",
    "log10": "LOG10(1000)",
    "exp": "EXP(0)",
    "power": "POWER(2, 10)",
    "sign": "SIGN(-7)",
    "||": "'a' || 'b'",
    "concat": "CONCAT('a', NULL, 'b')",
    "like": "'search-1' LIKE 'search-_'",
    "ilike": "'Search' ILIKE 's%'",
    "lower": "LOWER('ABC')",
    "upper": "UPPER('abc')",
    "length": "LENGTH('äöü')",
    "trim": "TRIM('  a ')",
    "ltrim": "LTRIM('  a')",
    "rtrim": "RTRIM('a/', '/')",
    "substr": "SUBSTR('search', 2, 3)",
    "strpos": "STRPOS('search', 'r')",
    "contains": "CONTAINS('search', 'ear')",
    "starts_with": "STARTS_WITH('search', 'se')",
    "ends_with": "ENDS_WITH('search', 'ch')",
    "replace": "REPLACE('a-b', '-', '_')",
    "split_part": "SPLIT_PART('a/b/c', '/', 2)",
    "regexp_matches": "REGEXP_MATCHES('search-17', '[0-9]+$')",
    "regexp_extract": "REGEXP_EXTRACT('search-17', '([a-z]+)-([0-9]+)', 2)",
    "regexp_replace": "REGEXP_REPLACE('job 17 of 20', '[0-9]+', '#', 'g')",
    **{
        f"extract_{field}": f"EXTRACT({field} FROM {_T})"
        for field in (
            *("year", "quarter", "month", "week", "day", "dow", "isodow", "doy", "hour", "minute", "second", "epoch"),
        )
    },
    "date_trunc": f"DATE_TRUNC('hour', {_T})",
    "seconds": "SECONDS(INTERVAL '2 minutes')",
    "millis": "MILLIS(INTERVAL '2 seconds')",
    "to_timestamp": "TO_TIMESTAMP(1700000000)",
    "label": "labels['pod']",
    "item": "tags[-1]",
    "list_contains": "LIST_CONTAINS(tags, 'a')",
}
"""SQL over one row, whose columns are a list `tags` and a map `labels`."""

ROWS: Final[tuple[tuple[str, float | None, int, bool | None], ...]] = (
    ("search", 12.0, 1, True),
    ("basket", 80.0, 2, False),
    ("search", 35.0, 3, True),
    ("search", None, 4, None),
    ("pay", 20.0, 5, True),
)
"""`module`, `ms`, `n` and `ok` of the rows that the aggregates are shown over."""

AGGREGATE_EXAMPLES: Final[Mapping[str, str]] = {
    "count": "COUNT(*) FILTER (WHERE ok)",
    "count_distinct": "COUNT(DISTINCT module)",
    "sum": "SUM(n)",
    "min": "MIN(ms)",
    "max": "MAX(module)",
    "avg": "AVG(n)",
    "first": "FIRST(module)",
    "last": "LAST(ms)",
    "worst": "WORST(module, 'pay', 'search', 'basket')",
    "best": "BEST(module, 'pay', 'search', 'basket')",
    "share": "SHARE(ok)",
    "bool_and": "BOOL_AND(ok)",
    "bool_or": "BOOL_OR(ok)",
    "max_by": "MAX_BY(module, ms)",
    "min_by": "MIN_BY(n, ms)",
    "list": "LIST(module, 2)",
    "top": "TOP(module, 1)",
    "quantile": "QUANTILE(ms, 0.9)",
    "median": "ROUND(MEDIAN(ms))",
    "histogram": "HISTOGRAM(ms, 20, 50)",
    "var_pop": "VAR_POP(n)",
    "var_samp": "VAR_SAMP(n)",
    "stddev_pop": "STDDEV_POP(n)",
    "stddev_samp": "STDDEV_SAMP(n)",
    "burn_rate": "BURN_RATE(CASE WHEN ok THEN 0 ELSE 1 END, 1, 0.9)",
}
