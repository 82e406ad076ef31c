"""The dialplan state of one channel, and what the interpreter asks of whoever hosts it.

This is the contract between the interpreter (pbx.py and the applications) and its host (the engine, or a test).

- A :class:`Thread` is one channel's walk through the dialplan. The host makes it, keeps it, and may read every slot;
  it may set ``state`` (after an answer by REST), ``cause``, ``caller_*``, ``media_us`` and ``variables``.
- The host drives it with ``Pbx.start``, ``resume``, ``hangup`` and ``dtmf``. Each runs the dialplan until it next
  waits, and returns for how long: a delay in microseconds, after which the host calls ``resume``, or None, when
  nothing is to be timed (inside Stasis, waiting for the caller for ever, or ended). **Each returned wait replaces the
  one before**: a timer that was set earlier must be ignored.
- Everything visible goes through :class:`Host`, in the order in which it happens. The host's methods must not call
  back into the interpreter for the same thread.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol

if TYPE_CHECKING:
    from stasis_sim.handoff.dialplan.pbx import Pbx

# What an application returns. A jump has set the thread's place itself.
NEXT: Final = 0
JUMP: Final = 1
PARK: Final = 2
HANGUP: Final = -1
# The walk is over, but Asterisk does not say "exited non-zero": falling off the end and its like.
OVER: Final = 3
# The macro that runs is over, or a key was pressed that whoever called it collects; only within macros.
MACRO_EXIT: Final = 4
MACRO_KEY: Final = 5
# What was dialled is not all yet.
INCOMPLETE: Final = 6

# What Host.stasis returns: the lookup failed and the dialplan goes on; the channel is inside, and the host will call
# Pbx.resume or Pbx.hangup; or the channel was hung up already, so that it entered and left at once (`h` calls Stasis).
STASIS_FAILED: Final = 0
STASIS_ENTERED: Final = 1
STASIS_LEFT: Final = 2

SIP: Final = "sip"
"""The kind of channel that a SIP phone's is."""

# Asterisk's answer to an answered channel that sends no media; also what Local channels take.
NO_MEDIA_US: Final = 500_000

# Ends a wait: told whether it was cut short (hangup, absolute timeout), returns what an application returns.
Continuation = Callable[["Pbx", "Thread", bool], int]
# Hears of a key: returns whether the wait is over because of it.
Listener = Callable[["Pbx", "Thread", str], bool]
Wrapper = Callable[["Pbx", "Thread", int], int]
# What the tables hold: an application runs with its data; a function is read, or set to a value, with its arguments.
Application = Callable[["Pbx", "Thread", str], int]
Reader = Callable[["Pbx", "Thread", str], str | None]
Writer = Callable[["Pbx", "Thread", str, str], None]


REMOVED_APPLICATIONS: Final = frozenset(
    {
        *("importvar", "macro", "macroexclusive", "macroexit", "macroif", "monitor"),
        *("nocdr", "sendurl", "setamaflags", "stopmonitor"),
    }
)
"""Applications that 16 has and 22 has no more."""

NEWER_APPLICATIONS: Final = frozenset({"else", "elseif", "endif", "exitif", "if", "stasisbroadcast"})
"""Applications that 22 has and 16 has not."""

NEWER_FUNCTIONS: Final = frozenset(
    {
        *("DELETE", "DIGIT_SUM", "EXPORT", "GLOBAL_DELETE", "GLOBAL_EXISTS"),
        *("LTRIM", "RTRIM", "TRIM", "UUID", "VARIABLE_EXISTS"),
    }
)
"""Functions that 22 has and 16 has not."""


@dataclass(frozen=True, slots=True)
class DialplanRules:
    """Where versions of Asterisk differ in the dialplan; ``profiles.py`` has one for each profile.

    Attributes:
        missing_applications: Names, in lower case, of applications that this version does not have.
        missing_functions: Names of functions that this version does not have.
        answer_immediately: Whether ``Answer(,i)`` skips the wait for media.
        callee_cause: Whether HANGUPCAUSE after an answered Dial() is that of the callee's hangup, not 16.
        json_paths: Whether JSON_DECODE() follows keys into what is nested, and knows true, false and fractions.
        queue_times: Whether Queue() empties what it will say of how long it took.
        version: What VERSION() says.
        whole_dial_timeout: Whether the timeout of Dial() counts in whole seconds, what is behind them being cut off.
        regex_bytes: Whether regular expressions see bytes, not the characters of UTF-8.
    """

    missing_applications: frozenset[str] = REMOVED_APPLICATIONS
    missing_functions: frozenset[str] = frozenset()
    answer_immediately: bool = True
    callee_cause: bool = False
    json_paths: bool = True
    queue_times: bool = True
    version: str = "22.10.1+dfsg+~cs6.17.60671434-1"
    whole_dial_timeout: bool = False
    regex_bytes: bool = False


ASTERISK_22: Final = DialplanRules()


class LoopError(Exception):
    """A dialplan runs for ever without taking time.

    Attributes:
        channel: The channel that runs it.
        steps: One round of the loop: (context, exten, priority, application, data) for each step.
        places: The same in words.
    """

    def __init__(self, channel: str, steps: Sequence[tuple[str, str, int, str, str]]) -> None:
        """Keep one round of the loop and say it in the message."""
        self.channel = channel
        self.steps = tuple(steps)
        self.places = "; ".join(
            f"{exten}@{context}:{priority} {app}({data})" for context, exten, priority, app, data in steps
        )
        super().__init__(f"channel {channel}: the dialplan loops for ever without taking time: {self.places}")


class Key(NamedTuple):
    """A key that somebody has pressed and that nobody has read to its end.

    Attributes:
        digit: Which.
        duration_ms: How long it was held down.
        due: From when on it can be read, in microseconds.
        told: ChannelDtmfReceived has been sent, and is not sent again.
        begun: Its beginning is queued before its end: who takes keys for more than their ends reads that alone, and the
            rest only when something else wakes the channel up.
    """

    digit: str
    duration_ms: int = 100
    due: int = 0
    told: bool = False
    begun: bool = False


@dataclass(slots=True)
class Frame:
    """One level of Gosub: where to return to, and the variables that are local to the subroutine.

    ``special`` is the level of a hangup handler: there is nothing to return to.
    """

    context: str
    exten: str
    priority: int
    arguments: int = 0
    special: bool = False
    hidden: dict[str, str | None] = field(default_factory=dict)


class Thread:
    """One channel's walk through the dialplan.

    Attributes:
        channel: The channel's id.
        name: The channel's name, as ``${CHANNEL}`` gives it.
        kind: ``local`` or ``sip``; ``${CHANNEL(channeltype)}`` is derived from it.
        context, exten, priority: Where it is.
        application, data: What runs now, or ran last.
        resting: What it shows between the dialplan's applications: only channels that ARI originated have something.
        variables: Channel variables by plain name (without ``_`` and ``__``).
        prefixes: For inherited variables, ``_`` or ``__`` by plain name.
        state: ``Down``, ``Ring``, ``Ringing``, ``Up``, ``Busy``.
        cause: HANGUPCAUSE.
        hungup: Whether a hangup has been requested (Asterisk's soft hangup).
        timed_out: Whether TIMEOUT(absolute) has run out and was not dealt with yet.
        handler: Whether it runs its ``h`` extension.
        within: Whether its dialplan runs inside of Stasis(): at its end is no ``h``, and nobody asks it to hang up.
        inside: Whether it is parked inside Stasis.
        ended: Whether the channel is gone.
        owner: Whatever the host keeps with it: the interpreter never looks at it.
        media_us: How long after an answer the caller's first media comes; None: none ever does.
        frames: The Gosub stack.
        unread: Keys for who reads from the channel next.
        stuck: The first of them has begun, and nothing has woken the channel up since.
    """

    __slots__ = (
        "application",
        "caller_name",
        "caller_number",
        "cause",
        "channel",
        "context",
        "data",
        "deadline",
        "digits",
        "ended",
        "exten",
        "extras",
        "frames",
        "handler",
        "hungup",
        "inside",
        "kind",
        "listener",
        "media_us",
        "name",
        "outer",
        "owner",
        "prefixes",
        "priority",
        "resting",
        "state",
        "stuck",
        "then",
        "timed_out",
        "unread",
        "variables",
        "wake",
        "within",
    )

    def __init__(
        self,
        channel: str,
        context: str,
        exten: str,
        *,
        variables: dict[str, str] | None = None,
        caller_number: str = "",
        caller_name: str = "",
        kind: str = "local",
        name: str = "",
        state: str = "Ring",
    ) -> None:
        """Put a channel in front of a place in the dialplan."""
        self.channel = channel
        self.name = name or channel
        self.kind = kind
        self.context = context
        self.exten = exten
        self.priority = 1
        self.application = ""
        self.resting = ("", "")
        self.data = ""
        self.variables: dict[str, str] = {} if variables is None else variables
        self.prefixes: dict[str, str] = {}
        self.caller_number = caller_number
        self.caller_name = caller_name
        self.state = state
        self.cause = 0
        self.hungup = False
        self.timed_out = False
        self.handler = False
        self.within = False
        self.inside = False
        self.ended = False
        self.owner: Any = None
        self.media_us: int | None = None
        self.frames: list[Frame] = []
        self.digits = ""
        self.unread: tuple[Key, ...] = ()
        self.stuck = False
        # The pending wait: what runs when it is over, what wraps its result, when it is over and by when at the latest.
        self.then: Continuation | None = None
        self.listener: Listener | None = None
        self.outer: list[Wrapper] = []
        self.wake: int | None = None
        self.deadline: int | None = None
        # What few channels have: SHARED() variables, CHANNEL() items and timeouts that were set, EXCEPTION().
        self.extras: dict[str, str] = {}

    def caller_text(self) -> str:
        """The caller id as ``${CALLERID(all)}`` prints it."""
        return f'"{self.caller_name}" <{self.caller_number}>'


class Host(Protocol):
    """What happens outside when the dialplan runs."""

    def now(self) -> int:
        """The model's time in microseconds."""

    def wall(self) -> int:
        """The wall clock in microseconds since 1970 (UTC), for time conditions and ``${EPOCH}``."""

    def threads(self) -> Iterable[Thread]:
        """All channels that there are now."""

    def new_pair(self) -> int:
        """A Local channel is made; return the number in its name."""

    def step(self, thread: Thread, application: str, data: str) -> None:
        """A step is about to run; the thread says where. The name is canonical, the data substituted."""

    def runs(self, thread: Thread) -> None:
        """An application runs another one: it is `thread.application` until it returns."""

    def variable(self, thread: Thread, name: str, value: str) -> None:
        """A channel variable was set (ChannelVarset); the name is as it was written, with ``_`` or ``LOCAL()``."""

    def global_variable(self, name: str, value: str) -> None:
        """A global variable was set, or deleted if the value is empty."""

    def state(self, thread: Thread, state: str) -> None:
        """The channel's state changed (ChannelStateChange); ``thread.state`` is already the new one."""

    def signal(self, thread: Thread, sign: str) -> None:
        """Whoever calls is told that it rings or goes on: ``RINGING``, ``PROGRESS`` or ``PROCEEDING``."""

    def heeds_busy(self, thread: Thread) -> bool:
        """Whether whoever calls hangs up when he hears that it is busy, or congested."""

    def caller_changed(self, thread: Thread) -> None:
        """The caller's name or number was set to another (ChannelCallerId)."""

    def connected_changed(self, thread: Thread) -> None:
        """Name or number of the connected line were set to others (ChannelConnectedLine)."""

    def stasis(self, thread: Thread, app: str, args: Sequence[str]) -> int:
        """Stasis(app, args): returns STASIS_FAILED, STASIS_ENTERED or STASIS_LEFT.

        ``thread.hungup`` says that the channel is hung up already: it can only fail or be LEFT.
        STASISSTATUS is the interpreter's business.
        """

    def broadcast(
        self, thread: Thread, timeout_us: int, pattern: str | None, args: Sequence[str], *, notify: bool
    ) -> None:
        """StasisBroadcast() begins; the thread waits for ``timeout_us``.

        A claim within that time hands the channel over with ``Pbx.claimed``; if none comes, the interpreter sets
        STASISSTATUS=TIMEOUT and calls ``broadcast_over``.
        """

    def broadcast_over(self, thread: Thread) -> None:
        """Nobody claimed the channel in time, or it was hung up while waiting."""

    def leave(self, thread: Thread, how: str) -> int | None:
        """The channel leaves Stasis for a reason of the dialplan's own: ``absolute_timeout``.

        Returns:
            How long Stasis() waits before it returns, in microseconds; None: it still waits for its WebSocket, and
            looks at nothing else (outbound-per-call-timeout).
        """

    def hangup_request(self, thread: Thread, flag: int) -> None:
        """The dialplan hangs up (ChannelHangupRequest, ``soft``); the flag is what Asterisk says is its cause.

        16 where it is over, 32 for SoftHangup().
        """

    def key_read(self, thread: Thread, key: Key) -> None:
        """The end of a key was read from the channel (ChannelDtmfReceived)."""

    def user_event(self, thread: Thread, name: str, fields: Sequence[tuple[str, str]]) -> None:
        """UserEvent(name, fields)."""

    def device_changed(self, device: str, state: str) -> None:
        """The dialplan has given a device another state."""

    def ending(self, thread: Thread, kind: str, status: str) -> None:
        """Why the dialplan stopped walking forward, in the words of Asterisk's verbose lines.

        Kinds: ``autofallthrough`` (status: DIALSTATUS or UNKNOWN), ``exited_nonzero``, ``invalid``,
        ``invalid_no_handler``, ``no_application`` (status: its name), ``timeout``.
        """

    def ended(self, thread: Thread, cause: int) -> None:
        """The channel is gone."""

    def log(self, level: str, text: str) -> None:
        """A line of Asterisk's log: WARNING, NOTICE, ERROR or VERBOSE."""


class SilentHost:
    """A host that nothing happens to: for text that is substituted outside of calls, and to build others on."""

    def now(self) -> int:
        """No time goes by."""
        return 0

    def wall(self) -> int:
        """It is 1970."""
        return 0

    pairs = 1
    """Local channels that there have been, with the one that runs here."""

    def threads(self) -> Iterable[Thread]:
        """Nobody else is there."""
        return ()

    def new_pair(self) -> int:
        """Count it."""
        self.pairs += 1
        return self.pairs - 1

    def step(self, thread: Thread, application: str, data: str) -> None:
        """Forget it."""

    def runs(self, thread: Thread) -> None:
        """An application runs another one: it is `thread.application` until it returns."""

    def variable(self, thread: Thread, name: str, value: str) -> None:
        """Forget it."""

    def global_variable(self, name: str, value: str) -> None:
        """A global variable was set, or deleted if the value is empty."""

    def state(self, thread: Thread, state: str) -> None:
        """Forget it."""

    def signal(self, thread: Thread, sign: str) -> None:
        """Forget it."""

    def heeds_busy(self, thread: Thread) -> bool:  # noqa: ARG002 - as the protocol says
        """He does."""
        return True

    def caller_changed(self, thread: Thread) -> None:
        """Forget it."""

    def connected_changed(self, thread: Thread) -> None:
        """Forget it."""

    def stasis(self, thread: Thread, app: str, args: Sequence[str]) -> int:  # noqa: ARG002 - as the protocol says
        """No application is registered."""
        return STASIS_FAILED

    def broadcast(
        self, thread: Thread, timeout_us: int, pattern: str | None, args: Sequence[str], *, notify: bool
    ) -> None:
        """Nobody hears it."""

    def broadcast_over(self, thread: Thread) -> None:
        """Forget it."""

    def leave(self, thread: Thread, how: str) -> int | None:  # noqa: ARG002 - as the protocol says
        """Forget it."""
        return 0

    def hangup_request(self, thread: Thread, flag: int) -> None:
        """Forget it."""

    def key_read(self, thread: Thread, key: Key) -> None:
        """Forget it."""

    def user_event(self, thread: Thread, name: str, fields: Sequence[tuple[str, str]]) -> None:
        """Forget it."""

    def device_changed(self, device: str, state: str) -> None:
        """Forget it."""

    def ending(self, thread: Thread, kind: str, status: str) -> None:
        """Forget it."""

    def ended(self, thread: Thread, cause: int) -> None:
        """Forget it."""

    def log(self, level: str, text: str) -> None:
        """Forget it."""
