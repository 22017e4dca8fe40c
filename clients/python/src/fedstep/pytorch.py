"""PyTorch modules as what is trained: ``pip install fedstep[torch]``."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch

from .tensors import Arrays, matching
from .training import Evaluate, Evaluation, LocalStep, Update

Trained = tuple[float, Mapping[str, float]]
"""How many examples a local training saw, and its metrics."""


def load_weights(module: torch.nn.Module, weights: Arrays) -> None:
    """Copies weights into a module's parameters and buffers, in place. Its integer buffers, such as
    ``num_batches_tracked``, stay as they are. The module, or that of which the weights are, may be
    wrapped by ``torch.compile`` or DataParallel.

    Raises:
        KeyError: if the module has no tensor of a name.
        RuntimeError: if its shape differs.
    """
    state = module.state_dict()
    with torch.no_grad():
        for name, place in matching(weights, state).items():
            array = weights[name]
            if state[place].shape != array.shape:
                raise RuntimeError(f"{name!r} is {tuple(state[place].shape)}, not {array.shape}")
            state[place].copy_(torch.from_numpy(array))


def local_step(module: torch.nn.Module, train: Callable[[int], Trained]) -> LocalStep:
    """A step for ``Client.train``: the weights go into the module, ``train(round)`` trains it, and
    what it changed is the update.

    Args:
        module: on any device, in any floating point format.
        train: gets the round's number, and gives the examples seen and metrics.
    """

    def step(weights: Arrays, round: int) -> Update:
        load_weights(module, weights)
        seen, metrics = train(round)
        return Update.from_weights(weights, module.state_dict(), seen, metrics)

    return step


def evaluate(module: torch.nn.Module, test: Callable[[int], Evaluation]) -> Evaluate:
    """What ``Client.train`` evaluates versions with: the weights go into the module, and
    ``test(version)`` measures it.

    Args:
        module: may be the one that is trained.
        test: gives metrics, or metrics and how many examples they are of.
    """

    def measure(weights: Arrays, version: int) -> Evaluation:
        load_weights(module, weights)
        return test(version)

    return measure
