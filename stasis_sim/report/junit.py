"""The verdicts of a check as JUnit XML, which every CI server shows."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from junitparser import Error, Failure, JUnitXml, TestCase, TestSuite

from stasis_sim.errors import InputError
from stasis_sim.experiments.expectations import Verdict


def write_junit(path: Path, verdicts: Mapping[str, Iterable[Verdict]], broken: Mapping[str, InputError]) -> None:
    """Write a suite for each scenario, with a case for each expectation.

    Args:
        path: The file; it appears whole or not at all.
        verdicts: What became of the expectations, by file.
        broken: Files that cannot be used, and why.
    """
    xml = JUnitXml("stasis-sim check")
    for file, found in verdicts.items():
        suite = TestSuite(file)
        for verdict in found:
            case = TestCase(verdict.text, classname=file)
            if not verdict.ok:
                case.result = [Failure(str(verdict))]
            suite.add_testcase(case)
        xml.add_testsuite(suite)
    for file, error in broken.items():
        suite = TestSuite(file)
        case = TestCase("can be used", classname=file)
        case.result = [Error(str(error))]
        suite.add_testcase(case)
        xml.add_testsuite(suite)
    xml.update_statistics()
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    xml.write(str(temporary), pretty=True)
    temporary.replace(path)
