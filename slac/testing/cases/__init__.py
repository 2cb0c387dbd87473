"""Tests of documents: found, held to their plans, and run; what `slac test` is made of."""

from slac.language.tests import TestDecl
from slac.testing.cases.check import check_test
from slac.testing.cases.load import load_tests
from slac.testing.cases.results import DiffLine, Failure, RowDiff, TestResult
from slac.testing.cases.run import run_test
from slac.testing.cases.runnable import LoadedTest

__all__ = [
    "DiffLine",
    "Failure",
    "LoadedTest",
    "RowDiff",
    "TestDecl",
    "TestResult",
    "check_test",
    "load_tests",
    "run_test",
]
