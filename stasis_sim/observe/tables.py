"""Tables of what happened: rows into typed columns, columns into Parquet files, files into DataFrames.

Calls wait as they are until there are enough of them to be made columns of; columns wait until a row group is full
and go to disk. So memory holds a few calls and one row group of each table. The same rows give the same bytes: fixed
size of row groups, fixed compression, no clock and no name of a machine in the file.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

from stasis_sim.files import unfinished, writing
from stasis_sim.observe.columns import TABLES, Column, Rows
from stasis_sim.observe.timeline import Outage
from stasis_sim.observe.trace import Call, Command, Connection, Event

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa
    import pyarrow.parquet as pq

ROW_GROUP: Final = 32_768
"""Rows of a row group; only the last one of a file is smaller."""

_BATCH: Final = 1024
"""Calls that wait to be made columns of."""

MICROSECONDS: Final = 1e6


def schema(table: str) -> pa.Schema:
    """The Arrow schema of a table."""
    import pyarrow as pa  # noqa: PLC0415 - a run without tables does not load it

    types = {int: pa.int64(), str: pa.string()}
    return pa.schema([pa.field(column.name, types[column.type], column.null) for column in TABLES[table]])


def _gathered(table: str) -> pa.Schema:
    """The Arrow schema of a table on its way out: columns of words are numbers in dictionaries."""
    import pyarrow as pa  # noqa: PLC0415 - a run without tables does not load it

    words = pa.dictionary(pa.int32(), pa.string())
    columns = zip(schema(table), TABLES[table], strict=True)
    return pa.schema([field.with_type(words) if _of_words(column) else field for field, column in columns])


def _of_words(column: Column) -> bool:
    return column.type is str and not column.distinct


class _Memory:
    """Keeps batches instead of writing them."""

    def __init__(self) -> None:
        self.tables: list[pa.Table] = []

    def write_table(self, table: pa.Table) -> None:
        self.tables.append(table)

    def close(self) -> None:
        """There is nothing to close."""


class _Table:
    """One table on its way out.

    Args:
        name: Its name.
        replication: The number in its first column.
        directory: Where to write it; None: keep it in memory.
    """

    def __init__(self, name: str, replication: int, directory: Path | None) -> None:
        self.name = name
        self.path = None if directory is None else directory / f"{name}.parquet"
        self.schema = _gathered(name)
        self._replication = replication
        self._waiting: list[pa.Table] = []
        self._rows = 0
        self.out: _Memory | pq.ParquetWriter = (
            _Memory() if self.path is None else _writer(unfinished(self.path), self.schema)
        )

    def add(self, rows: Rows, calls: Sequence[int | None] = ()) -> None:
        """Make columns of rows, and write the row groups that are full.

        Args:
            rows: What the table is made of.
            calls: For each row the number of its call, where the row does not say it.
        """
        from stasis_sim.observe.arrow import maker  # noqa: PLC0415 - a run without tables does not load it

        told = {"replication": [self._replication] * len(rows), "call": calls}
        self.append(
            [
                maker(column)(told[column.name] if column.read is None else column.read(rows))
                for column in TABLES[self.name]
            ]
        )

    def append(self, arrays: Sequence[pa.Array]) -> None:
        """Take columns, and write the row groups that are full."""
        import pyarrow as pa  # noqa: PLC0415 - a run without tables does not load it

        self._waiting.append(pa.Table.from_arrays(arrays, schema=self.schema))
        self._rows += len(arrays[0])
        if self._rows >= ROW_GROUP:
            whole = pa.concat_tables(self._waiting)
            full = self._rows - self._rows % ROW_GROUP
            for start in range(0, full, ROW_GROUP):
                self._write(whole.slice(start, ROW_GROUP))
            self._waiting = [whole.slice(full).combine_chunks()]
            self._rows -= full

    def _write(self, rows: pa.Table) -> None:
        """Write a row group."""
        import pyarrow as pa  # noqa: PLC0415 - a run without tables does not load it

        from stasis_sim.observe.arrow import in_order  # noqa: PLC0415

        arrays = [column.chunk(0) for column in rows.combine_chunks().columns]
        settled = [in_order(array) if isinstance(array, pa.DictionaryArray) else array for array in arrays]
        self.out.write_table(pa.Table.from_arrays(settled, schema=self.schema))

    def close(self) -> None:
        """Write the rest, and give the file its name."""
        if self._rows:
            import pyarrow as pa  # noqa: PLC0415 - a run without tables does not load it

            self._write(pa.concat_tables(self._waiting))
        self._waiting, self._rows = [], 0
        self.out.close()
        if self.path is not None:
            unfinished(self.path).replace(self.path)

    def abort(self) -> None:
        """Leave no half-written file behind."""
        self._waiting, self._rows = [], 0
        try:
            self.out.close()
        finally:  # a disk that is full is no reason to leave it there
            if self.path is not None:
                unfinished(self.path).unlink(missing_ok=True)


def _writer(path: Path, columns: pa.Schema) -> pq.ParquetWriter:
    import pyarrow as pa  # noqa: PLC0415 - a run without tables does not load it
    import pyarrow.parquet as pq  # noqa: PLC0415

    # zstd gives the same bytes on every processor, which snappy does not promise. Numbers, and paths that name their
    # channel, hardly ever repeat: a dictionary of them takes time and makes the file longer. Numbers mostly rise. Who
    # looks for a time skips row groups by the least and greatest numbers; those of words are of no use to anybody.
    words = [field.name for field in columns if pa.types.is_dictionary(field.type)]
    numbers = {field.name: "DELTA_BINARY_PACKED" for field in columns if pa.types.is_integer(field.type)}
    try:
        return pq.ParquetWriter(
            path,
            columns,
            compression="zstd",
            compression_level=1,
            use_dictionary=words,
            column_encoding=numbers,
            write_statistics=list(numbers),
            version="2.6",
            store_schema=False,
        )
    except OSError:
        path.unlink(missing_ok=True)  # made before its first bytes are written
        raise


class Tables:
    """Takes the rows of one replication from the recorder; see :class:`stasis_sim.observe.trace.Sink`.

    Use it as a context manager: files get their names when it ends well, and none is left if it does not.

    Args:
        replication: Its number.
        directory: Where to write the files; None: keep the tables in memory.
    """

    def __init__(self, replication: int, directory: Path | None = None) -> None:
        if directory is not None:
            directory.mkdir(parents=True, exist_ok=True)
        self.replication = replication
        self._tables: dict[str, _Table] = {}
        try:
            for name in TABLES:
                self._tables[name] = _Table(name, replication, directory)
        except OSError:
            self.abort()
            raise
        self._batch: list[Call] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None:
            self.abort()
            return
        try:
            self.close()
        except OSError:
            self.abort()
            raise

    def call(self, call: Call) -> None:
        """Take a call with its attempts, events and commands."""
        self._batch.append(call)
        if len(self._batch) >= _BATCH:
            self._spill()

    def arrays(self, name: str, columns: Sequence[pa.Array]) -> None:
        """Take rows of a table as columns, in the order in which they stand there."""
        self._tables[name].append(columns)

    def _spill(self) -> None:
        """Make columns of the calls that wait."""
        calls, self._batch = self._batch, []
        if not calls:
            return
        self._tables["calls"].add(calls)
        for name in ("attempts", "events", "commands"):
            lists = [(call.number, getattr(call, name)) for call in calls]
            numbers = [number for number, rows in lists for _ in rows]
            self._tables[name].add([row for _, rows in lists for row in rows], numbers)

    def loose(self, events: Sequence[Event], commands: Sequence[Command]) -> None:
        """Take what belongs to no call, after all calls."""
        self._spill()
        self._tables["events"].add(events, [None] * len(events))
        self._tables["commands"].add(commands, [None] * len(commands))

    def rest(self, connections: Sequence[Connection], outages: Sequence[Outage]) -> None:
        """Take the connections and the outages."""
        self._tables["connections"].add(connections)
        self._tables["outages"].add(outages)

    def close(self) -> None:
        """Write what is left, and give the files their names."""
        self._spill()
        for table in self._tables.values():
            table.close()

    def abort(self) -> None:
        """Leave no half-written files behind."""
        for table in self._tables.values():
            with contextlib.suppress(OSError):
                table.abort()

    def frame(self, name: str) -> pd.DataFrame:
        """A table that was kept in memory as a DataFrame."""
        import pyarrow as pa  # noqa: PLC0415 - a run without tables does not load it

        table = self._tables[name]
        if not isinstance(table.out, _Memory):
            raise TypeError(f"{name} went to {table.path}: read it from there")
        shown = schema(name)
        return to_frame(name, pa.concat_tables([shown.empty_table(), *(rows.cast(shown) for rows in table.out.tables)]))


def read(
    name: str,
    directories: Iterable[Path],
    columns: Sequence[str] | None = None,
    where: Mapping[str, Iterable[Any]] | None = None,
) -> pd.DataFrame:
    """Read a table of several replications, in the order of their directories.

    Args:
        name: One of :data:`~stasis_sim.observe.columns.TABLES`.
        directories: Those that hold the Parquet files.
        columns: As a DataFrame calls them; None: all. Of a million calls a few take a tenth of the time.
        where: Only rows in which these columns, as they are called on disk, have one of these values.

    Raises:
        ValueError: There is no such table or column.
    """
    _known("table", [name], TABLES)
    _known("column", columns or (), [column.shown for column in TABLES[name]])
    _known("column", where or (), [column.name for column in TABLES[name]])
    import pyarrow as pa  # noqa: PLC0415 - a run without tables does not load it

    asked = [column.name for column in TABLES[name] if columns is None or column.shown in columns]
    wanted = {column: list(values) for column, values in (where or {}).items()}
    parts = [read_rows(directory, name, asked, None, **wanted) for directory in directories]
    return to_frame(name, pa.concat_tables([schema(name).empty_table().select(asked), *parts]))


def _known(what: str, asked: Iterable[str], there: Iterable[str]) -> None:
    """Refuse names of what is not there: of a column nothing at all would come, without a word."""
    for name in asked:
        if name not in there:
            raise ValueError(f"no {what} {name!r}; there are {', '.join(there)}")


def read_rows(
    directory: Path,
    name: str,
    columns: list[str] | None = None,
    between: tuple[str, int, int] | None = None,
    **wanted: Iterable[Any],
) -> pa.Table:
    """Read only some of a table of one replication, as it is on disk.

    Args:
        directory: That of the replication.
        name: One of :data:`~stasis_sim.observe.columns.TABLES`.
        columns: Which columns; None: all.
        between: A column, and from where on and up to where its values are wanted, the upper end not among them.
        **wanted: For some columns the values that are wanted.

    Raises:
        OSError: The file is not there, or cannot be read.
    """
    import pyarrow as pa  # noqa: PLC0415 - a run without tables does not load it
    import pyarrow.parquet as pq  # noqa: PLC0415

    whole = schema(name)
    # With their type, which nobody could guess of no value at all.
    filters: list[tuple[str, str, Any]] = [
        (column, "in", pa.array(list(values), whole.field(column).type)) for column, values in wanted.items()
    ]
    if between is not None:
        column, low, high = between
        filters += [(column, ">=", low), (column, "<", high)]
    # A folder whose name has an = is no column.
    path = directory / f"{name}.parquet"
    return pq.read_table(path, columns=columns, filters=filters or None, partitioning=None)


def to_frame(name: str, table: pa.Table) -> pd.DataFrame:
    """Make a DataFrame of a table as it is on disk: times in seconds, whole numbers whole where some are missing."""
    import pandas as pd  # noqa: PLC0415 - a run without tables does not load it

    there = set(table.column_names)
    return pd.DataFrame(
        {column.shown: _series(column, table.column(column.name)) for column in TABLES[name] if column.name in there}
    )


def _series(column: Column, values: pa.ChunkedArray) -> Any:
    import pyarrow as pa  # noqa: PLC0415 - a run without tables does not load it

    if column.name.endswith("_us"):
        return values.cast(pa.float64()).to_pandas() / MICROSECONDS
    if column.type is int and column.null:
        return values.to_pandas(integer_object_nulls=True).astype("Int64")
    return values.to_pandas()


def write_csv(frame: pd.DataFrame, path: Path) -> None:
    """Write a DataFrame as CSV; the file appears when it is whole."""
    with writing(path) as place:
        frame.to_csv(place, index=False, lineterminator="\n")
