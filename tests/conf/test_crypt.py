"""crypt(3) through the system's libcrypt."""

from __future__ import annotations

import pytest

from stasis_sim.conf import crypt
from stasis_sim.errors import InputError

HASHES = {
    "md5": "$1$saltsalt$9xy1btjgzLYfb7hivXtC//",
    "sha256": "$5$saltsalt$0IyaXrmV7.sGNS6tirgqHLqX/G.FBvgkYA.lpPdS5sA",
    "sha512": "$6$saltsalt$TVLlQcbpFVof5W3Yz4DTP6gRstiNuHwwTt6GLc1E5n0U0aDehy0S5knV8wiOQSpT0Y77vwPZN.Pq.H91p5hVO1",
}


@pytest.mark.parametrize("stored", HASHES.values(), ids=HASHES)
def test_the_password_of_a_hash_and_no_other(stored: str) -> None:
    """The hash itself is no password either."""
    assert crypt.verify("secret", stored)
    assert not crypt.verify("wrong", stored)
    assert not crypt.verify(stored, stored)


@pytest.mark.parametrize("stored", ["secret", "", "$9$x$y", "*", "\0", "é"])
def test_what_is_no_hash_matches_nothing(stored: str) -> None:
    """A plain password stored under password_format = crypt never matches."""
    assert not crypt.verify("secret", stored)


def test_what_names_no_method_has_no_hash() -> None:
    """What libxcrypt answers then is none."""
    assert crypt.crypt("secret", "$9$x$y") is None
    assert crypt.crypt("secret", HASHES["sha512"]) == HASHES["sha512"].encode()


def test_a_machine_without_libcrypt_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """The exact text."""
    monkeypatch.setattr(crypt, "_library", lambda: None)
    with pytest.raises(InputError) as caught:
        crypt.verify("secret", HASHES["md5"])
    assert str(caught.value) == (
        "ari.conf: this machine has no libcrypt, which password_format = crypt needs; install libcrypt1 or libxcrypt"
    )
