"""The scenario: a strict YAML file as a frozen object with units resolved and files read.

Times are whole microseconds, in fields whose names end in ``_us``; how long something random takes is a
:class:`~stasis_sim.scenario.distributions.Distribution`. Whatever is wrong with a file comes at once, as one
:class:`~stasis_sim.errors.InputError` with a place for each fault.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import zip_longest
from pathlib import Path
from typing import Annotated, Any, ClassVar, Self

from pydantic import BeforeValidator, Field, PrivateAttr, ValidationError

from stasis_sim.errors import InputError, Problem
from stasis_sim.scenario import crosschecks
from stasis_sim.scenario.asterisk import Asterisk
from stasis_sim.scenario.calls import Calls
from stasis_sim.scenario.clients import Client
from stasis_sim.scenario.document import Document, parse
from stasis_sim.scenario.expect import Expected
from stasis_sim.scenario.faults import RELOADED, Fault
from stasis_sim.scenario.fields import NoneOr, OneOrMany, tuple_of_many
from stasis_sim.scenario.files import CONF_FILES, ConfFile
from stasis_sim.scenario.measured import strangers
from stasis_sim.scenario.misfit import Keys, got
from stasis_sim.scenario.overrides import Called, Overrides, apply
from stasis_sim.scenario.places import AnyPlace
from stasis_sim.scenario.pydantic_errors import faults_of
from stasis_sim.scenario.run import HOW_OFTEN, Run
from stasis_sim.scenario.strict import Context, Strict
from stasis_sim.scenario.sweep import NOT_OF_A_RUN, Sweep

EXPECTED_OF_ANY = "calls >= 0"
"""A line that any scenario may expect."""


def _plain(value: Any) -> Any:
    """Return data with lists in the place of tuples."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list | tuple) else value


def _held(file: ConfFile | None, other: ConfFile | None) -> ConfFile | None:
    return file if file is None or other is None or file != other else replace(file, included=other.included)


def _written(data: Any, keys: Keys) -> Keys:
    """Return the way to a value as a file has it, where one may stand for a list of one."""
    way: list[str | int] = []
    for key in keys:
        if isinstance(key, str) or isinstance(data, list):
            way.append(key)
            data = data[key]
    return tuple(way)


class Scenario(Strict):
    """A question about calls and their applications, ready to run."""

    example: ClassVar[str] = "a mapping with asterisk:, calls: and run:; `stasis-sim new` writes one to start from"
    required_examples: ClassVar[dict[str, str]] = {
        "asterisk": Asterisk.example,
        "run": Run.example,
    }

    title: str = Field(default="", description="The question that the scenario answers.")
    asterisk: Asterisk = Field(description="Which Asterisk, on which files.")
    clients: dict[str, Client] = Field(default_factory=dict, description="The programs that serve its apps, by name.")
    calls: Annotated[tuple[Calls, ...], BeforeValidator(tuple_of_many)] = Field(
        default=(), description="Who calls, when and how long."
    )
    faults: Annotated[tuple[Fault, ...], BeforeValidator(tuple_of_many)] = Field(
        default=(), description="What breaks, and when."
    )
    run: Run = Field(description="How long and how often it is run.")
    expect: Annotated[tuple[Expected, ...], OneOrMany("a list of lines")] = Field(
        default=(), description="What the results must be: `[APP.]measure OP value [with P%]`."
    )
    sweep: Annotated[Sweep | None, NoneOr(shown=False)] = Field(
        default=None, description="Which keys take which values in `stasis-sim sweep`."
    )
    fallback: Annotated[tuple[AnyPlace, ...], OneOrMany("a list of places")] = Field(
        default=(), description="Places in the dialplan that save a call that was ejected."
    )

    _document: Document = PrivateAttr(default_factory=lambda: Document("scenario"))
    _base: Path = PrivateAttr(default_factory=Path)

    @classmethod
    def remedy(cls, key: str) -> str:
        """Return what to write instead of an unknown key: those of ``run`` and ``asterisk`` are often put too high."""
        for name, below in (("run", Run), ("asterisk", Asterisk)):
            if key in below.known_keys():
                return f"write it below {name}, as {name}.{key} on the command line"
        return super().remedy(key)

    @classmethod
    def load(cls, path: Path | str, overrides: Overrides = (), called: Called = str) -> Self:
        """Read a scenario file.

        Args:
            path: The file; other files that it names are relative to it.
            overrides: Values in place of those in the file: ``{"run.seed": 3}`` or ``["run.seed=3"]``.
            called: How messages call an override; by its key if nothing is said.

        Raises:
            InputError: The file cannot be read or is not a scenario; all faults at once.
        """
        path = Path(path)
        try:
            text = path.read_text("utf-8-sig")
        except UnicodeDecodeError as error:
            raise InputError.at(str(path), f"not text in UTF-8 (byte {error.start}); save it as UTF-8") from None
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise InputError.at(str(path), f"cannot be read: {reason}; write the path of a scenario") from None
        document = parse(text, str(path))
        if document.data is not None:  # of an empty file nothing else is to be said
            apply(document, overrides, called)
        return cls._of(document, path.parent)

    @classmethod
    def parse(cls, text: str, *, name: str = "scenario", base: Path | str = ".", overrides: Overrides = ()) -> Self:
        """Read a scenario from its text.

        Args:
            text: YAML.
            name: The text as messages show it.
            base: The folder that the names of other files start from.
            overrides: Values in place of those in the text.

        Raises:
            InputError: It is not a scenario; all faults at once.
        """
        document = parse(text, name)
        apply(document, overrides, str)
        return cls._of(document, Path(base))

    @classmethod
    def of(cls, data: dict[str, Any], *, name: str = "scenario", base: Path | str = ".") -> Self:
        """Make a scenario from what a file would say, as plain data.

        Raises:
            InputError: It is not a scenario; all faults at once.
        """
        return cls._of(Document(name, data), Path(base))

    @classmethod
    def _of(cls, document: Document, base: Path) -> Self:
        data = document.data
        if data is None:
            text = "nothing in it; write a scenario, or let `stasis-sim new` write one to start from"
            raise InputError([*document.problems, document.problem((), text)])
        if isinstance(data, dict):
            data = {key: value for key, value in data.items() if not str(key).startswith("x-")}
        context = Context(base, document.name, document.blocks)
        problems = list(document.problems)
        try:
            scenario = cls.model_validate(data, context=context)
        except ValidationError as error:
            faults = [(keys, text) for keys, text, _ in faults_of(error)]
            faults += _strangers_beside(data, [keys for keys, _ in faults], context)
            problems += [document.problem(keys, text) for keys, text in faults]
        if problems:
            raise InputError(problems)
        scenario._document = document  # noqa: SLF001 - its own
        scenario._base = base  # noqa: SLF001
        problems = [document.problem(_written(data, keys), text) for keys, text in strangers(scenario)]
        if problems:
            raise InputError(problems)
        return scenario

    def where(self, overrides: Overrides, called: Called = str) -> Self:
        """Return the same scenario with other values: ``scenario.where({"run.seed": 3})``.

        Args:
            overrides: The values by their keys. Text is read as YAML, that of one of Asterisk's files is taken as it
                is; paths start from the scenario's folder.
            called: How messages call each; by its key if nothing is said.

        Raises:
            InputError: A value does not fit.
        """
        own = self._document
        document = Document(own.name, self.data(), dict(own.places), dict(own.blocks), story=own.story)
        apply(document, overrides, called)
        return self._of(document, self._base)._with_includes_of(self)  # noqa: SLF001 - its own

    def _with_includes_of(self, other: Self) -> Self:
        """Return the same scenario, with what the .conf files of another include, as far as they are the same files."""
        asterisk = {key: _held(getattr(self.asterisk, key), getattr(other.asterisk, key)) for key in CONF_FILES}
        pairs = zip_longest(self.faults, other.faults[: len(self.faults)])
        faults = tuple(
            fault.model_copy(update={key: _held(getattr(fault, key), getattr(old, key, None)) for key in RELOADED})
            for fault, old in pairs
        )
        return self.model_copy(update={"asterisk": self.asterisk.model_copy(update=asterisk), "faults": faults})

    def __repr__(self) -> str:
        """Say in one line which scenario it is: :func:`stasis_sim.scenario.show` writes all of it."""
        return f"<scenario {self.name}: {self.asterisk.profile}, {self.title or 'without a title'}>"

    __str__ = __repr__

    @property
    def name(self) -> str:
        """The scenario's short name, which is that of its file without folder and ending."""
        return Path(self._document.name).stem

    @property
    def file(self) -> str:
        """The scenario's file as messages show it."""
        return self._document.name

    @property
    def story(self) -> str:
        """The comment at the head of the scenario's file, without the marks: what lies behind the question."""
        return self._document.story

    @property
    def base(self) -> Path:
        """The folder that the names of other files start from."""
        return self._base

    def problem(self, keys: Keys, text: str) -> Problem:
        """Return a problem with a value of the scenario, with its place in the file.

        Args:
            keys: The way to the value: ``("calls", 0, "to")``.
            text: What is wrong, what was found, what to write.
        """
        return self._document.problem(keys, text)

    def data(self, *, inline: bool = False) -> dict[str, Any]:
        """Return what a file would say, with every default filled in.

        Args:
            inline: Put the texts of other files in, so that the scenario stands alone.
        """
        data: dict[str, Any] = _plain(self.model_dump(by_alias=True, context={"inline": inline}))
        return data

    def digest_source(self) -> bytes:
        """Return canonical bytes of all that decides the results, for a digest.

        Title and expectations are not in it, nor are the names of files: what they hold is. What the .conf files
        ``#include`` is not known here.
        """
        data = self.data(inline=True)
        decisive = {key: value for key, value in data.items() if key not in NOT_OF_A_RUN}
        texts = {key: getattr(self.asterisk, key).content for key in CONF_FILES}
        decisive["run"] = {key: value for key, value in data["run"].items() if key not in HOW_OFTEN}
        decisive["asterisk"] = {**decisive["asterisk"], **texts}
        decisive["faults"] = [
            {**written, **{key: file.content for key in RELOADED if (file := getattr(fault, key)) is not None}}
            for fault, written in zip(self.faults, decisive["faults"], strict=True)
        ]
        canonical = json.dumps(decisive, sort_keys=True, separators=(",", ":"))
        return canonical.encode("ascii")

    @classmethod
    def arrange(cls, data: dict[str, Any]) -> dict[str, Any]:
        """Give each source of calls a name of its own, and mark the proxies."""
        return crosschecks.mark_proxies(crosschecks.name_sources(data))

    @classmethod
    def examine(cls, data: dict[str, Any]) -> Iterator[tuple[Keys, str]]:
        """Yield what does not fit between the parts."""
        yield from crosschecks.crosscheck(data)

    def __eq__(self, other: object) -> bool:
        """Return whether both say the same; where they were read does not count."""
        if not isinstance(other, Scenario):
            return NotImplemented
        return self.__dict__ == other.__dict__

    __hash__ = None  # type: ignore[assignment]  # it holds mappings


def a_scenario(given: object) -> Scenario:
    """Return what is given, if it is a scenario: people write the path of one instead.

    Raises:
        TypeError: It is none.
    """
    if isinstance(given, Scenario):
        return given
    if isinstance(given, str | Path):
        raise TypeError(f"not a scenario but its path {got(str(given))}; write Scenario.load({str(given)!r})")
    hint = "Scenario.of(...)" if isinstance(given, Mapping) else "Scenario.load(FILE)"
    raise TypeError(f"not a scenario (got a {type(given).__name__}); write {hint}")


def _strangers_beside(data: Any, broken: Sequence[Keys], context: Context) -> Iterator[tuple[Keys, str]]:
    """Yield measures of apps and clients that a scenario does not have, though other parts of it do not fit.

    Args:
        data: The scenario.
        broken: What does not fit.
        context: Where it lies.
    """
    names = {keys[0] for keys in broken if keys}
    if not isinstance(data, dict) or not {"asterisk", "clients"} <= data.keys() - names:
        return
    faults = data.get("faults")
    if (
        "faults" in names
        and isinstance(faults, list)
        and any("reload" in each for each in faults if isinstance(each, dict))
    ):
        return  # the dialplan that is loaded then may name apps of its own
    rest = {key: data[key] for key in Scenario.known_keys() if key in data and key not in names - {"expect"}}
    if "expect" in names and isinstance(data["expect"], list):
        wrong = {keys[1] for keys in broken if len(keys) > 1 and keys[0] == "expect"}
        rest["expect"] = [EXPECTED_OF_ANY if at in wrong else line for at, line in enumerate(data["expect"])]
    try:
        scenario = Scenario.model_validate({"run": {"duration": "1h"}, **rest}, context=context)
    except ValidationError:
        return
    yield from ((_written(data, keys), text) for keys, text in strangers(scenario))
