"""An update as the words that are masked."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..metrics import number_of
from ..tensors import Array
from .fixed_point import MOST_METRIC, cut, metric_word, words
from .flat import Flat
from .masks import BLOCK, Words
from .settings import Settings


class Numbers:
    """What stands beside the coordinates: the weight, and the metrics of the spec in its order.

    Raises:
        ValueError: if the spec does not allow them; with what it does.
    """

    def __init__(self, weight: Any, metrics: Mapping[str, Any], settings: Settings) -> None:
        self.weight = 1 if settings.noise is not None else _whole(weight, settings.max_weight)
        self.metrics = [_metric(name, metrics) for name in settings.metrics]


def _whole(weight: Any, most: int) -> int:
    number = number_of(weight)
    if number is None or not number.is_integer() or not 1 <= number <= most:
        raise ValueError(
            f"the weight is {weight!r}: in this secure model it is a whole number "
            + (f"from 1 to {most}" if most > 1 else "that is 1: every client counts once")
        )
    return int(number)


def _metric(name: str, metrics: Mapping[str, Any]) -> float:
    if name not in metrics:
        raise ValueError(f"the metric {name!r} is missing: this secure model wants it of everybody")
    number = number_of(metrics[name])
    if number is None or abs(number) > MOST_METRIC:
        raise ValueError(
            f"the metric {name!r} is {metrics[name]!r:.80}: in a secure model it is a finite "
            f"number from -{MOST_METRIC:.0f} to {MOST_METRIC:.0f}"
        )
    return number


Encoding = Callable[[Array, int], NDArray[np.int64]]
"""Makes whole numbers of coordinates, from a place on."""


class Stream:
    """An update as words, block by block: what is added up over all clients.

    It looks at all coordinates at once, so that what cannot be sent is told before anything is.

    Args:
        flat: the coordinates; they must not change from now on.
        numbers: what stands beside them.
        settings: of the model.

    Raises:
        ValueError: for a value that is not finite.
    """

    def __init__(self, flat: Flat, numbers: Numbers, settings: Settings) -> None:
        self.flat = flat
        self.numbers = numbers
        self._bits = settings.bits
        self._block = BLOCK * 8 // settings.bits
        coordinates = flat.size * settings.bits // 8
        self._padding = -coordinates % 16
        self.bytes = coordinates + self._padding + 8 * (2 + len(numbers.metrics))
        self.cut = 0
        self._seen: list[bytes] = []
        at = 0
        for block in flat.blocks(self._block):
            self._check(block, at)
            if settings.noise is None:
                self.cut += cut(block, settings.clip)
            self._seen.append(_seen(block))
            at += block.size

    def _check(self, block: Array, at: int) -> None:
        finite = np.isfinite(block)
        if not finite.all():
            where = int(np.argmin(finite))
            raise ValueError(
                f"{self.flat.name_of(at + where)} is {block[where]} in the model's dtype: "
                "nothing is sent"
            )

    def blocks(self, encoding: Encoding) -> Iterator[Words]:
        """The words, each time the same.

        Raises:
            RuntimeError: if the coordinates changed: the same mask over two updates would bare
                their difference.
        """
        at = 0
        for block, seen in zip(self.flat.blocks(self._block), self._seen, strict=True):
            if _seen(block) != seen:
                raise RuntimeError("the update's arrays changed while it was sent")
            yield words(encoding(block, at), self._bits)
            at += block.size
        yield words(np.zeros(self._padding * 8 // self._bits, np.int64), self._bits)
        weight = self.numbers.weight
        metrics = [metric_word(value, weight) for value in self.numbers.metrics]
        yield words(np.array([weight, self.cut, *metrics], np.int64), 64)


def _seen(block: Array) -> bytes:
    return hashlib.sha256(block.data).digest()[:16]
