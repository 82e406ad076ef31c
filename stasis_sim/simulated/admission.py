"""Clients that Asterisk never lets in, by http.conf, ari.conf and their own URL, user and password.

That may be what a scenario is about, and is more often a slip: such a client is away from the first second to the last.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from stasis_sim.handoff.http_server.access import Access, HttpRequest
from stasis_sim.handoff.http_server.messages import Answer

if TYPE_CHECKING:
    from stasis_sim.errors import Problem
    from stasis_sim.handoff.configuration import Configuration
    from stasis_sim.handoff.http_server.access import AriSettings
    from stasis_sim.scenario import Scenario
    from stasis_sim.scenario.clients import Client


def turned_away(scenario: Scenario, configuration: Configuration, later: Iterable[AriSettings]) -> Iterator[Problem]:
    """Yield the clients whose every try to connect is refused.

    Args:
        scenario: The scenario.
        configuration: What Asterisk's files say at the start.
        later: What ari.conf says after each reload: who is let in then is no problem.
    """
    doors = [Access(configuration.http, ari, configuration.verify) for ari in (configuration.ari, *later)]
    for name, client in scenario.clients.items():
        if client.transport == "outbound" or client.behind is not None:
            continue
        answers = [door.open(_handshake(client)) for door in doors]
        first = answers[0]
        if isinstance(first, Answer) and first.reason and all(isinstance(each, Answer) for each in answers):
            key, hint = _mend(first, client, configuration)
            yield scenario.problem(("clients", name, key), f"Asterisk never lets it in: {_said(first)}; {hint}")


def _handshake(client: Client) -> HttpRequest:
    query = (("app", ",".join(client.apps)),)
    user = (client.user, client.password)
    return HttpRequest("GET", client.path, query, user, host=client.host, port=client.port, tls=client.tls)


def _said(answer: Answer) -> str:
    return f"{answer.status} {answer.text}" if answer.status else answer.text


def _mend(answer: Answer, client: Client, configuration: Configuration) -> tuple[str, str]:
    """Return the key of the client that is looked at first, and what to write."""
    ari, prefix = configuration.ari, configuration.http.prefix
    if answer.reason == "bad_credentials":
        folded = str.casefold if ari.rules.fold_users else str
        users = sorted(user.name for user in ari.users)
        if folded(client.user) in map(folded, users):
            return "password", f"write the password that ari.conf has for {client.user}"
        return "user", f"write a user of ari.conf: {', '.join(users)}" if users else "ari.conf has no user at all"
    if answer.reason in {"ari_disabled", "denied_by_acl"}:
        return "url", "look into ari.conf"
    if answer.reason in {"wrong_prefix", "no_such_page", "no_such_resource"}:
        return "url", f"write a url that ends in {prefix}/ari/events"
    return "url", "let url and http.conf agree"
