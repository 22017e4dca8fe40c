"""An exact discrete Gaussian, of integers alone.

C. Canonne, G. Kamath, T. Steinke, *The Discrete Gaussian for Differential Privacy*, 2020,
algorithms 1 to 3. ``one`` is the definition; ``many`` gives the same numbers, thousands at a time.

The variance is ``2^48 / divisor``. A draw is of a discrete Laplace distribution of scale ``2^k``,
the next power of two above the standard deviation, and is taken with the probability of
``exp(-(divisor |Y| - 2^(48-k))^2 / (2^49 divisor))``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from .masks import BLOCK, Keystream

Integers = NDArray[np.int64]
Places = NDArray[np.intp]

SIGMA_BITS = 24
WORDS = 64
"""Of 32 bits, that a coordinate has under one key; few take more."""
_LINE = 4 * WORDS


def one(word: Callable[[], int], divisor: int = 1) -> int:
    """A draw from the next words of 32 bits."""
    k = scale_bits(divisor)
    while True:
        u = word() >> (32 - k)
        if not _exp_minus(word, u, 1 << k):
            continue
        v = 0
        while _exp_minus(word, 1, 1):
            v += 1
        minus = word() >> 31
        size = u + (v << k)
        if minus and size == 0:
            continue
        far = divisor * size - (1 << (2 * SIGMA_BITS - k))
        if _exp_minus(word, far * far, divisor << (2 * SIGMA_BITS + 1)):
            return -size if minus else size


def scale_bits(divisor: int) -> int:
    """``k``, with ``2^k`` at least the standard deviation and below its double."""
    return SIGMA_BITS - (divisor.bit_length() - 1) // 2


def _exp_minus(word: Callable[[], int], p: int, q: int) -> bool:
    """Whether an event of the probability ``exp(-p/q)`` happens."""
    while p > q:
        if not _exp_minus(word, 1, 1):
            return False
        p -= q
    k = 1
    while _trial(word, p, q * k):
        k += 1
    return k % 2 == 1


def _trial(word: Callable[[], int], p: int, q: int) -> bool:
    """Whether a uniform number, whose digits the words are, is below ``p/q``."""
    while 0 < p < q:
        whole, p = divmod(p << 32, q)
        digit = word()
        if digit != whole:
            return digit < whole
    return p >= q


class Source:
    """The words of coordinates under a key: coordinate ``j`` has the 16 blocks of AES-256-CTR from
    number ``16 j`` on, then those under the key ``SHA-256("fedstep noise more" ‖ key)`` …"""

    def __init__(self, key: bytes, first: int, count: int) -> None:
        self._keys = [key]
        self._first = first
        self._lines = np.frombuffer(_lines(key, first, count), ">u4").astype(np.uint32)
        self._at = np.arange(count) * WORDS
        self._end = self._at + WORDS
        self._turn = np.zeros(count, np.intp)

    def take(self, places: Places) -> NDArray[np.uint64]:
        """The next word of each of some coordinates, none of them twice."""
        at = self._at[places]
        spent = at == self._end[places]
        if spent.any():
            for place in places[spent].tolist():
                self._renew(place)
            at = self._at[places]
        self._at[places] = at + 1
        return self._lines[at].astype(np.uint64)

    def word(self, place: int) -> int:
        """The next word of a coordinate."""
        return int(self.take(np.array([place]))[0])

    def _renew(self, place: int) -> None:
        self._turn[place] += 1
        turn = int(self._turn[place])
        while len(self._keys) <= turn:
            more = b"fedstep noise more" + self._keys[-1]
            self._keys.append(hashlib.sha256(more).digest())
        line = _lines(self._keys[turn], self._first + place, 1)
        self._at[place] = begin = place * WORDS
        self._lines[begin : begin + WORDS] = np.frombuffer(line, ">u4")


def _lines(key: bytes, first: int, count: int) -> memoryview:
    stream, size = Keystream(key, first * _LINE // 16), count * _LINE
    out = bytearray(size + 15)
    for begin in range(0, size, BLOCK):
        stream.into(memoryview(out)[begin:], min(BLOCK, size - begin))
    return memoryview(out)[:size]


def many(key: bytes, first: int, count: int, divisor: int = 1) -> Integers:
    """Draws for the coordinates from ``first`` on, the same for the same key.

    Args:
        key: 32 random bytes, for one set of updates alone.
        divisor: at most 2^15; the variance is 2^48 divided by it.
    """
    source = Source(key, first, count)
    k = scale_bits(divisor)
    draws = np.zeros(count, np.int64)
    todo = np.arange(count)
    while todo.size:
        size = _laplace(source, todo, k)
        minus = source.take(todo) >= 1 << 31
        zero = minus & (size == 0)
        again, todo, size, minus = todo[zero], todo[~zero], size[~zero], minus[~zero]
        far = divisor * size - (1 << (2 * SIGMA_BITS - k))
        taken = _accepted(source, todo, far, divisor)
        draws[todo[taken]] = np.where(minus, -size, size)[taken]
        again = np.concatenate([again, todo[~taken]])
        todo = again
    return draws


def _laplace(source: Source, places: Places, k: int) -> Integers:
    """The size of a discrete Laplace draw of scale ``2^k`` for each place."""
    u = np.zeros(places.size, np.uint64)
    left = np.arange(places.size)
    while left.size:
        u[left] = top = source.take(places[left]) >> np.uint64(32 - k)
        left = left[~_small(source, places[left], top << np.uint64(32 - k), 1)]
    v = np.zeros(places.size, np.int64)
    left = np.arange(places.size)
    while left.size:
        left = left[_once(source, places[left])]
        v[left] += 1
    return u.astype(np.int64) + (v << k)


def _accepted(source: Source, places: Places, far: Integers, divisor: int) -> NDArray[np.bool_]:
    """Whether events of the probability ``exp(-far^2 / (2^49 divisor))`` happen."""
    taken = np.zeros(places.size, np.bool_)
    beyond = np.abs(far) >> 32 > 0  # its square is too long for a word
    for place in np.flatnonzero(beyond).tolist():
        at, long = int(places[place]), int(far[place]) ** 2
        taken[place] = _exp_minus(lambda at=at: source.word(at), long, divisor << 49)  # type: ignore[misc]
    left = np.flatnonzero(~beyond)
    whole = np.uint64(divisor << 49)
    square = far[left].astype(np.uint64) ** np.uint64(2)
    while (more := square > whole).any():
        goes_on = ~more
        goes_on[more] = _once(source, places[left[more]])
        square[more] -= whole
        left, square = left[goes_on], square[goes_on]
    taken[left] = _small(source, places[left], square, divisor << 17)
    return taken


def _once(source: Source, places: Places) -> NDArray[np.bool_]:
    """Whether events of the probability ``exp(-1)`` happen."""
    return _small(source, places, np.full(places.size, 1 << 32, np.uint64), 1)


def _small(source: Source, places: Places, p: NDArray[np.uint64], q: int) -> NDArray[np.bool_]:
    """Whether events of the probability ``exp(-p / (2^32 q))`` happen, whose exponent is at most
    1."""
    odd = np.zeros(places.size, np.bool_)
    left = np.arange(places.size)
    k = 1
    while left.size:
        yes = _trials(source, places[left], p[left], q * k)
        odd[left[~yes]] = k % 2 == 1
        left = left[yes]
        k += 1
    return odd


def _trials(source: Source, places: Places, p: NDArray[np.uint64], q: int) -> NDArray[np.bool_]:
    """Whether uniform numbers are below ``p / (2^32 q)``."""
    whole, rest = np.divmod(p, np.uint64(q))
    yes = whole >= 1 << 32
    unsure = np.flatnonzero(~yes & (p > 0))
    digit = source.take(places[unsure])
    yes[unsure] = digit < whole[unsure]
    for tie in unsure[digit == whole[unsure]].tolist():
        at = int(places[tie])
        yes[tie] = _trial(lambda at=at: source.word(at), int(rest[tie]), q)  # type: ignore[misc]
    return yes
