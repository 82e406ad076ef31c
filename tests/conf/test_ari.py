"""ari.conf: users and options, and how differently 16 and 22 take the same file."""

from __future__ import annotations

from pathlib import Path

import pytest

from stasis_sim.conf.ari import load_ari
from stasis_sim.conf.syntax import Source
from stasis_sim.conf.websocket_client import load_websocket_clients
from stasis_sim.handoff.http_server.settings import AriSettings, AriUser, OutboundWebSocket, WebsocketClient
from stasis_sim.handoff.profiles import PROFILES

SHIPPED = Path(__file__).parents[2] / "scenarios" / "asterisk"
USER = "[a]\ntype = user\npassword = p\n"
RULES = {name.removeprefix("asterisk-"): profile.access for name, profile in PROFILES.items()}
VERSIONS = ("16", "22", "documented")


def ari(text: str, version: str = "22", before: AriSettings | None = None) -> AriSettings:
    """Return the settings of a file."""
    return load_ari(Source(text, "ari.conf"), RULES[version], before)[0]


def messages(text: str, version: str = "22") -> list[str]:
    """Return what is reported about a file."""
    return [str(entry) for entry in load_ari(Source(text, "ari.conf"), RULES[version])[1]]


@pytest.mark.parametrize("version", VERSIONS)
def test_the_shipped_file_has_a_plain_and_a_crypt_user(version: str) -> None:
    """The user's own example, as it stands."""
    settings, diagnostics = load_ari(Source.load(SHIPPED / "ari.conf"), RULES[version])
    plain, crypt = settings.users
    assert settings.enabled
    assert settings.pretty
    assert settings.allowed_origins == ("localhost:8088", "http://ari.asterisk.org")
    assert plain == AriUser("asterisk", "asterisk")
    assert (crypt.name, crypt.crypted, crypt.password[:3]) == ("asterisk-supersecret", True, "$6$")
    assert diagnostics == []


@pytest.mark.parametrize("version", VERSIONS)
def test_defaults_are_those_of_the_document(version: str) -> None:
    """Enabled yes, pretty no, read_only no, password_format plain."""
    assert ari(f"[general]\n{USER}", version) == AriSettings(users=(AriUser("a", "p"),), rules=RULES[version])


@pytest.mark.parametrize(
    ("text", "on"),
    [
        (USER, ("16", "documented")),
        ("", ("16", "documented")),
        (f"[General]\n{USER}", ("16", "documented")),
        (f"[general]\nEnabled = yes\n{USER}", ("16",)),
        (f"[general]\nfrob = 1\n{USER}", ()),
        (f"[general]\nwebsocket_write_timeout = x\n{USER}", ()),
        (f"[general]\nwebsocket_write_timeout = 0\n{USER}", ("22", "documented")),
        (f"[general]\ntype = general\n{USER}", ("22", "documented")),
        (f"[general]\n{USER}[general]\n", ("16",)),
        (f"[general]\n{USER}[b]\npassword = b\n", ("22", "documented")),
        (f"[general]\n{USER}[b]\ntype = peer\n", ("22", "documented")),
        (f"[general]\n{USER}frob = 1\n", ("22", "documented")),
        (f"[general]\n{USER}password_format = sha1\n", ("22", "documented")),
        (f"[general]\n{USER}deny = 0.0.0.0/0\n", ("22", "documented")),
        ("[general]\nenabled = no\n", ()),
        ("[general]\nenabled = maybe\n", ()),
        ("enabled = yes\n[general]\n", ()),
    ],
)
def test_which_files_turn_ari_on(text: str, on: tuple[str, ...]) -> None:
    """16 declines what it does not understand; 22 wants a flawless [general] and forgives the rest."""
    assert tuple(version for version in VERSIONS if ari(text, version).enabled) == on


@pytest.mark.parametrize("version", VERSIONS)
def test_without_a_file_ari_is_off(version: str) -> None:
    """In every version."""
    assert not load_ari(None, RULES[version])[0].enabled


@pytest.mark.parametrize(
    ("text", "users"),
    [
        (f"{USER}[b]\ntype = user\npassword =\n", ("a",)),
        (f"{USER}[b]\ntype = User\npassword = b\n", ("a",)),
        (f"{USER}[b]\ntype = user\nfrob = 1\npassword = b\n", ("a",)),
        (f"{USER}[a]\ntype = user\npassword = 2\n[b]\ntype = user\npassword = b\n", ()),
        (f"{USER}[A]\ntype = user\npassword = 2\n", ("a", "A")),
        ("[t](!)\ntype = user\npassword = t\n[x](t)\n[y](t)\npassword = y\n", ("x", "y")),
    ],
)
def test_22_drops_users_one_by_one(text: str, users: tuple[str, ...]) -> None:
    """But all of them where one name is there twice."""
    assert tuple(user.name for user in ari(f"[general]\n{text}").users) == users


def test_16_merges_sections_of_one_name_in_any_letter_case() -> None:
    """The last password counts, and so does a read_only that only the first has."""
    text = f"[general]\n{USER}read_only = yes\n[A]\ntype = user\npassword = 2\n"
    assert ari(text, "16").users == (AriUser("a", "2", read_only=True),)


def test_rules_of_an_acl_keep_their_order() -> None:
    """Deny and permit of a user, with ! for the opposite."""
    rules = ari(f"[general]\n{USER}deny = 0.0.0.0/0,!10.0.0.0/255.0.0.0\npermit = ::1\n").users[0].acl
    assert [(rule.allow, str(rule.network)) for rule in rules] == [
        (False, "0.0.0.0/0"),
        (True, "10.0.0.0/8"),
        (True, "::1/128"),
    ]


@pytest.mark.parametrize(
    ("text", "version", "message"),
    [
        ("", "22", "ari.conf: error: there is no [general], so that ARI stays off; write one with enabled = yes"),
        (
            "[general]\nfrob = 1",
            "16",
            "ari.conf:2: error: 'frob' is no option of [general]; Asterisk 16 declines ARI altogether",
        ),
        (
            "[general]\n[a]\npassword = x",
            "16",
            "ari.conf:2: error: [a] has no type; Asterisk 16 declines ARI altogether, write type = user",
        ),
        (
            "[general]\n[a]\npassword = x",
            "22",
            "ari.conf:2: warning: [a] has no type and is not looked at; write type = user",
        ),
        ("[general]\n[a]\ntype=user", "22", "ari.conf:2: error: user a has no password; Asterisk drops [a]"),
        ("[general]\n[a]\ntype=user", "16", "ari.conf:2: error: user a has no password and can never log in"),
        (
            f"[general]\n{USER}password_format = sha1",
            "22",
            "ari.conf:5: error: password_format = 'sha1' is neither plain nor crypt; Asterisk drops [a]",
        ),
        (
            f"[general]\n{USER}[a]\ntype=user\npassword=2",
            "22",
            "ari.conf:5: error: [a] is there twice; Asterisk then has no user at all",
        ),
        (
            "[general]\n[general]",
            "22",
            "ari.conf:2: error: a second [general]; Asterisk uses none of them, ARI stays off",
        ),
        ("[general]\npretty = perhaps", "22", "ari.conf:2: warning: pretty = 'perhaps' counts as no; write yes or no"),
        (
            "[general]\nallowed_origins = http://a, http://b",
            "22",
            "ari.conf:2: warning: the origin ' http://b' matches nothing: Asterisk compares it with its spaces",
        ),
    ],
)
def test_what_a_person_should_know(text: str, version: str, message: str) -> None:
    """The exact text, with the line and what Asterisk does."""
    assert message in messages(text, version)


def test_a_general_that_is_there_is_not_missed() -> None:
    """What is wrong with it is said at its line, and nothing else."""
    assert messages("[general]\nport = 8088\n[a]\ntype = user\npassword = p\n", "22") == [
        "ari.conf:2: error: 'port' is no option of [general]; ARI stays off, and Asterisk logs nothing"
    ]


def test_a_reload_keeps_what_cannot_be_replaced() -> None:
    """16 all of it, 22 the user whose section is bad."""
    bad = f"[general]\npretty = yes\n{USER}frob = 1\n"
    before = ari(f"[general]\n{USER}", "16")
    assert ari(bad, "16", before) == before
    after = ari(bad, "22", ari(f"[general]\n{USER}"))
    assert (after.pretty, after.users) == (True, (AriUser("a", "p"),))


def test_outbound_websockets_and_their_clients() -> None:
    """Sections of ari.conf and websocket_client.conf belong together by name."""
    settings = ari(
        f"[general]\n{USER}[o]\ntype = outbound_websocket\nwebsocket_client_id = c\napps = x, y\n"
        "local_ari_user = a\nsubscribe_all = yes\n"
    )
    assert settings.outbound_websockets == (OutboundWebSocket("o", "c", ("x", "y"), "a", subscribe_all=True),)
    text = "[c]\ntype = websocket_client\nconnection_type = persistent\nuri = ws://h\nreconnect_interval = 250\n"
    clients, diagnostics = load_websocket_clients(Source(text))
    assert clients == {"c": WebsocketClient("c", "persistent", "ws://h", reconnect_interval_ms=250)}
    assert diagnostics == []
    clients, diagnostics = load_websocket_clients(Source(text.replace("uri", "url"), "w.conf"))
    assert clients == {}
    assert [str(d) for d in diagnostics] == [
        "w.conf:1: error: 'url' is no option of a WebSocket client; Asterisk drops [c]"
    ]
