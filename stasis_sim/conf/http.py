"""http.conf -> :class:`~stasis_sim.handoff.http_server.settings.HttpSettings`.

Only the first ``[general]`` counts, names ignore letter case, the last of two equal options wins, and an option that
Asterisk does not know is skipped with a warning. A file that Asterisk cannot use leaves the server off.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from stasis_sim.conf.files import cut_bytes
from stasis_sim.conf.syntax import ConfigFile, Diagnostic, Section, Severity, Source, Variable, read
from stasis_sim.conf.values import INT_MAX, acl_rules, is_boolean, leading_number, whole_number
from stasis_sim.handoff.clib.text import fold, says_yes
from stasis_sim.handoff.http_server.rules import AccessRules
from stasis_sim.handoff.http_server.settings import (
    HTTP_PORT,
    AclRule,
    HttpSettings,
    Restriction,
    numeric_address,
    split_host_port,
)
from stasis_sim.handoff.profiles import ASTERISK_22

Pem: TypeAlias = Callable[[str], str | None]
"""Returns the text of a certificate's file by the name in http.conf, or None if there is none."""

_PREFIX_LIMIT = 78
_NAME_LIMIT = 127
_BOOLEANS = {
    "enabled": "enabled",
    "enablestatic": "enable_static",
    "enable_static": "enable_static",
    "enable_status": "enable_status",
    "tlsenable": "tlsenable",
    "sslenable": "tlsenable",
}
_TEXTS = {
    "bindaddr": "bindaddr",
    "tlscertfile": "tlscertfile",
    "tlscert": "tlscertfile",
    "sslcert": "tlscertfile",
    "tlsprivatekey": "tlsprivatekey",
    "sslprivatekey": "tlsprivatekey",
}
_CIPHERS = frozenset({"tlscipher", "sslcipher"})
_IGNORED = frozenset({*_CIPHERS, "tlsservercipherorder", "tlsdisablev1", "tlsdisablev11", "tlsdisablev12"})
"""Options that Asterisk takes but that change nothing in the model: what TLS agrees on."""

_NUMBERS = {"sessionlimit": "sessionlimit", "session_inactivity": "session_inactivity_ms"}
_DEFAULTS = HttpSettings()


def load_http(
    source: Source | None,
    rules: AccessRules = ASTERISK_22.access,
    pem: Pem | None = None,
    before: HttpSettings | None = None,
) -> tuple[HttpSettings, list[Diagnostic]]:
    """Read http.conf.

    Args:
        source: The file; None where there is none, which leaves the server off.
        rules: Whose rules count.
        pem: How to get at the certificate and the key. Without it a certificate that is named is taken to be good:
            what is simulated is seldom the machine at hand.
        before: For a reload, what was in force: it stays where the file is missing or invalid.

    Returns:
        What Asterisk makes of it, and what it stumbles over.
    """
    defaults: dict[str, Any] = {
        "rules": rules,
        "servername": rules.server_name,
        "enable_status": rules.status_page,
    }
    off = HttpSettings(**defaults)
    old = off if before is None else before
    if source is None:
        return old, []
    parsed = read(source)
    if not parsed.valid:
        return old, parsed.diagnostics
    loader = _Loader(parsed.diagnostics, dict(defaults))
    general = parsed.first("general")
    if general is None:
        loader.report("warning", parsed.name, 0, "no-general", "there is no [general]; the HTTP server stays off")
        return off, loader.diagnostics
    for variable in general.variables:
        loader.take(variable)
    loader.second_generals(parsed, general)
    if rules.path_restrictions:
        loader.restrictions(parsed)
    loader.certificate(general, pem)
    settings = HttpSettings(**loader.values)
    loader.address(general, settings)
    return settings, loader.diagnostics


@dataclass(slots=True)
class _Loader:
    """Collects the settings from the lines of a file."""

    diagnostics: list[Diagnostic]
    values: dict[str, Any]
    places: dict[str, Variable] = field(default_factory=dict)

    def report(self, severity: Severity, file: str, line: int, code: str, text: str) -> None:
        self.diagnostics.append(Diagnostic(severity, file, line, text, code))

    def warn(self, variable: Variable, code: str, text: str) -> None:
        self.report("warning", variable.file, variable.line, code, text)

    def take(self, variable: Variable) -> None:
        """Take one line of [general]."""
        name, value = fold(variable.name), variable.value
        self.places[name] = variable
        if name in _BOOLEANS:
            self.values[_BOOLEANS[name]] = says_yes(value)
            if not is_boolean(value):
                self.warn(variable, "not-boolean", f"{variable.name} = {value!r} counts as no; write yes or no")
        elif name in _TEXTS:
            self.values[_TEXTS[name]] = value
        elif name == "servername":
            self.values[name] = cut_bytes(value, _NAME_LIMIT)
        elif name == "prefix":
            self.values[name] = f"/{cut_bytes(value, _PREFIX_LIMIT)}" if value else ""
            if "/" in value:
                text = f"Asterisk puts a slash in front and takes none away: requests must begin with /{value}/"
                self.warn(variable, "prefix-slash", text)
        elif name not in _IGNORED:
            self._number_or_list(variable, name, value)

    def _number_or_list(self, variable: Variable, name: str, value: str) -> None:
        if name == "bindport":
            self._bindport(variable, value)
        elif name in _NUMBERS:
            self._number(variable, _NUMBERS[name], whole_number(value, 1, INT_MAX))
        elif name == "session_keep_alive":
            number = leading_number(value)
            self._number(variable, "session_keep_alive_ms", None if (number or 0) < 0 else number)
        elif name in {"tlsbindaddr", "sslbindaddr"}:
            self._tlsbindaddr(variable, value)
        elif name == "redirect":
            self._redirect(variable, value)
        else:
            self.warn(variable, "option-unknown", f"{variable.name!r} is no option of http.conf and is ignored")

    def _number(self, variable: Variable, key: str, number: int | None) -> None:
        fallback = getattr(_DEFAULTS, key)
        self.values[key] = fallback if number is None else number
        if number is None:
            text = f"invalid {variable.name} {variable.value!r}; Asterisk takes {fallback}"
            self.warn(variable, "number-invalid", text)

    def _bindport(self, variable: Variable, value: str) -> None:
        port = whole_number(value, 0, 0xFFFF)
        self.values["bindport"] = port or HTTP_PORT
        if port is None:
            self.warn(variable, "port-invalid", f"invalid port {value!r}; Asterisk takes {HTTP_PORT}")
        elif port == 0:
            self.warn(variable, "port-zero", f"port 0 means {HTTP_PORT} to Asterisk")

    def _tlsbindaddr(self, variable: Variable, value: str) -> None:
        host, port = split_host_port(value)
        if port is None or numeric_address(host) is None:
            text = f"invalid {variable.name} {value!r}; Asterisk takes bindaddr and port 8089"
            self.report("error", variable.file, variable.line, "address-invalid", text)
            return
        self.values["tlsbindaddr"] = value

    def _redirect(self, variable: Variable, value: str) -> None:
        target, blank, destination = value.partition(" ")
        if not blank:
            self.warn(variable, "redirect-invalid", f"invalid redirect {value!r} is ignored; write: from to")
            return
        redirects = self.values.get("redirects", ())
        # The longest comes first, and of two equally long the later.
        longer = tuple(pair for pair in redirects if len(pair[0]) > len(target))
        self.values["redirects"] = (*longer, (target, destination), *redirects[len(longer) :])

    def second_generals(self, parsed: ConfigFile, general: Section) -> None:
        """Warn of further [general] sections."""
        for section in parsed.sections:
            if section is not general and fold(section.name) == "general":
                text = "a second [general] in http.conf is not read; write its options into the first"
                self.report("warning", section.file, section.line, "second-general", text)

    def restrictions(self, parsed: ConfigFile) -> None:
        """Take the sections that restrict paths."""
        found = []
        for section in parsed.sections:
            types = [variable.value for variable in section.variables if fold(variable.name) == "type"]
            if fold(section.name) == "general" or not types or fold(types[0]) != "restriction":
                continue
            rules: tuple[AclRule, ...] = ()
            for variable in section.variables:
                if fold(variable.name) in {"permit", "deny", "acl"}:
                    added = acl_rules(variable.name, variable.value)
                    if added is None:
                        text = f"bad ACL {variable.value!r}; the rest of the line is ignored"
                        self.report("error", variable.file, variable.line, "acl-invalid", text)
                    rules += added or ()
            found.append(Restriction(section.name, rules))
        self.values["restrictions"] = tuple(found)

    def certificate(self, general: Section, pem: Pem | None) -> None:
        """Find out whether TLS can be had."""
        if not self.values.get("tlsenable"):
            return
        file, key = self.values.get("tlscertfile"), self.values.get("tlsprivatekey")
        if pem is None:
            fault = "" if file else "there is no tlscertfile"
        else:
            fault = _certificate_fault(pem, file or "asterisk.pem", key or "")
        ciphers = next((place.value for name, place in self.places.items() if name in _CIPHERS), "")
        fault = fault or _cipher_fault(ciphers)
        self.values["tls_usable"] = not fault
        if fault:
            line = max((v.line for v in general.variables if fold(v.name) in {"tlscertfile", "tlsenable"}), default=0)
            self.report("error", general.file, line, "tls-unusable", f"{fault}; only HTTPS stays off")

    def address(self, general: Section, settings: HttpSettings) -> None:
        """Report an address that leaves the server off."""
        if not settings.enabled or settings.plain_listener is not None:
            return
        place = self.places.get("bindaddr")
        if place is None:
            text = "there is no bindaddr, so the HTTP server stays off; write bindaddr = 0.0.0.0 for all addresses"
            self.report("error", general.file, general.line, "bindaddr-missing", text)
        else:
            text = f"bindaddr {place.value!r} cannot be resolved; the HTTP server stays off"
            self.report("error", place.file, place.line, "bindaddr-invalid", text)


def _cipher_fault(ciphers: str) -> str:
    """Return why a list of ciphers cannot be used, or nothing."""
    import ssl  # noqa: PLC0415 - takes long to load, and few files name ciphers

    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).set_ciphers(ciphers or "DEFAULT")
    except (ssl.SSLError, ValueError):
        return f"tlscipher {ciphers!r} names no cipher"
    return ""


def _certificate_fault(pem: Pem, file: str, key: str) -> str:
    """Return why a certificate cannot be used, or nothing."""
    text = pem(file)
    if text is None or "BEGIN CERTIFICATE" not in text:
        return f"certificate {file!r} cannot be loaded"
    private = pem(key) if key else text
    if private is None or "PRIVATE KEY" not in private:
        return f"no private key in {key or file!r}"
    return ""
