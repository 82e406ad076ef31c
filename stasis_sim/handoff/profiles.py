"""Where `documented`, `asterisk-16` and `asterisk-22` differ, as data; each row names its evidence.

Nothing else in the model asks for a version.  A row is a rule of the mechanism with its value in each profile.
Evidence is a recording (by its name), a sentence of the user's document (in quotation marks), a configuration
vector (`dialplan_flow:` and the case's id) or, for callers that no recording has, a measurement (`sip-callers:`).
`documented` does what `asterisk-22` does wherever the document is silent.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple

from stasis_sim.handoff.thread import ASTERISK_16 as DIALPLAN_16
from stasis_sim.handoff.thread import ASTERISK_22 as DIALPLAN_22
from stasis_sim.handoff.thread import DialplanRules


class Rule(NamedTuple):
    """One row: a field of `Profile`, its value in each profile, and what shows it."""

    field: str
    documented: object
    asterisk_16: object
    asterisk_22: object
    evidence: str


@dataclass(frozen=True, slots=True)
class Profile:
    """The rules of one Asterisk.

    Attributes:
        name: `documented`, `asterisk-16` or `asterisk-22`.
        dialplan: The interpreter's own differences.
        enter_inactive: A channel may enter, and be moved to, an application that is registered but inactive.
        never_forget: An application stays registered until Asterisk restarts.
        close_ends_all: The end of a connection takes away its applications' subscriptions to everything.
        fresh_blobs: ChannelHangupRequest and StasisEnd show the channel as it is at that moment, not as it was
            last published: without the application that has returned, and where `continue` has sent it.
        variables_publish: A variable that is set makes the channel publish a snapshot, where ari.conf has channelvars.
        variables_wait: POST variable answers when the variable is set, not before.
        dial_timeout_cause: The cause of a call by ARI that nobody answers in time.
        bridge_update: POST on a bridge that exists is an update, not a conflict.
        reason_code: DELETE on a channel knows `reason_code`.
        outbound: Asterisk can open WebSockets itself.
        sip_bye_cause: The cause of an answered SIP caller's hangup outside bridges; 0: none is told.
        sip_quality: Variables about the quality of the media are set when an answered SIP caller's call ends.
    """

    name: str
    dialplan: DialplanRules
    enter_inactive: bool
    never_forget: bool
    close_ends_all: bool
    fresh_blobs: bool
    variables_publish: bool
    variables_wait: bool
    dial_timeout_cause: int
    bridge_update: bool
    reason_code: bool
    outbound: bool
    sip_bye_cause: int
    sip_quality: bool


RULES: Final = (
    Rule("dialplan", DIALPLAN_22, DIALPLAN_16, DIALPLAN_22, "broadcast-none; dialplan_flow:answer-i"),
    Rule(
        "enter_inactive",
        True,
        False,
        False,
        'drop-occupied; "Asterisk will know that a connection previously existed and will allow channels to enter"',
    ),
    Rule(
        "never_forget",
        True,
        False,
        False,
        'drop-empty; "if a connection is broken, Asterisk will know that a connection previously existed"',
    ),
    Rule(
        "close_ends_all",
        False,
        False,
        True,
        'subscribe-all; "if a connection is broken, Asterisk will know that a connection previously existed"',
    ),
    Rule("fresh_blobs", False, True, False, "continue-elsewhere, subscribe-channel"),
    Rule("variables_publish", True, False, True, "channelvars"),
    Rule("variables_wait", True, False, True, "busy-variable"),
    Rule("dial_timeout_cause", 19, 0, 19, "originate-unanswered"),
    Rule("bridge_update", False, True, False, "bridge-errors"),
    Rule("reason_code", True, False, True, "reason-code"),
    Rule("outbound", True, False, True, "outbound-persistent"),
    Rule("sip_bye_cause", 0, 16, 0, "sip-callers: causes of a caller's hangup"),
    Rule("sip_quality", True, False, True, "sip-callers: events of one whole call"),
)


def _profile(name: str, column: str) -> Profile:
    return Profile(name=name, **{rule.field: getattr(rule, column) for rule in RULES})


DOCUMENTED: Final = _profile("documented", "documented")
ASTERISK_16: Final = _profile("asterisk-16", "asterisk_16")
ASTERISK_22: Final = _profile("asterisk-22", "asterisk_22")

PROFILES: Final = {profile.name: profile for profile in (DOCUMENTED, ASTERISK_16, ASTERISK_22)}
