"""Final answers: what a SIP caller's phone gets when the call is over.

Measured with SIP callers (chan_pjsip) on 16.28.0 and 22.10.1; both give the same (sip-callers: what a SIP caller gets):

- A caller who was never answered gets a refusal whose status follows from HANGUPCAUSE: `_REFUSALS`, else 603 Decline,
  as for 0 (the dialplan ran out) and 16 (Hangup()). An unknown extension is cause 1.
- An answered one gets a BYE whose Reason header gives HANGUPCAUSE in seven bits (999 becomes 103).
- Who cancels before the answer gets 487, whatever the cause. Who sends the BYE himself gets 200 for it (RFC 3261,
  section 15.1.2).

The words behind a status are those of RFC 3261, section 21.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from stasis_sim.handoff.dialplan.thread import SIP

if TYPE_CHECKING:
    from stasis_sim.handoff.dialplan.thread import Thread

_DECLINE: Final = "603 Decline"
_CANCELLED: Final = "487 Request Terminated"
_OK: Final = "200 OK"
NO_ANSWER: Final = "408 Request Timeout"
"""What Asterisk notes of a caller who answers nothing any more; he hears of nothing."""

_SEVEN_BITS: Final = 0x7F

_BY_STATUS: Final = (
    ("302 Moved Temporarily", (23,)),
    ("403 Forbidden", (21,)),
    ("404 Not Found", (1, 2, 3)),
    ("408 Request Timeout", (18,)),
    ("410 Gone", (22,)),
    ("480 Temporarily Unavailable", (19, 20, 31)),
    ("484 Address Incomplete", (28,)),
    ("486 Busy Here", (17,)),
    ("488 Not Acceptable Here", (58,)),
    ("500 Server Internal Error", (38, 127)),
    ("501 Not Implemented", (29,)),
    ("502 Bad Gateway", (27,)),
    ("503 Service Unavailable", (34, 42, 66)),
)
_REFUSALS: Final = {cause: answer for answer, causes in _BY_STATUS for cause in causes}


def final_answer(cause: int, *, answered: bool, by_caller: bool) -> str:
    """Return a SIP caller's final answer, such as ``603 Decline``, or ``BYE 16`` for a BYE with that cause.

    Args:
        cause: HANGUPCAUSE at the end.
        answered: The channel was Up when it was hung up.
        by_caller: The caller was the first to hang up.
    """
    if by_caller:
        return _OK if answered else _CANCELLED
    if answered:
        return f"BYE {cause & _SEVEN_BITS}"
    return _REFUSALS.get(cause, _DECLINE)


def answer_to(thread: Thread, cause: int, *, by_caller: bool = False) -> str | None:
    """Return the final answer that a channel's caller gets if it ends now, None if it is no SIP caller's."""
    return final_answer(cause, answered=thread.state == "Up", by_caller=by_caller) if thread.kind == SIP else None
