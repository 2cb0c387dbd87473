"""A published record as a mail: subject, facts line by line, nested lists as tables."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Any, Final

_FRAME: Final = ("document", "block", "type", "id", "revision", "time", "window_start", "window_end")
_WORDS: Final = frozenset({"kind", "state", "verdict", "severity", "previous_state", "previous", "seen", "kept"})
_WIDEST_CELL: Final = 80


def compose(record: Mapping[str, Any], *, sender: str, to: Sequence[str]) -> EmailMessage:
    """A mail whose `Message-ID` is the idempotency key (document, block, id, revision)."""
    mail = EmailMessage()
    mail["From"] = sender
    mail["To"] = ", ".join(to)
    mail["Subject"] = subject(record)
    mail["Date"] = format_datetime(datetime.fromisoformat(record["time"]))
    mail["Message-ID"] = _message_id(record)
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(body(record))
    return mail


def subject(record: Mapping[str, Any]) -> str:
    """`[slac] block key kind state`: the columns before the first word of ours are the key."""
    parts = ["[slac]", str(record["block"]), *_key(record)]
    parts += [str(record[word]) for word in ("kind", "state", "severity") if record.get(word) is not None]
    return " ".join(" ".join(parts).split())


def body(record: Mapping[str, Any]) -> str:
    """`name: value` for each column, then each list of rows as a table."""
    own = {name: value for name, value in record.items() if name not in _FRAME}
    facts = {"time": record["time"], **{n: v for n, v in own.items() if not _is_table(v)}}
    width = max(len(name) for name in facts) + 1
    lines = [f"{name + ':':<{width}} {_cell(value)}" for name, value in facts.items()]
    for name, value in own.items():
        if _is_table(value):
            lines += ["", f"{name}:", *_table(value)]
    identity = f"{record['document']} / {record['block']} / {record['id']} / revision {record['revision']}"
    return "\n".join([*lines, "", "-- ", identity, ""])


def _key(record: Mapping[str, Any]) -> list[str]:
    key: list[str] = []
    for name, value in record.items():
        if name in _FRAME:
            continue
        if name in _WORDS:
            return key
        if isinstance(value, str | int) and value is not None:
            key.append(str(value))
    return []


def _is_table(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(row, dict) for row in value)


def _table(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    names = list(rows[0])
    cells = [names, *([_cell(row.get(name)) for name in names] for row in rows)]
    widths = [max(len(row[i]) for row in cells) for i in range(len(names))]
    lines = ["  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip() for row in cells]
    return [f"  {lines[0]}", f"  {'  '.join('-' * width for width in widths)}", *(f"  {line}" for line in lines[1:])]


def _cell(value: Any) -> str:
    match value:
        case None:
            return "-"
        case float():
            return f"{value:.6g}"
        case _:
            text = " ".join(str(value).split())
            return text if len(text) <= _WIDEST_CELL else text[: _WIDEST_CELL - 1] + "…"


def _message_id(record: Mapping[str, Any]) -> str:
    names = f"{record['document']}.{record['block']}.{record['id']}.{record['revision']}"
    return f"<{''.join(c if (c.isalnum() and c.isascii()) or c in '.-_' else '_' for c in names)}@slac.invalid>"
