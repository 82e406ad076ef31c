"""The kinds of values that Asterisk's files hold, read as Asterisk reads them."""

from __future__ import annotations

import re
from ipaddress import ip_network

from stasis_sim.handoff.clib.text import fold, says_no, says_yes
from stasis_sim.handoff.http_server.settings import AclRule

INT_MAX = 2**31 - 1


def is_boolean(text: str) -> bool:
    """Whether a value is one of the words for yes or no."""
    return says_yes(text) or says_no(text)


def whole_number(text: str, low: int, high: int) -> int | None:
    """Return an integer as strtol(3) reads it (0x: hexadecimal, a leading 0: octal); None if it is none in range."""
    match = re.fullmatch(r"\s*([+-]?)(0[xX][0-9a-fA-F]+|[0-9]+)", text, re.ASCII)
    if match is None:
        return None
    sign, digits = match.groups()
    octal = len(digits) > 1 and digits[0] == "0" and digits[1].isdigit()
    try:
        number = int(digits, 8) if octal else int(digits, 0)
    except ValueError:
        return None
    number = -number if sign == "-" else number
    return number if low <= number <= high else None


def leading_number(text: str) -> int | None:
    """Return the decimal integer that a value begins with, as sscanf(3) reads it, or None."""
    match = re.match(r"\s*([+-]?[0-9]{1,29})", text, re.ASCII)
    return int(match[1]) if match else None


def acl_rules(name: str, value: str) -> tuple[AclRule, ...] | None:
    """Return the rules of a ``permit``, ``deny`` or ``acl`` line, or None where an address is none.

    A named ACL would come from acl.conf, which the model does not have: it lets everybody in, as it does in an Asterisk
    without that file.
    """
    if fold(name) == "acl":
        return ()
    allow = fold(name).startswith("p")
    rules = []
    for item in value.split(","):
        inverted = item.startswith("!")
        try:
            network = ip_network(item.removeprefix("!"), strict=False)
        except ValueError:
            return None
        rules.append(AclRule(allow != inverted, network))
    return tuple(rules)
