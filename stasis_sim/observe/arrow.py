"""Arrow arrays out of Python lists and NumPy's arrays, without pandas.

Arrow's own conversion of whatever is no Arrow array loads pandas, only to see whether it is one of its types; that
costs more than all rows of a short run. So the buffers that an Arrow array consists of are made here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray


def integers(values: Sequence[int | None]) -> pa.Array:
    """Make an array of whole numbers; None is a missing one."""
    present = _present(values) if None in values else None
    numbers = values if present is None else [0 if value is None else value for value in values]
    return pa.Array.from_buffers(pa.int64(), len(values), [present, pa.py_buffer(np.array(numbers, np.int64))])


def strings(values: Sequence[str | None]) -> pa.Array:
    """Make an array of texts, most of which are the same few words; None is a missing one."""
    distinct = list(dict.fromkeys(values))
    if len(distinct) == len(values):
        return _texts(distinct)
    if len(distinct) == 1:
        return _repeated(distinct[0], len(values))
    place = {word: number for number, word in enumerate(distinct)}
    return words(np.array([place[value] for value in values], np.int32), distinct)


def numbers(values: NDArray[np.int64], present: NDArray[np.bool_]) -> pa.Array:
    """Make an array of whole numbers, missing where they are not present."""
    bits = None if present.all() else pa.py_buffer(np.packbits(present, bitorder="little"))
    return pa.Array.from_buffers(pa.int64(), len(values), [bits, pa.py_buffer(np.where(present, values, 0))])


def words(places: NDArray[np.int32], vocabulary: Sequence[str | None]) -> pa.Array:
    """Make an array of texts that are places in a vocabulary; None is a missing one."""
    if len(vocabulary) == 1:
        return _repeated(vocabulary[0], len(places))
    return _texts(vocabulary).take(pa.Array.from_buffers(pa.int32(), len(places), [None, pa.py_buffer(places)]))


def joined(before: pa.Array, values: pa.Array, after: pa.Array) -> pa.Array:
    """Make an array of texts with a number between two others."""
    return pc.binary_join_element_wise(before, pc.cast(values, pa.string()), after, _texts([""])[0])


def _repeated(word: str | None, times: int) -> pa.Array:
    return pa.repeat(_texts([word])[0], times)


def _texts(values: Sequence[str | None]) -> pa.Array:
    # A name in a file of Asterisk's may have bytes that are no UTF-8; a table shows a question mark for each.
    encoded = [b"" if value is None else value.encode("utf-8", "replace") for value in values]
    ends = np.zeros(len(values) + 1, np.int32)
    np.cumsum(np.array([len(text) for text in encoded], np.int32), out=ends[1:])
    present = _present(values) if None in values else None
    return pa.StringArray.from_buffers(len(values), pa.py_buffer(ends), pa.py_buffer(b"".join(encoded)), present)


def _present(values: Iterable[object]) -> pa.Buffer:
    """Return one bit for each value: whether it is there."""
    return pa.py_buffer(np.packbits(np.array([value is not None for value in values], bool), bitorder="little"))


BUILDERS: Final[dict[type[int | str], Callable[[Any], pa.Array]]] = {int: integers, str: strings}
"""How a column of each type is made."""
