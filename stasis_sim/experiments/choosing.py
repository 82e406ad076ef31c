"""Which calls are worth telling of: those of one outage, of one app, or one that was asked for.

It is read off the tables; only the rows that are needed are read.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from stasis_sim.errors import InputError
from stasis_sim.observe.worst import ALL, Outage, worst

if TYPE_CHECKING:
    import pandas as pd

    from stasis_sim.experiments.replications import Results

AROUND_US: Final = 1_000_000
"""What happens to connections so long before and after an outage is told too."""

NAMED: Final = 5
"""So many are named of what there is."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be told of; nothing: the worst outage.

    Attributes:
        call: Number of a call.
        outage: Number of an outage of an app.
        app: An app: of its outages the one, or the worst.
        replication: Number of a replication; None: for a call 1, else the one with the worst outage.
    """

    call: int | None = None
    outage: int | None = None
    app: str | None = None
    replication: int | None = None


@dataclass(frozen=True, slots=True)
class Choice:
    """What is told of.

    Attributes:
        replication: Number of the replication.
        calls: Numbers of the calls, each with why it is told of.
        apps: The apps that have a part in it.
        start: From when on connections and the registry are told of, in microseconds.
        end: Up to when.
        away: The outage, if it is one that is told of.
    """

    replication: int
    calls: dict[int, str]
    apps: tuple[str, ...]
    start: int
    end: int
    away: Outage | None = None


def choose(results: Results, asked: Asked) -> Choice | None:
    """Return what is told of; None: nothing was asked for, and no call has arrived.

    Raises:
        InputError: There is no such call, outage, app or replication; it says which there are.
        ValueError: The scenario says ``record: measures``, so that there are no tables.
    """
    results.directories()  # or there are no tables
    known = [each.number for each in results.replications]
    if asked.replication is not None and asked.replication not in known:
        there = f"there are 1 to {max(known)}" if len(known) > 1 else "there is 1"
        raise InputError.at("--replication", f"no replication {asked.replication}; {there}")
    if asked.call is not None and (asked.outage is not None or asked.app is not None):
        raise InputError.at("--call", "one call is told of alone; leave --outage and --app out")
    if asked.call is not None:
        return _one_call(results, asked.call, asked.replication or known[0])
    if asked.app is not None:
        _hold_known(results, asked.app)
    chosen = _outage(results, asked)
    if chosen is not None:
        return _of_outage(results, chosen)
    return _first_call(results, asked)


# ---- outages ------------------------------------------------------------------------------------------------------


def _us(time: float) -> int:
    return round(time * 1e6)


def ends_us(results: Results, replication: int) -> int:
    """Return the end of a replication in microseconds."""
    found: int = next(each.notes["end_us"] for each in results.replications if each.number == replication)
    return found


def _outage(results: Results, asked: Asked) -> Outage | None:
    """Return the outage that was asked for, else the worst; None: there was none that anybody noticed."""
    directories = results.tree.directories(each.number for each in results.replications)
    ranked = worst(directories, ALL, sys.maxsize)
    replication = asked.replication if asked.outage is None else asked.replication or 1
    mine = [each for each in ranked if asked.app in {None, each.app} and replication in {None, each.replication}]
    if asked.outage is None:
        warmup = results.scenario.run.warmup_us
        return next((each for each in mine if _matters(each, warmup)), None)
    apps = list(dict.fromkeys(each.app for each in sorted(mine, key=lambda each: (each.start, each.app))))
    if len(apps) > 1:
        text = f"each app has outages of its own; write --app too: {_some(apps)}"
        raise InputError.at("--outage", text)
    for each in mine:
        if each.number == asked.outage:
            return each
    of = f" of {asked.app}" if asked.app else ""
    there = f"there are 1 to {len(mine)}" if mine else "there was none"
    raise InputError.at("--outage", f"no outage {asked.outage}{of} in replication {replication}; {there}")


def _matters(outage: Outage, warmup: int) -> bool:
    """Whether an outage is worth telling of: that an app is not there at first, and nobody minds, is not."""
    measured = outage.end is None or outage.end > warmup
    return measured and (any(outage.cost()[:2]) or outage.cause != "start")


def _some(names: Iterable[Any]) -> str:
    """Name some of what there is."""
    listed = list(names)
    rest = f" and {len(listed) - NAMED} more" if len(listed) > NAMED else ""
    return ", ".join(map(str, listed[:NAMED])) + rest


def _hold_known(results: Results, app: str) -> None:
    apps = list(dict.fromkeys(results.measures["apps"]))
    if app not in apps:
        raise InputError.at("--app", f"no app {app}; there are {_some(apps)}" if apps else f"no app {app}")


def _of_outage(results: Results, away: Outage) -> Choice:
    """Return the most instructive calls of an outage: one that was inside, one that was ejected, one that came in."""
    replication, over = away.replication, away.end
    if over is None:
        over = ends_us(results, away.replication)
    columns = ("replication", "call", "app", "at_s", "result", "left_s")
    attempts = results.table("attempts", columns, {"replication": (replication,), "app": (away.app,)})
    start, end = away.start / 1e6, over / 1e6
    during = attempts[attempts["at_s"].between(start, end)]
    inside = attempts[(attempts["result"] == "entered") & (attempts["at_s"] < start) & ~(attempts["left_s"] <= start)]
    calls: dict[int, str] = {}
    for rows, why in (
        (_who_missed(results, away, over, inside), "inside when it began"),
        (during[during["result"] == "ejected"], "ejected in it"),
        (during[during["result"] == "entered"], "let in during it"),
    ):
        number = next((int(call) for call in rows["call"] if int(call) not in calls), None)
        if number is not None:
            calls[number] = why
    apps = (away.app,)
    return Choice(replication, calls, apps, max(away.start - AROUND_US, 0), over + AROUND_US, away)


def _who_missed(results: Results, away: Outage, over: int, inside: pd.DataFrame) -> pd.DataFrame:
    """Return the attempts of calls inside, first those about which an event was missed, and that came to an end."""
    where = {"replication": (away.replication,), "app": (away.app,), "fate": ("missed", "lost")}
    missed = results.table("events", ("call", "raised_s"), where).dropna(subset="call")
    missed = missed[missed["raised_s"].between(away.start / 1e6, over / 1e6)]
    ordered = inside.assign(heard=~inside["call"].isin(missed["call"]), left=inside["left_s"].isna())
    return ordered.sort_values(["heard", "left"], kind="stable")


# ---- calls --------------------------------------------------------------------------------------------------------


def _one_call(results: Results, call: int, replication: int) -> Choice:
    """Return a call that was asked for."""
    calls = results.table("calls", None, {"replication": (replication,), "call": (call,)})
    if calls.empty:
        there = results.table("calls", ("call",), {"replication": (replication,)})
        raise InputError.at("--call", f"no call {call} in replication {replication}; {numbered(there)}")
    row = calls.iloc[0]
    where = {"replication": (replication,), "call": (call,)}
    apps = [
        *results.table("attempts", ("app",), where)["app"].tolist(),
        *results.table("events", ("app",), where)["app"].tolist(),
    ]
    over = row["ended_s"] != row["ended_s"]
    end = ends_us(results, replication) if over else _us(row["ended_s"])
    names = tuple(filter(None, dict.fromkeys(apps)))
    return Choice(replication, {call: row["outcome"].replace("_", " ")}, names, _us(row["arrived_s"]), end)


def numbered(calls: pd.DataFrame) -> str:
    """Say which numbers calls have."""
    return f"there are 1 to {calls['call'].max()}" if len(calls) else "there are none"


def _first_call(results: Results, asked: Asked) -> Choice | None:
    """Return the first call of an app, or of all: there was no outage to tell of."""
    replication = asked.replication or results.replications[0].number
    where: dict[str, Iterable[Any]] = {"replication": (replication,)}
    if asked.app is not None:
        where["app"] = (asked.app,)
        calls = results.table("attempts", ("call", "at_s"), where).sort_values("at_s", kind="stable")["call"]
    else:
        calls = results.table("calls", ("call",), where)["call"].sort_values()
    if calls.empty:
        if asked.app is None:
            return None
        raise InputError.at(
            "--app", f"no call asked for {asked.app} in replication {replication}, and it was never away"
        )
    return _one_call(results, int(calls.iloc[0]), replication)
