"""Where versions of Asterisk differ in reading http.conf and ari.conf, and in letting people in.

The values stand in profiles.py, each with what shows it; the settings carry them to whoever decides.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class AccessRules:
    """The rules of one Asterisk for http.conf, ari.conf and the requests that they let in; 0 bytes are no limit.

    Attributes:
        server_name: What the server calls itself where http.conf has no servername.
        status_page: The page /httpstatus is on where http.conf does not say.
        status_sockets: That page shows address and port of a listener as one, and calls HTTPS TLS, not SSL.
        status_escapes: That page writes what the client sent as HTML text.
        path_restrictions: Sections of http.conf with `type = restriction` count.
        sorcery: Each section of ari.conf stands alone: a bad one is dropped, and one of an unknown type is not looked
            at. Without it a single line that is not understood declines the whole file.
        general_optional: ARI is on in an ari.conf without a [general].
        least_write_timeout: The least websocket_write_timeout that is taken, in milliseconds.
        realm_bytes: So many bytes of auth_realm count.
        password_bytes: So many bytes of a password in ari.conf count.
        user_acls: A user may have `permit`, `deny` and `acl`.
        fold_users: The names of users ignore letter case.
        fold_api_key: The name of the parameter `api_key` ignores letter case.
        empty_credentials: An empty name or password is tried like any other.
        missing_resources: The paths of ARI that this version does not have.
        api_version: The version of ARI that its description tells.
        fold_app: The name of the parameter `app` of /ari/events ignores letter case.
        last_app: Where `app` is given more than once the last counts, not the first.
        empty_app_is_none: An empty `app` counts as none.
        trim_apps: Spaces and quotes around the names in `app` are taken away.
        blank_apps_register: A blank name among others fails in the registration (500), not before it (400).
        app_bytes: The longest name of an application.
        apps_limit: So many names in one request are too many; 0: none are.
    """

    server_name: str
    status_page: bool
    status_sockets: bool
    status_escapes: bool
    path_restrictions: bool
    sorcery: bool
    general_optional: bool
    least_write_timeout: int
    realm_bytes: int
    password_bytes: int
    user_acls: bool
    fold_users: bool
    fold_api_key: bool
    empty_credentials: bool
    missing_resources: frozenset[str]
    api_version: str
    fold_app: bool
    last_app: bool
    empty_app_is_none: bool
    trim_apps: bool
    blank_apps_register: bool
    app_bytes: int
    apps_limit: int
