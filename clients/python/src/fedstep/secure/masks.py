"""The keystreams that hide an update, and cancel in the sum of all."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from numpy.typing import NDArray

Words = NDArray[np.unsignedinteger]

BLOCK = 64 << 10
"""Bytes that are masked at once: they, the zeros and the keystream stay in the cache."""


class Keystream:
    """AES-256-CTR of a key, from a block of 16 bytes on, in order."""

    def __init__(self, key: bytes, block: int = 0) -> None:
        counter = modes.CTR(block.to_bytes(16, "big"))
        self._cipher = Cipher(algorithms.AES(key), counter).encryptor()

    def into(self, buffer: bytearray | memoryview, size: int) -> None:
        """Writes the next ``size`` bytes, at most a block, to a buffer with 15 more."""
        self._cipher.update_into(_ZEROS[:size], buffer)


_ZEROS = memoryview(bytes(BLOCK))


class Masks:
    """What a member adds to its update, and subtracts from it, a block after the other.

    Args:
        added: the seeds of keystreams that are added.
        subtracted: of those that are subtracted.
    """

    def __init__(self, added: Iterable[bytes], subtracted: Iterable[bytes]) -> None:
        self._added = [Keystream(seed) for seed in added]
        self._subtracted = [Keystream(seed) for seed in subtracted]
        self._buffer = bytearray(BLOCK + 15)

    def apply(self, words: Words) -> None:
        """Masks the next words in place."""
        keystream = np.frombuffer(self._buffer, words.dtype, words.size)
        for stream in self._added:
            stream.into(self._buffer, words.nbytes)
            words += keystream
        for stream in self._subtracted:
            stream.into(self._buffer, words.nbytes)
            words -= keystream
