"""The text of patterns: a parser with places, the tree that it makes, and the way back from the tree to text."""

from slac.language.patterns.errors import PatternSyntaxError
from slac.language.patterns.parser import Parsed, Place, parse_pattern
from slac.language.patterns.printing import pattern_text
from slac.language.patterns.tree import (
    And,
    AnyPattern,
    At,
    AtField,
    Atom,
    Distinct,
    Every,
    Followed,
    Interval,
    Length,
    Not,
    Or,
    Pattern,
    Repeat,
    Schedule,
    Text,
    While,
    Within,
)
from slac.language.patterns.walk import arrays, atoms, children, tags, twice

__all__ = [
    "And",
    "AnyPattern",
    "At",
    "AtField",
    "Atom",
    "Distinct",
    "Every",
    "Followed",
    "Interval",
    "Length",
    "Not",
    "Or",
    "Parsed",
    "Pattern",
    "PatternSyntaxError",
    "Place",
    "Repeat",
    "Schedule",
    "Text",
    "While",
    "Within",
    "arrays",
    "atoms",
    "children",
    "parse_pattern",
    "pattern_text",
    "tags",
    "twice",
]
