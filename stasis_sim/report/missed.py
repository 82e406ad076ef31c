"""The ledger of missed events as text and as JSON: what was missed, in which outage, and what that means."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Hashable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from stasis_sim.errors import InputError
from stasis_sim.experiments.choosing import numbered
from stasis_sim.experiments.results import how_often
from stasis_sim.observe.elsewhere import told_elsewhere
from stasis_sim.observe.missing import FATES, KEYS, summary
from stasis_sim.report.sentences import seconds
from stasis_sim.scenario.misfit import choose, got

if TYPE_CHECKING:
    import pandas as pd

    from stasis_sim.experiments.reopened import Run
    from stasis_sim.experiments.replications import Results
    from stasis_sim.observe.intervals import Summary

WIDTH = 80
SHOWN = 12
"""Outages, calls or apps that the text shows; JSON has all."""

EXPLAINED: Final = {
    "unknown_call": "a caller is inside, and the app does not know it",
    "stale_state": "the call is gone, and the app still holds state of it",
    "handler_waits": "the sound or recording is over; its handler waits for ever, or has died",
    "key_to_repeat": "the caller pressed a key that nobody heard, and must press it again",
    "offer_unheard": "a call was offered to all apps, and this one did not hear of it",
    "stale_bridge": "the app is wrong about who is in which bridge",
    "statistics": "figures about the quality of the call's media are gone",
    "information": "the app knows less than it could, and nothing waits for it",
    "repeated": "harmless: another event, heard or in this list, says the same",
    "never_knew": "harmless: the app had never heard of the call whose end this is",
    "acted_late": "the event came, and what the app did about it came late",
    "wrong_program": "another program of the app got it than works for the call; that one waits",
}
"""The meanings in plain words."""


class Asked(NamedTuple):
    """What part of the ledger is asked for.

    Attributes:
        by: By what it is summed up, one of :data:`~stasis_sim.observe.missing.KEYS`.
        app: Only events for this app; None: for all.
        call: Only events about the calls of this number; None: about all, and about none.
    """

    by: str = "outage"
    app: str | None = None
    call: int | None = None

    def examine(self) -> None:
        """Refuse a word that does not say by what to sum up.

        Raises:
            InputError: There is no such word.
        """
        if self.by not in KEYS:
            raise InputError.at("--by", f"unknown {got(self.by)}; {choose(self.by, KEYS)}")

    def select(self, run: Run) -> pd.DataFrame:
        """Return the rows that are asked for.

        Raises:
            InputError: The results know no such app or call, or have no tables.
        """
        apps = run.results.measures["apps"]
        if self.app is not None and self.app not in apps:
            raise InputError.at("--app", f"no such app in {run.path} {got(self.app)}; {choose(self.app, apps)}")
        results = run.recorded()
        if self.call is not None and results.table("calls", ["call"], {"call": (self.call,)}).empty:
            raise InputError.at(
                "--call", f"no call {self.call} in {run.path}; {numbered(results.table('calls', ['call']))}"
            )
        rows = results.ledger()
        if self.app is not None:
            rows = rows[rows["app"] == self.app]
        return rows if self.call is None else rows[(rows["call"] == self.call).fillna(value=False)]

    def __str__(self) -> str:
        app = "" if self.app is None else f" for {self.app}"
        return app if self.call is None else f"{app} about call {self.call}"


def text(run: Run, asked: Asked) -> str:
    """Return the ledger of a result for a person to read.

    Raises:
        InputError: The results do not have what is asked for.
    """
    rows = asked.select(run)
    counted = rows[rows["counted"]]
    parts = [_heading(run), _wrapped(sentence(counted, asked))]
    if len(counted):
        parts += [_table(summary(counted, asked.by), asked.by), _legend(counted)]
    parts += map(_wrapped, besides(rows, run.results, asked))
    return "\n\n".join([*parts, f"results: {run.path}"])


def _heading(run: Run) -> str:
    profile, replications, seed, digest = (run.facts[key] for key in ("profile", "replications", "seed", "digest"))
    scenario = run.results.scenario
    return f"{scenario.title or scenario.name}\n{profile}, {how_often(replications)}, seed {seed}, digest {digest}"


def sentence(rows: pd.DataFrame, asked: Asked) -> str:
    """Say how many events went astray, and of how many calls.

    Args:
        rows: The rows of the ledger that are counted.
        asked: What they are.
    """
    if rows.empty:
        return f"No event{asked} was missed, lost, late or misdelivered."
    found = {fate: int((rows["fate"] == fate).sum()) for fate in FATES}
    # Only a proxy's bus misdelivers.
    counts = ", ".join(f"{count:,} {fate}" for fate, count in found.items() if count or fate != "misdelivered")
    calls = _calls(rows)
    about = "" if asked.call is not None else " of 1 call" if calls == 1 else f" of {calls:,} calls"
    events = "1 event" if len(rows) == 1 else f"{len(rows):,} events"
    return f"{events}{about}{asked}: {counts}."


def besides(rows: pd.DataFrame, results: Results, asked: Asked) -> list[str]:
    """Say what a ledger does not count: what was before the warm-up, not even raised, or told to another program.

    Args:
        rows: All rows of the ledger that are asked for.
        results: Of the run, with tables.
        asked: What was asked for.
    """
    counted = rows[rows["counted"]]
    before = len(rows) - len(counted)
    said = [f"Before the warm-up there were {before:,} more, which are not counted."] if before else []
    return [*said, *_stale(counted, results.measures, asked), *_elsewhere(results, asked)]


def _elsewhere(results: Results, asked: Asked) -> list[str]:
    """Say how many calls wait for a program whose app another one has taken: nothing of that is missed."""
    scenario = results.scenario
    proxies = {name for name, client in scenario.clients.items() if client.deliver is not None}
    found = told_elsewhere(results.directories(), scenario.run.warmup_us, proxies)
    for column, value in (("app", asked.app), ("call", asked.call)):
        found = found if value is None else found[found[column] == value]
    calls = _calls(found)
    if not calls:
        return []
    who = "1 call waits" if calls == 1 else f"{calls:,} calls wait"
    said = f"{who} for a program whose app another one has taken: that one was told of the end of the sound"
    return [f"{said} or recording, so it is not missed, and the handler that waits for it waits for ever."]


def _table(sums: pd.DataFrame, by: str) -> str:
    """Lay out sums: a heading for each outage, call or app, below it a row for each type and meaning."""
    shown = [*(fate for fate in FATES if sums[fate].any()), *(["calls"] if by != "call" else [])]
    over = [key for key in KEYS[by] if key not in {"type", "meaning"}]
    blocks: list[tuple[str, pd.DataFrame]] = [("", sums)]
    if over:
        groups = sums.groupby(over, dropna=False, sort=False)
        blocks = [(_group(by, part.iloc[0]), part) for _, part in groups]
    lines = [("", shown)]
    for heading, part in blocks[:SHOWN]:
        lines += [(heading, [])] if heading else []
        indent = "  " if heading else ""
        lines += [(indent + _label(row), [f"{row[name]:,}" for name in shown]) for row in part.to_dict("records")]
    first = max(len(label) for label, cells in lines if cells)
    widths = [max(8, len(name) + 2) for name in shown]
    drawn = [
        f"{label:<{first}}" + "".join(f"{cell:>{width}}" for cell, width in zip(cells, widths, strict=False))
        for label, cells in lines
    ]
    drawn.insert(1, "─" * (first + sum(widths)))
    rest = blocks[SHOWN:]
    if rest:
        events = int(sum(part[list(FATES)].to_numpy().sum() for _, part in rest))
        drawn.append(f"... and {len(rest):,} more with {events:,} events; --json lists all")
    return "\n".join(line.rstrip() for line in drawn)


def _label(row: Mapping[Hashable, Any]) -> str:
    return f"{row['type']}: {row['meaning']}" if "type" in row else str(row["meaning"])


def _group(by: str, row: Any) -> str:
    if by == "app":
        return str(row["app"])
    if by == "call":
        return f"replication {row['replication']}, {_call(row['call'])}, {row['app']}"
    return f"replication {row['replication']}, {row['app']}, {_outage(row)}"


def _call(number: Any) -> str:
    import pandas as pd  # noqa: PLC0415 - the command line loads it only where it is needed

    return "no call" if pd.isna(number) else f"call {number}"


def _outage(row: Any) -> str:
    import pandas as pd  # noqa: PLC0415 - see above

    if pd.isna(row["outage"]):
        return f"in no outage ({row['cause']})" if row["cause"] else "in no outage"
    return f"outage {row['outage']} from {seconds(row['from_s'])} on ({row['cause']})"


def _legend(rows: pd.DataFrame) -> str:
    found = set(rows["meaning"])
    said = [f"{word}: {explained}" for word, explained in EXPLAINED.items() if word in found]
    return "\n".join(textwrap.fill(line, WIDTH, subsequent_indent="  ") for line in said)


def _stale(rows: pd.DataFrame, measures: Summary, asked: Asked) -> list[str]:
    """Say how many calls apps take for their own that are gone, where missed events alone do not tell."""
    values = measures["total"] if asked.app is None else measures["apps"][asked.app]
    interval = values.get("stale_state") or {"mean": 0, "n": 0}
    stale = round((interval["mean"] or 0) * interval["n"])
    if asked.call is not None or stale <= _calls(rows[rows["meaning"] == "stale_state"]):
        return []
    who = "an app" if asked.app is None else asked.app
    said = f"In all {stale:,} calls are gone that {who} still takes for its own (stale_state):"
    return [f"{said} of an app that it has forgotten, or if it dies itself, Asterisk raises no events."]


def _calls(rows: pd.DataFrame) -> int:
    return len(rows[["replication", "call"]].dropna().drop_duplicates())


def _wrapped(said: str) -> str:
    return textwrap.fill(said, WIDTH, break_long_words=False, break_on_hyphens=False)


def as_json(found: Iterable[Run], asked: Asked) -> dict[str, Any]:
    """Return the ledgers of results as plain data.

    Raises:
        InputError: A result does not have what is asked for.
    """
    return {"results": [_json(run, asked) for run in found]}


def _json(run: Run, asked: Asked) -> dict[str, Any]:
    rows = asked.select(run)
    counted = rows[rows["counted"]]
    sums = json.loads(summary(counted, asked.by).to_json(orient="records"))
    events = {fate: int((counted["fate"] == fate).sum()) for fate in FATES}
    return {**run.facts, "by": asked.by, "app": asked.app, "call": asked.call, "events": events, "rows": sums}
