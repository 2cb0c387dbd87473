"""Results as JUnit XML, as build servers read it: a test suite a file, a test case a test."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import groupby
from xml.etree import ElementTree as ET

from slac.testing.cases.results import Failure, TestResult


def junit_xml(results: Sequence[tuple[str, TestResult, float]], show: Callable[[Failure], str]) -> str:
    """XML text of (file, result, seconds); `show` writes a failure out."""
    root = ET.Element("testsuites", _counts([r for _, r, _ in results], sum(s for *_, s in results)))
    for file, group in groupby(results, key=lambda each: each[0]):
        every = list(group)
        attributes = {"name": file, **_counts([r for _, r, _ in every], sum(s for *_, s in every))}
        suite = ET.SubElement(root, "testsuite", attributes)
        for _, result, seconds in every:
            case = ET.SubElement(
                suite,
                "testcase",
                {
                    "classname": file,
                    "name": result.test.name,
                    "file": file,
                    "line": str(result.test.span.start.line),
                    "time": f"{seconds:.3f}",
                },
            )
            for failure in result.failures:
                ET.SubElement(case, "failure", {"message": failure.summary}).text = show(failure)
    ET.indent(root)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _counts(results: Sequence[TestResult], seconds: float) -> dict[str, str]:
    failed = sum(not r.passed for r in results)
    return {"tests": str(len(results)), "failures": str(failed), "errors": "0", "time": f"{seconds:.3f}"}
