"""Who is let in: from the URL that a client connects to, down to the resource of ARI that it may use.

:class:`Access` takes a request and returns either the answer that ends it (:class:`Answer`, with a reason out of
REASONS where it is refused) or :class:`Granted`. The checks come in Asterisk's order: is there a server at that address
and port, and does it speak plain or TLS; can the request be read; restricted and redirected paths; the prefix; is ARI
on; can the body be read (400, 413); credentials (401); the user's ACL (403); a read-only user (403); the path (404);
the method (405); for a WebSocket the upgrade (426, 400) and the applications' names (400, 500).

So a broken body answers 400 even to a wrong password, and a read-only user's POST to a path that does not exist is 403.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from stasis_sim.handoff.http_server import api_docs, ari_paths, credentials, upgrade
from stasis_sim.handoff.http_server.messages import (
    NOT_MODELLED,
    REASONS,
    Answer,
    Granted,
    Headers,
    HttpRequest,
    Reason,
    header,
)
from stasis_sim.handoff.http_server.server import TOO_LARGE, HttpServer, Unreadable, read_body, wants_close
from stasis_sim.handoff.http_server.settings import (
    Acl,
    AclRule,
    AriSettings,
    AriUser,
    HttpSettings,
    Listener,
    OutboundWebSocket,
    Restriction,
    WebsocketClient,
    acl_allows,
    reaches,
)

__all__ = [
    "REASONS",
    "Access",
    "Acl",
    "AclRule",
    "Answer",
    "AriSettings",
    "AriUser",
    "Granted",
    "Headers",
    "HttpRequest",
    "HttpSettings",
    "Listener",
    "OutboundWebSocket",
    "Reason",
    "Restriction",
    "Verify",
    "WebsocketClient",
]

Verify = Callable[[str, str], bool]
"""verify(password, stored): whether a password belongs to a hash of crypt(3)."""

_READING = ("GET", "OPTIONS")


class _Fault(NamedTuple):
    """An error of ARI: what it answers, and the word for it."""

    status: int
    phrase: str
    text: str
    reason: Reason
    closes: bool = False


_NO_USER = _Fault(401, "Unauthorized", "Authentication required", "bad_credentials")
_SHUT_OUT = _Fault(403, "Forbidden", "Access denied by ACL", "denied_by_acl")
_ONLY_READING = _Fault(403, "Forbidden", "Write access denied", "read_only")
_NO_RESOURCE = _Fault(404, "Not Found", "Resource not found", "no_such_resource")
_NO_METHOD = _Fault(405, "Method Not Allowed", "Invalid method", "wrong_method")
_UNDESCRIBED = _Fault(501, "Not Implemented", NOT_MODELLED, "")
_DOCS_ARE_READ = _NO_METHOD._replace(text="Unsupported method")


class Access:
    """Decides requests by http.conf and ari.conf; remembers what it found out about credentials.

    ``check`` is made to be called for every request of a simulation: a client that sends no headers of its own and
    was let in once costs no more than finding the resource.
    """

    def __init__(self, http: HttpSettings, ari: AriSettings, verify: Verify) -> None:
        self.http, self.ari = http, ari
        self.server = HttpServer(http)
        self._credentials = credentials.Credentials(ari, verify)
        self._root = f"{http.prefix}/ari/"
        self._tree = ari_paths.tree(ari.rules.missing_resources)
        self._known: dict[tuple[object, ...], AriUser] = {}
        # Rules that look at a whole path leave no short cut.
        self._direct = ari.enabled and not http.restrictions and not http.redirects and http.session_keep_alive_ms > 0

    def check(self, request: HttpRequest) -> Answer | Granted:
        """Decide a request."""
        method, path, _, user, _, headers, host, port, tls, content, client, target = request
        if headers or target or content is not None or not path.startswith(self._root):
            return self._check(request)
        known = self._known.get((user, host, port, tls, client))
        if known is None or path.endswith("/") or (known.read_only and method not in _READING):
            return self._check(request)
        found = ari_paths.find(self._tree, path[len(self._root) :])
        if found is None or method not in found[0].methods:
            return self._check(request)
        return Granted(known.name, known.read_only, found[0], found[1], request)

    def open(self, request: HttpRequest) -> Answer | Granted:
        """Decide a WebSocket upgrade; a client that sends no headers for it is taken to send the ordinary ones."""
        if not upgrade.asks(request):
            request = request._replace(headers=request.headers + upgrade.ORDINARY)
        return self.check(request)

    def respond(self, granted: Granted, status: int, phrase: str, message: Any = None) -> Answer:
        """Return the whole answer to a granted request, with `message` as its JSON body (None: no body)."""
        if status == 101:  # noqa: PLR2004 - switching protocols
            return upgrade.switching(granted.headers)
        return self.server.json(
            granted.request,
            status,
            phrase,
            message,
            pretty=self.ari.pretty,
            headers=granted.headers,
            closes=granted.closes,
        )

    def full(self, connections: int) -> Answer | None:
        """Return the end of a further connection where so many are open already, or None while there is room."""
        limit = self.http.sessionlimit
        if connections < limit:
            return None
        return _unreached("session_limit", f"HTTP session count exceeded {limit} sessions")

    # -- what comes before ARI

    def _check(self, request: HttpRequest) -> Answer | Granted:
        refused = self._connect(request) or self.server.limits(request) or self.server.before_prefix(request)
        if refused is not None:
            return refused
        prefix, path = self.http.prefix, request.path
        if not path.lower().startswith(f"{prefix}/".lower()):
            return self.server.missing(request, "wrong_prefix")
        inner = path[len(prefix) + 1 :]
        name, slash, rest = inner.partition("/")
        if name.lower() == "ari":
            return self._ari(request, rest) if self.ari.enabled else self.server.missing(request, "ari_disabled")
        if name.lower() == "ws" and not rest:
            return self._echo(request)
        own = self.server.own_page(request, inner)
        if own is not None:
            return own
        # A client that was told of a prefix which http.conf does not have.
        strayed = bool(slash) and "/ari/" in f"/{rest}/"
        return self.server.missing(request, "wrong_prefix" if strayed else "no_such_page")

    def _connect(self, request: HttpRequest) -> Answer | None:
        """Return how a connection fails to reach the server, or None where it does."""
        plain, tls = self.http.plain_listener, self.http.tls_listener
        mine, other = (tls, plain) if request.tls else (plain, tls)
        port = request.port
        if mine is not None and mine.port == port:
            if reaches(request.host, mine):
                return None
            text = f"connection refused: the server listens on {mine}, not on {request.host}"
            return _unreached("unreachable_address", text)
        if other is not None and other.port == port and reaches(request.host, other):
            if request.tls:
                return _unreached("tls_not_spoken", f"port {port} is plain HTTP: the TLS handshake fails")
            return _unreached("tls_required", f"closed without a response: port {port} is HTTPS")
        return self._nobody(request, plain, tls)

    def _nobody(self, request: HttpRequest, plain: Listener | None, tls: Listener | None) -> Answer:
        """Return why nobody listens at a port."""
        if plain is None and not request.tls:
            return _unreached("http_disabled", f"connection refused: {self._why_off()}")
        if tls is None and request.tls:
            return _unreached("tls_not_spoken", f"connection refused: {self._why_no_tls()}")
        ports = " and ".join(str(listener.port) for listener in (plain, tls) if listener is not None)
        return _unreached("wrong_port", f"connection refused: nobody listens at port {request.port}, but at {ports}")

    def _why_off(self) -> str:
        if not self.http.enabled:
            return "http.conf does not say enabled = yes"
        if self.http.bindaddr is None:
            return "http.conf has no bindaddr"
        return f"bindaddr {self.http.bindaddr} in http.conf cannot be resolved"

    def _why_no_tls(self) -> str:
        if not self.http.tlsenable:
            return "http.conf does not say tlsenable = yes"
        if not self.http.tls_usable:
            return "the certificate or the key of http.conf cannot be loaded"
        return "http.conf gives no address for TLS"

    def _echo(self, request: HttpRequest) -> Answer:
        """Answer at /ws, where Asterisk has a WebSocket server of its own."""
        if request.method.upper() != "GET":
            text = "Attempt to use unimplemented / unsupported method"
            return self.server.page(request, 501, "Not Implemented", text, "no_such_page")
        agreed = upgrade.negotiate(self.server, request, "echo")
        return agreed if isinstance(agreed, Answer) else upgrade.switching(agreed)

    # -- ARI

    def _ari(self, request: HttpRequest, path: str) -> Answer | Granted:
        cors = self._cors(request)
        try:
            request = read_body(request)
        except Unreadable as fault:
            reason: Reason = "too_large" if fault.status == TOO_LARGE else "bad_request"
            return self._error(request, _Fault(fault.status, fault.phrase, fault.text, reason, fault.closes), cors)
        user = self._credentials.user(request)
        if user is None:
            realm = (("WWW-Authenticate", f'Basic realm="{self.ari.auth_realm}"'),)
            return self._error(request, _NO_USER, cors + realm)
        if not acl_allows(user.acl, request.client):
            return self._error(request, _SHUT_OUT, cors)
        if user.read_only and request.method.upper() not in _READING:
            return self._error(request, _ONLY_READING, cors)
        return self._path(request, path, user, cors)

    def _path(self, request: HttpRequest, path: str, user: AriUser, cors: Headers) -> Answer | Granted:
        if path.endswith("/"):
            text = f"ARI URLs do not end with a slash. Try /ari/{path[:-1]}"
            return self._error(request, _NO_RESOURCE._replace(text=text), cors)
        if path.startswith("api-docs/"):
            return self._api_docs(request, path, cors)
        return self._resource(request, path, user, cors)

    def _resource(self, request: HttpRequest, path: str, user: AriUser, cors: Headers) -> Answer | Granted:
        found = ari_paths.find(self._tree, path)
        if found is None:
            return self._error(request, _NO_RESOURCE, cors)
        route, variables = found
        method = request.method.upper()
        if method == "OPTIONS":
            headers = (*cors, ("Allow", route.allow), *self._preflight(request, route, granted=bool(cors)))
            return self.server.answer(request, 204, "No Content", headers=headers)
        if method != request.method:
            request = request._replace(method=method)
        granted = Granted(user.name, user.read_only, route, variables, request, cors, wants_close(request))
        if route.websocket and method == "GET":
            return self._upgrade(granted)
        if method not in route.methods:
            return self._error(request, _NO_METHOD, (*cors, ("Allow", route.allow)))
        self._remember(request, user)
        return granted

    def _remember(self, request: HttpRequest, user: AriUser) -> None:
        if self._direct and not request.headers and request.user is not None:
            self._known[request.user, request.host, request.port, request.tls, request.client] = user

    def _upgrade(self, granted: Granted) -> Answer | Granted:
        agreed = upgrade.negotiate(self.server, granted.request, "ari")
        if isinstance(agreed, Answer):
            return agreed
        names = upgrade.applications(self.server, granted.request, self.ari.rules)
        return names if isinstance(names, Answer) else granted._replace(headers=agreed, apps=names)

    def _api_docs(self, request: HttpRequest, path: str, cors: Headers) -> Answer:
        if request.method.upper() != "GET":
            return self._error(request, _DOCS_ARE_READ, cors)
        host = header(request.headers, "Host")
        base = None if host is None else f"http://{host}{self.http.prefix}/ari"
        # It is the path of a file, in which further slashes do not matter.
        name = path.partition("/")[2].lstrip("/")
        document = api_docs.document(self.ari.rules.api_version, name, base)
        if document is None:
            fault = _UNDESCRIBED if api_docs.described(name) else _NO_RESOURCE
            return self._error(request, fault, cors)
        return self.server.json(request, 200, "OK", document, pretty=self.ari.pretty, headers=cors)

    def _error(self, request: HttpRequest, fault: _Fault, headers: Headers) -> Answer:
        found = self.server.json(
            request,
            fault.status,
            fault.phrase,
            {"message": fault.text},
            pretty=self.ari.pretty,
            headers=headers,
            reason=fault.reason,
            closes=fault.closes,
        )
        return found._replace(text=fault.text)

    # -- cross-origin requests

    def _cors(self, request: HttpRequest) -> Headers:
        """Return the headers for an origin that is allowed; what comes from another is served, but without them."""
        origin = _last(request.headers, "Origin")
        allowed = self.ari.allowed_origins
        if origin is None or (origin not in allowed and "*" not in allowed):
            return ()
        return (("Access-Control-Allow-Origin", origin), ("Access-Control-Allow-Credentials", "true"))

    @staticmethod
    def _preflight(request: HttpRequest, route: ari_paths.Route, *, granted: bool) -> Headers:
        """Return what OPTIONS says further to an allowed origin that names a method which the resource has."""
        if not granted or _last(request.headers, "Access-Control-Request-Method") not in route.methods:
            return ()
        methods = (("Access-Control-Allow-Methods", route.allow),)
        wanted = _last(request.headers, "Access-Control-Request-Headers")
        return (*methods, ("Access-Control-Allow-Headers", wanted)) if wanted else methods


def _last(headers: Headers, name: str) -> str | None:
    """Return the last header of a name, in just these letters: that is how Asterisk looks for these few."""
    return next((value for key, value in reversed(headers) if key == name), None)


def _unreached(reason: Reason, text: str) -> Answer:
    """Return that a connection comes to nothing: no HTTP is spoken."""
    return Answer(0, "", (), "", reason, closes=True, text=text)
