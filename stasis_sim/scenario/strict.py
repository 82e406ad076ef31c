"""What the models of a scenario are made of: a strict base model, and choices that are known by their only key.

Whatever does not fit leaves as one :class:`~stasis_sim.scenario.misfit.MisfitError` with all faults below a model, so
that the text of a message is made where its reason is known.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    SerializationInfo,
    SerializerFunctionWrapHandler,
    ValidationError,
    ValidationInfo,
    ValidatorFunctionWrapHandler,
    model_serializer,
    model_validator,
)
from pydantic_core import CoreSchema, core_schema

from stasis_sim.scenario.misfit import Keys, MisfitError, choose, got, nearest
from stasis_sim.scenario.pydantic_errors import faults_of


@dataclass(frozen=True)
class Context:
    """What validators know beside the value.

    Attributes:
        base: The folder that paths start from.
        name: The scenario as messages show it.
        blocks: For each literal block of text the line of the scenario in which it begins.
    """

    base: Path = field(default_factory=Path)
    name: str = "scenario"
    blocks: Mapping[Keys, int] = field(default_factory=dict)

    @classmethod
    def of(cls, info: ValidationInfo) -> Context:
        """Return the context of a validation, an empty one where the caller gave none."""
        return info.context if isinstance(info.context, cls) else cls()


class Strict(BaseModel):
    """A mapping with known keys: all others are refused with the nearest known one, and nothing is coerced."""

    # Built at first use: a scenario uses few of all the choices that there are, and a worker builds none.
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, defer_build=True)

    example: ClassVar[str] = ""
    """What to write where a whole mapping is missing or no mapping."""

    required_examples: ClassVar[Mapping[str, str]] = {}
    """What to write for a key that is missing."""

    @classmethod
    def known_keys(cls) -> list[str]:
        """Return the keys that a file may use, in their order."""
        return [info.alias or name for name, info in cls.model_fields.items()]

    @classmethod
    def arrange(cls, data: dict[str, Any]) -> dict[str, Any]:
        """Turn the keys of the file into those of the fields; for models whose keys are not all fixed."""
        return data

    @classmethod
    def locate(cls, keys: Keys, data: Mapping[str, Any]) -> Keys:
        """Turn the way to a field into the way in the file: the opposite of :meth:`arrange`, which made ``data``."""
        del data
        return keys

    @classmethod
    def spread(cls, data: dict[str, Any]) -> dict[str, Any]:
        """Turn the fields back into the keys of the file."""
        return data

    @classmethod
    def suggestions(cls) -> list[str]:
        """Return the keys that a message may name."""
        return cls.known_keys()

    @classmethod
    def remedy(cls, key: str) -> str:
        """Return what to write instead of a key that is not known here."""
        return choose(key, cls.suggestions())

    @classmethod
    def examine(cls, data: dict[str, Any]) -> Iterator[tuple[Keys, str]]:
        """Yield faults that only show in several keys together; looked for even where single keys are wrong."""
        del data
        yield from ()

    @model_validator(mode="wrap")
    @classmethod
    def _check(cls, data: Any, handler: ValidatorFunctionWrapHandler) -> Self:
        """Let pydantic check the known keys, and add what it does not say well itself."""
        if isinstance(data, cls):
            return data
        if not isinstance(data, Mapping):
            raise MisfitError.at(f"not a mapping of keys {got(data)}; write {cls.example}")
        data = cls.arrange({str(key): value for key, value in data.items()})
        known = cls.known_keys()
        strange = [key for key in data if key not in known]
        empty = [key for key in known if key in data and data[key] is None]
        faults: list[tuple[Keys, str]] = [((key,), f"unknown key; {cls.remedy(key)}") for key in strange]
        faults += [((key,), "has no value; give it one, or remove the key") for key in empty]
        nears = {nearest(key, cls.suggestions()): data[key] for key in strange}
        meant = {near: value for near, value in nears.items() if near in known and near not in data}
        excused = {*empty, *meant}
        clean = {key: value for key, value in data.items() if key in known and value is not None}
        # What a slip stands for, or has no value yet, is not missing.
        together = cls.examine({**clean, **dict.fromkeys(empty), **meant})
        faults += ((keys, text) for keys, text in together if not (keys and keys[0] in excused))
        try:
            model: Self = handler(clean)
        except ValidationError as error:
            for keys, text, missing in faults_of(error):
                if missing is None:
                    faults.append((keys, text))
                elif missing not in excused:
                    faults.append((keys, f"{missing} is missing; write {cls._required(missing)}"))
        if faults:
            raise MisfitError((cls.locate(keys, data), text) for keys, text in faults)
        return model

    @classmethod
    def _required(cls, key: str) -> str:
        return cls.required_examples.get(key, f"{key}: …")

    @model_serializer(mode="wrap")
    def _write(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leave out what is not given and has no default."""
        return self.spread({key: value for key, value in handler(self).items() if value is not None})


class Tagged(Strict):
    """One of several choices, known by its only key: ``{exponential: {initial: 1s}}``, ``{move: app}`` or ``answer``.

    Attributes:
        tag: The key, in all choices of a kind different.
        sole: The field that a plain value is for, as in ``{move: app}``.
        bare: Whether the tag alone is enough.
        mapping: Whether a mapping below the tag gives the fields by name, not the sole field.
    """

    tag: ClassVar[str]
    sole: ClassVar[str] = ""
    bare: ClassVar[bool] = False
    mapping: ClassVar[bool] = False

    @classmethod
    def read(cls, value: Any, context: Context) -> Self:
        """Read what stands below the tag, None where the tag stands alone.

        Raises:
            MisfitError: It does not fit; the ways begin with the tag.
        """
        by_name = value is None or (cls.mapping and isinstance(value, Mapping))
        if value is None and not cls.bare:
            raise MisfitError.at(f"{cls.tag} has no value; write {cls.example}", cls.tag)
        if not by_name and not cls.sole:
            hint = cls.example if cls.mapping else f"{cls.tag} alone"
            raise MisfitError.at(f"{cls.tag} takes no such value {got(value)}; write {hint}", cls.tag)
        try:
            return cls.model_validate((value or {}) if by_name else {cls.sole: value}, context=context)
        except ValidationError as error:
            faults = [(keys, text) for keys, text, _ in faults_of(error)]
        skipped = 0 if by_name else 1  # the sole field has no key of its own in the file
        raise MisfitError(((cls.tag, *keys[skipped:]), text) for keys, text in faults)

    def data(self, info: SerializationInfo) -> Any:
        """Return what a scenario file says for it."""
        fields = self.model_dump(by_alias=True, context=info.context)
        if not fields:
            return self.tag
        return {self.tag: fields if self.mapping else fields[self.sole]}


class OneOf:
    """Annotation: the value is one of several tagged choices.

    Args:
        what: What the value is, with its article.
        example: What to write.
        choices: The classes.
        presets: More classes by their tags, too many for a message.
        listing: What a message says instead.
    """

    def __init__(
        self,
        what: str,
        example: str,
        *choices: type[Tagged],
        presets: Mapping[str, type[Tagged]] | None = None,
        listing: str = "",
    ) -> None:
        self.what = what
        self.example = example
        self._choices = {choice.tag: choice for choice in choices}
        self._presets = presets or {}
        self._tags = (*self._choices, *self._presets)
        self.few = [*(choice.tag for choice in choices), *filter(None, [listing])]

    def _choice(self, tag: str) -> type[Tagged] | None:
        return self._choices.get(tag) or self._presets.get(tag)

    def read(self, value: Any, info: ValidationInfo) -> Tagged:
        """Read a value.

        Raises:
            MisfitError: It is none of the choices, or does not fit the one it is.
        """
        if isinstance(value, Tagged) and self._choice(value.tag) is type(value):
            return value
        if isinstance(value, str):
            tag, inner = value, None
        elif isinstance(value, Mapping) and len(value) == 1:
            tag, inner = next(iter(value.items()))
        elif isinstance(value, Mapping) and value:
            keys = ", ".join(map(str, value))
            raise MisfitError.at(f"not one thing but {len(value)} {got(keys)}; write {self.example}")
        else:
            raise MisfitError.at(f"not {self.what} {got(value)}; write {self.example}")
        choice = self._choice(tag)
        if choice is None:
            raise MisfitError.at(f"not {self.what} {got(tag)}; {self._meant(value, tag)}", *self._below(value, tag))
        if isinstance(value, str) and not choice.bare:
            raise MisfitError.at(f"{tag} has no value; write {{{choice.example}}}")
        try:
            return choice.read(inner, Context.of(info))
        except MisfitError as misfit:
            if isinstance(value, str):
                raise MisfitError((keys[1:], text) for keys, text in misfit.faults) from None
            raise

    def _meant(self, value: Any, tag: str) -> str:
        """Return what to write instead of an unknown tag: the nearest, with a value if it stood without one."""
        near = nearest(tag, self._tags)
        choice = None if near is None else self._choice(near)
        if choice is not None and isinstance(value, str) and not choice.bare:
            return f"write {{{choice.example}}}"
        return choose(tag, self.few if near is None else self._tags)

    @staticmethod
    def _below(value: Any, tag: str) -> Keys:
        return () if isinstance(value, str) else (tag,)

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        del source, handler
        return core_schema.with_info_plain_validator_function(
            self.read,
            serialization=core_schema.plain_serializer_function_ser_schema(_tagged_data, info_arg=True),
        )

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        del schema
        return {"anyOf": [_tagged_schema(choice, handler) for tag in self._tags if (choice := self._choice(tag))]}


def _tagged_data(value: Tagged, info: SerializationInfo) -> Any:
    return value.data(info)


def _tagged_schema(choice: type[Tagged], handler: GetJsonSchemaHandler) -> dict[str, Any]:
    """Return the JSON Schema of one choice, in all its forms."""
    fields = handler.resolve_ref_schema(handler(choice.__pydantic_core_schema__))
    forms = [fields] if choice.mapping else []
    if choice.sole:
        forms.insert(0, fields["properties"][choice.sole])
    below: dict[str, Any] = {"anyOf": forms} if forms else {"type": "null"}
    tagged = {
        "type": "object",
        "properties": {choice.tag: below},
        "required": [choice.tag],
        "additionalProperties": False,
        "description": (choice.__doc__ or "").strip().splitlines()[0],
    }
    return {"anyOf": [{"const": choice.tag}, tagged]} if choice.bare else tagged
