"""Output `smtp`: one mail per published row, in plain text that can be read on a telephone."""

from collections.abc import Mapping
from email.message import EmailMessage
from typing import Any, Final

import polars as pl

from slac.adapters.environment import Problem, at, call
from slac.adapters.publication.mail import compose
from slac.adapters.publication.records import to_records
from slac.adapters.settings import as_list, length_of_time, one_or_more, port, schema, seconds, text
from slac.diagnostics import RunFailed
from slac.language.durations import format_duration
from slac.stream.ports import OutputContext

SCHEMA: Final = schema(
    {
        "host": text("The mail server.", minLength=1),
        "port": port("Its port.", 25),
        "sender": text("The address that mails come from.", minLength=1),
        "to": one_or_more("The address, or the addresses, that mails go to."),
        "username": text("For servers that ask for it."),
        "password": text("For servers that ask for it: {env: NAME} or {file: path}, read when it runs."),
        "tls": text("none, starttls, or tls from the first byte on.", enum=["none", "starttls", "tls"], default="none"),
        "timeout": length_of_time("How long the server may take to answer.", "30s"),
    },
    required=("host", "sender", "to"),
)
CAN_WAIT: Final = False


def build(settings: Mapping[str, Any], context: OutputContext) -> "SmtpOutput":
    """The output for checked settings."""
    return SmtpOutput(settings, context)


def probe_environment(settings: Mapping[str, Any]) -> list[Problem]:
    """Whether the mail server is there; nothing is said to it."""
    return at("host", call(settings["host"], int(settings.get("port", 25))))


class SmtpOutput:
    """Sends mails over one connection per publication. Rows that were sent before a failure are not sent again."""

    def __init__(self, settings: Mapping[str, Any], context: OutputContext) -> None:
        self._settings = settings
        self._context = context
        self._to = as_list(settings["to"])
        self._sent: set[str] = set()

    async def open(self) -> None:
        """Nothing to open: a mail server that is away when slac starts is no reason not to watch."""

    async def publish(self, block: str, frame: pl.DataFrame) -> None:
        """Send a mail per row; RunFailed where the server cannot be reached or refuses."""
        kind = self._context.kinds.get(block, "row")
        records = to_records(frame, document=self._context.document, block=block, kind=kind)
        for name in (n for n, dtype in frame.schema.items() if isinstance(dtype, pl.Duration)):
            for record in records:
                record[name] = None if record[name] is None else format_duration(record[name])
        mails = [compose(record, sender=self._settings["sender"], to=self._to) for record in records]
        waiting = [mail for mail in mails if mail["Message-ID"] not in self._sent]
        if waiting:
            await self._send(waiting)
        self._sent.clear()

    async def close(self) -> None:
        """Nothing to let go of."""

    async def _send(self, mails: list[EmailMessage]) -> None:
        import aiosmtplib  # The compiler asks for SCHEMA only.

        tls = self._settings.get("tls", "none")
        client = aiosmtplib.SMTP(
            hostname=self._settings["host"],
            port=int(self._settings.get("port", 25)),
            username=self._settings.get("username"),
            password=self._settings.get("password"),
            use_tls=tls == "tls",
            start_tls=tls == "starttls",
            timeout=seconds(self._settings, "timeout", "30s"),
        )
        try:
            async with client:
                for mail in mails:
                    await client.send_message(mail)
                    self._sent.add(mail["Message-ID"])
        except (aiosmtplib.SMTPException, OSError) as error:
            where = f"{self._settings['host']}:{self._settings.get('port', 25)}"
            raise RunFailed(f"mail cannot be sent by {where}: {error}.") from error
