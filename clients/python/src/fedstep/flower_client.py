"""Flower client apps under fedstep's loop: their ``fit`` is the local step."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from .tensors import Array, Arrays
from .training import LocalStep, Update


class FlowerClient(Protocol):
    """What is used of a ``flwr.client.NumPyClient``."""

    def fit(
        self, parameters: list[Array], config: dict[str, Any]
    ) -> tuple[list[Array], int, dict[str, Any]]: ...


def local_step(
    client: FlowerClient, config: Callable[[int], Mapping[str, Any]] | None = None
) -> LocalStep:
    """A step for ``Client.train``. Flower knows tensors by their place, so they have to be created
    in the order of its ``get_parameters``.

    Args:
        client: a ``NumPyClient``.
        config: what its ``fit`` is configured with in a round; by default nothing but
            ``server_round``, which counts from 1 as in Flower.
    """

    def step(weights: Arrays, round: int) -> Update:
        settings: dict[str, Any] = {"server_round": round + 1}
        settings |= config(round) if config else {}
        # fit may train in place: the weights before have to stay
        given = [array.copy() for array in weights.values()]
        after, examples, metrics = client.fit(given, settings)
        if len(after) != len(weights):
            raise ValueError(f"fit gave {len(after)} arrays for {len(weights)} tensors")
        numbers = {
            name: float(value)
            for name, value in metrics.items()
            if isinstance(value, (int, float)) and not isinstance(value, bool)
        }
        named = dict(zip(weights, after, strict=True))
        return Update.from_weights(weights, named, examples, numbers)

    return step
