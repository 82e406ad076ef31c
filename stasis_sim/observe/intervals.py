"""From replications to an answer: means with Student-t intervals, shares with Wilson's, paired differences.

Everything here is computed from one number a replication, never from the rows of one run, which hang together.
Written without SciPy: a run that only counts starts without loading it. Quantiles are rounded to 12 digits, so that
the last bit of a machine's logarithm does not show in the results.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from statistics import NormalDist
from typing import Any, Final, TypeAlias, TypedDict

from stasis_sim.observe.catalogue import lookup, rank
from stasis_sim.observe.metrics import Measures, Number, Values

CONFIDENCE: Final = 0.95
"""Of every interval in results."""


class Interval(TypedDict):
    """A mean over replications and its 95 % interval.

    ``low`` and ``high`` are None for fewer than two numbers, ``mean`` for none; ``n`` is how many numbers there were.
    """

    mean: float | None
    low: float | None
    high: float | None
    n: int


Intervals: TypeAlias = dict[str, Interval]


class Summary(TypedDict):
    """The measures over all replications: the object ``measures`` of the JSON shapes."""

    total: Intervals
    apps: dict[str, Intervals]
    clients: dict[str, Intervals]


def scopes(measures: Measures | Summary) -> Iterator[tuple[str | None, str | None, Mapping[str, Any]]]:
    """Yield app, client and their measures: first the total, which is of neither, then each app, then each client."""
    yield None, None, measures["total"]
    for app, values in measures["apps"].items():
        yield app, None, values
    for client, values in measures["clients"].items():
        yield None, client, values


def of_scope(measures: Measures | Summary, name: str | None, measure: str) -> Mapping[str, Any]:
    """Return the measures in which one stands, where it is named ``[NAME.]measure``.

    Args:
        measures: All of them.
        name: Of an app or a client; of the app, where both have the name and the measure. None: the total.
        measure: The measure that is wanted.

    Returns:
        Those of the app or the client; none where there is no such app or client that has the measure.
    """
    if name is None:
        return measures["total"]
    found = lookup(measure)
    given = () if found is None else found.scopes
    of_app = measures["apps"].get(name) if "apps" in given else None
    of_client = measures["clients"].get(name) if "clients" in given else None
    return of_app or of_client or {}


def _digits(value: float) -> float:
    return float(f"{value:.12g}")


@cache
def t_quantile(probability: float, freedom: int) -> float:
    """Student's t: the value that is not exceeded with a probability.

    Args:
        probability: Strictly between 0 and 1.
        freedom: Degrees of freedom, at least 1.
    """
    if not 0 < probability < 1 or freedom < 1:
        raise ValueError(f"t quantile of {probability} with {freedom} degrees of freedom")
    if probability < 1 / 2:
        return -t_quantile(1 - probability, freedom)
    tail = 1 - probability
    low, high = 0.0, 1.0
    while _t_tail(high, freedom) > tail:
        low, high = high, high * 2
    # Halving to the last bit takes a hundred steps and is done once for each number of replications.
    while low < (middle := (low + high) / 2) < high:
        low, high = (middle, high) if _t_tail(middle, freedom) > tail else (low, middle)
    return _digits(high)


def _t_tail(t: float, freedom: int) -> float:
    """P(T > t) for t >= 0."""
    square = t * t
    return _beta(freedom / (freedom + square), freedom / 2, 1 / 2, square / (freedom + square)) / 2


def _beta(x: float, a: float, b: float, y: float) -> float:
    """The regularised incomplete beta function at x, with y = 1 - x given apart to keep its digits."""
    if x <= 0 or y <= 0:
        return 0.0 if x <= 0 else 1.0
    front = math.exp(math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log(y))
    if x < (a + 1) / (a + b + 2):
        return front * _fraction(x, a, b) / a
    return 1 - front * _fraction(y, b, a) / b


def _fraction(x: float, a: float, b: float) -> float:
    """The continued fraction of the incomplete beta function, by Lentz's method (DLMF 8.17.22)."""
    tiny, enough = 1e-300, 1e-15
    c, d = 1.0, 1 - (a + b) * x / (a + 1)
    d = 1 / (d or tiny)
    value, m, change = d, 0, 2.0
    while abs(change - 1) > enough:
        m += 1
        for term in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            d = 1 / ((1 + term * d) or tiny)
            c = (1 + term / c) or tiny
            change = c * d
            value *= change
    return value


def student(numbers: Iterable[Number], confidence: float = CONFIDENCE) -> Interval:
    """The mean and its Student-t interval; what is None was not there to be measured and is left out."""
    values = [number for number in numbers if number is not None]
    n = len(values)
    if not n:
        return {"mean": None, "low": None, "high": None, "n": 0}
    mean = math.fsum(values) / n
    if n == 1:
        return {"mean": mean, "low": None, "high": None, "n": 1}
    if min(values) == max(values):
        mean = float(values[0])  # rounding would give some of them a width
        return {"mean": mean, "low": mean, "high": mean, "n": n}
    variance = math.fsum((value - mean) ** 2 for value in values) / (n - 1)
    half = t_quantile((1 + confidence) / 2, n - 1) * math.sqrt(variance / n)
    return {"mean": mean, "low": mean - half, "high": mean + half, "n": n}


def at_confidence(interval: Interval, confidence: float) -> Interval:
    """The same mean with an interval of another confidence."""
    mean, high, n = interval["mean"], interval["high"], interval["n"]
    if mean is None or high is None or confidence == CONFIDENCE:
        return interval
    half = (high - mean) * t_quantile((1 + confidence) / 2, n - 1) / t_quantile((1 + CONFIDENCE) / 2, n - 1)
    return {"mean": mean, "low": mean - half, "high": mean + half, "n": n}


def paired(a: Sequence[Number], b: Sequence[Number]) -> Interval:
    """By how much b is more than a, replication by replication: both met the same callers.

    Raises:
        ValueError: They have different numbers of replications.
    """
    pairs = zip(a, b, strict=True)
    return student([y - x for x, y in pairs if x is not None and y is not None])


def wilson(hits: int, n: int, confidence: float = CONFIDENCE) -> Interval:
    """A share of n independent trials with Wilson's score interval, which is of use near 0 and 1 too."""
    if not 0 <= hits <= n:
        raise ValueError(f"{hits} hits in {n} trials")
    if not n:
        return {"mean": None, "low": None, "high": None, "n": 0}
    z2 = _digits(NormalDist().inv_cdf((1 + confidence) / 2)) ** 2
    share = hits / n
    centre = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = math.sqrt(z2 * (share * (1 - share) / n + z2 / (4 * n * n))) / (1 + z2 / n)
    low = 0.0 if hits == 0 else centre - half
    high = 1.0 if hits == n else centre + half
    return {"mean": share, "low": low, "high": high, "n": n}


def none_seen(n: int, confidence: float = CONFIDENCE) -> float:
    """Below what a share is, with this confidence, if none was seen in n independent trials: about 3 / n for 95 %."""
    return -math.expm1(math.log1p(-confidence) / n) if n > 0 else 1.0


def none_counted(n: int, confidence: float = CONFIDENCE) -> float:
    """Below what the mean of a count is, with this confidence, if n replications have counted nothing: about 3 / n.

    For what happens now and then, each time independently of the others (Poisson).
    """
    return -math.log1p(-confidence) / n if n > 0 else math.inf


def relative_half_width(interval: Interval) -> float | None:
    """Half the width of an interval as a part of its mean; None without an interval or with a mean of 0."""
    mean, high = interval["mean"], interval["high"]
    return None if not mean or high is None else (high - mean) / abs(mean)


def names(values: Iterable[Iterable[str]]) -> list[str]:
    """The names of measures that occur anywhere, in the order of reports."""
    return sorted({name for each in values for name in each}, key=rank)


def value(values: Values, name: str) -> Number:
    """The number of a measure; of what never happened there are 0."""
    measure = lookup(name)
    return values.get(name, 0 if measure is not None and measure.kind == "count" else None)


def _over(values: Sequence[Values]) -> Intervals:
    return {name: student([value(each, name) for each in values]) for name in names(values)}


def summarise(replications: Sequence[Measures]) -> Summary:
    """The measures over replications, as they stand in results; an app that a replication lacks counts as 0 there."""
    apps = sorted({app for each in replications for app in each["apps"]})
    clients = sorted({client for each in replications for client in each["clients"]})
    return {
        "total": _over([each["total"] for each in replications]),
        "apps": {app: _over([each["apps"].get(app, {}) for each in replications]) for app in apps},
        "clients": {client: _over([each["clients"].get(client, {}) for each in replications]) for client in clients},
    }
