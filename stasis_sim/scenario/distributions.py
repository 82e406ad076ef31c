"""Random durations, drawn by inverting uniform numbers.

Each distribution is a frozen dataclass with its ``mean`` and its ``quantile`` in seconds: a number of a stream in,
a duration out, so that one uniform number always gives the same duration and two scenarios with other
distributions still meet the same callers. Parameters are whole microseconds, as in the scenario file.

:mod:`~stasis_sim.scenario.forms` reads the YAML form, ``20ms`` or ``{lognormal: {mean: 20ms, cv: 1}}``; ``data``
writes it.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stasis_sim.scenario.columns import Csv
from stasis_sim.scenario.numerics import Floats, exp, log, log1p, normal_quantile
from stasis_sim.scenario.quantities import LONGEST_US, format_duration

MICRO = 1e6
LOWEST = 2.0**-54
HIGHEST = 1.0 - 2.0**-53
"""Uniform numbers are taken for no less and no more, so that every quantile is finite."""


class Distribution(ABC):
    """How long something takes."""

    @property
    @abstractmethod
    def mean(self) -> float:
        """Mean in seconds."""

    @abstractmethod
    def _invert(self, uniform: Floats) -> Floats:
        """Return the quantiles in seconds of uniform numbers strictly within (0, 1)."""

    @abstractmethod
    def data(self, *, inline: bool = False) -> Any:
        """Return what a scenario file says for it.

        Args:
            inline: Write the numbers out instead of the name of the file that they are in.
        """

    def quantile(self, uniform: NDArray[np.float64]) -> NDArray[np.float64]:
        """Turn uniform numbers into durations.

        Args:
            uniform: Numbers in [0, 1], any shape.

        Returns:
            Seconds, the same shape; never more than a hundred years.
        """
        seconds = self._invert(np.clip(uniform, LOWEST, HIGHEST))
        return np.minimum(seconds, LONGEST_US / MICRO)

    def quantile_us(self, uniform: NDArray[np.float64]) -> NDArray[np.int64]:
        """Turn uniform numbers into durations in whole microseconds, the same shape."""
        return np.rint(self.quantile(uniform) * MICRO).astype(np.int64)


@dataclass(frozen=True)
class Constant(Distribution):
    """Always the same.

    Attributes:
        value_us: How long.
    """

    value_us: int

    @property
    def mean(self) -> float:
        """Mean in seconds."""
        return self.value_us / MICRO

    def _invert(self, uniform: Floats) -> Floats:
        return np.full_like(uniform, self.value_us / MICRO)

    def data(self, *, inline: bool = False) -> str:  # noqa: ARG002 - as declared
        """Return what a scenario file says for it."""
        return format_duration(self.value_us)


@dataclass(frozen=True)
class Exponential(Distribution):
    """Memoryless.

    Attributes:
        mean_us: Mean.
    """

    mean_us: int

    @property
    def mean(self) -> float:
        """Mean in seconds."""
        return self.mean_us / MICRO

    def _invert(self, uniform: Floats) -> Floats:
        return -self.mean * log1p(-uniform)

    def data(self, *, inline: bool = False) -> dict[str, str]:  # noqa: ARG002 - as declared
        """Return what a scenario file says for it."""
        return {"exponential": format_duration(self.mean_us)}


@dataclass(frozen=True)
class Lognormal(Distribution):
    """Its logarithm is normal: most are short, a few very long.

    Attributes:
        mean_us: Mean.
        cv: Standard deviation over mean.
    """

    mean_us: int
    cv: float

    @property
    def mean(self) -> float:
        """Mean in seconds."""
        return self.mean_us / MICRO

    @cached_property
    def _normal(self) -> tuple[float, float]:
        """Mean and standard deviation of the logarithm."""
        variance = float(log1p(np.array(self.cv * self.cv)))
        return float(log(np.array(self.mean))) - variance / 2.0, math.sqrt(variance)

    def _invert(self, uniform: Floats) -> Floats:
        centre, deviation = self._normal
        return exp(centre + deviation * normal_quantile(uniform))

    def data(self, *, inline: bool = False) -> dict[str, Any]:  # noqa: ARG002 - as declared
        """Return what a scenario file says for it."""
        return {"lognormal": {"mean": format_duration(self.mean_us), "cv": self.cv}}


@dataclass(frozen=True)
class Weibull(Distribution):
    """Wears out (shape above 1) or settles (below 1).

    Attributes:
        shape: Shape.
        mean_us: Mean; None where the scale is given.
        scale_us: Scale, the 63.2 % quantile; None where the mean is given.
    """

    shape: float
    mean_us: int | None = None
    scale_us: int | None = None

    @property
    def scale(self) -> float:
        """Scale in seconds."""
        if self.scale_us is not None:
            return self.scale_us / MICRO
        return self.mean / math.gamma(1.0 + 1.0 / self.shape)

    @property
    def mean(self) -> float:
        """Mean in seconds."""
        if self.mean_us is not None:
            return self.mean_us / MICRO
        return self.scale * math.gamma(1.0 + 1.0 / self.shape)

    def _invert(self, uniform: Floats) -> Floats:
        return self.scale * exp(log(-log1p(-uniform)) / self.shape)

    def data(self, *, inline: bool = False) -> dict[str, Any]:  # noqa: ARG002 - as declared
        """Return what a scenario file says for it."""
        if self.mean_us is not None:
            return {"weibull": {"mean": format_duration(self.mean_us), "shape": self.shape}}
        return {"weibull": {"scale": format_duration(self.scale_us or 0), "shape": self.shape}}


@dataclass(frozen=True)
class Gamma(Distribution):
    """The sum of ``shape`` exponential steps, where the shape is whole.

    Its quantile is SciPy's, so its last bit is only as stable as the SciPy of the lock file.

    Attributes:
        mean_us: Mean.
        shape: Shape, ``1 / cv²``; None where the cv is given.
        cv: Standard deviation over mean; None where the shape is given.
    """

    mean_us: int
    shape: float | None = None
    cv: float | None = None

    @property
    def mean(self) -> float:
        """Mean in seconds."""
        return self.mean_us / MICRO

    def _invert(self, uniform: Floats) -> Floats:
        from scipy import special  # noqa: PLC0415 - takes long to load, and few scenarios use it

        shape = self.shape if self.cv is None else 1.0 / (self.cv * self.cv)
        shape = 1.0 if shape is None else shape
        return np.asarray(special.gammaincinv(shape, uniform), dtype=np.float64) * (self.mean / shape)

    def data(self, *, inline: bool = False) -> dict[str, Any]:  # noqa: ARG002 - as declared
        """Return what a scenario file says for it."""
        spread = {"shape": self.shape} if self.cv is None else {"cv": self.cv}
        return {"gamma": {"mean": format_duration(self.mean_us), **spread}}


@dataclass(frozen=True)
class Uniform(Distribution):
    """Anything between two bounds, all equally likely.

    Attributes:
        low_us: Lower bound.
        high_us: Upper bound.
    """

    low_us: int
    high_us: int

    @property
    def mean(self) -> float:
        """Mean in seconds."""
        return (self.low_us + self.high_us) / (2.0 * MICRO)

    def _invert(self, uniform: Floats) -> Floats:
        return (self.low_us + (self.high_us - self.low_us) * uniform) / MICRO

    def data(self, *, inline: bool = False) -> dict[str, Any]:  # noqa: ARG002 - as declared
        """Return what a scenario file says for it."""
        return {"uniform": {"low": format_duration(self.low_us), "high": format_duration(self.high_us)}}


@dataclass(frozen=True)
class Empirical(Distribution):
    """One of the values seen, all equally likely.

    Attributes:
        values_us: The values seen, in their order.
        csv: Where they were read; None for a list in the scenario.
    """

    values_us: tuple[int, ...]
    csv: Csv | None = None

    @property
    def mean(self) -> float:
        """Mean in seconds."""
        return math.fsum(self.values_us) / len(self.values_us) / MICRO

    @cached_property
    def _sorted(self) -> Floats:
        """The values in seconds, rising, shape ``(number of values,)``."""
        return np.sort(np.array(self.values_us, dtype=np.float64)) / MICRO

    def _invert(self, uniform: Floats) -> Floats:
        # The product may round up to the number of values.
        place = np.minimum((uniform * len(self.values_us)).astype(np.int64), len(self.values_us) - 1)
        return self._sorted[place]

    def data(self, *, inline: bool = False) -> dict[str, Any]:
        """Return what a scenario file says for it."""
        if self.csv is not None and not inline:
            return {"empirical": self.csv.data()}
        return {"empirical": [format_duration(value) for value in self.values_us]}
