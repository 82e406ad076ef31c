"""Named random streams: number ``i`` of a stream is the same whoever asks, when and in which order.

A stream is known by its name. Its numbers come in blocks, each from a generator of its own, seeded by
(seed, replication, name, block). So nothing is consumed: two profiles or two reconnect policies under one seed
meet the very same callers (common random numbers), a further client changes no earlier arrival, and an engine
that works in bulk reads the very numbers that one working call by call reads.

The raw words of PCG64 are promised to stay what they are across NumPy versions; the step from a word to a number
in (0, 1) and from there to a duration is made here and where the distributions are.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Callable, Iterator
from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

BLOCK_BITS = 12
BLOCK = 1 << BLOCK_BITS
"""Numbers in a block."""

PIECE_BITS = 9
PIECE = 1 << PIECE_BITS
"""Durations that are made at a time for who asks for one: a short run needs no more of a block."""

KEPT_PIECES = 64
"""Pieces that a sequence keeps; calls that live at the same time are seldom further apart, and one that was dropped is
made again."""

KEPT_BLOCKS = 4
"""Blocks of uniform numbers that a sequence keeps."""

Kept = TypeVar("Kept")

Quantile = Callable[[NDArray[np.float64]], NDArray[np.int64]]
"""Turns uniform numbers into whole microseconds, number by number."""


class Durations(Protocol):
    """A sequence of durations in microseconds, by number."""

    def __getitem__(self, number: int) -> int:
        """Return duration ``number`` in microseconds."""
        ...

    def in_order(self) -> Iterator[int]:
        """Return all of them one after the other, from number 0 on."""
        ...

    def blocks(self) -> Iterator[NDArray[np.int64]]:
        """Return all of them, block by block."""
        ...


class Stream:
    """Uniform numbers in (0, 1), by block.

    Args:
        seed: Seed of the run.
        replication: Number of the replication, from 1.
        name: What the numbers are for, for instance ``"calls/ivr@default/hold"``.
    """

    __slots__ = ("_digest", "_replication", "_seed", "name")

    def __init__(self, seed: int, replication: int, name: str) -> None:
        self.name = name
        self._seed = seed
        self._replication = replication
        self._digest = int.from_bytes(
            hashlib.blake2b(name.encode("utf-8", "surrogateescape"), digest_size=8).digest(), "little"
        )

    def block(self, number: int) -> NDArray[np.float64]:
        """Return the :data:`BLOCK` numbers of one block, shape ``(BLOCK,)``."""
        sequence = np.random.SeedSequence(self._seed, spawn_key=(self._replication, self._digest, number))
        words = np.random.PCG64(sequence).random_raw(BLOCK)
        words >>= np.uint64(11)
        uniform: NDArray[np.float64] = words.astype(np.float64)
        uniform += 0.5
        uniform *= 2.0**-53
        return uniform


class Drawn:
    """Durations drawn from a stream by inversion.

    Args:
        stream: Where the uniform numbers come from.
        quantile: Turns uniform numbers into whole microseconds.
    """

    __slots__ = ("_blocks", "_pieces", "_quantile", "_stream")

    def __init__(self, stream: Stream, quantile: Quantile) -> None:
        self._stream = stream
        self._quantile = quantile
        self._blocks: dict[int, NDArray[np.float64]] = {}
        self._pieces: dict[int, list[int]] = {}

    def __getitem__(self, number: int) -> int:
        """Return duration ``number`` in microseconds."""
        piece = self._pieces.get(number >> PIECE_BITS)
        if piece is None:
            piece = self._make(number >> PIECE_BITS)
        return piece[number & (PIECE - 1)]

    def _make(self, number: int) -> list[int]:
        begin = number << PIECE_BITS
        uniform = self._uniform(begin >> BLOCK_BITS)
        begin &= BLOCK - 1
        piece: list[int] = self._quantile(uniform[begin : begin + PIECE]).tolist()
        return _keep(self._pieces, number, piece, KEPT_PIECES)

    def _uniform(self, block: int) -> NDArray[np.float64]:
        uniform = self._blocks.get(block)
        if uniform is None:
            uniform = _keep(self._blocks, block, self._stream.block(block), KEPT_BLOCKS)
        return uniform

    def stretch(self, first: int, stop: int) -> NDArray[np.int64]:
        """Return the durations from number ``first`` up to the one before ``stop``, in microseconds."""
        parts = [np.empty(0, np.int64)]
        while first < stop:
            block, begin = first >> BLOCK_BITS, first & (BLOCK - 1)
            uniform = self._uniform(block)[begin : begin + stop - first]
            parts.append(self._quantile(uniform))
            first += len(uniform)
        return np.concatenate(parts)

    def block(self, number: int) -> NDArray[np.int64]:
        """Return the durations of one block in microseconds, shape ``(BLOCK,)``."""
        return self._quantile(self._stream.block(number))

    def blocks(self) -> Iterator[NDArray[np.int64]]:
        """Return all of them, block by block."""
        return map(self.block, itertools.count())

    def in_order(self) -> Iterator[int]:
        """Return all of them one after the other, from number 0 on."""
        return itertools.chain.from_iterable(map(self._make, itertools.count()))


def _keep(kept: dict[int, Kept], number: int, value: Kept, most: int) -> Kept:
    """Keep a value in place of the oldest one, and return it."""
    if len(kept) >= most:
        del kept[next(iter(kept))]
    kept[number] = value
    return value


class Numbers:
    """The uniform numbers of a stream, by number."""

    __slots__ = ("_block", "_number", "_stream")

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._number = -1
        self._block: list[float] = []

    def __getitem__(self, number: int) -> float:
        """Return uniform number ``number``, in (0, 1)."""
        if number >> BLOCK_BITS != self._number:
            self._number = number >> BLOCK_BITS
            self._block = self._stream.block(self._number).tolist()
        return self._block[number & (BLOCK - 1)]


class Streams:
    """All streams of one replication."""

    __slots__ = ("replication", "seed")

    def __init__(self, seed: int, replication: int) -> None:
        self.seed = seed
        self.replication = replication

    def stream(self, name: str) -> Stream:
        """Return the stream of that name."""
        return Stream(self.seed, self.replication, name)

    def durations(self, name: str, quantile: Quantile) -> Drawn:
        """Return the durations that belong to a name."""
        return Drawn(self.stream(name), quantile)


class Fixed:
    """A duration that is always the same."""

    __slots__ = ("microseconds",)

    def __init__(self, microseconds: int) -> None:
        self.microseconds = microseconds

    def __getitem__(self, number: int) -> int:
        """Return the duration in microseconds."""
        return self.microseconds

    def in_order(self) -> Iterator[int]:
        """Return it for ever."""
        return itertools.repeat(self.microseconds)

    def blocks(self) -> Iterator[NDArray[np.int64]]:
        """Return it for ever, block by block."""
        return itertools.repeat(np.full(BLOCK, self.microseconds))
