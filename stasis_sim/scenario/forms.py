"""The YAML forms of distributions: ``20ms``, ``{exponential: 4s}``, ``{lognormal: {mean: 20ms, cv: 1}}`` and so on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from stasis_sim.scenario.columns import parse_csv, read_column
from stasis_sim.scenario.distributions import (
    Constant,
    Distribution,
    Empirical,
    Exponential,
    Gamma,
    Lognormal,
    Uniform,
    Weibull,
)
from stasis_sim.scenario.misfit import Keys, MisfitError, choose, got, nearest
from stasis_sim.scenario.quantities import duration, is_number

Value = TypeVar("Value")

_SECOND = 1_000_000

LARGEST = 1000.0
SMALLEST_CV = 0.001
SMALLEST_SHAPE = 0.05
"""What spreads and shapes are between; beyond, means and quantiles leave the range of floats."""

EXAMPLE = "a constant such as 20ms, or a distribution such as {exponential: 20ms}"


def positive_duration(value: Any) -> int:
    """Read a duration above 0, in microseconds.

    Raises:
        MisfitError: It is none.
    """
    us = duration(value)
    if us == 0:
        raise MisfitError.at(f"nothing at all {got(value)}; write a duration above 0")
    return us


def whole_seconds(value: Any) -> int:
    """Read whole seconds, one at least, in microseconds.

    Raises:
        MisfitError: It is none.
    """
    us = positive_duration(value)
    if us % _SECOND:
        raise MisfitError.at(f"not whole seconds {got(value)}; write a duration such as {max(us // _SECOND, 1)}s")
    return us


def _number(value: Any, low: float) -> float:
    if not is_number(value) or not low <= value <= LARGEST:
        raise MisfitError.at(
            f"not a number between {low:g} and {LARGEST:g} {got(value)}; write a plain number such as 1.2"
        )
    return float(value)


def _cv(value: Any) -> float:
    return _number(value, SMALLEST_CV)


def _shape(value: Any) -> float:
    return _number(value, SMALLEST_SHAPE)


class _Parameters:
    """The parameters of one distribution, read one by one; all faults are kept, and raised together."""

    def __init__(self, value: Any, known: tuple[str, ...], example: str) -> None:
        if not isinstance(value, Mapping):
            raise MisfitError.at(f"not a mapping of {', '.join(known)} {got(value)}; write {example}")
        strange = [key for key in value if key not in known]
        self._value = value
        self._example = example
        self._meant = {nearest(key, known) for key in strange}
        self._faults: list[tuple[Keys, str]] = [((str(key),), f"unknown key; {choose(key, known)}") for key in strange]

    def take(self, key: str, read: Callable[[Any], Value], otherwise: Value) -> Value:
        """Return a parameter; ``otherwise`` where it is missing or wrong, which :meth:`check` will raise."""
        if key not in self._value:
            if key not in self._meant:
                self._faults.append(((), f"{key} is missing; write {self._example}"))
            return otherwise
        try:
            return read(self._value[key])
        except MisfitError as misfit:
            self._faults += [((key, *keys), text) for keys, text in misfit.faults]
            return otherwise

    def either(self, first: str, second: str) -> bool:
        """Return whether ``first`` is the one of two keys that counts; both together are a fault."""
        if first in self._value and second in self._value:
            self._faults.append(((second,), f"{first} is given too; write one of {first} and {second}"))
        return second not in self._value

    def check(self) -> None:
        """Raise the faults, if there are any."""
        if self._faults:
            raise MisfitError(self._faults)


def _constant(value: Any, base: Path) -> Constant:  # noqa: ARG001 - all forms are called alike
    return Constant(duration(value))


def _exponential(value: Any, base: Path) -> Exponential:  # noqa: ARG001
    if not isinstance(value, Mapping):
        return Exponential(positive_duration(value))
    parameters = _Parameters(value, ("mean",), "exponential: 20s")
    mean = parameters.take("mean", positive_duration, 1)
    parameters.check()
    return Exponential(mean)


def _lognormal(value: Any, base: Path) -> Lognormal:  # noqa: ARG001
    parameters = _Parameters(value, ("mean", "cv"), "lognormal: {mean: 20ms, cv: 1}")
    mean = parameters.take("mean", positive_duration, 1)
    cv = parameters.take("cv", _cv, 1.0)
    parameters.check()
    return Lognormal(mean, cv)


def _weibull(value: Any, base: Path) -> Weibull:  # noqa: ARG001
    parameters = _Parameters(value, ("mean", "scale", "shape"), "weibull: {mean: 20s, shape: 1.5}")
    shape = parameters.take("shape", _shape, 1.0)
    if parameters.either("mean", "scale"):
        found = Weibull(shape, mean_us=parameters.take("mean", positive_duration, 1))
    else:
        found = Weibull(shape, scale_us=parameters.take("scale", positive_duration, 1))
    parameters.check()
    return found


def _gamma(value: Any, base: Path) -> Gamma:  # noqa: ARG001
    parameters = _Parameters(value, ("mean", "cv", "shape"), "gamma: {mean: 20s, cv: 0.5}")
    mean = parameters.take("mean", positive_duration, 1)
    if parameters.either("cv", "shape"):
        found = Gamma(mean, cv=parameters.take("cv", _cv, 1.0))
    else:
        found = Gamma(mean, shape=parameters.take("shape", _shape, 1.0))
    parameters.check()
    return found


def _uniform(value: Any, base: Path) -> Uniform:  # noqa: ARG001
    parameters = _Parameters(value, ("low", "high"), "uniform: {low: 1s, high: 5s}")
    low = parameters.take("low", duration, 0)
    high = parameters.take("high", duration, low)
    parameters.check()
    if high < low:
        raise MisfitError.at(f"below low {got(value['high'])}; write low: the smaller, high: the larger", "high")
    return Uniform(low, high)


def _empirical(value: Any, base: Path) -> Empirical:
    if isinstance(value, Mapping):
        source = parse_csv(value)
        return Empirical(read_column(base, source), source)
    if not isinstance(value, list | tuple) or not value:
        raise MisfitError.at(
            f"not a list of durations {got(value)}; write [1s, 2s, 5s] or {{csv: FILE.csv, column: NAME}}"
        )
    values: list[int] = []
    faults: list[tuple[Keys, str]] = []
    for index, item in enumerate(value):
        try:
            values.append(duration(item))
        except MisfitError as misfit:
            faults += [((index,), text) for _, text in misfit.faults]
    if faults:
        raise MisfitError(faults)
    return Empirical(tuple(values))


FORMS: dict[str, Callable[[Any, Path], Distribution]] = {
    "constant": _constant,
    "exponential": _exponential,
    "lognormal": _lognormal,
    "weibull": _weibull,
    "gamma": _gamma,
    "uniform": _uniform,
    "empirical": _empirical,
}


def distribution(value: Any, base: Path) -> Distribution:
    """Read a distribution of durations.

    Args:
        value: What the scenario says.
        base: The folder that paths of CSV files start from.

    Raises:
        MisfitError: It is none; all faults in it together.
    """
    if isinstance(value, Distribution):
        return value
    if not isinstance(value, Mapping):
        if isinstance(value, str) and value in FORMS:
            raise MisfitError.at(f"no parameters {got(value)}; write {EXAMPLE}")
        return Constant(duration(value))
    if len(value) != 1:
        raise MisfitError.at(f"not one distribution {got(value)}; write {EXAMPLE}")
    name, inner = next(iter(value.items()))
    form = FORMS.get(name)
    if form is None:
        raise MisfitError.at(f"unknown distribution {got(name)}; {choose(name, FORMS)}", name)
    try:
        return form(inner, base)
    except MisfitError as misfit:
        raise MisfitError(((name, *keys), text) for keys, text in misfit.faults) from None


def moving(found: Distribution) -> Distribution:
    """Return a distribution whose mean is above 0.

    Raises:
        MisfitError: It is 0: what repeats would then repeat endlessly at one instant.
    """
    if found.mean == 0:
        raise MisfitError.at("always 0 (got 0s); write a duration above 0")
    return found
