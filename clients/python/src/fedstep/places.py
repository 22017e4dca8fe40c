"""Arrays by their place, among them those of integers that stay with a client."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from .tensors import Array, Arrays, matching, staying


class Places:
    """A model's weights, and between them the arrays of integers that the server does not have.

    Args:
        arrays: all of the client's arrays in its order, by name or not, such as a ``state_dict``;
            None if there are none of integers.
    """

    def __init__(self, arrays: Mapping[str, Any] | Sequence[Any] | None) -> None:
        own = dict(_named(arrays)) if arrays is not None else {}
        kept = set(staying(own))
        self._order = list(own) if kept else []
        self._kept = {name: np.array(own[name]) for name in own if name in kept}

    def fill(self, weights: Arrays) -> dict[str, Array]:
        """Copies of the weights, with the client's own arrays at their places.

        Raises:
            ValueError: if there is another number of weights than of the client's places.
        """
        places = self._order or list(weights)
        if len(places) - len(self._kept) != len(weights):
            raise ValueError(
                f"the client has {len(places) - len(self._kept)} arrays of floating point, "
                f"the model {len(weights)} tensors"
            )
        rest = iter(weights.items())
        filled: dict[str, Array] = {}
        for place in places:
            if place in self._kept:
                filled[place] = self._kept[place].copy()
            else:
                name, array = next(rest)
                filled[name] = array.copy()
        return filled

    def take(self, weights: Arrays, after: Mapping[str, Any] | Sequence[Any]) -> dict[str, Any]:
        """The weights after training by the model's names; the client's own arrays are kept.

        Args:
            after: all arrays, by name or by place.

        Raises:
            ValueError: if it has another number of them.
        """
        names = list(self.fill(weights)) if self._kept else list(weights)
        if len(after) != len(names):
            raise ValueError(f"training gave {len(after)} arrays for {len(names)} tensors")
        try:
            found = matching(names, after) if isinstance(after, Mapping) else {}
        except KeyError:  # named otherwise: then each is at its place
            found = {}
        values = dict(_named(after))
        places = found or dict(zip(names, values, strict=True))
        for name in self._kept:
            self._kept[name] = np.array(values[places[name]])
        return {name: values[places[name]] for name in weights}


def _named(arrays: Mapping[str, Any] | Sequence[Any]) -> list[tuple[str, Any]]:
    if isinstance(arrays, Mapping):
        return list(arrays.items())
    return [(str(place), array) for place, array in enumerate(arrays)]
