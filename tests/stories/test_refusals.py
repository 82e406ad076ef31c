"""Stories of clients that Asterisk does not let in; each refusal is a row in the results."""

from __future__ import annotations

import ctypes
import ctypes.util

import pytest

from tests.stories.stage import MS, PROFILES, S, Stage

HTTP = "[general]\nenabled = yes\nbindaddr = 0.0.0.0"
TLS = f"{HTTP}\ntlsenable = yes\ntlsbindaddr = 0.0.0.0:8089\ntlscertfile = /etc/asterisk/asterisk.pem"
ARI = "[general]\nenabled = yes\n[asterisk]\ntype = user\npassword = asterisk"
EXTENSIONS = "[default]\nexten => ivr,1,Stasis(Intro-IVR)"
URL = "http://asterisk:8088/ari/events"


def story(
    profile: str = "documented",
    *,
    http: str = HTTP,
    ari: str = ARI,
    url: str = URL,
    user: str = "asterisk",
    password: str = "asterisk",  # noqa: S107 - the one of the user's ari.conf
    apps: str = "Intro-IVR",
    accept_broken: str = "false",
) -> Stage:
    """One client that tries once, and one call."""

    def block(text: str) -> str:
        return "|\n    " + text.replace("\n", "\n    ")

    return Stage(
        f"""
asterisk:
  accept_broken: {accept_broken}
  http: {block(http)}
  ari: {block(ari)}
  extensions: {block(EXTENSIONS)}
clients:
  ivr: {{apps: "{apps}", url: "{url}", user: {user}, password: {password}, reconnect: none}}
calls: [{{to: ivr@default, arrivals: {{at: 1s}}, patience: 3s}}]
run: {{duration: 10s}}
""",
        profile,
    )


REFUSALS: dict[str, tuple[dict[str, str], str]] = {
    "HTTP is off": ({"http": "[general]\nenabled = no\nbindaddr = 0.0.0.0"}, "http_disabled"),
    "HTTP is not switched on": ({"http": "[general]\nbindaddr = 0.0.0.0"}, "http_disabled"),
    "another port": ({"url": "http://asterisk:8089/ari/events"}, "wrong_port"),
    "loopback only": ({"http": "[general]\nenabled = yes\nbindaddr = 127.0.0.1"}, "unreachable_address"),
    "a prefix that the client does not know": ({"http": f"{HTTP}\nprefix = pbx"}, "wrong_prefix"),
    "a prefix that Asterisk does not have": ({"url": "http://asterisk:8088/pbx/ari/events"}, "wrong_prefix"),
    "no such page of ARI": ({"url": "http://asterisk:8088/ari/event"}, "no_such_resource"),
    "TLS where plain HTTP is spoken": ({"url": "https://asterisk:8088/ari/events"}, "tls_not_spoken"),
    "plain where TLS is required": ({"http": TLS, "url": "http://asterisk:8089/ari/events"}, "tls_required"),
    "ARI is off": ({"ari": ARI.replace("yes", "no")}, "ari_disabled"),
    "a wrong password": ({"password": "wrong"}, "bad_credentials"),
    "an unknown user": ({"user": "nobody"}, "bad_credentials"),
    "a plain password where a hash is expected": ({"ari": f"{ARI}\npassword_format = crypt"}, "bad_credentials"),
}


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize(("given", "reason"), REFUSALS.values(), ids=REFUSALS)
def test_a_connection_is_refused(profile: str, given: dict[str, str], reason: str) -> None:
    """A client that may not in has one refused try to show, and its app does not exist for Asterisk."""
    refused = story(profile, **given)
    assert refused.tries() == [(0, 2 * MS, f"refused: {reason}")]
    assert refused.results == ["ejected never_registered"]
    clients = refused.measures["clients"]["ivr"]
    assert (clients["connections.refused"], clients[f"connections.refused.{reason}"]) == (1, 1)
    assert clients["connections.established"] == 0


@pytest.mark.parametrize(
    ("profile", "how"), [("documented", ""), ("asterisk-16", ""), ("asterisk-22", "refused: ari_disabled")]
)
def test_ari_that_nobody_switched_on_or_off(profile: str, how: str) -> None:
    """By the document `enabled` is yes by default; 22 has no ARI in a file without a [general]."""
    ari = "[asterisk]\ntype = user\npassword = asterisk"
    assert [tried[2] for tried in story(profile, ari=ari, accept_broken="true").tries()] == [how]


@pytest.mark.parametrize(("profile", "how"), [("asterisk-16", ""), ("asterisk-22", "refused: bad_app")])
def test_an_app_whose_name_is_a_blank(profile: str, how: str) -> None:
    """22 trims the names of apps and finds none, 16 takes the blank for a name."""
    assert [tried[2] for tried in story(profile, apps=" ").tries()] == [how]


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize(
    ("given", "path"),
    [
        ({}, "/ari/channels/c1/answer"),
        ({"url": "http://localhost:8088/ari/events"}, "/ari/channels/c1/answer"),
        ({"http": TLS, "url": "https://asterisk:8089/ari/events"}, "/ari/channels/c1/answer"),
        ({"http": f"{HTTP}\nprefix = pbx", "url": "ws://asterisk:8088/pbx/ari/events"}, "/pbx/ari/channels/c1/answer"),
    ],
)
def test_a_client_that_gets_everything_right_is_let_in(profile: str, given: dict[str, str], path: str) -> None:
    """The same client with the right URL serves its call, by commands below the same prefix."""
    let_in = story(profile, **given)
    assert let_in.tries() == [(0, None, "")]
    assert [(each.path, each.status) for each in let_in.commands] == [(path, 204)]


@pytest.mark.parametrize("profile", PROFILES)
def test_a_read_only_user_listens_and_may_not_act(profile: str) -> None:
    """Its WebSocket stands, its POST is refused with 403, and the caller is not served."""
    listener = story(profile, ari=f"{ARI}\nread_only = yes")
    assert listener.tries() == [(0, None, "")]
    assert [(each.at, each.method, each.status, each.reason) for each in listener.commands] == [
        (1 * S + 3 * MS, "POST", 403, "read_only")
    ]
    assert listener.fates("StasisStart") == ["delivered"]
    assert [(call.outcome, call.ended) for call in listener.calls] == [("unanswered", 4 * S)]
    assert listener.measures["clients"]["ivr"]["commands.failed"] == 1


def crypt(password: str, salt: str) -> str:
    """Hash a password as mkpasswd does."""
    name = ctypes.util.find_library("crypt")
    if name is None:
        pytest.skip("this machine has no libcrypt")
    library = ctypes.CDLL(name)
    library.crypt.restype = ctypes.c_char_p
    hashed: bytes | None = library.crypt(password.encode(), salt.encode())
    if hashed is None or not hashed.startswith(salt[:3].encode()):
        pytest.skip("this machine's libcrypt does not know SHA-512")
    return hashed.decode()


@pytest.mark.parametrize(("password", "how"), [("s3cret", ""), ("wrong", "refused: bad_credentials")])
def test_a_user_with_a_crypt_password(password: str, how: str) -> None:
    """The plain text of the hash is let in, another is not."""
    stored = crypt("s3cret", "$6$abcdefgh$")
    ari = f"[general]\nenabled = yes\n[keeper]\ntype = user\npassword = {stored}\npassword_format = crypt"
    assert [tried[2] for tried in story(ari=ari, user="keeper", password=password).tries()] == [how]
