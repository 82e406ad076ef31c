"""What a person should know about http.conf, ari.conf and extensions.conf before a night shift.

Asterisk takes all of it without a word: these are not faults of the files but what will hurt when something fails.
docs/check-config.md says of each code what it means and what to do.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

from stasis_sim.conf.files import printable
from stasis_sim.conf.handovers import handovers
from stasis_sim.conf.known_applications import unknown_applications
from stasis_sim.conf.nowhere import nowhere
from stasis_sim.conf.reach import unreached
from stasis_sim.conf.syntax import ConfigFile, Diagnostic, Section
from stasis_sim.conf.unclosed import unclosed_references
from stasis_sim.handoff.clib.text import fold
from stasis_sim.handoff.dialplan.contexts import Dialplan
from stasis_sim.handoff.http_server.settings import AriSettings, AriUser, HttpSettings
from stasis_sim.handoff.profiles import ASTERISK_22, Profile

CODES: Final = (
    "http-missing",
    "http-disabled",
    "tls-off",
    "general-misspelt",
    "ari-missing",
    "ari-disabled",
    "ari-without-http",
    "origins-any",
    "no-user",
    "password-plain",
    "read-only-user",
    "extensions-missing",
    "no-fallback",
    "app-case",
    "jump-nowhere",
    "application-unknown",
    "unclosed",
    "no-first-priority",
    "unreachable-priority",
    "shadowed",
    "shadowed-include",
    "matches-nothing",
    "pattern-unmarked",
)
"""All kinds of findings."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something to know about a file.

    Attributes:
        severity: ``error`` and ``warning`` are what Asterisk stumbles over, ``finding`` what it does not.
        code: A short stable name of the kind.
        file: The file as messages show it.
        line: 1-based line; 0 for the whole file.
        text: What is so, what comes of it, what to do.
    """

    severity: Literal["error", "warning", "finding"]
    code: str
    file: str
    line: int
    text: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        return printable(f"{place}: {self.severity}: {self.text}")

    @classmethod
    def of(cls, found: Diagnostic) -> Finding:
        """Return what a loader has reported."""
        return cls(found.severity, found.code, found.file, found.line, found.text)

    def json(self) -> dict[str, object]:
        """Return it as ``--json`` prints it."""
        return {
            "severity": self.severity,
            "code": self.code,
            "file": printable(self.file),
            "line": self.line,
            "text": printable(self.text),
        }


# ---- http.conf -------------------------------------------------------------------


def http_findings(parsed: ConfigFile, http: HttpSettings) -> Iterator[Finding]:
    """Yield what there is to know about http.conf."""
    if not parsed.valid:
        return
    yield from _http_of_general(parsed, http) if parsed.first("general") is not None else ()
    for section in parsed.sections:
        near = difflib.get_close_matches(fold(section.name), ["general"], n=1)
        # A section that restricts a path may have any name.
        typed = any(fold(line.name) == "type" for line in section.variables)
        if near and fold(section.name) != "general" and not typed:
            text = f"[{section.name}] is no section that Asterisk reads: its options do nothing; write [general]"
            yield Finding("finding", "general-misspelt", section.file, section.line, text)


def _http_of_general(parsed: ConfigFile, http: HttpSettings) -> Iterator[Finding]:
    if not http.enabled:
        text = "the HTTP server is off, so that no application can connect; write enabled = yes"
        yield _at(parsed, "http-disabled", "general", "enabled", text)
    elif not http.tlsenable and http.plain_listener is not None:
        where = f"{http.plain_listener} is HTTP without TLS"
        text = f"{where}: passwords and events can be read on their way; write tlsenable = yes and tlscertfile"
        yield _at(parsed, "tls-off", "general", "enabled", text)


# ---- ari.conf --------------------------------------------------------------------


def ari_findings(
    parsed: ConfigFile, ari: AriSettings, http: HttpSettings | None, *, declined: bool = False
) -> Iterator[Finding]:
    """Yield what there is to know about ari.conf.

    Args:
        parsed: The file.
        ari: What Asterisk makes of it.
        http: What http.conf says, None where it is not known.
        declined: Whether Asterisk declines the file, so that ARI is off for a fault and not by choice.
    """
    if not ari.enabled:
        if not declined:
            text = "ARI is off: every request gets 404, and Stasis() fails; write enabled = yes"
            yield _at(parsed, "ari-disabled", "general", "enabled", text)
        return
    if http is not None and http.plain_listener is None and http.tls_listener is None:
        text = "ARI is on, but the HTTP server that carries it is off: nobody can connect; see http.conf"
        yield _at(parsed, "ari-without-http", "general", "enabled", text)
    if "*" in ari.allowed_origins:
        text = "any web page may use ARI with the password that a browser knows; write the origins that need it"
        yield _at(parsed, "origins-any", "general", "allowed_origins", f"allowed_origins = *: {text}")
    if not any(user.password for user in ari.users):
        text = (
            "there is no user who can log in: every request gets 401; write a section with type = user and a password"
        )
        yield Finding("finding", "no-user", parsed.name, 0, text)
    local = {websocket.local_ari_user for websocket in ari.outbound_websockets}
    for user in ari.users:
        # Asterisk itself needs the plain password of a local user.
        yield from _user_findings(parsed, user, needs_plain=user.name in local)


def _user_findings(parsed: ConfigFile, user: AriUser, *, needs_plain: bool) -> Iterator[Finding]:
    if user.password and not user.crypted and not needs_plain:
        text = f"the password of user {user.name} stands here in plain text"
        advice = "write password_format = crypt, and as password what mkpasswd -m sha-512 prints"
        yield _at(parsed, "password-plain", user.name, "password", f"{text}; {advice}")
    if user.read_only:
        text = f"user {user.name} is read-only, useful only for listening: the commands of an application that"
        advice = f"{text} controls calls as this user get 403; write read_only = no if there is one"
        yield _at(parsed, "read-only-user", user.name, "read_only", advice)


# ---- extensions.conf -------------------------------------------------------------


def extensions_findings(dialplan: Dialplan, profile: Profile = ASTERISK_22) -> Iterator[Finding]:
    """Yield what there is to know about extensions.conf, but for its apps' names."""
    for handover in handovers(dialplan):
        if handover.end is None:
            continue
        step, end = handover.step, handover.end
        what = f"{handover.application}({handover.app})"
        away = "nobody claims them" if handover.application == "StasisBroadcast" else f"{handover.app or 'it'} is away"
        behind = step is end
        how = "the end of the extension" if behind else f"{end.application}({end.data}) at {end.file}:{end.line}"
        drops = f"nothing looks at ${{STASISSTATUS}} on the way from {what} to {how}: callers are dropped while {away}"
        advice = 'GotoIf($["${STASISSTATUS}" != "SUCCESS"]?fallback)'
        yield Finding("finding", "no-fallback", step.file, step.line, f"{drops}; write {advice} behind it")
    for step, text in nowhere(dialplan):
        yield Finding("finding", "jump-nowhere", step.file, step.line, text)
    for step, text in unknown_applications(dialplan, profile):
        yield Finding("finding", "application-unknown", step.file, step.line, text)
    for step, text in unclosed_references(dialplan):
        yield Finding("finding", "unclosed", step.file, step.line, text)
    for each in unreached(dialplan):
        yield Finding("finding", each.code, each.step.file, each.step.line, each.text)


def app_findings(dialplan: Dialplan | None, ari: AriSettings | None, file: str) -> Iterator[Finding]:
    """Yield apps that differ only in letter case from one that was named before.

    Args:
        dialplan: Names apps in Stasis().
        ari: Names apps in outbound WebSockets.
        file: ari.conf as messages show it.
    """
    named: dict[str, str] = {}
    seen: set[str] = set()
    places = [
        (handover.app, handover.step.file, handover.step.line)
        for handover in (handovers(dialplan) if dialplan is not None else ())
        if handover.app and "$" not in handover.app
    ]
    places += [(app, file, 0) for websocket in (ari.outbound_websockets if ari else ()) for app in websocket.apps]
    for app, where, line in places:
        first = named.setdefault(fold(app), app)
        if app != first and app not in seen:
            seen.add(app)
            text = f"app {app} and app {first} differ only in letter case; to Asterisk they are two; write one of them"
            yield Finding("finding", "app-case", where, line, text)


# ---- places ----------------------------------------------------------------------


def _at(parsed: ConfigFile, code: str, section: str, option: str, text: str) -> Finding:
    """Return a finding at the last line of an option, else at its section, else in the file."""
    sections: list[Section] = [each for each in parsed.sections if fold(each.name) == fold(section)]
    lines = [line for each in sections for line in each.variables if fold(line.name) == option]
    if lines:
        return Finding("finding", code, lines[-1].file, lines[-1].line, text)
    if sections:
        return Finding("finding", code, sections[0].file, sections[0].line, text)
    return Finding("finding", code, parsed.name, 0, text)
