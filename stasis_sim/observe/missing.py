"""The ledger of missed events: one row for each event that went astray, and what that means.

It is read off the tables of a result, and nothing of it is kept. Of a million calls only the rows that are needed are
read: the fates are looked for in the files, and of the other events only those about calls of whose end somebody has
not heard.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from stasis_sim.observe.hearing import BEGINS, FAREWELLS, GONE, HANGUP, farewells, meaning
from stasis_sim.observe.tables import MICROSECONDS, read_rows
from stasis_sim.observe.vocabulary import MEANINGS

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

FATES: Final = ("missed", "lost", "late", "misdelivered")
"""Fates of the events that have a row."""

COLUMNS: Final[dict[str, str]] = {
    "replication": "Number of the replication, from 1.",
    "app": "For whom the event was raised.",
    "call": "Number of the call; none: it belongs to no call.",
    "type": "Its type, such as StasisEnd.",
    "raised_s": "When it was raised.",
    "fate": "missed, lost, late or misdelivered.",
    "delivered_s": "When it reached the client; none: not.",
    "late_s": "How long a late one took to arrive.",
    "outage": "In which outage of the app it was raised, from 1 in each replication; none: in no outage.",
    "from_s": "When that outage began.",
    "cause": "What began the outage; in none what ended the connection of a lost one; else empty.",
    "connection": "Number of the connection to which it was written; none: to none.",
    "meaning": "What that means.",
    "counted": "Whether it was raised after the warm-up, so that the measures count it.",
}
"""The columns of the ledger, in their order, and what they say."""

KEYS: Final[dict[str, tuple[str, ...]]] = {
    "outage": ("replication", "app", "outage", "from_s", "cause", "meaning", "type"),
    "type": ("type", "meaning"),
    "meaning": ("meaning",),
    "app": ("app", "meaning", "type"),
    "call": ("replication", "call", "app", "meaning", "type"),
}
"""By what rows can be summed up."""


class _Event(NamedTuple):
    """An event of a call; what :mod:`~stasis_sim.observe.hearing` asks of it."""

    app: str
    type: str
    raised: int
    fate: str


class _Stay(NamedTuple):
    """An attempt of a call; what :mod:`~stasis_sim.observe.hearing` asks of it."""

    at: int
    result: str
    first_command: int | None


def ledger(directories: Iterable[Path], warmup: int) -> pd.DataFrame:
    """Return one row for each event that was missed, lost, late or misdelivered, in the order of the table of events.

    Args:
        directories: Those of the replications, with their Parquet files.
        warmup: Of the run, in microseconds.

    Raises:
        OSError: A file is not there, or cannot be read.
    """
    import pandas as pd  # noqa: PLC0415 - the command line loads it only where it is needed

    parts = [_replication(directory) for directory in directories]
    rows = pd.concat(parts, ignore_index=True)
    rows["replication"] = rows["replication"].astype("int64")
    rows["counted"] = (rows["raised_us"] >= warmup).astype(bool)
    rows["late_us"] = (rows["delivered_us"] - rows["raised_us"]).where(rows["fate"] == "late")
    for name in ("raised", "delivered", "late", "from"):
        rows[f"{name}_s"] = rows[f"{name}_us"].to_numpy(float, na_value=math.nan) / MICROSECONDS
    rows["meaning"] = pd.Categorical(rows["meaning"], MEANINGS, ordered=True)
    return rows[list(COLUMNS)]


def summary(rows: pd.DataFrame, by: str) -> pd.DataFrame:
    """Sum the ledger up.

    Args:
        rows: The ledger, or some rows of it.
        by: One of :data:`KEYS`.

    Returns:
        For each combination of the keys that occurs how many events had each fate, of how many calls,
        and how late the latest one was; an outage is one of one app in one replication, and so is a call.
    """
    keys = list(KEYS[by])
    counted = rows.assign(**{fate: rows["fate"] == fate for fate in FATES})
    counted["calls"] = counted.groupby(["replication", "call"], dropna=True).ngroup().where(counted["call"].notna())
    groups = counted.groupby(keys, dropna=False, sort=True, observed=True)
    sums = {fate: (fate, "sum") for fate in FATES}
    return groups.agg(**sums, calls=("calls", "nunique"), latest_s=("late_s", "max")).reset_index()


def _replication(directory: Path) -> pd.DataFrame:
    """Return the rows of a replication, with instants in microseconds."""
    rows = _frame(read_rows(directory, "events", fate=FATES))
    said = zip(rows["type"], rows["fate"], rows["call"].notna(), strict=True)
    rows["meaning"] = [meaning(type_, fate, about=about) for type_, fate, about in said]
    _about_ends(rows, directory)
    _about_quality(rows)
    _within(rows, _frame(read_rows(directory, "outages")), _frame(read_rows(directory, "connections")))
    return rows


def _frame(table: pa.Table) -> pd.DataFrame:
    """Make a DataFrame in which whole numbers stay whole where some are missing."""
    import pyarrow as pa  # noqa: PLC0415 - see above

    whole = {field.name: "Int64" for field in table.schema if pa.types.is_integer(field.type)}
    frame: pd.DataFrame = table.to_pandas(integer_object_nulls=True)
    return frame.astype(whole)


def _about_ends(rows: pd.DataFrame, directory: Path) -> None:
    """Say what it means that the end of a call was missed: that depends on what else its app has heard of it."""
    unheard = rows.index[rows["type"].isin(FAREWELLS) & rows["fate"].isin(GONE) & rows["call"].notna()]
    if unheard.empty:
        return
    calls = rows.loc[unheard, "call"].unique().tolist()
    stays: dict[int, list[_Stay]] = {}
    asked = ["call", "at_us", "result", "first_command_us"]
    for call, *stay in _each(read_rows(directory, "attempts", asked, call=calls)):
        stays.setdefault(call, []).append(_Stay(*stay))
    asked = ["call", "app", "type", "raised_us", "fate"]
    events = read_rows(directory, "events", asked, call=calls, type=BEGINS | FAREWELLS)
    meanings: list[str] = []
    # The events of a call stand together, and in order.
    for call, group in groupby(_each(events), key=itemgetter(0)):
        meanings += farewells([_Event(*event) for _, *event in group], stays.get(call, []))
    rows.loc[unheard, "meaning"] = meanings


def _each(table: pa.Table) -> Iterator[tuple[Any, ...]]:
    """Yield the values of each row."""
    return zip(*(column.to_pylist() for column in table.columns), strict=True)


def _about_quality(rows: pd.DataFrame) -> None:
    """Mark the variables about the quality of the media: Asterisk sets them right before it tells of a hangup."""
    gone = rows[rows["fate"].isin(GONE) & rows["call"].notna()]
    other = gone[["type", "raised_us"]].where(gone["type"] != "ChannelVarset")
    following = other.groupby([gone["app"], gone["call"]], sort=False).bfill()
    before = (following["type"] == HANGUP) & (following["raised_us"] == gone["raised_us"])
    rows.loc[gone.index[(gone["type"] == "ChannelVarset") & before], "meaning"] = "statistics"


def _within(rows: pd.DataFrame, outages: pd.DataFrame, connections: pd.DataFrame) -> None:
    """Say in which outage of its app each event was raised, and what was the cause."""
    import pandas as pd  # noqa: PLC0415 - see above

    rows["outage"], rows["from_us"] = (pd.array([pd.NA] * len(rows), "Int64") for _ in range(2))
    rows["cause"] = ""
    ended = connections.set_index("connection")
    for app, mine in rows.groupby("app", sort=False):
        away = outages[outages["app"] == app].reset_index(drop=True)
        if away.empty:
            continue
        place = away["from_us"].astype(int).searchsorted(mine["raised_us"].astype(int), side="right") - 1
        last = away.iloc[place].set_axis(mine.index)
        inside = (place >= 0) & (last["to_us"].isna() | (mine["raised_us"] <= last["to_us"])).astype(bool)
        within = mine.index[inside]
        rows.loc[within, "outage"] = place[inside] + 1
        rows.loc[within, ["from_us", "cause"]] = last.loc[within, ["from_us", "cause"]]
        # What was on its way when an outage began was raised before it.
        cut = mine.index[~inside & (mine["fate"] == "lost") & mine["connection"].notna()]
        links = ended.loc[rows.loc[cut, "connection"].astype(int)].set_axis(cut)
        causes = away.drop_duplicates("from_us", keep="last").set_index("from_us")["cause"]
        rows.loc[cut, "cause"] = links["closed_us"].map(causes).fillna(links["how"])
