"""What goes in and out of Asterisk's HTTP server: a request, and what becomes of it.

A request either is answered on the spot (:class:`Answer`: refused, or a page that needs no ARI), or it is let through
to ARI (:class:`Granted`).
"""

from __future__ import annotations

from typing import Any, Literal, NamedTuple, TypeAlias, get_args

from stasis_sim.handoff.http_server.ari_paths import Route

Headers: TypeAlias = tuple[tuple[str, str], ...]

Reason: TypeAlias = Literal[
    "",
    "http_disabled",
    "wrong_port",
    "tls_required",
    "tls_not_spoken",
    "unreachable_address",
    "session_limit",
    "bad_request",
    "too_large",
    "unknown_encoding",
    "path_restricted",
    "wrong_prefix",
    "ari_disabled",
    "no_such_page",
    "bad_credentials",
    "denied_by_acl",
    "read_only",
    "no_such_resource",
    "wrong_method",
    "no_upgrade",
    "bad_upgrade",
    "bad_app",
]

REASONS: dict[Reason, str] = {
    "": "nothing is refused: the server answers by itself",
    "http_disabled": "no server: http.conf is not enabled, or has no bindaddr that can be used",
    "wrong_port": "no server at that port",
    "tls_required": "plain HTTP at the HTTPS port: closed without an answer",
    "tls_not_spoken": "HTTPS where there is only plain HTTP, or HTTPS is off",
    "unreachable_address": "the server listens on another address than the one asked (on loopback only, say)",
    "session_limit": "more connections than http.conf's sessionlimit: closed without an answer",
    "bad_request": "400: the request line, a header or the body cannot be read",
    "too_large": "413: too many headers or too long a body",
    "unknown_encoding": "501: a Transfer-Encoding other than chunked",
    "path_restricted": "403: a restriction in http.conf shuts this client out",
    "wrong_prefix": "404: the path does not begin with http.conf's prefix",
    "ari_disabled": "404: ari.conf says no, or Asterisk refused it",
    "no_such_page": "403, 404 or 501: nothing but ARI is there, or not with this method",
    "bad_credentials": "401: no user, an unknown one, or a wrong password",
    "denied_by_acl": "403: the user may not come from this address",
    "read_only": "403: a read-only user asked for more than GET or OPTIONS",
    "no_such_resource": "404: ARI has no such path",
    "wrong_method": "405: ARI has the path, but not with this method",
    "no_upgrade": "426: /ari/events was asked without a WebSocket upgrade",
    "bad_upgrade": "400: a WebSocket version, key or protocol that Asterisk does not take",
    "bad_app": "400 or 500: no application, or a name that cannot be registered",
}
"""Why a request or a connection is refused: the closed vocabulary, and what each word says."""

NOT_MODELLED = "The simulator does not model this resource"
"""What a 501 says where Asterisk has something that the model has not."""

if set(REASONS) != set(get_args(Reason)):  # pragma: no cover - a slip of the pen in this file
    raise AssertionError("REASONS and Reason name different words")


class HttpRequest(NamedTuple):
    """A request as it reaches Asterisk.

    Attributes:
        method: GET, POST and so on, in any letter case.
        path: Path without the query, percent-encoded as sent, with http.conf's prefix.
        query: Parameters, decoded.
        user: Name and password of Basic authentication; headers may have an Authorization of their own instead.
        body: A JSON body that is parsed already.
        headers: Headers as sent; a client of the simulation sends none, which keeps checks fast.
        host: Host of the URL: where the client connects to.
        port: Port of the URL.
        tls: Whether it speaks TLS.
        content: The body's text as sent, where it is not given as `body`; Content-Type says how to read it.
        client: The client's address.
        target: What stood in the request line, query and all; empty where nothing was sent over a wire.
    """

    method: str
    path: str
    query: tuple[tuple[str, str], ...] = ()
    user: tuple[str, str] | None = None
    body: Any = None
    headers: Headers = ()
    host: str = "localhost"
    port: int = 8088
    tls: bool = False
    content: str | None = None
    client: str = "127.0.0.1"
    target: str = ""


class Answer(NamedTuple):
    """The whole answer to a request that does not come to ARI's resources.

    Attributes:
        status: HTTP status; 0: there is no HTTP answer, the connection is refused or closed.
        phrase: The words behind the status.
        headers: All headers but Date, in Asterisk's order.
        body: Text of the body.
        reason: Why it was refused, a word of REASONS; empty where nothing is refused.
        closes: Whether Asterisk closes the connection afterwards.
        text: For people: what exactly was wrong.
    """

    status: int
    phrase: str
    headers: Headers
    body: str
    reason: Reason
    closes: bool = False
    text: str = ""


class Granted(NamedTuple):
    """A request that is let through to one of ARI's resources, with a method that this has.

    Attributes:
        user: Who asks, as ari.conf writes the name.
        read_only: Whether that user may only look.
        route: The resource.
        variables: What stands in the path for the resource's wildcards, decoded.
        request: The request, its body parsed and form fields among its parameters.
        headers: Headers that the answer must carry behind Server and Cache-Control: CORS, or the upgrade's.
        closes: Whether the connection closes after the answer.
        apps: For an upgrade: the applications asked for.
    """

    user: str
    read_only: bool
    route: Route
    variables: tuple[str, ...]
    request: HttpRequest
    headers: Headers = ()
    closes: bool = False
    apps: tuple[str, ...] = ()


def header(headers: Headers, name: str) -> str | None:
    """Return the first header of a name, letter case aside."""
    wanted = name.lower()
    return next((value for key, value in headers if key.lower() == wanted), None)
