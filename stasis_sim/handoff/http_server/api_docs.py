"""ARI's own description, /ari/api-docs: its index, resources.json, and which documents this leads to, but not those."""

from __future__ import annotations

from typing import Any

_SUBJECTS = {
    "asterisk": "Asterisk resources",
    "endpoints": "Endpoint resources",
    "channels": "Channel resources",
    "bridges": "Bridge resources",
    "recordings": "Recording resources",
    "sounds": "Sound resources",
    "playbacks": "Playback control resources",
    "deviceStates": "Device state resources",
    "mailboxes": "Mailboxes resources",
    "events": "WebSocket resource",
    "applications": "Stasis application resources",
}


def described(name: str) -> bool:
    """Whether there is a description of this name beside the index."""
    return name.removesuffix(".json") in _SUBJECTS and name.endswith(".json")


def document(version: str, name: str, base: str | None) -> dict[str, Any] | None:
    """Return a document, or None where there is none of this name.

    Args:
        version: The version of ARI that it tells.
        name: The document's name.
        base: The URL at which the client sees ARI, None if it sent no Host.
    """
    if name != "resources.json":
        return None
    return {
        "_copyright": "Copyright (C) 2012 - 2013, Digium, Inc.",
        "_author": "David M. Lee, II <dlee@digium.com>",
        "_svn_revision": "$Revision$",
        "apiVersion": version,
        "swaggerVersion": "1.1",
        **({} if base is None else {"basePath": base}),
        "apis": [{"path": f"/api-docs/{key}.{{format}}", "description": text} for key, text in _SUBJECTS.items()],
    }
