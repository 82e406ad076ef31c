"""crypt(3): whether a password belongs to a hash such as ``$6$salt$...``, through the system's libcrypt."""

from __future__ import annotations

import ctypes
import ctypes.util
import hmac
from functools import cache
from threading import Lock
from typing import Any

from stasis_sim.errors import InputError

_LOCK = Lock()
"""crypt(3) answers in a buffer that it has once."""

_NAMES = ("libcrypt.so.1", "libcrypt.so.2", "libcrypt.so")


def verify(password: str, stored: str) -> bool:
    """Whether a password belongs to a stored hash: ``$1$`` (MD5), ``$5$`` (SHA-256), ``$6$`` (SHA-512) and others.

    Raises:
        InputError: This machine has no libcrypt.
    """
    hashed = crypt(password, stored)
    return hashed is not None and hmac.compare_digest(hashed, _bytes(stored))


def crypt(password: str, setting: str) -> bytes | None:
    """Return the hash of a password with the salt and method of a setting, or None where that is none.

    Raises:
        InputError: This machine has no libcrypt.
    """
    library = _library()
    if library is None:
        text = "this machine has no libcrypt, which password_format = crypt needs; install libcrypt1 or libxcrypt"
        raise InputError.at("ari.conf", text)
    with _LOCK:
        # A C string ends at its first NUL, and so does what Asterisk compares.
        hashed: bytes | None = library(_bytes(password), _bytes(setting))
    # libxcrypt answers *0 or *1 to what it does not understand.
    return None if hashed is None or hashed.startswith(b"*") else hashed


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape").partition(b"\0")[0]


@cache
def _library() -> Any | None:
    """Return the function crypt of the first libcrypt that can be loaded, or None."""
    function = next((found for name in _NAMES if (found := _load(name)) is not None), None)
    if function is None:
        # Slow (it may start a compiler), so only where the usual names fail.
        name = ctypes.util.find_library("crypt")
        function = None if name is None else _load(name)
    if function is not None:
        function.argtypes = (ctypes.c_char_p, ctypes.c_char_p)
        function.restype = ctypes.c_char_p
    return function


def _load(name: str) -> Any | None:
    try:
        return ctypes.CDLL(name).crypt
    except (OSError, AttributeError):
        return None
