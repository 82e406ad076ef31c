"""http.conf: every option typed, defaulted and obeyed, and what Asterisk stumbles over."""

from __future__ import annotations

from pathlib import Path

import pytest

from stasis_sim.conf.http import load_http
from stasis_sim.conf.syntax import Source
from stasis_sim.handoff.http_server.settings import HttpSettings, Listener, reaches
from stasis_sim.handoff.profiles import ASTERISK_16, ASTERISK_22

SHIPPED = Path(__file__).parents[2] / "scenarios" / "asterisk"


def http(text: str, **options: object) -> HttpSettings:
    """Return the settings of a [general]."""
    return load_http(Source(f"[general]\n{text}", "http.conf"), **options)[0]  # type: ignore[arg-type]


def messages(text: str) -> list[str]:
    """Return what is reported about a [general]."""
    return [str(entry) for entry in load_http(Source(f"[general]\n{text}", "http.conf"))[1]]


def test_the_shipped_file_listens_everywhere_on_8088() -> None:
    """The user's own example, as it stands."""
    settings, diagnostics = load_http(Source.load(SHIPPED / "http.conf"))
    assert settings.plain_listener == Listener("0.0.0.0", 8088)  # noqa: S104 - what the file says
    assert settings.tls_listener is None
    assert diagnostics == []


def test_all_options_of_the_document() -> None:
    """Each is read with its type."""
    settings = http(
        "enabled = yes\nbindaddr = 10.0.0.1\nbindport = 8123\nprefix = pbx\ntlsenable = on\n"
        "tlsbindaddr = 10.0.0.1:8124\ntlscertfile = /c.pem\ntlsprivatekey = /k.pem\n"
    )
    assert settings == HttpSettings(
        enabled=True,
        bindaddr="10.0.0.1",
        bindport=8123,
        prefix="/pbx",
        tlsenable=True,
        tlsbindaddr="10.0.0.1:8124",
        tlscertfile="/c.pem",
        tlsprivatekey="/k.pem",
    )
    assert (settings.plain_listener, settings.tls_listener) == (Listener("10.0.0.1", 8123), Listener("10.0.0.1", 8124))


def test_no_file_and_an_empty_one_leave_the_server_off() -> None:
    """The default of enabled is no."""
    assert load_http(None)[0] == HttpSettings()
    assert load_http(Source(""))[0] == HttpSettings()


def test_httpstatus_is_on_by_default_in_16_only() -> None:
    """It was turned off later."""
    assert http("", rules=ASTERISK_16.access).enable_status
    assert not http("", rules=ASTERISK_22.access).enable_status


@pytest.mark.parametrize(
    ("value", "port"),
    [("0x1ffc", 8188), ("017674", 8124), ("+8123", 8123), ("0", 8088), ("abc", 8088), ("99999", 8088), ("", 8088)],
)
def test_bindport_is_read_as_c_reads_numbers(value: str, port: int) -> None:
    """Hexadecimal and octal count; nonsense and 0 are 8088."""
    assert http(f"enabled=yes\nbindaddr=127.0.0.1\nbindport={value}").plain_listener == Listener("127.0.0.1", port)


@pytest.mark.parametrize(
    ("address", "listener"),
    [
        ("127.0.0.1:8123", Listener("127.0.0.1", 8123)),
        ("127.0.0.1:0", Listener("127.0.0.1", 8088)),
        ("[::1]:8123", Listener("::1", 8123)),
        ("::", Listener("::", 8088)),
        ("127.1", Listener("127.0.0.1", 8088)),
        ("pbx.example.com", Listener("pbx.example.com", 8088)),
        ("no.such.host.invalid", None),
        ('"127.0.0.1"', None),
        ("127.0.0.1:abc", None),
        ("", None),
    ],
)
def test_bindaddr_is_an_address_perhaps_with_a_port(address: str, listener: Listener | None) -> None:
    """What cannot be resolved leaves the server off."""
    assert http(f"enabled=yes\nbindaddr={address}").plain_listener == listener


@pytest.mark.parametrize(
    ("host", "bound", "reached"),
    [
        ("asterisk", "0.0.0.0", True),  # noqa: S104
        ("::1", "0.0.0.0", False),  # noqa: S104
        ("10.0.0.1", "::", True),
        ("localhost", "127.0.0.1", True),
        ("asterisk", "127.0.0.1", False),
        ("localhost", "10.0.0.1", False),
        ("asterisk", "10.0.0.1", True),
        ("10.0.0.2", "10.0.0.1", False),
        ("asterisk", "pbx.example.com", True),
        ("localhost", "pbx.example.com", False),
        ("127.0.0.1", "localhost", True),
    ],
)
def test_who_reaches_which_address(host: str, bound: str, reached: bool) -> None:
    """Nobody comes to a loopback address by another name than localhost."""
    assert reaches(host, Listener(bound, 8088)) is reached


@pytest.mark.parametrize(
    ("lines", "listener"),
    [
        ("tlsbindaddr=127.0.0.1", Listener("127.0.0.1", 8089)),
        ("enabled=yes\nbindaddr=10.0.0.1", Listener("10.0.0.1", 8089)),
        ("enabled=yes\nbindaddr=10.0.0.1\ntlsbindaddr=nowhere", Listener("10.0.0.1", 8089)),
        ("", None),
    ],
)
def test_where_https_listens(lines: str, listener: Listener | None) -> None:
    """On its own address, or on bindaddr's if plain HTTP is on; port 8089 unless told otherwise."""
    assert http(f"tlsenable=yes\ntlscertfile=x\n{lines}").tls_listener == listener


@pytest.mark.parametrize(
    ("lines", "usable"),
    [
        ("tlscertfile=both", True),
        ("tlscertfile=cert", False),
        ("tlscertfile=cert\ntlsprivatekey=key", True),
        ("tlscertfile=no", False),
        ("", False),
    ],
)
def test_https_needs_a_certificate_and_its_key(lines: str, usable: bool) -> None:
    """Otherwise only HTTPS is off."""
    pem = {"both": "BEGIN CERTIFICATE PRIVATE KEY", "cert": "BEGIN CERTIFICATE", "key": "PRIVATE KEY"}.get
    text = f"enabled=yes\nbindaddr=127.0.0.1\ntlsenable=yes\ntlsbindaddr=127.0.0.1\n{lines}"
    settings = http(text, pem=pem)
    assert (settings.tls_listener is not None) is usable
    assert settings.plain_listener is not None


def test_redirects_are_tried_longest_first_and_the_later_before_the_earlier() -> None:
    """As Asterisk sorts them."""
    settings = http("redirect = /a /1\nredirect = /ab /2\nredirect = /a /3")
    assert settings.redirects == (("/ab", "/2"), ("/a", "/3"), ("/a", "/1"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("frobnicate = 1", "http.conf:2: warning: 'frobnicate' is no option of http.conf and is ignored"),
        ("session_limit = 1", "http.conf:2: warning: 'session_limit' is no option of http.conf and is ignored"),
        ("bindport = abc", "http.conf:2: warning: invalid port 'abc'; Asterisk takes 8088"),
        ("bindport = 0", "http.conf:2: warning: port 0 means 8088 to Asterisk"),
        ("enabled = maybe", "http.conf:2: warning: enabled = 'maybe' counts as no; write yes or no"),
        ("sessionlimit = 0", "http.conf:2: warning: invalid sessionlimit '0'; Asterisk takes 100"),
        ("session_keep_alive = x", "http.conf:2: warning: invalid session_keep_alive 'x'; Asterisk takes 15000"),
        ("redirect = x", "http.conf:2: warning: invalid redirect 'x' is ignored; write: from to"),
        (
            "prefix = /a",
            "http.conf:2: warning: Asterisk puts a slash in front and takes none away: requests must begin with //a/",
        ),
        (
            "tlsbindaddr = pbx",
            "http.conf:2: error: invalid tlsbindaddr 'pbx'; Asterisk takes bindaddr and port 8089",
        ),
        (
            "enabled = yes",
            (
                "http.conf:1: error: there is no bindaddr, so the HTTP server stays off; "
                "write bindaddr = 0.0.0.0 for all addresses"
            ),
        ),
        (
            "enabled = yes\nbindaddr = x.invalid",
            "http.conf:3: error: bindaddr 'x.invalid' cannot be resolved; the HTTP server stays off",
        ),
        (
            "[general]\nservername = x",
            "http.conf:2: warning: a second [general] in http.conf is not read; write its options into the first",
        ),
    ],
)
def test_what_a_person_should_know(text: str, message: str) -> None:
    """The exact text, with the line and what Asterisk does."""
    assert messages(text) == [message]


def test_a_reload_of_an_invalid_file_keeps_what_was() -> None:
    """The same for a file that is gone."""
    before = http("enabled=yes\nbindaddr=127.0.0.1")
    assert load_http(Source("enabled=no\n"), before=before)[0] is before
    assert load_http(None, before=before)[0] is before
