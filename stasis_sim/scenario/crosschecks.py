"""What must fit between the parts of a scenario; looked for in the plain data, so that it is said beside all else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from stasis_sim.scenario.faults import ASTERISK, VERBS
from stasis_sim.scenario.fields import tuple_of_one_or_many
from stasis_sim.scenario.misfit import Keys, choose, got, nearest

DELIVER = "owner"
"""How a proxy hands events on where the scenario does not say."""

FINITE = ("at", "csv")
"""Kinds of arrivals that come to an end."""


def name_sources(data: dict[str, Any]) -> dict[str, Any]:
    """Return the scenario with a name for each source of calls: what it dials, numbered where that is not enough."""
    calls = data.get("calls")
    if not isinstance(calls, list | tuple):
        return data
    taken = {source["name"] for source in calls if isinstance(source, Mapping) and isinstance(source.get("name"), str)}
    named = []
    for source in calls:
        if isinstance(source, Mapping) and "name" not in source and isinstance(source.get("to"), str):
            name = base = source["to"].strip()
            number = 1
            while name in taken:
                number += 1
                name = f"{base} ({number})"
            taken.add(name)
            named.append({**source, "name": name or "?"})
        else:
            named.append(source)
    return {**data, "calls": named}


def mark_proxies(data: dict[str, Any]) -> dict[str, Any]:
    """Return the scenario with ``deliver`` for each client that others are behind."""
    clients = data.get("clients")
    if not isinstance(clients, Mapping):
        return data
    proxies = {client.get("behind") for client in clients.values() if isinstance(client, Mapping)}
    marked = {
        name: {**client, "deliver": DELIVER}
        if isinstance(client, Mapping) and name in proxies and not {"deliver", "behind"} & client.keys()
        else client
        for name, client in clients.items()
    }
    return {**data, "clients": marked}


def crosscheck(data: Mapping[str, Any]) -> Iterator[tuple[Keys, str]]:
    """Yield the faults."""
    yield from _clients(data)
    yield from _listening(data)
    yield from _behind(data)
    yield from _targets(data)
    yield from _sources(data)
    yield from _end(data)


def _entries(data: Mapping[str, Any], key: str) -> Iterator[tuple[int, Mapping[str, Any]]]:
    entries = data.get(key)
    if isinstance(entries, list | tuple):
        yield from ((index, entry) for index, entry in enumerate(entries) if isinstance(entry, Mapping))


def _clients(data: Mapping[str, Any]) -> Iterator[tuple[Keys, str]]:
    clients = data.get("clients")
    if not isinstance(clients, Mapping):
        return
    for name in clients:
        if name == ASTERISK:
            yield ("clients", name), "a client cannot have this name, as faults mean Asterisk by it; write another"
        elif not name or not name.isprintable() or name != name.strip():
            yield ("clients", name), f"not a name {got(name)}; write letters, digits, - and _"


def _listening(data: Mapping[str, Any]) -> Iterator[tuple[Keys, str]]:
    """Yield clients to which Asterisk cannot connect."""
    asterisk, clients = data.get("asterisk"), data.get("clients")
    profile = asterisk.get("profile") if isinstance(asterisk, Mapping) else None
    for name, client in clients.items() if isinstance(clients, Mapping) else ():
        if not isinstance(client, Mapping) or client.get("transport") != "outbound":
            continue
        if profile == "asterisk-16":
            text = "Asterisk 16 opens no WebSockets (got outbound); write profile: asterisk-22, or transport: inbound"
            yield ("clients", name, "transport"), text
        if client.get("instances", 1) != 1:
            text = f"Asterisk connects to one program {got(client['instances'])}; write instances: 1"
            yield ("clients", name, "instances"), text


def _behind(data: Mapping[str, Any]) -> Iterator[tuple[Keys, str]]:
    """Yield clients that are behind none that could be a proxy, or serve an app that theirs does not connect for."""
    clients = data.get("clients")
    if not isinstance(clients, Mapping):
        return
    for name, client in clients.items():
        behind = client.get("behind") if isinstance(client, Mapping) else None
        if not isinstance(behind, str):
            continue
        proxy = clients.get(behind)
        others = [other for other in clients if other != name]
        if behind == name:
            yield (
                ("clients", name, "behind"),
                f"a client cannot be behind itself {got(behind)}; {_choose_proxy(behind, others)}",
            )
        elif not isinstance(proxy, Mapping):
            if behind not in clients:
                yield ("clients", name, "behind"), f"no such client {got(behind)}; {_choose_proxy(behind, others)}"
        elif "behind" in proxy:
            text = f"{behind} is behind {proxy['behind']} itself {got(behind)}; write behind: {proxy['behind']}"
            yield ("clients", name, "behind"), text
        else:
            carried = _apps(proxy)
            for app in _apps(client):
                if app not in carried:
                    text = f"{behind} does not connect for it {got(app)}; add it to the apps of {behind}, or remove it"
                    yield ("clients", name, "apps"), text


def _choose_proxy(name: str, others: list[str]) -> str:
    return choose(name, others) if others else "describe the proxy under clients"


def _apps(client: Mapping[str, Any]) -> list[str]:
    """Return the apps of a client, one or a list."""
    apps = client.get("apps")
    return [app for app in (apps if isinstance(apps, list | tuple) else [apps]) if isinstance(app, str)]


def _targets(data: Mapping[str, Any]) -> Iterator[tuple[Keys, str]]:
    """Yield faults that name no client, and stalls of a proxy, which only hands on."""
    clients = data.get("clients", {})
    if not isinstance(clients, Mapping):
        return
    for index, fault in _entries(data, "faults"):
        for verb in VERBS:
            known = {"restart": [*clients, ASTERISK], "reload": [ASTERISK]}.get(verb, list(clients))
            for target in tuple_of_one_or_many(fault.get(verb)):
                text = _misplaced(verb, target, known, clients) if isinstance(target, str) else ""
                if text:
                    yield ("faults", index, verb), text


def _misplaced(verb: str, target: str, known: list[str], clients: Mapping[str, Any]) -> str:
    """Return why a fault cannot happen to what it names; empty if it can."""
    if target in known:
        if verb == "stall" and "deliver" in (clients.get(target) or {}):
            return f"a proxy handles nothing {got(target)}; write stall of the clients behind it"
        return ""
    if verb == "reload":
        return f"only Asterisk reads files again {got(target)}; write reload: asterisk, or restart: {target}"
    return f"{_unknown(target)} {got(target)}; {_hint(target, known, clients)}"


def _unknown(target: str) -> str:
    return "not a client" if target == ASTERISK else "no such client"


def _hint(target: str, known: list[str], clients: Mapping[str, Any]) -> str:
    """Return what to write instead of a client that is none."""
    if target == ASTERISK:
        return "write restart: asterisk, or the name of a client"
    for name, client in clients.items():
        apps = client.get("apps") if isinstance(client, Mapping) else None
        if apps == target or (isinstance(apps, list | tuple) and target in apps):
            return f"write {name}, the client that serves this app"
    return choose(target, known) if known else "describe it under clients"


def _sources(data: Mapping[str, Any]) -> Iterator[tuple[Keys, str]]:
    seen: dict[str, int] = {}
    for index, source in _entries(data, "calls"):
        name = source.get("name")
        if isinstance(name, str):
            if name in seen:
                yield ("calls", index, "name"), f"the name of calls.{seen[name]} too {got(name)}; write another"
            seen.setdefault(name, index)


def _end(data: Mapping[str, Any]) -> Iterator[tuple[Keys, str]]:
    """Yield calls that never end where the run waits for the last one."""
    run = data.get("run")
    if not isinstance(run, Mapping) or "duration" in run or run.get("until") != "drained":
        return
    for index, source in _entries(data, "calls"):
        arrivals = source.get("arrivals")
        endless = source.get("count", "none") == "none"
        if endless and isinstance(arrivals, Mapping) and not any(key in FINITE for key in arrivals):
            kind = nearest("", arrivals) or next(iter(arrivals), "")
            text = f"calls that never end {got(kind)}, in a run until the last has ended; write count: 1000"
            yield ("calls", index), f"{text}, or run.duration"
