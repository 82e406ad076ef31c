"""The presets of client libraries as text: a table of all, and a page for one."""

from __future__ import annotations

import itertools
import textwrap
from collections.abc import Iterator
from typing import Any

from stasis_sim.errors import InputError
from stasis_sim.scenario.misfit import choose, got
from stasis_sim.scenario.presets import NOT_PRESETS, PRESETS, Preset
from stasis_sim.scenario.quantities import format_duration
from stasis_sim.scenario.reconnect import Policy, Retrying

WIDTH = 80
LABEL = 16
HEADING = ("client", "delays", "gives up", "then", "dead link")
"""Columns of the table; ``dead link``: how long at most until it notices that its link passes nothing."""

SHOWN_DELAYS = 3
"""Delays that the table writes out."""


def delays(policy: Policy) -> str:
    """Return a policy's first delays, without jitter: ``100ms 200ms 400ms …``."""
    if not isinstance(policy, Retrying):
        return "none"
    even = policy.model_copy(update={"jitter": "none"})
    found = [even.delay_us(attempt, 0.0) for attempt in range(1, SHOWN_DELAYS + 2)]
    different = [delay for at, delay in enumerate(found) if delay is not None and delay not in found[:at]]
    return " ".join([*map(format_duration, different[:SHOWN_DELAYS]), *["…"] * (len(different) > SHOWN_DELAYS)])


def budget(policy: Policy) -> str:
    """Return how long after a loss the last attempt is made at the latest, without what attempts take themselves."""
    if not isinstance(policy, Retrying):
        return "at once"
    if policy.give_up_after_us is not None:
        return seconds(policy.give_up_after_us)
    if policy.attempts is None:
        return "never"
    total = 0
    for attempt in itertools.count(1):
        wait = policy.delay_us(attempt, 1.0)
        if wait is None:
            break
        total += wait
    return seconds(total)


def seconds(us: int) -> str:
    """Return a duration in seconds, so that those of several clients compare: ``42.7s``."""
    return f"{us / 1_000_000:g}s"


def bound(policy: Policy) -> str:
    """Return how long at most a link can be dead before the client notices."""
    noticed = [] if policy.keepalive_us is None else [policy.keepalive_us]
    if policy.ping is not None:
        noticed.append(max(policy.ping.interval_us, policy.ping.first_us or 0) + policy.ping.timeout_us)
    return seconds(min(noticed)) if noticed else "never"


def row(preset: Preset) -> tuple[str, ...]:
    """Return a preset's row of the table."""
    policy = preset.defaults
    gives_up = budget(policy)
    then = "-" if gives_up == "never" else policy.gives_up or "stays"
    return preset.name, delays(policy), gives_up, then, bound(policy)


def listing() -> str:
    """Return the table of all presets, and what is none."""
    rows = [HEADING, *map(row, PRESETS.values())]
    widths = [max(len(each[column]) for each in rows) for column in range(len(HEADING))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(each, widths, strict=True)).rstrip() for each in rows]
    lines.insert(1, "─" * (sum(widths) + 2 * (len(widths) - 1)))
    lines += ["", "Not simulated:"]
    for name, why in NOT_PRESETS.items():
        lines += textwrap.wrap(f"{name}: {why}", WIDTH, initial_indent="  ", subsequent_indent="    ")
    return "\n".join(lines)


def said(value: Any) -> str:
    """Return plain data as one writes it in a scenario, on one line."""
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key}: {said(item)}' for key, item in value.items())}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(said, value))}]"
    return str(value).lower() if isinstance(value, bool) or value is None else str(value)


def facts(preset: Preset) -> Iterator[tuple[str, str]]:
    """Yield what there is to know of a preset, each with its label."""
    yield "is", f"{preset.package}, {preset.language}"
    yield "stands for", f"reconnect: {said(preset.reconnect)}"
    for key, value in preset.beside.items():
        yield "write beside it", f"{key}: {said(value)}"
    yield "at the end", preset.at_the_end
    yield "handles events", preset.handling
    yield "subscriptions", f"those made at run time are {'' if preset.defaults.resubscribe else 'not '}made again"
    for note in preset.notes:
        yield "note", note
    if preset.measured:
        yield "measured", "; ".join(f"{what} {said(value)}" for what, value in preset.measured.items())
    for file, lines, what in preset.sources:
        yield "source", f"{file}, {lines}: {what}"


def page(name: str) -> str:
    """Return all that is known of a preset.

    Raises:
        InputError: There is no such preset.
    """
    preset = find(name)
    lines = [name]
    for label, text in facts(preset):
        indent = f"  {label}".ljust(LABEL + 2)
        lines += textwrap.wrap(
            text, WIDTH, initial_indent=indent, subsequent_indent=" " * len(indent), break_on_hyphens=False
        )
    return "\n".join(lines)


def find(name: str) -> Preset:
    """Return the preset of that name.

    Raises:
        InputError: There is none; with the reason where it is known but not simulated.
    """
    if name in NOT_PRESETS:
        raise InputError.at(name, f"not simulated: {NOT_PRESETS[name]}; see `stasis-sim clients` for those that are")
    if name not in PRESETS:
        raise InputError.at("clients", f"no such client {got(name)}; {choose(name, PRESETS)}")
    return PRESETS[name]


def as_json(name: str | None) -> dict[str, Any]:
    """Return a preset, or all of them and what is none, as plain data.

    Raises:
        InputError: There is no such preset.
    """
    if name is not None:
        return find(name).json()
    return {"presets": {each.name: each.json() for each in PRESETS.values()}, "not_simulated": NOT_PRESETS}
