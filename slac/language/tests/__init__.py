"""Tests of documents, as they are written: steps, rows and expectations with their places; not yet held to a plan."""

from slac.language.tests.declarations import (
    CellDecl,
    CrashStep,
    EndStep,
    ExpectDecl,
    ExpectStep,
    FeedStep,
    GivenDecl,
    RestartStep,
    RowDecl,
    SeriesDecl,
    StepDecl,
    TestDecl,
    VaryDecl,
    WaitStep,
)
from slac.language.tests.instants import DEFAULT_START, parse_at, parse_start
from slac.language.tests.notation import GAP
from slac.language.tests.read import TestFile, WrittenTest, read_test_file
from slac.language.tests.schema import schema_of_tests, schema_of_tests_text

__all__ = [
    "DEFAULT_START",
    "GAP",
    "CellDecl",
    "CrashStep",
    "EndStep",
    "ExpectDecl",
    "ExpectStep",
    "FeedStep",
    "GivenDecl",
    "RestartStep",
    "RowDecl",
    "SeriesDecl",
    "StepDecl",
    "TestDecl",
    "TestFile",
    "VaryDecl",
    "WaitStep",
    "WrittenTest",
    "parse_at",
    "parse_start",
    "read_test_file",
    "schema_of_tests",
    "schema_of_tests_text",
]
