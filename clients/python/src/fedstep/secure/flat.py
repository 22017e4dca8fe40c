"""An update's coordinates in the model's order and dtype."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from ..tensors import Array, Arrays, floating, matching


class Flat:
    """The coordinates of an update, none copied as a whole.

    Args:
        gradient: the tensors by name, of NumPy or torch, or nested lists of numbers.
        model: the weights that they belong to.

    Raises:
        TypeError: for what is no array of floating point.
        ValueError: if it has other tensors, or another shape.
    """

    def __init__(self, gradient: Mapping[str, Any], model: Arrays) -> None:
        tensors = floating(gradient)
        try:
            places = matching(model, tensors)
        except KeyError as error:
            raise ValueError(f"the update does not fit the model: {error.args[0]}") from None
        extra = tensors.keys() - places.values()
        if extra:
            raise ValueError(f"the model has no {min(extra)!r}, which the update has")
        for name, array in model.items():
            shape = tensors[places[name]].shape
            if shape != array.shape:
                raise ValueError(f"{name!r} is {shape}, not {array.shape}")
        self._tensors = [tensors[places[name]] for name in model]
        self._names = list(model)
        self._dtype = next(iter(model.values())).dtype
        self.size = sum(array.size for array in model.values())

    def blocks(self, size: int) -> Iterator[Array]:
        """The coordinates, so many at a time; each block is used again for the next."""
        block = np.empty(min(size, max(self.size, 1)), self._dtype)
        filled = 0
        for piece in self._pieces():
            done = 0
            while done < piece.size:
                some = piece[done : done + block.size - filled]
                with np.errstate(over="ignore"):  # it is not finite then
                    block[filled : filled + some.size] = some
                done += some.size
                filled += some.size
                if filled == block.size:
                    yield block
                    filled = 0
        if filled:
            yield block[:filled]

    def _pieces(self) -> Iterator[Array]:
        for tensor in self._tensors:
            for piece in tensor.pieces():
                if tensor.format == "BF16":
                    yield (np.frombuffer(piece, "<u2").astype("<u4") << 16).view("<f4")
                else:
                    yield np.frombuffer(piece, f"<f{int(tensor.format[1:]) // 8}")

    def name_of(self, index: int) -> str:
        """The tensor that has a coordinate, in quotes, and where."""
        for name, tensor in zip(self._names, self._tensors, strict=True):
            size = int(np.prod(tensor.shape))
            if index < size:
                return f"value {index} of {name!r}"
            index -= size
        raise IndexError(index)
