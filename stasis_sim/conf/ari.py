"""ari.conf -> :class:`~stasis_sim.handoff.http_server.settings.AriSettings`.

The versions read this file very differently (the rule `sorcery` of handoff/profiles.py). 16 takes it as one thing:
whatever it does not understand makes it decline ARI altogether. 22 takes section by section: a bad user is dropped
alone, a section of an unknown type is not looked at, but without a flawless ``[general]`` there is no ARI.
``documented`` is 22, save that ARI is on without a ``[general]``, because the document says that ``enabled`` is yes
unless told otherwise.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from stasis_sim.conf.files import cut_bytes
from stasis_sim.conf.syntax import ConfigFile, Diagnostic, Section, Source, Variable, read
from stasis_sim.conf.values import INT_MAX, acl_rules, is_boolean, whole_number
from stasis_sim.handoff.clib.text import fold, says_yes, strip
from stasis_sim.handoff.http_server.rules import AccessRules
from stasis_sim.handoff.http_server.settings import Acl, AriSettings, AriUser, OutboundWebSocket
from stasis_sim.handoff.profiles import ASTERISK_22

_Object = TypeVar("_Object", AriUser, OutboundWebSocket)


def load_ari(
    source: Source | None, rules: AccessRules = ASTERISK_22.access, before: AriSettings | None = None
) -> tuple[AriSettings, list[Diagnostic]]:
    """Read ari.conf.

    Args:
        source: The file; None where there is none, which leaves ARI off.
        rules: Whose rules count.
        before: For a reload, what was in force: 16 keeps all of it where the file is bad, 22 what cannot be replaced.

    Returns:
        What Asterisk makes of it, and what it stumbles over.
    """
    old = AriSettings(enabled=False, loaded=rules.sorcery, rules=rules) if before is None else before
    if source is None or not (before is None or before.loaded):
        return old, []
    parsed = read(source)
    loader = _Sorcery(parsed, old, rules) if rules.sorcery else _Whole(parsed, old, rules)
    settings = loader.load() if parsed.valid else old
    return replace(settings, rules=rules), parsed.diagnostics


class _BadLine(Exception):  # noqa: N818 - how a section ends, not a fault of the program
    """A line of a section that cannot be used."""

    def __init__(self, variable: Variable, code: str, text: str) -> None:
        super().__init__(text)
        self.variable, self.code, self.text = variable, code, text


@dataclass(slots=True)
class _Loader:
    """What all versions have in common: the options themselves."""

    parsed: ConfigFile
    old: AriSettings
    rules: AccessRules

    def error(self, section: Section, code: str, text: str, *, discards: bool = False) -> None:
        """Report what is wrong with a whole section."""
        self.parsed.diagnostics.append(Diagnostic("error", section.file, section.line, text, code, discards))

    def warn(self, variable: Variable, code: str, text: str) -> None:
        """Report a line that does not mean what it seems to."""
        self.parsed.diagnostics.append(Diagnostic("warning", variable.file, variable.line, text, code))

    def bad_line(self, bad: _BadLine, fate: str, *, discards: bool) -> None:
        """Report a line that takes more with it than itself."""
        place, text = bad.variable, f"{bad.text}; {fate}"
        self.parsed.diagnostics.append(Diagnostic("error", place.file, place.line, text, bad.code, discards))

    def boolean(self, variable: Variable) -> bool:
        """Return a truth value; nonsense is no without a word from Asterisk, so we say it."""
        if not is_boolean(variable.value):
            text = f"{variable.name} = {variable.value!r} counts as no; write yes or no"
            self.warn(variable, "not-boolean", text)
        return says_yes(variable.value)

    def no_general(self, *, unusable: bool = False) -> AriSettings:
        """Return what ARI is where no section, or none that is usable, says it, and report it if that is off."""
        if self.rules.general_optional and not unusable:
            return AriSettings()
        # Of one that is unusable its lines have said so.
        if not unusable:
            text = "there is no [general], so that ARI stays off; write one with enabled = yes"
            self.parsed.diagnostics.append(Diagnostic("error", self.parsed.name, 0, text, "no-general", discards=True))
        return AriSettings(enabled=False)

    def general(self, values: dict[str, Any], variable: Variable) -> None:
        """Take one line of [general].

        Raises:
            _BadLine: Asterisk cannot use it.
        """
        name, value = fold(variable.name), variable.value
        if name in {"enabled", "pretty"}:
            values[name] = self.boolean(variable)
        elif name == "auth_realm":
            values[name] = self.cut(value, self.rules.realm_bytes)
        elif name == "allowed_origins":
            values[name] = tuple(value.split(",")) if value else ()
            self._look_at_origins(variable)
        elif name == "channelvars":
            values[name] = tuple(strip(part) for part in value.split(",")) if value else ()
        elif name == "websocket_write_timeout":
            number = whole_number(value, self.rules.least_write_timeout, INT_MAX)
            if number is None:
                raise _BadLine(variable, "number-invalid", f"invalid {variable.name} {value!r}")
            values["websocket_write_timeout_ms"] = number
        else:
            raise _unknown(variable, "[general]")

    def _look_at_origins(self, variable: Variable) -> None:
        for item in variable.value.split(","):
            if item != strip(item):
                text = f"the origin {item!r} matches nothing: Asterisk compares it with its spaces"
                self.warn(variable, "origin-spaces", text)

    @staticmethod
    def cut(text: str, limit: int) -> str:
        """Return what Asterisk keeps of a text; a limit of 0 is none."""
        return cut_bytes(text, limit) if limit else text

    def acl(self, variable: Variable) -> Acl:
        """Return the rules in a line of a user.

        Raises:
            _BadLine: Asterisk cannot use it.
        """
        rules = acl_rules(variable.name, variable.value)
        if rules is None:
            raise _BadLine(variable, "acl-invalid", f"bad ACL {variable.value!r}")
        if fold(variable.name) == "acl":
            text = f"acl.conf is not modelled: everybody passes the ACL {variable.value!r}"
            self.warn(variable, "acl-named", text)
        return rules

    def user(self, values: dict[str, Any], variable: Variable) -> None:
        """Take one line of a user.

        Raises:
            _BadLine: Asterisk cannot use it.
        """
        name, value = fold(variable.name), variable.value
        if name == "password":
            values[name] = self.cut(value, self.rules.password_bytes)
        elif name in _ACL_NAMES and self.rules.user_acls:
            values["acl"] = values.get("acl", ()) + self.acl(variable)
        elif name == "read_only":
            values[name] = self.boolean(variable)
        elif name == "password_format":
            if fold(value) not in {"plain", "crypt"}:
                raise _BadLine(variable, "format-invalid", f"password_format = {value!r} is neither plain nor crypt")
            values["crypted"] = fold(value) == "crypt"
        elif name != "type":
            raise _unknown(variable, "a user")


class _Whole(_Loader):
    """The file is one thing: all or nothing."""

    __slots__ = ()

    def load(self) -> AriSettings:
        general: dict[str, Any] = {}
        # A second section of a name goes on where the first stopped.
        users: dict[str, dict[str, Any]] = {}
        for section in self.parsed.sections:
            try:
                if fold(section.name) == "general":
                    for variable in section.variables:
                        self.general(general, variable)
                elif not self._is_user(section):
                    return self.old
                else:
                    values = users.setdefault(self._key(section), {"name": section.name})
                    for variable in section.variables:
                        self.user(values, variable)
            except _BadLine as bad:
                self.bad_line(bad, "Asterisk 16 declines ARI altogether", discards=True)
                return self.old
        stated = any(fold(section.name) == "general" for section in self.parsed.sections)
        settings = AriSettings(**general) if stated else self.no_general()
        return replace(settings, users=tuple(self._user(values) for values in users.values()))

    def _key(self, section: Section) -> str:
        return fold(section.name) if self.rules.fold_users else section.name

    def _is_user(self, section: Section) -> bool:
        kind = _type(section)
        if fold(kind) == "user":
            return True
        found = f"type = {kind}" if kind else "no type"
        text = f"[{section.name}] has {found}; Asterisk 16 declines ARI altogether, write type = user"
        self.error(section, "type-unknown", text, discards=True)
        return False

    def _user(self, values: dict[str, Any]) -> AriUser:
        user = AriUser(**values)
        if not user.password:
            section = next(section for section in self.parsed.sections if section.name == user.name)
            self.error(section, "password-missing", f"user {user.name} has no password and can never log in")
        return user


class _Sorcery(_Loader):
    """Each section is an object of its own."""

    __slots__ = ()

    def load(self) -> AriSettings:
        general = self._load_general()
        users = self._objects("user", self._load_user, self.old.users)
        outbound = self._objects("outbound_websocket", self._load_outbound, self.old.outbound_websockets)
        for section in self.parsed.sections:
            kind = _type(section)
            if kind not in {"user", "outbound_websocket", "general"} and section.name != "general":
                self._ignored(section, kind)
        self._check_users(outbound, users)
        return replace(general, users=users, outbound_websockets=outbound)

    def _objects(self, kind: str, load: Callable[[Section], _Object], old: tuple[_Object, ...]) -> tuple[_Object, ...]:
        """Return the objects of a type, or the old ones (at a start: none) where a name is met again that has one."""
        found: dict[str, _Object] = {}
        for section in self.parsed.sections:
            if _type(section) != kind:
                continue
            if section.name in found:
                text = f"[{section.name}] is there twice; Asterisk then has no {kind} at all"
                self.error(section, "section-twice", text)
                return old
            try:
                found[section.name] = load(section)
            except _BadLine as bad:
                self.bad_line(bad, f"Asterisk drops [{section.name}]", discards=False)
                # A reload keeps an object that it cannot replace.
                found |= {item.name: item for item in old if item.name == section.name}
        return tuple(found.values())

    def _ignored(self, section: Section, kind: str) -> None:
        found = f"type = {kind}" if kind else "no type"
        text = f"[{section.name}] has {found} and is not looked at; write type = user"
        self.parsed.diagnostics.append(Diagnostic("warning", section.file, section.line, text, "type-unknown"))

    # -- [general]

    def _load_general(self) -> AriSettings:
        off, old = AriSettings(enabled=False), replace(self.old, users=(), outbound_websockets=())
        found = [section for section in self.parsed.sections if self._is_general(section)]
        if not found:
            return self.no_general(unusable=any(section.name == "general" for section in self.parsed.sections))
        twice = [section for section in found if sum(other.name == section.name for other in found) > 1]
        if twice:
            self.error(
                twice[1],
                "second-general",
                "a second [general]; Asterisk uses none of them, ARI stays off",
                discards=True,
            )
            return old
        # Only the object of just this name is asked for.
        general = next((section for section in found if section.name == "general"), None)
        if general is None:
            return off
        values: dict[str, Any] = {}
        try:
            for variable in general.variables:
                if fold(variable.name) != "type":
                    self.general(values, variable)
        except _BadLine as bad:
            self.bad_line(bad, "ARI stays off", discards=True)
            return old
        return AriSettings(**values)

    def _is_general(self, section: Section) -> bool:
        """Whether Asterisk takes a section for the general one: by its name, if all its options are known, or its type.

        Names count with their letter case here.
        """
        if _type(section) == "general":
            return True
        if section.name != "general":
            return False
        unknown = [variable for variable in section.variables if variable.name not in _GENERAL]
        for variable in unknown:
            self.bad_line(_unknown(variable, "[general]"), "ARI stays off, and Asterisk logs nothing", discards=True)
        return not unknown

    # -- users

    def _load_user(self, section: Section) -> AriUser:
        values: dict[str, Any] = {"name": section.name}
        acls: set[str] = set()
        for variable in section.variables:
            self.user(values, variable)
            self._name_acls(acls, variable)
        if not values.get("password"):
            raise _BadLine(_header(section), "password-missing", f"user {section.name} has no password")
        return AriUser(**values)

    @staticmethod
    def _name_acls(acls: set[str], variable: Variable) -> None:
        """Note which ACLs a line of a user is about: ``permit`` and ``deny`` are about the one that has no name.

        Raises:
            _BadLine: An ``acl`` line names one that the user has already.
        """
        name = fold(variable.name)
        if name != "acl":
            acls |= {""} if name in _ACL_NAMES else set()
            return
        for acl in fold(variable.value).split(","):
            if acl in acls:
                raise _BadLine(variable, "acl-twice", f"the ACL {acl!r} is there already")
            acls.add(acl)

    # -- outbound WebSockets

    def _load_outbound(self, section: Section) -> OutboundWebSocket:
        values: dict[str, Any] = {}
        for variable in section.variables:
            name = fold(variable.name)
            if name == "subscribe_all":
                values[name] = self.boolean(variable)
            elif name in {"websocket_client_id", "apps", "local_ari_user"}:
                values[name] = variable.value
            elif name != "type":
                raise _unknown(variable, "an outbound WebSocket")
        for name in ("websocket_client_id", "apps", "local_ari_user"):
            if not values.get(name):
                raise _BadLine(_header(section), "option-missing", f"[{section.name}] lacks {name}")
        apps = tuple(strip(part) for part in values["apps"].split(","))
        if not all(apps):
            raise _BadLine(_header(section), "app-invalid", f"[{section.name}] names an empty app")
        return OutboundWebSocket(section.name, **{**values, "apps": apps})

    def _check_users(self, outbound: Sequence[OutboundWebSocket], users: Sequence[AriUser]) -> None:
        """Report outbound WebSockets whose local user is missing, or has a password that Asterisk cannot read."""
        plain = {user.name for user in users if not user.crypted}
        for websocket in outbound:
            if websocket.local_ari_user not in plain:
                section = next(section for section in self.parsed.sections if section.name == websocket.name)
                text = f"local_ari_user {websocket.local_ari_user!r} is no user with a plain password"
                self.error(section, "local-user-unknown", text)


_ACL_NAMES = frozenset({"permit", "deny", "acl"})
_GENERAL = frozenset(
    {"type", "enabled", "pretty", "auth_realm", "allowed_origins", "channelvars", "websocket_write_timeout"}
)


def _type(section: Section) -> str:
    """Return the type of a section: the first that it names. 22 compares it with its letter case."""
    return next((variable.value for variable in section.variables if fold(variable.name) == "type"), "")


def _header(section: Section) -> Variable:
    """Return the header of a section as a place for messages."""
    return Variable(section.name, "", section.file, section.line)


def _unknown(variable: Variable, where: str) -> _BadLine:
    return _BadLine(variable, "option-unknown", f"{variable.name!r} is no option of {where}")
