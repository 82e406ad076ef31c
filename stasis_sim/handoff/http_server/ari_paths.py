"""ARI's resources: which paths there are, with which methods.

A path is walked as Asterisk walks it, with its two oddities: an empty segment ends the walk (``/ari//channels`` is
``/ari``), and a wildcard that was passed over for a later name stays good for one more segment
(``/ari/channels/externalMedia/x`` is ``/ari/channels/{channelId}``).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache

from stasis_sim.handoff.clib.text import decode_uri

METHODS = ("GET", "POST", "HEAD", "PUT", "DELETE", "OPTIONS")
"""The methods that Asterisk's HTTP server knows, in the order in which it lists them."""

_TABLE = """
/applications                                  GET
/applications/{applicationName}                GET
/applications/{applicationName}/subscription   POST DELETE
/applications/{applicationName}/eventFilter    PUT
/asterisk/config/dynamic/{configClass}/{objectType}/{id}  GET PUT DELETE
/asterisk/info                                 GET
/asterisk/ping                                 GET
/asterisk/modules                              GET
/asterisk/modules/{moduleName}                 GET POST DELETE PUT
/asterisk/logging                              GET
/asterisk/logging/{logChannelName}             POST DELETE
/asterisk/logging/{logChannelName}/rotate      PUT
/asterisk/variable                             GET POST
/bridges                                       GET POST
/bridges/{bridgeId}                            GET POST DELETE
/bridges/{bridgeId}/variable                   GET POST
/bridges/{bridgeId}/variables                  GET POST
/bridges/{bridgeId}/addChannel                 POST
/bridges/{bridgeId}/removeChannel              POST
/bridges/{bridgeId}/videoSource                DELETE
/bridges/{bridgeId}/videoSource/{channelId}    POST
/bridges/{bridgeId}/moh                        POST DELETE
/bridges/{bridgeId}/play                       POST
/bridges/{bridgeId}/play/{playbackId}          POST
/bridges/{bridgeId}/record                     POST
/channels                                      GET POST
/channels/create                               POST
/channels/{channelId}                          GET POST DELETE
/channels/{channelId}/continue                 POST
/channels/{channelId}/move                     POST
/channels/{channelId}/redirect                 POST
/channels/{channelId}/answer                   POST
/channels/{channelId}/ring                     POST DELETE
/channels/{channelId}/progress                 POST
/channels/{channelId}/dtmf                     POST
/channels/{channelId}/mute                     POST DELETE
/channels/{channelId}/hold                     POST DELETE
/channels/{channelId}/moh                      POST DELETE
/channels/{channelId}/silence                  POST DELETE
/channels/{channelId}/play                     POST
/channels/{channelId}/play/{playbackId}        POST
/channels/{channelId}/record                   POST
/channels/{channelId}/variable                 GET POST
/channels/{channelId}/variables                GET POST
/channels/{channelId}/snoop                    POST
/channels/{channelId}/snoop/{snoopId}          POST
/channels/{channelId}/dial                     POST
/channels/{channelId}/rtp_statistics           GET
/channels/{channelId}/transfer_progress        POST
/channels/externalMedia                        POST
/deviceStates                                  GET
/deviceStates/{deviceName}                     GET PUT DELETE
/endpoints                                     GET
/endpoints/sendMessage                         PUT
/endpoints/refer                               POST
/endpoints/{tech}                              GET
/endpoints/{tech}/{resource}                   GET
/endpoints/{tech}/{resource}/sendMessage       PUT
/endpoints/{tech}/{resource}/refer             POST
/events                                        WEBSOCKET
/events/user/{eventName}                       POST
/events/claim                                  POST
/mailboxes                                     GET
/mailboxes/{mailboxName}                       GET PUT DELETE
/playbacks/{playbackId}                        GET DELETE
/playbacks/{playbackId}/control                POST
/recordings/stored                             GET
/recordings/stored/{recordingName}             GET DELETE
/recordings/stored/{recordingName}/file        GET
/recordings/stored/{recordingName}/copy        POST
/recordings/live/{recordingName}               GET DELETE
/recordings/live/{recordingName}/stop          POST
/recordings/live/{recordingName}/pause         POST DELETE
/recordings/live/{recordingName}/mute          POST DELETE
/sounds                                        GET
/sounds/{soundId}                              GET
"""


@dataclass(slots=True, eq=False)
class Route:
    """A resource: what can be asked of it.

    Attributes:
        pattern: Its path below /ari, such as ``/channels/{channelId}/answer``; empty for /ari itself.
        methods: Methods that it answers, in METHODS' order, but OPTIONS, which all do.
        websocket: Whether GET opens a WebSocket.
        allow: What the Allow header says.
    """

    pattern: str
    methods: tuple[str, ...] = ()
    websocket: bool = False
    allow: str = "OPTIONS"


@dataclass(slots=True, eq=False)
class Node:
    """A segment of paths: the resource there, and what may follow."""

    route: Route
    # Children by name; the flag says that the wildcard stands before this child, so that Asterisk has met it first.
    children: dict[str, tuple[Node, bool]] = field(default_factory=dict)
    wildcard: Node | None = None


def find(root: Node, path: str) -> tuple[Route, tuple[str, ...]] | None:
    """Return the resource of a path, and the segments that stood for its wildcards, decoded.

    Args:
        root: The tree of an Asterisk.
        path: What stands behind ``/ari/``.

    Returns:
        None where there is no such resource.
    """
    segments = path.split("/")
    if not all(segments):
        segments = segments[: segments.index("")]
    # What is empty only when it is decoded (%00) ends nothing.
    if "%" in path or "+" in path:
        segments = [decode_uri(segment, plus=True) for segment in segments]
    node = root
    kept: Node | None = None
    variables: tuple[str, ...] = ()
    for segment in segments:
        child, passed = node.children.get(segment, _NOBODY)
        if passed and node.wildcard is not None:
            variables += (segment,)
            kept = node.wildcard
        if child is None:
            child, kept = kept, None
            if child is None:
                return None
        node = child
    return node.route, variables


_NOBODY: tuple[None, bool] = (None, True)
"""In the place of a child that is not there: only the wildcard can match."""


@cache
def tree(missing: frozenset[str]) -> Node:
    """Return the resources of an Asterisk that lacks some."""
    root = Node(Route(""))
    for line in _TABLE.split("\n"):
        pattern, *methods = line.split() or [""]
        if pattern and pattern not in missing:
            _add(root, pattern, methods)
    return root


def _add(root: Node, pattern: str, methods: list[str]) -> None:
    node, path = root, ""
    for segment in pattern[1:].split("/"):
        path += f"/{segment}"
        node = _child(node, segment, path)
    known = tuple(method for method in METHODS if method in methods)
    node.route.methods = known
    node.route.websocket = "WEBSOCKET" in methods
    node.route.allow = ",".join(("OPTIONS", *known))


def _child(node: Node, segment: str, path: str) -> Node:
    if segment.startswith("{"):
        if node.wildcard is None:
            node.wildcard = Node(Route(path))
        return node.wildcard
    if segment not in node.children:
        node.children[segment] = (Node(Route(path)), node.wildcard is not None)
    return node.children[segment][0]
