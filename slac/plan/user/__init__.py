"""Functions of a document's own: the module that a plan carries, its loading, and the checks that all of them pass."""

from slac.plan.user.failures import FunctionsRefused, FunctionWrong
from slac.plan.user.load import LoadedModule
from slac.plan.user.module import FunctionModule, is_user_key
from slac.plan.user.table import activate, load, user_function

__all__ = [
    "FunctionModule",
    "FunctionWrong",
    "FunctionsRefused",
    "LoadedModule",
    "activate",
    "is_user_key",
    "load",
    "user_function",
]
