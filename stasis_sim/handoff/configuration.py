"""What one Asterisk is configured with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from stasis_sim.handoff.dialplan.contexts import Dialplan
from stasis_sim.handoff.http_server.access import AriSettings, HttpSettings, Verify, WebsocketClient


@dataclass(frozen=True, slots=True)
class Configuration:
    """The files, read.

    Attributes:
        http: http.conf.
        ari: ari.conf.
        dialplan: extensions.conf.
        verify: verify(password, stored): whether a password belongs to a hash of crypt(3).
        websocket_clients: websocket_client.conf, by section.
        sounds: How long sounds take in microseconds, `default` for those that are not listed; without it they
            are missing, and so are tones and music on hold.
        talks: How long callers talk into the recordings of a name, in microseconds, before silence ends these; of
            others callers are silent.
        rtp_timeout_us: The endpoint's rtp_timeout, in microseconds; None: off.
        clock_us: The wall clock at the start, in microseconds since 1970 (UTC); None: then.
    """

    http: HttpSettings
    ari: AriSettings
    dialplan: Dialplan
    verify: Verify
    websocket_clients: Mapping[str, WebsocketClient] = field(default_factory=dict)
    sounds: Mapping[str, int] = field(default_factory=dict)
    talks: Mapping[str, int] = field(default_factory=dict)
    clock_us: int | None = None
    rtp_timeout_us: int | None = None
