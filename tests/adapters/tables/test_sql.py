"""Tables in databases: SQLite, and a real PostgreSQL server where one is installed."""

from __future__ import annotations

import sqlite3
from decimal import Decimal
from pathlib import Path

import pytest

from slac.adapters.tables.reader import Unreadable
from slac.adapters.tables.sql import SqlTable
from tests.postgres import PASSWORD, server

COLUMNS = ("module", "required")

postgres = pytest.fixture(scope="module")(server)


def reader(
    url: str,
    *,
    table: str | None = None,
    query: str | None = None,
    password: str | None = None,
    columns: tuple[str, ...] = COLUMNS,
) -> SqlTable:
    """A reader of two columns."""
    return SqlTable(url, password=password, table=table, query=query, columns=columns)


@pytest.fixture
def sqlite(tmp_path: Path) -> str:
    """The address of a database with one table."""
    path = tmp_path / "limits.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE limits (module TEXT, required REAL, owner TEXT)")
        connection.executemany("INSERT INTO limits VALUES (?, ?, ?)", [("a", 0.9, "ann"), ("b", None, None)])
    connection.close()
    return f"sqlite:///{path}"


def test_a_table_of_sqlite(sqlite: str) -> None:
    """By its name, or by a query; asked anew each time."""
    assert reader(sqlite, table="limits").read(10).rows() == [("a", 0.9), ("b", None)]
    asked = reader(sqlite, query="SELECT module, 2 * required AS required FROM limits WHERE required > 0;")
    assert asked.read(10).rows() == [("a", 1.8)]
    assert asked.read(10).rows() == [("a", 1.8)]


def test_what_cannot_be_read(sqlite: str, tmp_path: Path) -> None:
    """Each with the place and the reason; no file is made where there is none."""
    for wrong, said in (
        (reader(f"sqlite:///{tmp_path}/no.db", table="limits"), "unable to open database file"),
        (reader(sqlite, table="limit"), "no such table: limit"),
        (reader(sqlite, query="SELECT module FROM limits"), 'no column "required"'),
        (reader("oracle9://db/x", table="limits"), "there is no driver for oracle9://db/x"),
        (reader("nonsense", table="limits"), "there is no driver for the database"),
        (reader(sqlite, query="WITH x AS (SELECT 1) DELETE FROM limits"), "attempt to write a readonly database"),
    ):
        with pytest.raises(Unreadable, match=said):
            wrong.read(10)
    with pytest.raises(Unreadable, match="more than 1 rows"):
        reader(sqlite, table="limits").read(1)
    assert not (tmp_path / "no.db").exists()


def test_a_table_of_postgresql(postgres: str) -> None:
    """With a password from outside, in a transaction that cannot write; and no message shows the password."""
    import psycopg  # the driver that slac brings

    plain = postgres.replace("+psycopg", "")
    with psycopg.connect(plain, password=PASSWORD) as connection:
        connection.execute("CREATE SCHEMA sla")
        connection.execute("CREATE TABLE sla.limits (module text, required numeric, owner text)")
        connection.execute("INSERT INTO sla.limits VALUES ('a', 0.9, 'ann'), ('b', NULL, NULL)")

    named = reader(postgres, table="sla.limits", password=PASSWORD)
    assert sorted(named.read(10).rows()) == [("a", Decimal("0.9")), ("b", None)]
    asked = reader(postgres, query="SELECT module, count(*) AS required FROM sla.limits GROUP BY 1", password=PASSWORD)
    assert sorted(asked.read(10).rows()) == [("a", 1), ("b", 1)]
    known = "11111111-2222-3333-4444-555555555555"
    typed = reader(postgres, query=f"SELECT '{known}'::uuid AS module, 1.5 AS required", password=PASSWORD)
    assert typed.read(10).rows() == [(known, Decimal("1.5"))]
    patience = "SELECT current_setting('statement_timeout') AS module, 1 AS required"
    assert reader(postgres, query=patience, password=PASSWORD).read(10)["module"].to_list() == ["10s"]
    writing = "WITH x AS (DELETE FROM sla.limits RETURNING *) SELECT module, required FROM x"
    with pytest.raises(Unreadable, match="read-only transaction"):
        reader(postgres, query=writing, password=PASSWORD).read(10)
    with pytest.raises(Unreadable, match="password authentication failed") as wrong:
        reader(postgres, table="sla.limits", password=f"not-{PASSWORD}").read(10)
    assert PASSWORD not in str(wrong.value)
    shown = reader(postgres.replace("slac@", f"slac:{PASSWORD}@"), table="none")
    with pytest.raises(Unreadable, match='relation "none" does not exist') as missing:
        shown.read(10)
    assert PASSWORD not in str(missing.value)
