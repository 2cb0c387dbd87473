"""From the text of a module to functions that expressions can call; every way in which that can fail has a sentence."""

from __future__ import annotations

import inspect
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from types import MappingProxyType, ModuleType
from typing import Any, Final

import polars as pl

from slac.diagnostics import listed, suggest
from slac.functions import DECLARED, Declared
from slac.plan.aggregate_signatures import AGGREGATES
from slac.plan.expressions import Call
from slac.plan.functions import SQL_NAMES
from slac.plan.scalar.function import Function
from slac.plan.signatures import BOOL, DURATION, FLOAT, INT, STRING, TIMESTAMP, overload
from slac.plan.user.elementwise import check_elementwise
from slac.plan.user.failures import FunctionFailed, FunctionWrong
from slac.plan.user.module import FunctionModule
from slac.plan.user.samples import try_out
from slac.stream.types import AnyType, to_polars

_TYPES: Final[Mapping[str, AnyType]] = MappingProxyType(
    {str(t): t for t in (BOOL, INT, FLOAT, STRING, TIMESTAMP, DURATION)}
)
_WORDS: Final = frozenset({"DATE_PART", "DATEPART", "EVENT_TIME", "EXTRACT", "CAST", "TRY_CAST", "POSITION", "CASE"})


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedModule:
    """A module that was executed: its functions by name in capitals, each checked."""

    module: FunctionModule
    functions: Mapping[str, Function]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Typed:
    """A function of Python with the types that it declares."""

    made: Callable[..., Any]
    takes: tuple[AnyType, ...]
    strict: tuple[bool, ...]
    returns: AnyType
    nullable: bool

    @property
    def arguments(self) -> dict[str, AnyType]:
        """Columns that stand for the arguments where the function is tried."""
        return {f"_argument{n}": t for n, t in enumerate(self.takes)}

    def build(self, args: Sequence[pl.Expr]) -> pl.Expr:
        """The expression for some arguments: NULL where one is that must not be."""
        made = self.made(*args)
        if not isinstance(made, pl.Expr):
            raise FunctionWrong(f"returns {type(made).__name__}, and a Polars expression is wanted")
        present = [a.is_not_null() for a, strict in zip(args, self.strict, strict=True) if strict]
        return pl.when(reduce(pl.Expr.and_, present)).then(made) if present else made


def load_module(module: FunctionModule) -> LoadedModule:
    """Execute a module and check every function in it; FunctionWrong with the first thing that is wrong."""
    found = _executed(module)
    functions: dict[str, Function] = {}
    for name, made in found.items():
        if name.upper() in functions:
            raise FunctionWrong(f"{module.path} has two functions {name.upper()}: SQL does not tell capitals apart")
        functions[name.upper()] = _function(module, name, made)
    return LoadedModule(module=module, functions=MappingProxyType(functions))


def _executed(module: FunctionModule) -> dict[str, Callable[..., Any]]:
    """The declared functions of a module, in its order."""
    space = ModuleType(f"slac_functions_{module.digest[:16]}")
    try:
        exec(compile(module.text, module.path, "exec", dont_inherit=True), space.__dict__)  # noqa: S102 - allowed by the user
    except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever a user's module does, it is told in a sentence
        raise FunctionWrong(f"{module.path} cannot be loaded: {_told(error, module.path)}") from None
    found = {
        name: value
        for name, value in vars(space).items()
        if not name.startswith("_") and callable(value) and isinstance(getattr(value, DECLARED, None), Declared)
    }
    if not found:
        hint = "put @function(…, returns=…) of slac.functions before each function that SQL is to call"
        raise FunctionWrong(f"{module.path} declares no function", hint)
    return found


def _function(module: FunctionModule, name: str, made: Callable[..., Any]) -> Function:
    try:
        typed = _typed(name, made)
        _check(typed)
    except FunctionWrong as wrong:
        raise FunctionWrong(f"{name} of {module.path}{_line(made)} {wrong}", wrong.hint) from None
    except Exception as error:  # noqa: BLE001 - the same
        raise FunctionWrong(f"{name} of {module.path}{_line(made)} failed: {_told(error, module.path)}") from None
    written = ", ".join(inspect.signature(made).parameters)
    return Function(
        key=module.key(name.upper()),
        usage=f"{name.upper()}({written})",
        rules=(overload(typed.takes, typed.returns),),
        lower=_lowering(typed, f"{name} of {module.path}"),
        nulls="always" if typed.nullable else "any" if any(typed.strict) else "never",
        names=(name.upper(),),
    )


def _typed(name: str, made: Callable[..., Any]) -> _Typed:
    if name.upper() in {*SQL_NAMES, *AGGREGATES, *_WORDS}:
        raise FunctionWrong("has the name of a function of the language", "give it another name")
    declared: Declared = getattr(made, DECLARED)
    parameters = inspect.signature(made).parameters.values()
    if any(p.kind not in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD) or p.default is not p.empty for p in parameters):
        raise FunctionWrong("may have plain parameters only: no default, no *args, no keywords")
    if len(parameters) != len(declared.takes):
        raise FunctionWrong(f"has {len(parameters)} parameters and declares the types of {len(declared.takes)}")
    return _Typed(
        made=made,
        takes=tuple(map(_type, declared.takes)),
        strict=tuple(not t.endswith("?") for t in declared.takes),
        returns=_type(declared.returns),
        nullable=declared.returns.endswith("?"),
    )


def _type(written: str) -> AnyType:
    found = _TYPES.get(written.removesuffix("?"))
    if found is None:
        hint = suggest(written, _TYPES) or f"types: {listed(_TYPES)}"
        raise FunctionWrong(f'declares the type "{written}", which is none', hint)
    return found


def _check(typed: _Typed) -> None:
    """Whether the function is elementwise, total, and of the type that it declares."""
    expr = typed.build([pl.col(name) for name in typed.arguments])
    check_elementwise(expr, {name: to_polars(t) for name, t in typed.arguments.items()})
    try_out(expr, typed.arguments, typed.returns, nullable=typed.nullable)


def _lowering(typed: _Typed, what: str) -> Callable[[Call, Sequence[pl.Expr]], pl.Expr]:
    def lower(call: Call, args: Sequence[pl.Expr]) -> pl.Expr:
        try:
            made = typed.build(args)
        except Exception as error:  # noqa: BLE001 - the same
            raise FunctionFailed(f"The function {what} failed while the plan was made ready: {error}") from None
        # A constant among columns would be one row, whatever the height.
        varying = next((a for a in args if a.meta.root_names()), None)
        alone = varying is None or bool(made.meta.root_names())
        return made if alone or varying is None else pl.when(varying.is_null().is_not_null()).then(made)

    return lower


def _line(made: Callable[..., Any]) -> str:
    code = getattr(made, "__code__", None)
    return "" if code is None else f" (line {code.co_firstlineno})"


def _told(error: BaseException, path: str) -> str:
    """What went wrong, and in which line of the module."""
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == path]
    line = error.lineno if isinstance(error, SyntaxError) else lines[-1] if lines else None
    text = (error.msg if isinstance(error, SyntaxError) else str(error)).strip().splitlines()
    why = f"{type(error).__name__}: {text[0]}" if text else type(error).__name__
    return why if line is None else f"{why} (line {line})"
