"""Secrets shared byte for byte over GF(2^8) with the polynomial 0x11B.

A. Shamir, *How to Share a Secret*, 1979. Without tables and branches on secrets, so that the time
it takes tells nothing of them.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]


def multiply(a: Bytes, x: Bytes) -> Bytes:
    """Products of field elements; the arrays broadcast."""
    product = np.zeros(np.broadcast_shapes(a.shape, x.shape), np.uint8)
    for bit in range(8):
        product ^= a * ((x >> bit) & 1)
        a = (a << np.uint8(1)) ^ ((a >> np.uint8(7)) * np.uint8(0x1B))
    return product


def split(secret: bytes, coefficients: Sequence[bytes], points: int) -> list[bytes]:
    """The shares of a secret at the points 1 to ``points``.

    Args:
        secret: any bytes.
        coefficients: of x^1, x^2 …, each as long as the secret, uniformly random; one fewer than
            the shares that open it.
    """
    x = np.arange(1, points + 1, dtype=np.uint8)[:, None]
    shares = np.zeros((points, len(secret)), np.uint8)
    for coefficient in reversed([secret, *coefficients]):
        shares = multiply(shares, x) ^ np.frombuffer(coefficient, np.uint8)
    return [share.tobytes() for share in shares]
