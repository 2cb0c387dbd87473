"""Secrets: told from other settings, kept out of plans, read when a runtime starts."""

from pathlib import Path
from typing import Any

import pytest

from slac.adapters.discovery import input_adapter, output_adapter
from slac.adapters.secrets import checked, is_sensitive, resolved
from slac.diagnostics import RunFailed

SMTP = output_adapter("smtp")
WEBHOOK = output_adapter("webhook")
MAIL: dict[str, Any] = {"host": "mx", "sender": "slac@example.org", "to": ["ops@example.org"]}


def test_a_secret_is_marked_where_text_is_taken() -> None:
    """Top level or inside; the rest stays as it is."""
    marked, faults = checked(SMTP, {**MAIL, "password": {"env": "PASSWORD"}})
    assert not faults
    assert marked == {**MAIL, "password": {"$secret": {"env": "PASSWORD"}}}
    marked, faults = checked(WEBHOOK, {"url": "http://x", "headers": {"authorization": {"file": "token"}}})
    assert not faults
    assert marked["headers"] == {"authorization": {"$secret": {"file": "token"}}}


def test_a_body_that_looks_like_a_secret_is_a_body() -> None:
    """Where the adapter takes a mapping, it is one."""
    steps = [{"method": "POST", "url": "/x", "json": {"env": "prod"}}]
    settings = {"base": "http://x", "every": "1m", "modules": {"m": {"c": {"steps": steps}}}}
    marked, _ = checked(input_adapter("http_check"), settings)
    assert marked == settings


@pytest.mark.parametrize("secret", [{"env": ""}, {"env": 1}, {"env": "A", "file": "b"}, {"evn": "A"}, {}])
def test_what_has_another_form_is_a_wrong_setting(secret: dict[str, Any]) -> None:
    """And is told as such."""
    _, faults = checked(SMTP, {**MAIL, "password": secret})
    assert [path for path, _ in faults] == [("password",)]


def test_values_are_read_at_the_start(tmp_path: Path) -> None:
    """From the environment, or from a file without its last line end."""
    (tmp_path / "token").write_text("s3cret\n", encoding="utf-8")
    settings = {"a": {"$secret": {"env": "A"}}, "b": [{"$secret": {"file": "token"}}], "c": {"d": 1}}
    got = resolved(settings, block="it", environment={"A": "x"}, directory=str(tmp_path))
    assert got == {"a": "x", "b": ["s3cret"], "c": {"d": 1}}


@pytest.mark.parametrize(
    ("secret", "says"),
    [({"env": "A"}, "the environment variable A is not set"), ({"file": "none"}, "cannot be read")],
)
def test_a_secret_that_is_not_there_stops_the_start(secret: dict[str, str], says: str, tmp_path: Path) -> None:
    """With the block and the reason."""
    with pytest.raises(RunFailed, match=f'"mail" needs a secret: .*{says}'):
        resolved({"password": {"$secret": secret}}, block="mail", environment={}, directory=str(tmp_path))


def test_sensitive_settings() -> None:
    """Passwords and the headers that let in."""
    assert is_sensitive(SMTP, ("password",))
    assert is_sensitive(WEBHOOK, ("headers", "Authorization"))
    assert not is_sensitive(SMTP, ("host",))
    assert not is_sensitive(WEBHOOK, ("headers", "accept"))
