"""What http.conf, ari.conf and websocket_client.conf say, as Asterisk holds it once they are read.

The defaults are Asterisk's. ``conf`` makes these from files; whoever knows what he wants writes them by hand.
"""

from __future__ import annotations

import socket
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Literal, NamedTuple, TypeAlias

from stasis_sim.handoff.http_server.rules import AccessRules
from stasis_sim.handoff.profiles import ASTERISK_22

HTTP_PORT = 8088
HTTPS_PORT = 8089

IPV6 = 6

_Address: TypeAlias = IPv4Address | IPv6Address


class AclRule(NamedTuple):
    """One ``permit`` or ``deny``."""

    allow: bool
    network: IPv4Network | IPv6Network


Acl: TypeAlias = tuple[AclRule, ...]


def acl_allows(acl: Acl, client: str) -> bool:
    """Whether a client's address may pass: the last rule that fits decides, and none that fits lets in."""
    allowed = True
    address = numeric_address(client)
    for rule in acl:
        if address is not None and address.version == rule.network.version and address in rule.network:
            allowed = rule.allow
    return allowed


class Restriction(NamedTuple):
    """A section of http.conf with ``type = restriction`` (22): who may ask for paths that begin so."""

    path: str
    acl: Acl


class Listener(NamedTuple):
    """Where a server listens: an address, or a host's name where no resolver can be asked."""

    address: str
    port: int

    def __str__(self) -> str:
        return f"[{self.address}]:{self.port}" if ":" in self.address else f"{self.address}:{self.port}"


@dataclass(frozen=True, slots=True)
class HttpSettings:
    """http.conf, ``[general]``.

    Attributes:
        enabled: Whether the plain HTTP server runs.
        bindaddr: Address or host name to listen on, perhaps with a port; without it there is no plain server.
        bindport: Port where bindaddr has none.
        prefix: What stands before ``/ari``; as requests must begin, with the slash that Asterisk puts in front.
        tlsenable: Whether the HTTPS server runs.
        tlsbindaddr: Its address, perhaps with a port; without it bindaddr's, on port 8089.
        tlscertfile: Certificate.
        tlsprivatekey: Private key; empty: it stands in the certificate's file.
        tls_usable: Whether certificate and key could be loaded; if not, only HTTPS is off.
        servername: What the server calls itself in its headers and pages; empty: it does not.
        enable_status: Whether there is a page /httpstatus.
        enable_static: Whether files under /static are served. The model has none.
        redirects: Pairs of a path and where it leads, in the order they are tried.
        sessionlimit: Connections at a time; one more is closed without a word.
        session_inactivity_ms: How long a request may take to arrive.
        session_keep_alive_ms: How long an idle connection stays open; 0: one request a connection.
        restrictions: Paths that only some may ask for (22).
        rules: Whose pages and rules these are.
    """

    enabled: bool = False
    bindaddr: str | None = None
    bindport: int = HTTP_PORT
    prefix: str = ""
    tlsenable: bool = False
    tlsbindaddr: str | None = None
    tlscertfile: str = "asterisk.pem"
    tlsprivatekey: str = ""
    tls_usable: bool = True
    servername: str = ASTERISK_22.access.server_name
    enable_status: bool = False
    enable_static: bool = False
    redirects: tuple[tuple[str, str], ...] = ()
    sessionlimit: int = 100
    session_inactivity_ms: int = 30_000
    session_keep_alive_ms: int = 15_000
    restrictions: tuple[Restriction, ...] = ()
    rules: AccessRules = ASTERISK_22.access

    @property
    def plain_listener(self) -> Listener | None:
        """Where plain HTTP is served, or None."""
        if not self.enabled or self.bindaddr is None:
            return None
        host, port = split_host_port(self.bindaddr)
        address = resolve(host)
        # Asterisk takes port 0, wherever it stands, for "none given".
        return None if address is None or port is None else Listener(address, port or self.bindport or HTTP_PORT)

    @property
    def tls_listener(self) -> Listener | None:
        """Where HTTPS is served, or None."""
        if not (self.tlsenable and self.tls_usable):
            return None
        if self.tlsbindaddr is not None:
            host, port = split_host_port(self.tlsbindaddr)
            # Names are not resolved here, only addresses are taken.
            if port is not None and numeric_address(host) is not None:
                return Listener(str(numeric_address(host)), port or HTTPS_PORT)
        plain = self.plain_listener
        return None if plain is None else Listener(plain.address, HTTPS_PORT)


@dataclass(frozen=True, slots=True)
class AriUser:
    """A section of ari.conf with ``type = user``.

    Attributes:
        name: Its name; in 16 letter case does not matter.
        password: As it stands in the file. Empty: nobody can log in.
        crypted: Whether the password is a hash of crypt(3) (``password_format = crypt``).
        read_only: Whether only GET and OPTIONS are served.
        acl: From where the user may come (22).
    """

    name: str
    password: str = ""
    crypted: bool = False
    read_only: bool = False
    acl: Acl = ()


@dataclass(frozen=True, slots=True)
class OutboundWebSocket:
    """A section of ari.conf with ``type = outbound_websocket`` (22): Asterisk connects to the application.

    Attributes:
        name: Name of the section.
        websocket_client_id: The section of websocket_client.conf that says where to connect.
        apps: Applications that the connection serves.
        local_ari_user: The user under whose rights its requests run.
        subscribe_all: Whether the applications hear of everything.
    """

    name: str
    websocket_client_id: str
    apps: tuple[str, ...]
    local_ari_user: str
    subscribe_all: bool = False


@dataclass(frozen=True, slots=True)
class WebsocketClient:
    """A section of websocket_client.conf with ``type = websocket_client`` (22).

    Attributes:
        name: Name of the section.
        connection_type: Kept up for ever, or made for each call.
        uri: Where the application listens.
        protocols: WebSocket protocols to ask for.
        username: Name to log in with, or empty.
        password: Its password.
        connection_timeout_ms: How long a try to connect may take.
        reconnect_interval_ms: Pause between two tries.
        reconnect_attempts: Tries for a call before it fails; persistent connections try for ever.
        tls_enabled: Whether TLS is used.
    """

    name: str
    connection_type: Literal["persistent", "per_call_config"]
    uri: str
    protocols: str = ""
    username: str = ""
    password: str = ""
    connection_timeout_ms: int = 500
    reconnect_interval_ms: int = 500
    reconnect_attempts: int = 4
    tls_enabled: bool = False


@dataclass(frozen=True, slots=True)
class AriSettings:
    """ari.conf.

    Attributes:
        enabled: Whether there is ARI at all; False also where Asterisk refuses the file.
        loaded: Whether Asterisk started with ARI's module; one that has declined a file reads no other on a reload.
        pretty: Whether JSON is indented.
        auth_realm: The realm in the 401.
        allowed_origins: Origins that a browser's page may come from, exactly as listed; ``*`` is any.
        channelvars: Channel variables that go into events.
        websocket_write_timeout_ms: How long one write to a WebSocket may take before it is closed.
        users: All users that can be asked for.
        outbound_websockets: Connections that Asterisk makes itself (22).
        rules: Whose rules these are.
    """

    enabled: bool = True
    loaded: bool = True
    pretty: bool = False
    auth_realm: str = "Asterisk REST Interface"
    allowed_origins: tuple[str, ...] = ()
    channelvars: tuple[str, ...] = ()
    websocket_write_timeout_ms: int = 100
    users: tuple[AriUser, ...] = ()
    outbound_websockets: tuple[OutboundWebSocket, ...] = ()
    rules: AccessRules = ASTERISK_22.access


def split_host_port(text: str) -> tuple[str, int | None]:
    """Split ``host:port``, ``[v6]:port`` or ``v6``; port 0 where there is none, None where it is no port."""
    if text.startswith("["):
        host, _, rest = text[1:].partition("]")
        port = rest[1:] if rest.startswith(":") else ""
    elif text.count(":") == 1:
        host, _, port = text.partition(":")
    else:
        host, port = text, ""
    if not port:
        return host, 0
    number = int(port) if port.isascii() and port.isdigit() and len(port) <= len("65535") else None
    return host, None if number is None or number > 0xFFFF else number  # noqa: PLR2004 - the largest port


def resolve(host: str) -> str | None:
    """Return the address that a host in http.conf stands for, its name where only a resolver knows, or None.

    The model asks no resolver: a name that could be one is taken to be this machine's. ``localhost`` is known.
    """
    if host.lower() == "localhost":
        return "127.0.0.1"
    address = numeric_address(host)
    if address is not None:
        return str(address)
    labels = host.rstrip(".").split(".")
    named = all(label.replace("-", "").replace("_", "").isalnum() for label in labels)
    if not named or labels[-1].isdigit() or labels[-1].lower() == "invalid":
        return None
    return host.lower()


def reaches(host: str, listener: Listener) -> bool:
    """Whether who connects to a host arrives at a listener, as far as addresses tell.

    A name other than localhost is taken to stand for whatever address the server has - but nobody comes to a loopback
    address by another name than localhost.
    """
    target, bound = numeric_address(host), numeric_address(listener.address)
    local = host.lower() == "localhost" if target is None else target.is_loopback
    if bound is None:
        return target is not None or not local
    if bound.is_unspecified:
        return bound.version == IPV6 or target is None or target.version == bound.version
    if target is None:
        return local == bound.is_loopback
    return target == bound


@lru_cache(maxsize=1024)
def numeric_address(text: str) -> _Address | None:
    """Return a numeric address, also in the short forms that the C library takes (``127.1``).

    One of IPv4 that is mapped into IPv6 counts as IPv4, for servers and clients alike.
    """
    try:
        address = ip_address(text)
    except ValueError:
        pass
    else:
        mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
        return mapped or address
    if not text or text.strip("0123456789abcdefABCDEFx."):
        return None
    try:
        return IPv4Address(socket.inet_aton(text))
    except OSError:
        return None
