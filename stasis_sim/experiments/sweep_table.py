"""The table of a sweep: one row a point, app or client, and measure; written point by point, so it may be long."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from stasis_sim.files import writing
from stasis_sim.observe.intervals import Summary, scopes


def write_table(path: Path, parameters: Mapping[str, Sequence[Any]], points: Iterable[Summary]) -> None:
    """Write the table; it appears whole or not at all.

    Args:
        path: The file.
        parameters: For each column the value of each point: a number or a text.
        points: The measures of each point, in their order.
    """
    schema = _schema(parameters)
    with writing(path) as place, pq.ParquetWriter(place, schema, compression="zstd") as file:
        for position, measures in enumerate(points):
            lines = list(_lines(measures))
            values = {column: [of_points[position]] * len(lines) for column, of_points in parameters.items()}
            names = ("app", "client", "measure", "mean", "low", "high", "n")
            found = {name: [line[at] for line in lines] for at, name in enumerate(names)}
            file.write_table(pa.table({"point": [position + 1] * len(lines), **values, **found}, schema))


def _schema(parameters: Mapping[str, Sequence[Any]]) -> pa.Schema:
    kinds = {
        column: pa.string() if any(isinstance(value, str) for value in values) else pa.float64()
        for column, values in parameters.items()
    }
    words, numbers = dict.fromkeys(("app", "client", "measure"), pa.string()), ("mean", "low", "high")
    return pa.schema({"point": pa.int64(), **kinds, **words, **dict.fromkeys(numbers, pa.float64()), "n": pa.int64()})


def _lines(measures: Summary) -> Iterator[tuple[Any, ...]]:
    """Yield app, client, measure, mean, low, high, n; neither app nor client is the total."""
    for app, client, values in scopes(measures):
        for name, found in values.items():
            yield app, client, name, found["mean"], found["low"], found["high"], found["n"]
