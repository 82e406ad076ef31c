"""Numbers that a pattern matches, to try them: whether one pattern hides another is asked of the matcher itself."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Final

from stasis_sim.handoff.clib.text import octets, unoctets
from stasis_sim.handoff.dialplan.patterns import positions

_DOT: Final = positions(".")[0].rank
_BANG: Final = positions("!")[0].rank
_END: Final = positions("")[0].rank
_TAILS: Final = {_DOT: ("0", "~", "~" * 20), _BANG: ("0", "", "~", "~" * 20), _END: ("",)}
"""What may stand where a pattern is open: a digit, nothing, what nobody dials, and much of it."""


def many(name: str, limit: int) -> bool:
    """Whether there are more samples of a name or pattern than a limit."""
    if name[:1] != "_":
        return False
    count = 1
    for position in positions(octets(name)[1:]):
        if not position.chars:
            break
        count *= len(position.chars)
    return count > limit


def samples(name: str) -> Iterator[str]:
    """Yield numbers that a name or pattern matches; all of them, unless it is open at its end."""
    if name[:1] != "_":
        yield name
        return
    heads: list[list[str]] = []
    for position in positions(octets(name)[1:]):
        if position.chars:
            heads.append(sorted(position.chars))
            continue
        for head in product(*heads):
            for tail in _TAILS.get(position.rank, ()):
                found = unoctets("".join(head) + tail)
                if found:
                    yield found
        return
