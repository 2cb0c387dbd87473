"""Text functions. Places and lengths count code points from 1; a regular expression runs in linear time."""

from __future__ import annotations

import re
from collections.abc import Sequence

import polars as pl
from polars.exceptions import ComputeError

from slac.plan.expressions import Call, Literal
from slac.plan.scalar.function import Function, plain
from slac.plan.signatures import BOOL, INT, LIST, STRING, Constant, Overload, Param, Uniform, overload
from slac.stream.types import List

_MOST_GROUPS = 99


def _text_of(call: Call, index: int) -> str:
    match call.args[index]:
        case Literal(value=str(value)):
            return value
        case _:
            raise AssertionError(f"argument {index} of {call.function} is checked to be a constant when it is typed")


def _number_of(call: Call, index: int, default: int) -> int:
    match call.args[index : index + 1]:
        case (Literal(value=int(value)),):
            return value
        case _:
            return default


def regex_problem(value: object) -> str | None:
    """What is wrong with a regular expression; None where it can be used."""
    try:
        pl.select(pl.lit("").str.contains(str(value)))
    except ComputeError as error:
        found = [line.removeprefix("error: ") for line in str(error).splitlines() if line.startswith("error: ")]
        return f"cannot be read: {found[0] if found else str(error).splitlines()[0]}"
    return None


def _group_problem(value: object) -> str | None:
    fits = isinstance(value, int) and 0 <= value <= _MOST_GROUPS
    return None if fits else f"must be between 0 and {_MOST_GROUPS}"


def _option_problem(value: object) -> str | None:
    return None if value == "g" else "is 'g' (replace every match), or nothing (the first)"


def _separator_problem(value: object) -> str | None:
    return None if value else "must not be empty"


def _part_problem(value: object) -> str | None:
    return None if value else "counts from 1, or from -1 at the end"


def like_regex(pattern: str, *, fold: bool = False) -> str:
    """The regular expression that matches what the LIKE pattern matches; `fold` ignores case."""
    wild = {"%": ".*", "_": "."}
    body = "".join(wild.get(c) or re.escape(c) for c in pattern)
    return f"(?s{'i' if fold else ''})^{body}$"


def _like(call: Call, args: Sequence[pl.Expr]) -> pl.Expr:
    """The three common shapes need no regular expression."""
    pattern = _text_of(call, 1)
    core = pattern.strip("%")
    if "%" in core or "_" in core or pattern == "%":
        return args[0].str.contains(like_regex(pattern))
    match pattern.startswith("%"), pattern.endswith("%"):
        case True, True:
            return args[0].str.contains(core, literal=True)
        case True, False:
            return args[0].str.ends_with(core)
        case False, True:
            return args[0].str.starts_with(core)
        case _:
            return args[0].eq(pl.lit(core))


def _ilike(call: Call, args: Sequence[pl.Expr]) -> pl.Expr:
    return args[0].str.contains(like_regex(_text_of(call, 1), fold=True))


def _substring(call: Call, args: Sequence[pl.Expr]) -> pl.Expr:
    text, start = args[0], args[1]
    size = text.str.len_chars().cast(pl.Int64)
    begin = pl.when(start.gt(0)).then(start - 1).when(start.lt(0)).then(size + start).otherwise(-1)
    end = size if len(args) == 2 else (begin + args[2].clip(0, 1 << 40))
    first = begin.clip(lower_bound=0)
    length = (pl.min_horizontal(end, size) - first).clip(lower_bound=0)
    found = text.str.slice(first, length.cast(pl.UInt64))
    return pl.when(pl.all_horizontal(a.is_not_null() for a in args)).then(found)


def _position(text: pl.Expr, part: pl.Expr) -> pl.Expr:
    """Polars finds bytes, so what stands before the part is counted."""
    before = text.str.split(part).list.first().str.len_chars().cast(pl.Int64) + 1
    found = text.str.contains(part, literal=True)
    empty = part.eq("") & text.is_not_null()
    return pl.when(empty).then(1).when(found).then(before).when(found.not_()).then(0).cast(pl.Int64)


def _split_part(call: Call, args: Sequence[pl.Expr]) -> pl.Expr:
    wanted = _number_of(call, 2, 1)
    part = args[0].str.split(_text_of(call, 1)).list.get(wanted - 1 if wanted > 0 else wanted, null_on_oob=True)
    return pl.when(args[0].is_not_null()).then(part.fill_null(""))


def _replace(call: Call, args: Sequence[pl.Expr]) -> pl.Expr:
    # Not the lowered arguments: Polars takes no NULL and no second column here.
    return args[0].str.replace_all(_text_of(call, 1), _text_of(call, 2), literal=True)


def _regexp_matches(call: Call, args: Sequence[pl.Expr]) -> pl.Expr:
    return args[0].str.contains(_text_of(call, 1))


def _regexp_extract(call: Call, args: Sequence[pl.Expr]) -> pl.Expr:
    return args[0].str.extract(_text_of(call, 1), _number_of(call, 2, 0))


def _regexp_replace(call: Call, args: Sequence[pl.Expr]) -> pl.Expr:
    regex, template = _text_of(call, 1), rust_template(_text_of(call, 2))
    every = len(call.args) > 3 and _text_of(call, 3) == "g"
    return args[0].str.replace_all(regex, template) if every else args[0].str.replace(regex, template)


def rust_template(replacement: str) -> str:
    r"""What Polars is told of a replacement: `\1` is the first group, `\0` all that matched, `\\` a backslash."""
    parts = re.split(r"(\\[0-9\\])", replacement)
    return "".join(_template_part(part) for part in parts)


def _template_part(part: str) -> str:
    match tuple(part):
        case ("\\", "\\"):
            return "\\"
        case ("\\", group) if group.isdigit():
            return f"${{{group}}}"
        case _:
            return part.replace("$", "$$")


def _concat(*args: pl.Expr) -> pl.Expr:
    return pl.concat_str(*args, ignore_nulls=True)


def _join(*args: pl.Expr) -> pl.Expr:
    return pl.concat_str(*args)


def _length(call: Call, args: Sequence[pl.Expr]) -> pl.Expr:
    size = args[0].list.len() if isinstance(call.args[0].dtype, List) else args[0].str.len_chars()
    return size.cast(pl.Int64)


_REGEX = Param(STRING, Constant(what="the regular expression", problem=regex_problem))
_OPTION = Param(STRING, Constant(what="the option", problem=_option_problem), optional=True)
_GROUP = Param(INT, Constant(what="the group", problem=_group_problem), optional=True)
_SEPARATOR = Param(STRING, Constant(what="the separator", problem=_separator_problem))
_SEARCHED = Param(STRING, Constant(what="the text to be replaced", problem=_separator_problem))
_REPLACEMENT = Param(STRING, Constant(what="the replacement"))
_PART = Param(INT, Constant(what="the number of the part", problem=_part_problem))
_PATTERN = Param(STRING, Constant(what="the pattern"))
_CHARACTERS = Param(STRING, Constant(what="the set of characters"), optional=True)

_TEXT = (overload([STRING], STRING),)
_TEST = (overload([STRING, STRING], BOOL),)


def _simple(key: str, lower: object, rules: tuple[Overload | Uniform, ...], usage: str, *also: str) -> Function:
    name = key.upper()
    return Function(key=key, usage=f"{name}({usage})", rules=rules, lower=plain(lower), names=(name, *also))  # type: ignore[arg-type]


def _strip(key: str, method: str) -> Function:
    def lower(call: Call, args: Sequence[pl.Expr]) -> pl.Expr:
        characters = _text_of(call, 1) if len(call.args) > 1 else None
        stripped: pl.Expr = getattr(args[0].str, method)(characters)
        return stripped

    name = key.upper()
    rules = (overload([STRING, _CHARACTERS], STRING),)
    return Function(key=key, usage=f"{name}(text[, characters])", rules=rules, lower=lower, names=(name,))


FUNCTIONS: tuple[Function, ...] = (
    Function(
        key="||",
        usage="a || b",
        rules=(Uniform(of=(STRING,), least=2, most=None, result=STRING),),
        lower=plain(_join),
    ),
    Function(
        key="concat",
        usage="CONCAT(a, b, …)",
        rules=(Uniform(of=(STRING,), least=1, most=None, result=STRING),),
        lower=plain(_concat),
        nulls="never",
        names=("CONCAT",),
    ),
    Function(key="like", usage="a LIKE 'pattern'", rules=(overload([STRING, _PATTERN], BOOL),), lower=_like),
    Function(key="ilike", usage="a ILIKE 'pattern'", rules=(overload([STRING, _PATTERN], BOOL),), lower=_ilike),
    _simple("lower", lambda a: a.str.to_lowercase(), _TEXT, "text", "LCASE"),
    _simple("upper", lambda a: a.str.to_uppercase(), _TEXT, "text", "UCASE"),
    Function(
        key="length",
        usage="LENGTH(text) or LEN(list)",
        rules=(overload([STRING], INT), overload([LIST], INT)),
        lower=_length,
        names=("LENGTH", "LEN", "CHAR_LENGTH"),
    ),
    _strip("trim", "strip_chars"),
    _strip("ltrim", "strip_chars_start"),
    _strip("rtrim", "strip_chars_end"),
    Function(
        key="substr",
        usage="SUBSTR(text, start[, length])",
        rules=(overload([STRING, INT, Param(INT, optional=True)], STRING),),
        lower=_substring,
        names=("SUBSTR", "SUBSTRING"),
    ),
    _simple("strpos", _position, (overload([STRING, STRING], INT),), "text, part", "INSTR"),
    _simple("contains", lambda a, b: a.str.contains(b, literal=True), _TEST, "text, part"),
    _simple("starts_with", lambda a, b: a.str.starts_with(b), _TEST, "text, prefix", "PREFIX"),
    _simple("ends_with", lambda a, b: a.str.ends_with(b), _TEST, "text, suffix", "SUFFIX"),
    Function(
        key="replace",
        usage="REPLACE(text, 'from', 'to')",
        rules=(overload([STRING, _SEARCHED, _REPLACEMENT], STRING),),
        lower=_replace,
        names=("REPLACE",),
    ),
    Function(
        key="split_part",
        usage="SPLIT_PART(text, 'separator', number)",
        rules=(overload([STRING, _SEPARATOR, _PART], STRING),),
        lower=_split_part,
        names=("SPLIT_PART",),
    ),
    Function(
        key="regexp_matches",
        usage="REGEXP_MATCHES(text, 'regex')",
        rules=(overload([STRING, _REGEX], BOOL),),
        lower=_regexp_matches,
        names=("REGEXP_MATCHES",),
    ),
    Function(
        key="regexp_extract",
        usage="REGEXP_EXTRACT(text, 'regex'[, group])",
        rules=(overload([STRING, _REGEX, _GROUP], STRING),),
        lower=_regexp_extract,
        nulls="always",
        names=("REGEXP_EXTRACT",),
    ),
    Function(
        key="regexp_replace",
        usage="REGEXP_REPLACE(text, 'regex', 'to'[, 'g'])",
        rules=(overload([STRING, _REGEX, _REPLACEMENT, _OPTION], STRING),),
        lower=_regexp_replace,
        names=("REGEXP_REPLACE",),
    ),
)
