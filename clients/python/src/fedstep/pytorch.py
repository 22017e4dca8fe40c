"""PyTorch modules as what is trained: ``pip install fedstep[torch]``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch

from .plain import buffers
from .scaffold import Train
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


def plain_tensors(module: torch.nn.Module) -> list[str]:
    """The names of a module's buffers of floating point, such as the running statistics of
    BatchNorm: what ``Client.create`` marks as only averaged when it is given the module."""
    return buffers(module)


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


def scaffold_step(
    module: torch.nn.Module, optimizer: torch.optim.SGD, train: Callable[[int], Trained]
) -> Train:
    """What :meth:`fedstep.scaffold.Scaffold.local_step` trains with: the weights go into the
    module, ``train(round)`` trains it by the optimizer's steps, each of which has its gradients
    corrected, and what changed is the update. Momentum begins anew in each round.

    Args:
        module: on any device, in any floating point format.
        optimizer: plain SGD, with momentum or not; its rate may change from step to step, and is
            the same for all parameters.
        train: gets the round's number, and gives the examples seen and metrics.

    Raises:
        TypeError: for any other optimizer, of which nobody knows how far it would have gone.
    """
    if type(optimizer) is not torch.optim.SGD:
        raise TypeError(f"SCAFFOLD is for torch.optim.SGD, not {type(optimizer).__name__}")

    def step(weights: Arrays, round: int, control: Arrays, own: Arrays) -> Update:
        load_weights(module, weights)
        optimizer.state.clear()
        steps = _Steps(_corrections(module, control, own))
        hooks = [
            optimizer.register_step_pre_hook(steps.correct),
            optimizer.register_step_post_hook(steps.count),
        ]
        try:
            seen, metrics = train(round)
        finally:
            for hook in hooks:
                hook.remove()
        if steps.rate <= 0:
            raise ValueError(f"the optimizer took no step in round {round}, or none downhill")
        return Update.from_weights(weights, module.state_dict(), seen, metrics, steps.rate)

    return step


def _corrections(
    module: torch.nn.Module, control: Arrays, own: Arrays
) -> dict[torch.nn.Parameter, torch.Tensor]:
    """What is added to the gradient of each parameter, where that is not nothing."""
    places = matching(control, module.state_dict())
    parameters = dict(module.named_parameters())
    corrections = {}
    for name, array in control.items():
        parameter = parameters.get(places[name])
        difference = array - own[name]
        if parameter is not None and difference.any():
            corrections[parameter] = torch.from_numpy(difference).to(parameter)
    return corrections


class _Steps:
    """The steps of a round: corrects their gradients, and adds up how far a constant gradient of 1
    would have moved the weights, by the recursion that the optimizer runs."""

    def __init__(self, corrections: Mapping[torch.nn.Parameter, torch.Tensor]) -> None:
        self._corrections = corrections
        self._velocity: float | None = None
        self.rate = 0.0

    def correct(self, _: torch.optim.Optimizer, args: Any, kwargs: Any) -> None:
        if len(args) > 1 or kwargs:  # behind the optimizer itself
            raise TypeError("SCAFFOLD corrects gradients before a step: it can have no closure")
        with torch.no_grad():
            for parameter, correction in self._corrections.items():
                if parameter.grad is None:
                    parameter.grad = correction.clone()
                else:
                    parameter.grad += correction

    def count(self, optimizer: torch.optim.Optimizer, _: Any, __: Any) -> None:
        keys = ("lr", "momentum", "dampening", "nesterov", "maximize")
        settings = {tuple(float(group[key]) for key in keys) for group in optimizer.param_groups}
        if len(settings) > 1:
            raise ValueError("the optimizer's groups differ in lr or momentum: SCAFFOLD has one H")
        lr, momentum, dampening, nesterov, maximize = settings.pop()
        if maximize:
            raise ValueError("the optimizer maximizes: SCAFFOLD corrects descents")
        move = 1.0
        if momentum:
            before = self._velocity
            now = 1.0 if before is None else momentum * before + (1.0 - dampening)
            self._velocity = now
            move = 1.0 + momentum * now if nesterov else now
        self.rate += lr * move
