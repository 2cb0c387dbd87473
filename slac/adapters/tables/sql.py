"""Tables in databases, read by SQLAlchemy in a transaction that is read-only where the database knows that."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

import polars as pl
import sqlalchemy
from sqlalchemy.engine import URL, Engine, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from slac.adapters.tables.reader import Unreadable, chosen

TIMEOUT_S: Final = 10
_OPTIONS: Final[dict[str, dict[str, Any]]] = {
    "postgresql": {"connect_timeout": TIMEOUT_S, "options": f"-c statement_timeout={TIMEOUT_S}s"},
    "sqlite": {"timeout": TIMEOUT_S},
}


class SqlTable:
    """One SELECT, asked anew each time. No message shows the password."""

    def __init__(
        self, url: str, *, password: str | None, table: str | None, query: str | None, columns: tuple[str, ...]
    ) -> None:
        self._url = url
        self._password = password
        self._table = table
        self._query = query
        self._columns = columns

    def read(self, max_rows: int) -> pl.DataFrame:
        """All rows; Unreadable where the database or the driver says no."""
        try:
            engine = self._engine()
            options = {"postgresql_readonly": True} if engine.dialect.name == "postgresql" else {}
            with engine.connect().execution_options(**options) as connection:
                if engine.dialect.name == "sqlite":
                    connection.execute(sqlalchemy.text("PRAGMA query_only = ON"))
                result = connection.execute(self._statement())
                names, rows = list(result.keys()), result.fetchmany(max_rows + 1)
                connection.rollback()
        except (SQLAlchemyError, OSError) as error:
            raise Unreadable(f"{self._place()} cannot be read: {self._reason(error)}") from None
        data = {name: pl.Series(name, [_plain(r[i]) for r in rows], strict=False) for i, name in enumerate(names)}
        return chosen(pl.DataFrame(data), self._columns, max_rows)

    def _engine(self) -> Engine:
        try:
            url = make_url(self._url)
            if self._password is not None:
                url = url.set(password=self._password)
            if url.get_backend_name() == "sqlite" and url.database:
                # Without this a missing file would be made, and be empty.
                url = URL.create(url.drivername, database=f"file:{url.database}", query={"mode": "ro", "uri": "true"})
            return sqlalchemy.create_engine(
                url, poolclass=NullPool, connect_args=_OPTIONS.get(url.get_backend_name(), {})
            )
        except (ArgumentError, NoSuchModuleError, ModuleNotFoundError, ValueError) as error:
            raise Unreadable(f"there is no driver for {self._place()}: {self._reason(error)}") from None

    def _statement(self) -> sqlalchemy.sql.expression.Executable:
        if self._query is not None:
            return sqlalchemy.text(self._query.rstrip().rstrip(";"))
        schema, _, name = (self._table or "").rpartition(".")
        found = sqlalchemy.table(name, schema=schema or None)
        columns: list[Any] = [sqlalchemy.column(c) for c in self._columns] or [sqlalchemy.text("*")]
        return sqlalchemy.select(*columns).select_from(found)

    def _place(self) -> str:
        try:
            return make_url(self._url).set(query={}).render_as_string(hide_password=True)
        except ArgumentError:
            return "the database"

    def _reason(self, error: Exception) -> str:
        said = str(getattr(error, "orig", None) or error).strip().splitlines()
        first = said[0] if said else type(error).__name__
        for secret in (self._password, _password_of(self._url)):
            first = first.replace(secret, "***") if secret else first
        return first.removeprefix("(").rstrip(")") if first.startswith("(") else first


def _plain(value: Any) -> Any:
    """A value of a type that only Python has, as its text."""
    return str(value) if isinstance(value, UUID) else value


def _password_of(url: str) -> str | None:
    try:
        said = make_url(url).password
    except ArgumentError:
        return None
    return None if said is None else str(said)
