"""The ``faults:`` part of a scenario: what breaks, when, and for how long."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, ClassVar, Literal, get_args

from pydantic import BeforeValidator, ConfigDict, Field

from stasis_sim.scenario.arrivals import InCsv, Instants
from stasis_sim.scenario.fields import PositiveRandom, Random
from stasis_sim.scenario.files import Reread
from stasis_sim.scenario.misfit import Keys, MisfitError, choose, got
from stasis_sim.scenario.strict import Strict

Verb = Literal["drop", "crash", "freeze", "shut_out", "partition", "stall", "restart", "reload"]
VERBS: tuple[Verb, ...] = get_args(Verb)

ASTERISK = "asterisk"
"""What ``restart`` may name beside clients, and ``reload`` alone."""

RELOADED = ("extensions", "ari")
"""The files that ``reload`` may name, each a key of its own."""

DEFAULT_START = "1s"
"""How long a client takes to start again."""

WHEN = ("at", "every", "csv")

ONLY_WITH: dict[str, tuple[Verb, ...]] = {
    "how": ("drop", "restart"),
    "start": ("crash", "restart"),
    "mode": ("drop", "crash", "shut_out", "partition", "restart"),
    "for": ("drop", "crash", "freeze", "shut_out", "partition", "stall", "restart"),
    **dict.fromkeys(RELOADED, ("reload",)),
}
"""Keys that say something only beside some verbs."""


LASTING: dict[Verb, str] = {
    "shut_out": "how long nothing new gets in",
    "partition": "how long nothing passes",
    "stall": "how long the program does nothing",
}
"""Verbs that need to be told how long."""


def _one_verb(schema: dict[str, Any]) -> None:
    """Give the JSON Schema of a fault the key that its verb is."""
    target = schema["properties"].pop("target")
    schema["properties"].pop("verb")
    schema["properties"] = dict.fromkeys(VERBS, target) | schema["properties"]
    schema["required"] = []
    schema["oneOf"] = [{"required": [verb]} for verb in VERBS]
    schema["allOf"] = [{"oneOf": [{"required": [key]} for key in WHEN]}]


def _single(target: Any) -> Any:
    """Refuse a list of what it happens to.

    Raises:
        MisfitError: It is one.
    """
    if isinstance(target, list | tuple):
        raise MisfitError.at(f"several in one fault {got(target)}; write an entry under faults for each")
    return target


class Fault(Strict):
    """Something that breaks.

    drop: the WebSocket is cut, REST goes on. freeze: the WebSocket passes nothing and closes nothing, REST goes on.
    shut_out: the WebSocket goes on, and nothing new gets to Asterisk, REST neither. partition: neither passes. stall:
    the event loop of the client does nothing for a while. crash: the client dies with its queue and its state, and
    starts again. restart: an orderly stop and start of a client, or a restart of Asterisk, which forgets everything.
    reload: Asterisk reads files again, and goes on.
    """

    model_config = ConfigDict(json_schema_extra=_one_verb)

    example: ClassVar[str] = "{drop: CLIENT, at: 10min, for: 20s}"

    verb: Verb = Field(description="What happens.")
    target: Annotated[str, BeforeValidator(_single), Field(min_length=1)] = Field(
        description="To which client; restart: asterisk too; reload: asterisk."
    )
    at_us: Instants | None = Field(default=None, alias="at", description="When it happens, once or several times.")
    every: PositiveRandom | None = Field(
        default=None, description="Time between the end of one and the beginning of the next."
    )
    csv: InCsv | None = Field(default=None, description="A CSV file with the instants at which it happens, in seconds.")
    lasts: Random | None = Field(
        default=None,
        alias="for",
        description="How long attempts to return fail; how long Asterisk boots; how long anything else lasts.",
    )
    mode: Literal["refuse", "blackhole"] | None = Field(
        default=None, description="What attempts meet meanwhile: they are refused, or hear nothing."
    )
    how: Literal["torn", "closed", "power_cut"] | None = Field(
        default=None,
        description="drop: the connection is torn, or closed in order. restart: asterisk: its power is cut.",
    )
    start: Random | None = Field(default=None, description="crash, restart: how long the client takes to start again.")
    extensions: Reread | None = Field(
        default=None, description="reload: the new extensions.conf, a path relative to the scenario or the text itself."
    )
    ari: Reread | None = Field(
        default=None, description="reload: the new ari.conf, a path relative to the scenario or the text itself."
    )

    @property
    def client(self) -> str | None:
        """The client it happens to; None where it happens to Asterisk."""
        return None if self.target == ASTERISK else self.target

    @classmethod
    def arrange(cls, data: dict[str, Any]) -> dict[str, Any]:
        """Turn ``drop: CLIENT`` into verb and target, and fill in the defaults of the verb.

        Raises:
            MisfitError: There is not exactly one verb.
        """
        verbs = [key for key in data if key in VERBS]
        if len(verbs) != 1 or "verb" in data or "target" in data:
            raise _no_single_verb(data, verbs)
        verb, target = verbs[0], data[verbs[0]]
        defaults = {
            key: value
            for key, value in {"mode": "refuse", "how": "torn", "start": DEFAULT_START}.items()
            if verb in ONLY_WITH[key]
            and not (key == "start" and target == ASTERISK)
            and (key, verb) != ("how", "restart")
        }
        return {"verb": verb, "target": target, **defaults, **{key: data[key] for key in data if key != verb}}

    @classmethod
    def locate(cls, keys: Keys, data: Mapping[str, Any]) -> Keys:
        """Turn ``target`` into the verb."""
        return (str(data["verb"]), *keys[1:]) if keys[:1] == ("target",) else keys

    @classmethod
    def spread(cls, data: dict[str, Any]) -> dict[str, Any]:
        """Turn verb and target into one key; instants that are written out stand under ``at``."""
        data = {data.pop("verb"): data.pop("target"), **data}
        return {("at" if key == "csv" and isinstance(value, list) else key): value for key, value in data.items()}

    @classmethod
    def suggestions(cls) -> list[str]:
        """Return the keys that a message may name; one verb is there already."""
        return [key for key in cls.known_keys() if key not in {"verb", "target"}]

    @classmethod
    def examine(cls, data: dict[str, Any]) -> Iterator[tuple[Keys, str]]:
        """Yield keys that say nothing beside the verb, and how often it happens if that is not said once."""
        verb = data["verb"]
        for key, verbs in ONLY_WITH.items():
            if key in data and verb not in verbs:
                yield (key,), f"says nothing beside {verb} {got(data[key])}; remove it"
        if "start" in data and verb == "restart" and data.get("target") == ASTERISK:
            yield ("start",), f"says nothing of Asterisk {got(data['start'])}; write for: how long it takes to boot"
        if verb == "reload" and not any(key in data for key in RELOADED):
            yield (), "nothing to read; write extensions: or ari:, each with a path or the text of the new file"
        yield from _how(data)
        for lasting, what in LASTING.items():
            if verb == lasting and "for" not in data:
                yield (), f"for is missing; write for: {what}"
        when = [key for key in data if key in WHEN]
        if not when:
            yield (), "no time; write at: 10min, or every: {exponential: 10min}"
        for key in when[1:]:
            yield (key,), f"{when[0]} is given too {got(data[key])}; write one of at, every and csv"


def _how(data: dict[str, Any]) -> Iterator[tuple[Keys, str]]:
    """Yield a way to end connections that the verb does not have."""
    how, verb = data.get("how"), data["verb"]
    if verb == "restart" and "how" in data and data.get("target") != ASTERISK:
        yield ("how",), f"says nothing beside restart of a client {got(how)}; remove it"
    elif verb == "restart" and how in {"torn", "closed"}:
        yield ("how",), f"says nothing beside restart {got(how)}; write power_cut, or remove it"
    elif verb == "drop" and how == "power_cut":
        yield ("how",), f"says nothing beside drop {got(how)}; write restart: asterisk, or how: torn"


def _no_single_verb(data: Mapping[str, Any], verbs: Sequence[str]) -> MisfitError:
    """Return what is wrong with a fault that has not exactly one verb."""
    if len(verbs) > 1:
        return MisfitError.at(f"{len(verbs)} faults in one {got(', '.join(verbs))}; write an entry for each")
    strange = next((key for key in data if key not in {*VERBS, *Fault.suggestions()}), None)
    if strange in {"verb", "target"}:
        return MisfitError.at("unknown key; write the verb as key, as in drop: CLIENT", strange)
    if strange is not None:
        return MisfitError.at(f"unknown fault; {choose(strange, VERBS)}", strange)
    keys = ", ".join(data) or "nothing"
    return MisfitError.at(f"not a fault {got(keys)}; write one of {', '.join(VERBS)}, as in drop: CLIENT")
