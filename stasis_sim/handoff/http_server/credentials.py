"""Who a request comes from: Basic authentication or ``api_key``, against the users of ari.conf."""

from __future__ import annotations

from collections.abc import Callable

from stasis_sim.handoff.clib.text import decode_base64
from stasis_sim.handoff.http_server.messages import HttpRequest
from stasis_sim.handoff.http_server.settings import AriSettings, AriUser

_BASIC = "Basic "
_DECODED_LIMIT = 255


class Credentials:
    """The users, and what is known of each pair of name and password: crypt(3) is asked once for a pair."""

    def __init__(self, settings: AriSettings, verify: Callable[[str, str], bool]) -> None:
        self._verify = verify
        self._rules = settings.rules
        self._users = {self._name(user.name): user for user in settings.users}
        self._judged: dict[tuple[str, str], AriUser | None] = {}

    def user(self, request: HttpRequest) -> AriUser | None:
        """Return the user that a request proves to be, or None.

        A readable Authorization header decides alone; only without one an api_key is looked at, and only the first.
        """
        pair = basic(request)
        if pair is None:
            fold = self._rules.fold_api_key
            key = next((value for name, value in request.query if (name.lower() if fold else name) == "api_key"), "")
            name, colon, password = key.partition(":")
            if not colon:
                return None
            pair = name, password
        if pair not in self._judged:
            self._judged[pair] = self._judge(*pair)
        return self._judged[pair]

    def _judge(self, name: str, password: str) -> AriUser | None:
        user = self._users.get(self._name(name))
        given = (name and password) or self._rules.empty_credentials
        if user is None or not user.password or not given:
            return None
        matches = self._verify(password, user.password) if user.crypted else password == user.password
        return user if matches else None

    def _name(self, name: str) -> str:
        return name.lower() if self._rules.fold_users else name


def basic(request: HttpRequest) -> tuple[str, str] | None:
    """Return name and password of Basic authentication, or None where there is none that can be read."""
    if request.user is not None:
        text = ":".join(request.user)
        name, _, password = text.partition(":")
        return name, password
    for key, value in request.headers:
        if key.lower() == "authorization" and value.startswith(_BASIC):
            name, colon, password = decode_base64(value[len(_BASIC) :], _DECODED_LIMIT).partition(":")
            return (name, password) if colon else None
    return None
