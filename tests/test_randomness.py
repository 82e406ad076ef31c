"""Named streams: what stands at a place of a stream depends on nothing else."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from stasis_sim.randomness import BLOCK, KEPT_BLOCKS, Drawn, Fixed, Numbers, Stream, Streams


def micro(uniform: NDArray[np.float64]) -> NDArray[np.int64]:
    """Seconds uniform between 0 and 1."""
    return np.rint(uniform * 1e6).astype(np.int64)


@given(st.lists(st.integers(0, 50 * BLOCK), min_size=1, max_size=60))
def test_a_number_does_not_depend_on_what_was_asked_before(places: list[int]) -> None:
    """Number i of a stream is the same in whatever order numbers are asked for, dropped blocks included."""
    once = Streams(1, 1).durations("a", micro)
    fresh = [Streams(1, 1).durations("a", micro)[place] for place in places]
    assert [once[place] for place in places] == fresh


def test_blocks_and_single_numbers_are_the_same() -> None:
    """An engine that reads whole blocks reads the numbers that one reading them one by one reads."""
    drawn = Streams(7, 3).durations("calls/ivr/hold", micro)
    assert [drawn[BLOCK + place] for place in range(BLOCK)] == drawn.block(1).tolist()
    assert drawn.stretch(BLOCK - 3, 2 * BLOCK + 5).tolist() == [
        drawn[number] for number in range(BLOCK - 3, 2 * BLOCK + 5)
    ]


def test_name_seed_and_replication_each_make_another_stream() -> None:
    """Streams that differ in seed, replication or name share no numbers."""
    streams = [Stream(1, 1, "a"), Stream(2, 1, "a"), Stream(1, 2, "a"), Stream(1, 1, "b")]
    blocks = [tuple(stream.block(0)) for stream in streams]
    assert len(set(blocks)) == len(blocks)
    assert len({number for block in blocks for number in block}) == len(blocks) * BLOCK


def test_numbers_lie_strictly_between_0_and_1() -> None:
    """No uniform number is 0 or 1, where quantiles are infinite."""
    numbers = Stream(1, 1, "a").block(0)
    assert 0.0 < numbers.min() < numbers.max() < 1.0
    # Kolmogorov-Smirnov: the distance of a block from the uniform distribution at the 0.1 % level.
    distance = np.abs(np.sort(numbers) - (np.arange(BLOCK) + 0.5) / BLOCK).max()
    assert distance < 1.95 / np.sqrt(BLOCK)


def test_the_numbers_of_a_stream_are_pinned() -> None:
    """A new version of NumPy must not change a run: the first raw numbers of a stream are what they always were."""
    assert [f"{number:.12f}" for number in Stream(1, 1, "pinned").block(0)[:3]] == PINNED


def test_memory_holds_only_so_many_blocks() -> None:
    """A sequence drops old blocks instead of keeping all that were ever asked for."""
    drawn = Drawn(Stream(1, 1, "a"), micro)
    for block in range(3 * KEPT_BLOCKS):
        drawn[block * BLOCK]
    assert len(drawn._blocks) == KEPT_BLOCKS


def test_uniform_numbers_by_place_are_those_of_the_blocks() -> None:
    """Numbers gives each number of the stream by its place."""
    stream = Stream(1, 1, "a")
    numbers = Numbers(stream)
    assert [numbers[5], numbers[BLOCK + 5], numbers[5]] == [stream.block(0)[5], stream.block(1)[5], stream.block(0)[5]]


def test_a_fixed_duration_is_the_same_for_everybody() -> None:
    """Fixed gives one duration for every number."""
    assert {Fixed(7)[number] for number in (0, 1, 10**9)} == {7}


PINNED = ["0.257479655366", "0.747210119540", "0.863711714645"]
