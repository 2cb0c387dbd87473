"""Mails to a real SMTP server."""

import asyncio
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import polars as pl
import pytest
from aiosmtpd.smtp import SMTP, Envelope

from slac.adapters.discovery import check_settings
from slac.adapters.outputs import smtp
from slac.diagnostics import RunFailed
from tests.adapters.outputs.frames import CONTEXT, report


class Mailbox:
    """Keeps what the server accepts; refuses the mail with the number given."""

    def __init__(self, refuse: int = 0) -> None:
        self.mails: list[EmailMessage] = []
        self._refuse = refuse

    async def handle_DATA(self, server: Any, session: Any, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        """Take a mail over."""
        content = envelope.content
        assert isinstance(content, bytes)
        if len(self.mails) + 1 == self._refuse:
            self._refuse = 0
            return "451 come again"
        mail = message_from_bytes(content, policy=policy.default)
        assert isinstance(mail, EmailMessage)
        self.mails.append(mail)
        return "250 OK"


async def deliver(mailbox: Mailbox, frame: pl.DataFrame, attempts: int = 1) -> None:
    """Publish with a server on a free port; all attempts but the last are refused."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(mailbox, loop=loop, hostname="localhost"), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    settings = {"host": "127.0.0.1", "port": port, "sender": "slac@example.org", "to": ["ops@example.org", "b@c.d"]}
    assert check_settings(smtp, settings) == []
    adapter = smtp.build(settings, CONTEXT)
    await adapter.open()
    for _ in range(attempts - 1):
        with pytest.raises(RunFailed, match="come again"):
            await adapter.publish("availability", frame)
    await adapter.publish("availability", frame)
    await adapter.close()
    server.close()
    await server.wait_closed()


def test_a_report_is_a_mail_that_can_be_read() -> None:
    """Subject with block, key, kind and state; facts and the table of cases; an id that repeats."""
    mailbox = Mailbox()
    asyncio.run(deliver(mailbox, report()))
    [mail] = mailbox.mails
    assert mail["Subject"] == "[slac] availability account change down"
    assert mail["To"] == "ops@example.org, b@c.d"
    assert mail["Message-ID"] == "<shop.availability.0000000000000abc.1@slac.invalid>"
    body = mail.get_content()
    assert "state:  down" in body
    assert "since:  10m" in body
    assert "cases:" in body
    assert "  login      0.25" in body
    assert "no answer" in body
    assert "shop / availability / 0000000000000abc / revision 1" in body


def test_after_a_failure_only_the_rest_is_sent_again() -> None:
    """The first mail got through; trying again sends the second one only."""
    frame = report()
    two = pl.concat([frame, frame.with_columns(pl.lit(2, dtype=pl.UInt64).alias("_id"))])
    mailbox = Mailbox(refuse=2)
    asyncio.run(deliver(mailbox, two, attempts=2))
    assert [mail["Message-ID"].split(".")[2] for mail in mailbox.mails] == ["0000000000000abc", "0000000000000002"]


def test_no_server_is_a_sentence() -> None:
    """Host and port are named."""
    adapter = smtp.build({"host": "127.0.0.1", "port": 1, "sender": "a@b.c", "to": "d@e.f", "timeout": "2s"}, CONTEXT)
    with pytest.raises(RunFailed, match=r"mail cannot be sent by 127\.0\.0\.1:1"):
        asyncio.run(adapter.publish("availability", report()))
