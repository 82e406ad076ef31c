"""Hangup causes: those that the model gives, the names that Hangup() takes, and the texts that events carry."""

from __future__ import annotations

from typing import Final

from stasis_sim.handoff.clib.text import fold

UNALLOCATED: Final = 1
NO_ROUTE_DESTINATION: Final = 3
NORMAL_CLEARING: Final = 16
USER_BUSY: Final = 17
NO_USER_RESPONSE: Final = 18
ANSWERED_ELSEWHERE: Final = 26
CONGESTION: Final = 34
REQUESTED_CHAN_UNAVAIL: Final = 44
CHAN_NOT_IMPLEMENTED: Final = 66
INTERWORKING: Final = 127

_CAUSES: Final = (
    ("UNALLOCATED", UNALLOCATED, "Unallocated (unassigned) number"),
    ("NO_ROUTE_TRANSIT_NET", 2, "No route to specified transmit network"),
    ("NO_ROUTE_DESTINATION", NO_ROUTE_DESTINATION, "No route to destination"),
    ("MISDIALLED_TRUNK_PREFIX", 5, "Misdialed trunk prefix"),
    ("CHANNEL_UNACCEPTABLE", 6, "Channel unacceptable"),
    ("CALL_AWARDED_DELIVERED", 7, "Call awarded and being delivered in an established channel"),
    ("PRE_EMPTED", 8, "Pre-empted"),
    ("NUMBER_PORTED_NOT_HERE", 14, "Number ported elsewhere"),
    ("NORMAL_CLEARING", NORMAL_CLEARING, "Normal Clearing"),
    ("USER_BUSY", USER_BUSY, "User busy"),
    ("NO_USER_RESPONSE", NO_USER_RESPONSE, "No user responding"),
    ("NO_ANSWER", 19, "User alerting, no answer"),
    ("SUBSCRIBER_ABSENT", 20, "Subscriber absent"),
    ("CALL_REJECTED", 21, "Call Rejected"),
    ("NUMBER_CHANGED", 22, "Number changed"),
    ("REDIRECTED_TO_NEW_DESTINATION", 23, "Redirected to new destination"),
    ("ANSWERED_ELSEWHERE", ANSWERED_ELSEWHERE, "Answered elsewhere"),
    ("DESTINATION_OUT_OF_ORDER", 27, "Destination out of order"),
    ("INVALID_NUMBER_FORMAT", 28, "Invalid number format"),
    ("FACILITY_REJECTED", 29, "Facility rejected"),
    ("RESPONSE_TO_STATUS_ENQUIRY", 30, "Response to STATus ENQuiry"),
    ("NORMAL_UNSPECIFIED", 31, "Normal, unspecified"),
    ("NORMAL_CIRCUIT_CONGESTION", CONGESTION, "Circuit/channel congestion"),
    ("NETWORK_OUT_OF_ORDER", 38, "Network out of order"),
    ("NORMAL_TEMPORARY_FAILURE", 41, "Temporary failure"),
    ("SWITCH_CONGESTION", 42, "Switching equipment congestion"),
    ("ACCESS_INFO_DISCARDED", 43, "Access information discarded"),
    ("REQUESTED_CHAN_UNAVAIL", REQUESTED_CHAN_UNAVAIL, "Requested channel not available"),
    ("FACILITY_NOT_SUBSCRIBED", 50, "Facility not subscribed"),
    ("OUTGOING_CALL_BARRED", 52, "Outgoing call barred"),
    ("INCOMING_CALL_BARRED", 54, "Incoming call barred"),
    ("BEARERCAPABILITY_NOTAUTH", 57, "Bearer capability not authorized"),
    ("BEARERCAPABILITY_NOTAVAIL", 58, "Bearer capability not available"),
    ("BEARERCAPABILITY_NOTIMPL", 65, "Bearer capability not implemented"),
    ("CHAN_NOT_IMPLEMENTED", CHAN_NOT_IMPLEMENTED, "Channel not implemented"),
    ("FACILITY_NOT_IMPLEMENTED", 69, "Facility not implemented"),
    ("INVALID_CALL_REFERENCE", 81, "Invalid call reference value"),
    ("INCOMPATIBLE_DESTINATION", 88, "Incompatible destination"),
    ("INVALID_MSG_UNSPECIFIED", 95, "Invalid message unspecified"),
    ("MANDATORY_IE_MISSING", 96, "Mandatory information element is missing"),
    ("MESSAGE_TYPE_NONEXIST", 97, "Message type nonexist."),
    ("WRONG_MESSAGE", 98, "Wrong message"),
    ("IE_NONEXIST", 99, "Info. element nonexist or not implemented"),
    ("INVALID_IE_CONTENTS", 100, "Invalid information element contents"),
    ("WRONG_CALL_STATE", 101, "Message not compatible with call state"),
    ("RECOVERY_ON_TIMER_EXPIRE", 102, "Recover on timer expiry"),
    ("MANDATORY_IE_LENGTH_ERROR", 103, "Mandatory IE length error"),
    ("PROTOCOL_ERROR", 111, "Protocol error, unspecified"),
    ("INTERWORKING", INTERWORKING, "Interworking, unspecified"),
)
_BY_NAME: Final = {fold(name): number for name, number, _ in _CAUSES}
_TEXTS: Final = {number: text for _, number, text in _CAUSES}


def cause_by_name(name: str) -> int | None:
    """Return the number of a cause, by its name without ``AST_CAUSE_``, in any letter case."""
    return _BY_NAME.get(fold(name))


def cause_text(number: int) -> str:
    """Return what events say of a cause (hangup-causes)."""
    return _TEXTS.get(number, "Unknown")
