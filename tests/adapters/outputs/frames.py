"""Published frames as the runtime makes them."""

from datetime import UTC, datetime, timedelta

import polars as pl

from slac.stream.ports import OutputContext

CONTEXT = OutputContext(
    block="out", document="shop", instance="i", kinds={"availability": "report", "silent": "violation"}
)


def report() -> pl.DataFrame:
    """One report row of an audit, with its nested cases."""
    time = datetime(2024, 1, 1, 0, 10, tzinfo=UTC)
    return pl.DataFrame(
        {
            "_time": pl.Series([time], dtype=pl.Datetime("us", "UTC")),
            "_id": pl.Series([0xABC], dtype=pl.UInt64),
            "_seen": [20.0],
            "_kept": [20],
            "_revision": [1],
            "module": ["account"],
            "kind": ["change"],
            "state": ["down"],
            "since": [timedelta(minutes=10)],
            "cases": [
                [
                    {"test_case": "login", "success": 0.25, "at": time, "latest_exception": "no\nanswer"},
                    {"test_case": "logout", "success": float("nan"), "at": None, "latest_exception": None},
                ]
            ],
        }
    )
