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

from stasis_sim.observe.columns import Column

SEVERAL: Final = 16
"""So many words are looked for one by one, which takes a quarter of the time."""


def maker(column: Column) -> Callable[[Any], pa.Array]:
    """Return what makes an array of the values of a column."""
    if column.type is int:
        return integers
    return texts if column.distinct else strings


def integers(values: Sequence[int | None]) -> pa.Array:
    """Make an array of whole numbers; None is a missing one."""
    present = _present(values) if None in values else None
    numbers = values if present is None else [0 if value is None else value for value in values]
    return pa.Array.from_buffers(pa.int64(), len(values), [present, pa.py_buffer(np.array(numbers, np.int64))])


def strings(values: Sequence[str | None]) -> pa.DictionaryArray:
    """Make an array of texts, most of which are the same few words; None is a missing one."""
    distinct = list(dict.fromkeys(values))
    place = {word: number for number, word in enumerate(distinct)}
    return words(np.array([place[value] for value in values], np.int32), distinct)


def texts(values: Sequence[str]) -> pa.Array:
    """Make an array of texts, hardly any of which is there twice."""
    return _texts([_shown(value) for value in values])


def numbers(values: NDArray[np.int64], present: NDArray[np.bool_] | None = None) -> pa.Array:
    """Make an array of whole numbers, missing where they are not present; None: none is missing."""
    bits = None
    if present is not None and not present.all():
        bits = pa.py_buffer(np.packbits(present, bitorder="little"))
        values = np.where(present, values, 0)
    return pa.Array.from_buffers(pa.int64(), len(values), [bits, pa.py_buffer(values)])


def words(places: NDArray[np.int32], vocabulary: Sequence[str | None]) -> pa.DictionaryArray:
    """Make an array of texts that are places in a vocabulary; None is a missing one."""
    present = places != vocabulary.index(None) if None in vocabulary else None
    shown = [_shown(word or "") for word in vocabulary]
    distinct = list(dict.fromkeys(shown))
    if len(distinct) < len(shown):
        places = np.array([distinct.index(word) for word in shown], np.int32)[places]
    return _dictionary(places, present, _texts(distinct))


def in_order(column: pa.DictionaryArray) -> pa.DictionaryArray:
    """Make the dictionary of a column those words that are there, in the order in which they come.

    The same rows are then the same bytes, whatever they were put together of.
    """
    rows, vocabulary = len(column), len(column.dictionary)
    bits, data = column.indices.buffers()
    within = slice(column.offset, column.offset + rows)
    places = np.frombuffer(data, np.int32)[within]
    present = None
    if column.null_count:
        present = np.unpackbits(np.frombuffer(bits, np.uint8), bitorder="little")[within].view(bool)
        places = np.where(present, places, vocabulary)
    first = _first(places, vocabulary)
    there = np.argsort(first, kind="stable")[: np.count_nonzero(first < rows)]
    renumbered = np.zeros(vocabulary + 1, np.int32)
    renumbered[there] = np.arange(len(there), dtype=np.int32)
    return _dictionary(renumbered.take(places), present, column.dictionary.take(numbers(there)))


def joined(before: pa.DictionaryArray, values: pa.Array, after: pa.DictionaryArray) -> pa.Array:
    """Make an array of texts with a number between two others."""
    sides = [side.dictionary_decode() for side in (before, after)]
    return pc.binary_join_element_wise(sides[0], pc.cast(values, pa.string()), sides[1], _texts([b""])[0])


def _first(places: NDArray[Any], words: int) -> NDArray[Any]:
    """Return where each of some words is first; the number of places: nowhere."""
    if words > SEVERAL:
        first = np.full(words + 1, len(places))
        first[places[::-1]] = np.arange(len(places) - 1, -1, -1)  # of several that write there the last one stays
        return first[:words]
    found = np.array([(places == word).argmax() for word in range(words)])
    return np.where(places[found] == np.arange(words), found, len(places))


def _dictionary(
    places: NDArray[np.int32], present: NDArray[np.bool_] | None, vocabulary: pa.Array
) -> pa.DictionaryArray:
    bits = None if present is None else pa.py_buffer(np.packbits(present, bitorder="little"))
    indices = pa.Array.from_buffers(pa.int32(), len(places), [bits, pa.py_buffer(places)])
    return pa.DictionaryArray.from_arrays(indices, vocabulary, safe=False)


def _present(values: Iterable[object]) -> pa.Buffer:
    """Return one bit for each value: whether it is there."""
    return pa.py_buffer(np.packbits(np.array([value is not None for value in values], bool), bitorder="little"))


def _texts(encoded: Sequence[bytes]) -> pa.Array:
    ends = np.zeros(len(encoded) + 1, np.int32)
    np.cumsum(np.array([len(text) for text in encoded], np.int32), out=ends[1:])
    return pa.StringArray.from_buffers(len(encoded), pa.py_buffer(ends), pa.py_buffer(b"".join(encoded)))


def _shown(text: str) -> bytes:
    """Encode a text; a name in a file of Asterisk's may have bytes that are no UTF-8, shown as question marks."""
    return text.encode("utf-8", "replace")
