"""The verdicts of a check as JUnit XML, which every CI server shows."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from junitparser import Error, Failure, JUnitXml, TestCase, TestSuite

from stasis_sim.errors import InputError
from stasis_sim.experiments.expectations import Verdict
from stasis_sim.files import writing


def examine(path: Path) -> None:
    """Make the folder of a file, and find out what would stop it from being written, before anything is run.

    Raises:
        InputError: Its name is no XML file's, so that it may be something else that would be lost; or it cannot be
            written.
    """
    if path.suffix.lower() != ".xml":
        raise InputError.at("--junit", f"not the name of an XML file (got {path}); write one such as handoff.xml")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        writable = os.access(path.parent, os.W_OK) and not path.is_dir()
        reason = "" if writable else "a folder" if path.is_dir() else "Permission denied"
    except OSError as error:
        reason = str(error.strerror)
    if reason:
        raise InputError.at("--junit", f"{path} cannot be written: {reason}; write another path")


def write_junit(
    path: Path, verdicts: Mapping[str, Sequence[Verdict]], broken: Mapping[str, InputError], took: Mapping[str, float]
) -> None:
    """Write a suite for each scenario, with a case for each expectation.

    Args:
        path: The file; it appears whole or not at all.
        verdicts: What became of the expectations, by file.
        broken: Files that cannot be used, and why.
        took: Seconds that each scenario has taken; its expectations, which are held in no time, share them.

    Raises:
        InputError: It cannot be written.
    """
    xml = JUnitXml("stasis-sim check")
    for file, found in verdicts.items():
        suite = TestSuite(file)
        for verdict in found:
            case = TestCase(verdict.text, classname=file, time=round(took[file] / len(found), 3))
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
    try:
        with writing(path) as place:
            xml.write(str(place), pretty=True)
    except OSError as error:
        raise InputError.at("--junit", f"{path} cannot be written: {error.strerror}; write another path") from None
