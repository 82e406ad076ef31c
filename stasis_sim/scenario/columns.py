"""A column of instants or durations from a CSV file beside the scenario.

A cell is a number of seconds (``12.5``) or a duration with its unit (``250ms``). The first row may be a header; a
column is named by its header or, without one, by its number from 1.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from stasis_sim.scenario.misfit import Keys, MisfitError, choose, got
from stasis_sim.scenario.quantities import LONGEST_US, duration, format_duration

MICRO = 1_000_000

_NUMBER = re.compile(r"[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?")


@dataclass(frozen=True, slots=True)
class Csv:
    """Which column of which file.

    Attributes:
        path: As written in the scenario: relative to it, or absolute.
        column: Header or number from 1; None is the first column.
    """

    path: str
    column: str | None = None

    def data(self) -> dict[str, str]:
        """Return what a scenario file says for it, with the key ``csv``."""
        return {"csv": self.path} if self.column is None else {"csv": self.path, "column": self.column}

    def below(self) -> str | dict[str, str]:
        """Return what a scenario file says for it below a key ``csv``."""
        return self.path if self.column is None else {"path": self.path, "column": self.column}


def parse_csv(value: Mapping[str, Any]) -> Csv:
    """Read ``{csv: path}``, ``{csv: path, column: name}`` or ``{csv: {path: …, column: …}}``.

    Raises:
        MisfitError: It is none of them.
    """
    outer = dict(value)
    inner = outer.pop("csv", None)
    fields = {**outer, **inner} if isinstance(inner, Mapping) else {**outer, "path": inner}
    faults: list[tuple[Keys, str]] = [
        ((str(key),), f"unknown key; {choose(key, ['csv', 'column'])}")
        for key in fields
        if key not in {"path", "column"}
    ]
    path, column = fields.get("path"), fields.get("column")
    column = str(column) if isinstance(column, int) and not isinstance(column, bool) else column
    if not isinstance(path, str) or not path:
        faults.append((("csv",), f"not the path of a CSV file {got(path)}; write csv: FILE.csv"))
    if not isinstance(column, str | None):
        faults.append((("column",), f"not a column {got(column)}; write its header, or its number from 1"))
    if faults:
        raise MisfitError(faults)
    return Csv(str(path), None if column is None else str(column))


def read_column(base: Path, source: Csv) -> tuple[int, ...]:
    """Return the cells of a column in microseconds, in the order of the file.

    Raises:
        MisfitError: The file, the column or a cell is not there or not readable.
    """
    try:
        with (base / source.path).open(encoding="utf-8-sig", newline="") as file:
            rows = [(number, row) for number, row in enumerate(csv.reader(file), 1) if any(map(str.strip, row))]
    except (OSError, ValueError, csv.Error) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else "no CSV text in UTF-8"
        raise MisfitError.at(
            f"{source.path} cannot be read: {reason}; write the path of a CSV file, relative to the scenario"
        ) from None
    if not rows:
        raise MisfitError.at(f"{source.path} is empty; write one number of seconds in each row")
    header = None if _is_number(rows[0][1]) else [cell.strip() for cell in rows.pop(0)[1]]
    index = _index(source, header)
    if not rows:
        raise MisfitError.at(f"{source.path} has a header and no rows; write one number of seconds in each row")
    return tuple(_cell(source, number, row, index) for number, row in rows)


def _is_number(row: list[str]) -> bool:
    """Return whether a row holds values: any of its cells is a time, or a number that is none, such as -1 or 1e3."""
    for cell in row:
        if _NUMBER.fullmatch(cell.strip()):
            return True
        try:
            _time(cell)
        except (ValueError, MisfitError):
            continue
        return True
    return False


def _index(source: Csv, header: list[str] | None) -> int:
    if source.column is None:
        return 0
    if header is not None and source.column in header:
        return header.index(source.column)
    if source.column.isascii() and source.column.isdigit() and int(source.column[:9]) >= 1:
        return int(source.column[:9]) - 1
    columns = header or ["1"]
    raise MisfitError.at(f"{source.path} has no column {source.column}; {choose(source.column, columns)}", "column")


def _time(cell: str) -> int:
    text = cell.strip()
    if text.replace(".", "", 1).isdigit() and text.isascii():
        us = Fraction(text) * MICRO
        # Logs carry more digits than the clock: a cell is rounded, a quantity in the scenario never is.
        return round(us)
    return duration(text)


def _cell(source: Csv, number: int, row: list[str], index: int) -> int:
    place = f"{source.path}:{number}"
    if index >= len(row):
        raise MisfitError.at(f"{place}: has no column {index + 1}; give every row as many cells as the first")
    try:
        us = _time(row[index])
    except (ValueError, MisfitError):
        raise MisfitError.at(f"{place}: not a time {got(row[index])}; write a number of seconds such as 12.5") from None
    if us > LONGEST_US:
        raise MisfitError.at(
            f"{place}: longer than {format_duration(LONGEST_US)} {got(row[index])}; write a number of seconds"
        )
    return us
