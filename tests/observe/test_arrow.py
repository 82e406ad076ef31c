"""Arrow arrays say what the values say, and the same rows are the same array whatever they were put together of."""

from __future__ import annotations

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from stasis_sim.observe.arrow import SEVERAL, in_order, strings, texts

WORDS = st.lists(st.sampled_from([None, "", "?", "\udcff", "ü", *(f"w{n}" for n in range(2 * SEVERAL))]), min_size=1)
"""Columns of few words and of many; those that are no UTF-8 are shown as question marks."""


@given(WORDS, st.data())
def test_a_column_of_words_does_not_depend_on_its_pieces(values: list[str | None], data: st.DataObject) -> None:
    """Its dictionary are the words that are in it, as they come."""
    cuts = sorted(data.draw(st.lists(st.integers(0, len(values)))))
    pieces = [values[low:high] for low, high in zip([0, *cuts], [*cuts, len(values)], strict=True)]
    column = in_order(pa.concat_arrays([strings(piece) for piece in pieces]))
    shown = [None if value is None else value.replace("\udcff", "?") for value in values]
    assert column.dictionary_decode().to_pylist() == shown
    assert column.dictionary.to_pylist() == [word for word in dict.fromkeys(shown) if word is not None]


@given(WORDS, st.data())
def test_a_part_of_a_column_of_words_knows_no_others(values: list[str | None], data: st.DataObject) -> None:
    """What is cut out of a column is as if it had been made alone."""
    low = data.draw(st.integers(0, len(values) - 1))
    high = data.draw(st.integers(low + 1, len(values)))
    part, alone = (in_order(array) for array in (strings(values)[low:high], strings(values[low:high])))
    assert part.equals(alone)
    assert part.dictionary.equals(alone.dictionary)


def test_texts_are_shown_without_bytes_that_are_no_text() -> None:
    """A path may have the name of a file in Latin-1."""
    assert texts(["/channels/a", "/channels/\udce4"]).to_pylist() == ["/channels/a", "/channels/?"]
