"""Updates with each client's own noise, on a grid of integers.

P. Kairouz, Z. Liu, T. Steinke, *The Distributed Discrete Gaussian Mechanism*, 2021.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from ..tensors import Array
from .noise import many
from .settings import Noise

TILE = 16384
LANES = 256
DRAWN = 65536
"""Coordinates whose noise is drawn at once: of fewer, each costs more."""


class NoisyGrid:
    """Coordinates on the grid with noise that is drawn from a key, each time the same.

    Args:
        noise: of the spec.
        parameters: how many coordinates there are.
        norm: of the update.
        threshold: how many members go all the way at least, whose noise adds up to enough.
        key: 32 random bytes, for this update alone.
    """

    def __init__(
        self, noise: Noise, parameters: int, norm: float, threshold: int, key: bytes
    ) -> None:
        self._factor = factor(noise, parameters, norm)
        self._divisor = threshold - noise.collusion
        self._key = key
        self._parameters = parameters
        self._begin = 0
        self._drawn = np.zeros(0, np.int64)

    def __call__(self, values: Array, at: int) -> NDArray[np.int64]:
        numbers = np.rint(values.astype(np.float64, copy=False) * self._factor).astype(np.int64)
        end = self._begin + self._drawn.size
        if not self._begin <= at <= at + values.size <= end:
            most = max(values.size, min(DRAWN, self._parameters - at))
            self._begin, self._drawn = at, many(self._key, at, most, self._divisor)
        at -= self._begin
        return numbers + self._drawn[at : at + values.size]


def factor(noise: Noise, parameters: int, norm: float) -> float:
    """By which coordinates are multiplied before they are rounded to whole numbers."""
    cut = 1.0 if norm <= noise.clip_norm else noise.clip_norm / norm
    return cut * (1 - 2.0**-30) * noise.spacing(parameters)


def norm_of(tiles: Iterable[Array]) -> float:
    """The L2 norm of tiles of 16,384 coordinates, in an order of additions that all implementations
    have; infinite where the sum of squares is."""
    total = 0.0
    for tile in tiles:
        with np.errstate(over="ignore"):
            squares = tile.astype(np.float64) ** 2
            lanes = squares[: squares.size // LANES * LANES].reshape(-1, LANES)
            sums = np.zeros(LANES)
            for row in lanes:
                sums += row
            rest = squares[lanes.size :].tolist()
            total += _in_order(sums.tolist() + rest)
    return math.sqrt(total)


def _in_order(numbers: list[float]) -> float:
    total = 0.0
    for number in numbers:
        total += number
    return total
