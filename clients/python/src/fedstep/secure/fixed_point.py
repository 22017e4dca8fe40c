"""Numbers as words whose sums are exact."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

METRIC_BITS = 16
MOST_METRIC = 1024.0


def bound(clip: float, fraction_bits: int) -> float:
    """The largest word of weight 1, a whole number that a double has exactly."""
    return float(math.floor(math.ldexp(clip, fraction_bits)))


def quantize(values: NDArray[Any], clip: float, fraction_bits: int) -> NDArray[np.int64]:
    """Values in steps of 2^-f, half to even, and at most the bound."""
    most = bound(clip, fraction_bits)
    with np.errstate(over="ignore"):
        steps = np.ldexp(values.astype(np.float64, copy=False), fraction_bits)
    return np.clip(np.rint(steps), -most, most).astype(np.int64)


def cut(values: NDArray[Any], clip: float) -> int:
    """How many values are beyond ``clip``, which is compared in double."""
    return int(np.count_nonzero(np.abs(values.astype(np.float64, copy=False)) > clip))


@dataclass(frozen=True)
class FixedPoint:
    """Coordinates as multiples of ``2^-fraction_bits``, times the update's weight."""

    clip: float
    fraction_bits: int
    weight: int

    def __call__(self, values: NDArray[Any], at: int) -> NDArray[np.int64]:
        return quantize(values, self.clip, self.fraction_bits) * self.weight


def words(numbers: NDArray[np.int64], bits: int) -> NDArray[np.unsignedinteger]:
    """Whole numbers modulo 2^bits, little-endian."""
    return numbers.astype("<u4" if bits == 32 else "<u8")


def metric_word(value: float, weight: int) -> int:
    """A metric's share of the weighted sum."""
    return weight * round(math.ldexp(value, METRIC_BITS))
