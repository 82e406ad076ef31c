"""Replays configuration vectors, and judges what the model makes of the files against what real Asterisks made.

A file is a list of cases; what a case has tells its kind: `lookups`, a call that it enters the dialplan with, or
`requests`. Each look-up, flow and request counts one for each version that it was recorded with.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path

from stasis_sim.conformance import access_vectors
from stasis_sim.conformance.cases import VERSIONS, Case, Item
from stasis_sim.conformance.dialplan_vectors import judge_flow, judge_lookups
from stasis_sim.errors import InputError
from stasis_sim.handoff.profiles import Profile


def judge_file(file: Path) -> list[Item]:
    """Judge all cases of a file; cases with nothing that is judged have no items.

    Raises:
        InputError: The file holds no vectors.
    """
    found: list[Item] = []
    for case in load(file):
        try:
            for version, profile in VERSIONS.items():
                found += judge(case, version, profile)
        except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
            text = f"case {case.get('id')} is no case of a vector ({type(error).__name__}: {error})"
            raise InputError.at(str(file), text) from error
    return found


def judge(case: Case, version: str, profile: Profile) -> Iterator[Item]:
    """Yield how what is judged of a case fares under a profile that stands for a version."""
    if "lookups" in case:
        return judge_lookups(case, version, profile)
    if "enter" in case:
        return judge_flow(case, version, profile)
    if "requests" in case:
        return access_vectors.judge(case, version, profile)
    return iter(())


def find(paths: Iterable[Path]) -> list[Path]:
    """Return the files that paths name; a folder means all JSON in it.

    Raises:
        InputError: There is nothing in a folder.
    """
    found: list[Path] = []
    for path in paths:
        files = sorted(path.glob("*.json")) if path.is_dir() else [path]
        if not files:
            raise InputError.at(str(path), "no vectors in this folder; name a folder with .json files, or a file")
        found += files
    return found


def load(file: Path) -> list[Case]:
    """Read the cases of a file.

    Raises:
        InputError: The file holds no vectors.
    """
    try:
        cases = json.loads(file.read_text("utf-8"))
    except OSError as error:
        reason = error.strerror or str(error)
        raise InputError.at(str(file), f"cannot be read: {reason}; write the path of a file of vectors") from None
    except json.JSONDecodeError as error:
        raise InputError.at(str(file), f"not JSON: {error.msg}", line=error.lineno, column=error.colno) from None
    except RecursionError:
        raise InputError.at(str(file), "not vectors; it nests too deep") from None
    except UnicodeDecodeError as error:
        raise InputError.at(str(file), f"not UTF-8 ({error.reason}); vectors are JSON in UTF-8") from None
    if not isinstance(cases, list) or not all(isinstance(case, dict) and "id" in case for case in cases):
        raise InputError.at(str(file), "not vectors; they are a list of cases, each with an id")
    if not cases:
        raise InputError.at(str(file), "there is nothing to judge in it; vectors are a list of cases, each with an id")
    return cases


def verdict(file: Path, items: list[Item]) -> str:
    """Return how a file fares, in a line."""
    if not items:
        return f"{file}: nothing is judged"
    return f"{file}: {score(items)}"


def differing(items: list[Item]) -> Iterator[str]:
    """Yield a line for each field in which the model disagrees: what it has, for what Asterisk had."""
    for item in items:
        for each in item.differences:
            yield f"{item.id} ({item.version}) {each}"


def score(items: list[Item]) -> str:
    """Return how many agree."""
    return f"{sum(not item.differences for item in items)} of {len(items)} agree"
