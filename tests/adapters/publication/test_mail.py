"""The mail made of a record."""

from slac.adapters.publication.mail import body, subject

FRAME = {"document": "d", "block": "b", "type": "report", "id": "0" * 16, "revision": 0, "time": "2024-01-01T00:00:00Z"}


def test_a_subject_is_one_line() -> None:
    """Line ends in a key cannot add headers."""
    assert subject({**FRAME, "module": "x\r\nBcc: everyone", "kind": "stay"}) == "[slac] b x Bcc: everyone stay"


def test_a_violation_says_its_severity() -> None:
    """Keys of any number, also none."""
    violation = {"kind": "raised", "severity": "critical", "message": "too long"}
    assert subject({**FRAME, **violation}) == "[slac] b raised critical"
    assert subject({**FRAME, "shop": "a", "till": 3, **violation}) == "[slac] b a 3 raised critical"


def test_a_table_has_a_column_for_every_field() -> None:
    """Cells are aligned, cut where they are long, and of one line."""
    rows = [{"case": "a", "why": None}, {"case": "longer", "why": "x\ny" + "z" * 100}]
    lines = body({**FRAME, "kind": "stay", "cases": rows, "empty": []}).splitlines()
    begin = lines.index("cases:")
    assert lines[begin + 1].split() == ["case", "why"]
    assert lines[begin + 3] == "  a       -"
    assert lines[begin + 4].startswith("  longer  x yzz")
    assert lines[begin + 4].endswith("…")
