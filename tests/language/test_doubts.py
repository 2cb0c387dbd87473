"""What texts that are like lengths of time may have meant."""

import pytest

from slac.language.doubts import doubt
from slac.language.durations import parse_duration


@pytest.mark.parametrize(
    ("text", "said"),
    [("2w", "write days (14d)"), ("1.5w", "write days (10.5d)"), ("w", "write days (7d)"), ("PT5M", "written 5m")],
)
def test_the_way_to_write_it_is_right(text: str, said: str) -> None:
    """And it is a duration, whatever fraction was written."""
    assert said in doubt(text)


@pytest.mark.parametrize("text", ["9" * 400 + "w", "9" * 400 + "d", "9" * 400, "P" + "9" * 400 + "W", "." * 400])
def test_no_text_is_too_long_for_a_sentence(text: str) -> None:
    """What is beyond all numbers is a finding like any other."""
    with pytest.raises(ValueError, match=r"is not a duration|has no unit"):
        parse_duration(text)
