"""Reads http.conf, ari.conf and extensions.conf where they lie, and collects all that there is to say about them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from stasis_sim.conf.ari import load_ari
from stasis_sim.conf.extensions import load_extensions
from stasis_sim.conf.findings import Finding, app_findings, ari_findings, extensions_findings, http_findings
from stasis_sim.conf.http import load_http
from stasis_sim.conf.syntax import Source, read
from stasis_sim.errors import InputError
from stasis_sim.handoff.dialplan.contexts import Dialplan
from stasis_sim.handoff.http_server.settings import AriSettings, HttpSettings
from stasis_sim.handoff.profiles import ASTERISK_22, Profile

_KINDS: Final = ("http", "ari", "extensions")
_NAME: Final = re.compile(r"(?:.*[^a-z])?(http|ari|extensions)(?:[^a-z].*)?\.conf(?:\.[a-z]+)?", re.IGNORECASE)
_MISSING: Final = {
    "http": "there is no http.conf: the HTTP server is off, so that no application can connect",
    "ari": "there is no ari.conf: ARI is off, and Stasis() fails",
    "extensions": "there is no extensions.conf: no call is handed over by this dialplan",
}
_SEVERITIES: Final = ("error", "warning", "finding")
_MANY: Final = 12
_FIRST: Final = 8
"""Of more than so many findings of one kind in a file, so many are told one by one."""

_Group = dict[str, list[Path]]


def check(paths: Iterable[Path], profile: Profile = ASTERISK_22) -> list[Finding]:
    """Read configuration files and return all that there is to say: errors, then warnings, then findings.

    Args:
        paths: Files, recognised by their names, and folders with them. Files of one folder belong together.
        profile: Whose rules count.

    Raises:
        InputError: There is no such file, none in a folder, or one whose name tells nothing.
    """
    found: list[Finding] = []
    groups: dict[Path, _Group] = {}
    for path in paths:
        if path.is_dir():
            group = _in_folder(path)
            found += [
                Finding("finding", f"{kind}-missing", str(path / f"{kind}.conf"), 0, _MISSING[kind])
                for kind in _KINDS
                if kind not in group
            ]
        else:
            group = {_kind(path): [path]}
        kept = groups.setdefault(path if path.is_dir() else path.parent, {})
        for kind, files in group.items():
            kept.setdefault(kind, []).extend(file for file in files if file not in kept.get(kind, ()))
    for group in groups.values():
        found += _check(group, profile)
    # Sorted is stable: within a severity the files keep their order, http.conf first.
    return sorted(dict.fromkeys(found), key=lambda each: _SEVERITIES.index(each.severity))


def _in_folder(folder: Path) -> _Group:
    group = {kind: [folder / f"{kind}.conf"] for kind in _KINDS if (folder / f"{kind}.conf").exists()}
    if not group:
        text = "none of http.conf, ari.conf and extensions.conf is in this folder; name one that has them, or a file"
        raise InputError.at(str(folder), text)
    return group


def _kind(path: Path) -> str:
    match = _NAME.fullmatch(path.name)
    if match is None:
        if not path.exists():
            text = "there is no such file or folder; name Asterisk's files, or a folder with them"
            raise InputError.at(str(path), text)
        text = "its name tells neither http, ari nor extensions; name it http.conf, ari.conf or extensions.conf"
        raise InputError.at(str(path), text)
    return match[1].lower()


def _check(group: _Group, profile: Profile) -> Iterator[Finding]:
    """Yield all about files that belong together, one after the other."""
    http: HttpSettings | None = None
    ari: AriSettings | None = None
    dialplan: Dialplan | None = None
    for path in group.get("http", ()):
        source = Source.load(path)
        http, diagnostics = load_http(source, profile.access)
        yield from _in_order(map(Finding.of, diagnostics), http_findings(read(source), http))
    for path in group.get("ari", ()):
        source = Source.load(path)
        ari, diagnostics = load_ari(source, profile.access)
        declined = any(each.discards for each in diagnostics)
        yield from _in_order(map(Finding.of, diagnostics), ari_findings(read(source), ari, http, declined=declined))
    for path in group.get("extensions", ()):
        dialplan, diagnostics = load_extensions(Source.load(path))
        apps = app_findings(dialplan, ari, str(group["ari"][0]) if ari else "")
        yield from _in_order(map(Finding.of, diagnostics), extensions_findings(dialplan, profile), apps)


def _in_order(*found: Iterable[Finding]) -> list[Finding]:
    """Return what was found in a file and those it includes by line."""
    every = [each for part in found for each in part]
    files = list(dict.fromkeys(each.file for each in every))
    return sorted(every, key=lambda each: (files.index(each.file), each.line))


def lines(found: Sequence[Finding]) -> Iterator[str]:
    """Yield a line for each finding, an empty one between severities, and last how many there are.

    Of many of one kind in a file only the first have a line of their own; the others are named by their lines' numbers.
    """
    kinds: dict[tuple[str, str, str], list[Finding]] = {}
    for each in found:
        kinds.setdefault((each.severity, each.code, each.file), []).append(each)
    told: Counter[tuple[str, str, str]] = Counter()
    before = None
    for each in found:
        key = (each.severity, each.code, each.file)
        shown = len(kinds[key]) if len(kinds[key]) <= _MANY else _FIRST
        told[key] += 1
        if told[key] > shown + 1:
            continue
        if before not in {None, each.severity}:
            yield ""
        before = each.severity
        yield str(each) if told[key] <= shown else _others(kinds[key][shown:])
    if not found:
        yield "nothing to say"
        return
    count = Counter(each.severity for each in found)
    yield ""
    yield ", ".join(f"{count[severity]} {severity}{'' if count[severity] == 1 else 's'}" for severity in _SEVERITIES)


def _others(kind: Sequence[Finding]) -> str:
    """Return a line for what is not told one by one."""
    first = kind[0]
    where = ", ".join(str(each.line) for each in kind)
    text = f"{len(kind)} more {first.code}, at lines {where}; --json tells of each"
    return str(replace(first, line=0, text=text))


def exit_code(found: Sequence[Finding]) -> int:
    """Return 2 where Asterisk drops something, 1 where there is anything to say, else 0."""
    return 2 if any(each.severity == "error" for each in found) else int(bool(found))
