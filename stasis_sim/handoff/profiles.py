"""Where `documented`, `asterisk-16` and `asterisk-22` differ, as data; each row names its evidence.

Nothing else in the model asks for a version.  A row is a rule of the mechanism with its value in each profile.
Evidence is a recording (by its name), a sentence of the user's document (in quotation marks), a configuration
vector (the name of its file and the case's id, `ari_conf:auth`) or, for callers that no recording has, a measurement
(`sip-callers:`).
`documented` does what `asterisk-22` does wherever the document is silent.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from stasis_sim.handoff.dialplan.thread import NEWER_APPLICATIONS, NEWER_FUNCTIONS, REMOVED_APPLICATIONS, DialplanRules
from stasis_sim.handoff.http_server.rules import AccessRules


class Rule(NamedTuple):
    """One row: a field of `Profile` (`dialplan.` and `access.` for those of its parts), its values, what shows it."""

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
        access: Those of http.conf, ari.conf, and of who is let in.
        enter_inactive: A channel may enter, and be moved to, an application that is registered but inactive.
        never_forget: An application stays registered until Asterisk restarts.
        close_ends_all: The end of a connection takes away its applications' subscriptions to everything.
        fresh_blobs: ChannelHangupRequest, StasisStart and StasisEnd show the channel as it is at that moment, not as it
            was last published: without the application that has returned, and where `continue` has sent it.
        variables_publish: A variable that is set makes the channel publish a snapshot, where ari.conf has channelvars.
        variable_objects: A variable of a new channel may be an object with its `value`.
        variables_wait: POST variable answers when the variable is set, not before.
        dial_timeout_cause: The cause of a call by ARI that nobody answers in time.
        bridge_update: POST on a bridge that exists is an update, not a conflict.
        bridge_cache: Bridges are looked at in a cache: one that was destroyed and is still held too, while another one
            of its id may be made.
        introductions_inhibited: POST addChannel knows `inhibitConnectedLineUpdates`.
        devices_all_undone: A subscription to all device states can be undone as it was made, by `deviceState:`.
        device_deletion_told: Who listens to a device hears of each DELETE on it, if it has had a state since Asterisk
            started.
        filters_early: What a connection is told while it opens passes the filter of events.
        end_published: What has changed in a channel since it last published is told before its ChannelDestroyed, not
            after it.
        rdnis_shown: A channel's JSON has the number from which its call was redirected, if there is one.
        local_status: A Local channel gets the DIALSTATUS of its dialplan as CHANLOCALSTATUS when that ends.
        reason_code: DELETE on a channel knows `reason_code`.
        media_transports: POST externalMedia knows others than RTP over UDP, `direction`, and `data` as arguments.
        outbound: Asterisk can open WebSockets itself.
        sip_bye_cause: The cause of an answered SIP caller's hangup outside bridges; 0: none is told.
        sip_quality: Variables about the quality of the media are set when an answered SIP caller's call ends.
        command_tick_us: How long a channel inside that receives no frame and is in no bridge does not look at its
            commands, in microseconds; 0: it looks at once.
        refresh_failed_us: How long after an UPDATE that refreshes the session and that nobody answers a SIP channel
            ends, in microseconds: with the time for an unanswered BYE, or without.
    """

    name: str
    dialplan: DialplanRules
    access: AccessRules
    enter_inactive: bool
    never_forget: bool
    close_ends_all: bool
    fresh_blobs: bool
    variables_publish: bool
    variable_objects: bool
    variables_wait: bool
    dial_timeout_cause: int
    bridge_update: bool
    bridge_cache: bool
    introductions_inhibited: bool
    devices_all_undone: bool
    device_deletion_told: bool
    filters_early: bool
    end_published: bool
    rdnis_shown: bool
    local_status: bool
    reason_code: bool
    media_transports: bool
    outbound: bool
    sip_bye_cause: int
    sip_quality: bool
    command_tick_us: int
    refresh_failed_us: int


_NAME_16: Final = "Asterisk/16.28.0~dfsg-0+deb11u4"
_NAME_22: Final = "Asterisk/22.10.1+dfsg+~cs6.17.60671434-1"
_NEWER: Final = frozenset(
    {
        "/bridges/{bridgeId}/variable",
        "/bridges/{bridgeId}/variables",
        "/channels/{channelId}/progress",
        "/channels/{channelId}/variables",
        "/channels/{channelId}/transfer_progress",
        "/endpoints/refer",
        "/endpoints/{tech}/{resource}/refer",
        "/events/claim",
    }
)
"""ARI's resources that came after 16."""

RULES: Final = (
    Rule(
        "dialplan.missing_applications",
        REMOVED_APPLICATIONS,
        NEWER_APPLICATIONS,
        REMOVED_APPLICATIONS,
        "broadcast-none, dialplan_more:removed, dialplan_branches:missing",
    ),
    Rule(
        "dialplan.missing_functions",
        frozenset(),
        NEWER_FUNCTIONS,
        frozenset(),
        "dialplan_asked:more-functions, dialplan_functions:missing",
    ),
    Rule("dialplan.answer_immediately", True, False, True, "dialplan_asked:answer-i"),
    Rule("dialplan.callee_cause", False, True, False, "dialplan_asked:dial-answered"),
    Rule("dialplan.json_paths", True, False, True, "dialplan_functions:json"),
    Rule("dialplan.queue_times", True, False, True, "dialplan_applications:queue-empty"),
    Rule(
        "dialplan.version",
        _NAME_22.partition("/")[2],
        _NAME_16.partition("/")[2],
        _NAME_22.partition("/")[2],
        "dialplan_functions:version",
    ),
    Rule("dialplan.whole_dial_timeout", False, True, False, "dialplan_more:dial-timeout"),
    Rule("dialplan.regex_bytes", False, True, False, "dialplan_more:regex-utf8"),
    Rule("access.server_name", _NAME_22, _NAME_16, _NAME_22, "access_more:server-name"),
    Rule("access.status_page", False, True, False, "http_conf:basic"),
    Rule("access.status_sockets", True, False, True, "http_conf:status-on"),
    Rule("access.status_escapes", True, False, True, "access_more:servername-html"),
    Rule("access.path_restrictions", True, False, True, "access_more:restrict"),
    Rule("access.sorcery", True, False, True, "ari_conf:user-notype, ari_conf:pf-bad, access_more:General-case"),
    Rule(
        "access.general_optional",
        True,
        True,
        False,
        'ari_conf:no-general, ari_conf:empty; "enabled Boolean Yes Enable/disable ARI."',
    ),
    Rule("access.least_write_timeout", -(2**31), 1, -(2**31), "access_more:wt-0"),
    Rule("access.realm_bytes", 0, 79, 0, "access_more:long-realm"),
    Rule("access.password_bytes", 0, 255, 0, "access_more:long-password"),
    Rule("access.user_acls", True, False, True, "ari_conf:acl"),
    Rule("access.fold_users", False, True, False, "ari_conf:auth, access_more:user-twice-case"),
    Rule("access.fold_api_key", False, True, False, "ari_conf:auth"),
    Rule("access.empty_credentials", False, True, False, "access_more:empty-password, access_files:user-empty"),
    Rule("access.missing_resources", frozenset(), _NEWER, frozenset(), "access_more:newer-resources"),
    Rule("access.api_version", "10.0.0", "4.1.4", "10.0.0", "ari_conf:auth"),
    Rule("access.fold_app", True, False, True, "access_more:ws2"),
    Rule("access.last_app", False, True, False, "access_more:ws2"),
    Rule("access.empty_app_is_none", True, False, True, "ari_conf:ws"),
    Rule("access.trim_apps", True, False, True, "access_more:ws2"),
    Rule("access.blank_apps_register", True, False, True, "ari_conf:ws"),
    Rule("access.app_bytes", 73, 0, 73, "ari_conf:ws"),
    Rule("access.apps_limit", 0, 128, 0, "access_more:ws2"),
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
    Rule("fresh_blobs", False, True, False, "continue-elsewhere, subscribe-channel, channelvars-published"),
    Rule("variables_publish", True, False, True, "channelvars"),
    Rule("variable_objects", True, False, True, "access_rest:originate"),
    Rule("variables_wait", True, False, True, "busy-variable"),
    Rule("dial_timeout_cause", 19, 0, 19, "originate-unanswered"),
    Rule("bridge_update", False, True, False, "bridge-errors"),
    Rule("bridge_cache", False, True, False, "bridge-held, bridges-listed"),
    Rule("introductions_inhibited", True, False, True, "bridge-connects"),
    Rule("devices_all_undone", True, False, True, "device-states-all"),
    Rule("device_deletion_told", False, True, False, "device-state-deleted, device-never-there"),
    Rule("filters_early", True, False, True, "same-app-twice-filtered"),
    Rule("end_published", False, True, False, "originate-ends-in-h"),
    Rule("rdnis_shown", True, False, True, "redirecting"),
    Rule("local_status", True, False, True, "dial-rings"),
    Rule("reason_code", True, False, True, "reason-code"),
    Rule("media_transports", True, False, True, "external-media, external-media-errors"),
    Rule("outbound", True, False, True, "outbound-persistent"),
    Rule("sip_bye_cause", 0, 16, 0, "sip-callers: causes of a caller's hangup"),
    Rule("sip_quality", True, False, True, "sip-callers: events of one whole call"),
    Rule("command_tick_us", 0, 200_000, 0, "sip-callers: latency of commands"),
    Rule("refresh_failed_us", 64_000_000, 32_000_000, 64_000_000, "sip-callers: silent callers"),
)


def _profile(name: str, column: str) -> Profile:
    parts: dict[str, dict[str, Any]] = {"": {}, "dialplan": {}, "access": {}}
    for rule in RULES:
        part, _, field = rule.field.rpartition(".")
        parts[part][field] = getattr(rule, column)
    dialplan, access = DialplanRules(**parts["dialplan"]), AccessRules(**parts["access"])
    return Profile(name=name, dialplan=dialplan, access=access, **parts[""])


DOCUMENTED: Final = _profile("documented", "documented")
ASTERISK_16: Final = _profile("asterisk-16", "asterisk_16")
ASTERISK_22: Final = _profile("asterisk-22", "asterisk_22")

PROFILES: Final = {profile.name: profile for profile in (DOCUMENTED, ASTERISK_16, ASTERISK_22)}
