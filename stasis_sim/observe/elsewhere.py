"""Calls that wait for a program which has lost its app to another one.

Where one program takes an app from another, as in a deploy of the new one before the old one is stopped, what happens
to the calls of the old one is told to the new one. Asterisk has delivered it, and the app was never away, so no fate of
an event and no outage tells of it; yet the handler that waits for the end of its sound or recording waits for ever.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Final

from stasis_sim.observe.tables import read_rows

if TYPE_CHECKING:
    import pandas as pd

_HEARD: Final = ("delivered", "late")

_ENDS: Final = ("PlaybackFinished", "RecordingFinished", "RecordingFailed")
"""What a handler waits for."""


def told_elsewhere(directories: Iterable[Path], warmup: int, proxies: Collection[str]) -> pd.DataFrame:
    """Return the ends of sounds and recordings that another program of the app was told of than had begun them.

    Args:
        directories: Those of the replications, with their Parquet files.
        warmup: Of the run, in microseconds; what was raised before does not count.
        proxies: Clients that only hand events on.

    Returns:
        One row for each: ``replication``, ``app``, ``call``.

    Raises:
        OSError: A file is not there, or cannot be read.
    """
    import pandas as pd  # noqa: PLC0415 - the command line loads it only where it is needed

    parts = [_replication(directory, warmup, frozenset(proxies)) for directory in directories]
    return pd.concat(parts, ignore_index=True)


def _replication(directory: Path, warmup: int, proxies: frozenset[str]) -> pd.DataFrame:
    connections: pd.DataFrame = read_rows(directory, "connections", ["connection", "client", "apps", "how"]).to_pandas()
    stood = connections[(connections["how"] != "refused") & ~connections["client"].isin(proxies)]
    asked = ["replication", "app", "call", "raised_us", "connection"]
    # Mostly each app has one program, and nothing else need be read.
    shared = stood.assign(app=stood["apps"].str.split(",")).explode("app").groupby("app")["client"].nunique()
    apps = [str(app) for app in shared.index[shared > 1]]
    ends: pd.DataFrame = read_rows(directory, "events", asked, type=_ENDS, fate=_HEARD, app=apps).to_pandas()
    ends = ends[(ends["raised_us"] >= warmup) & ends["call"].notna() & ends["connection"].isin(stood["connection"])]
    if ends.empty:
        return ends[["replication", "app", "call"]]
    calls = ends["call"].astype(int).tolist()
    sent = read_rows(
        directory, "commands", ["client", "call", "path", "at_us"], method=("POST",), call=calls
    ).to_pandas()
    begun = sent[sent["path"].str.endswith(("/play", "/record"))].sort_values("at_us")
    by_call = {"call": "int64"}
    found = ends.astype(by_call).sort_values("raised_us")
    found = found.merge(stood[["connection", "client"]].rename(columns={"client": "heard"}), on="connection")
    pairs = _latest(found.sort_values("raised_us"), begun.astype(by_call))
    other = pairs["client"].notna() & (pairs["client"].astype(str) != pairs["heard"].astype(str))
    return pairs.loc[other, ["replication", "app", "call"]]


def _latest(ends: pd.DataFrame, begun: pd.DataFrame) -> pd.DataFrame:
    """Set beside each end the request that began what is over: the last one about the call before."""
    import pandas as pd  # noqa: PLC0415 - see above

    left_on, right_on = "raised_us", "at_us"
    return pd.merge_asof(ends, begun[["client", "call", "at_us"]], left_on=left_on, right_on=right_on, by="call")
