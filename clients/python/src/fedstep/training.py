"""A client's loop: fetch the weights, train, submit, wait."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from .problems import NotInvited, Problem, RoundClosed, TrainingStopped
from .tensors import Arrays, subtract

if TYPE_CHECKING:
    from .answers import Weights
    from .client import Client


@dataclass(frozen=True, eq=False)
class Update:
    """What a client learned in a round.

    Attributes:
        gradient: of the loss, or the weights before training minus those after; tensors by name.
        weight: how many examples or steps it stands for.
        metrics: such as the loss before training.
    """

    gradient: Mapping[str, Any]
    weight: float = 1.0
    metrics: Mapping[str, float] = field(default_factory=dict)

    @staticmethod
    def from_weights(
        before: Arrays,
        after: Mapping[str, Any],
        weight: float = 1.0,
        metrics: Mapping[str, float] | None = None,
    ) -> Update:
        """The update of local training that changed the weights; ``after`` may have more
        tensors."""
        return Update(subtract(before, after), weight, metrics or {})


LocalStep = Callable[[Arrays, int], "Update | None"]
"""Trains from the weights of a round, which are its to change. None sits the round out."""

PAUSE_SECONDS = 0.5

_OVERTAKEN = {"round-closed", "round-not-open", "base-differs", "update-differs"}
"""What may come of an update when the model moved on, or was put back, while the client trained;
the last is an update that this client sent before it was started again."""


def train(client: Client, model: str, local_step: LocalStep, rounds: int | None = None) -> Weights:
    """Takes part in a model's training.

    An update that comes too late is dropped and the next one trained from the newest weights.
    A round to which the client is not invited is waited out, unless it invites more clients at one
    of its deadlines, or by a new policy.

    Args:
        local_step: gets the weights and the round's number, and gives an :class:`Update`.
        rounds: how many updates to have accepted; None for as long as training goes on.

    Returns:
        The newest weights: those after the last round that the client took part in, or where
        training was stopped.
    """
    sampled = float(client.model(model)["round"].get("participation", 1.0)) < 1.0
    weights = client.weights(model)
    accepted = 0
    while weights.phase != "stopped" and (rounds is None or accepted < rounds):
        try:
            if not sampled or _becomes_invited(client, model, weights):
                accepted += _contribute(client, model, weights, local_step)
        except NotInvited:
            sampled = True  # by a policy that is new
            continue
        except TrainingStopped:
            return client.weights(model)
        newer = client.wait(model, weights)
        weights = replace(weights, phase="stopped") if newer is None else newer
    return weights


def _becomes_invited(client: Client, model: str, weights: Weights) -> bool:
    """Waits until the client is; False where there are other weights, or training is stopped."""
    while True:
        current = client.await_invitation(model)
        if current["base"] != weights.base or current["phase"] == "stopped":
            return False
        if current["invited"]:
            return True
        time.sleep(PAUSE_SECONDS)  # a server that shuts down answers at once


def _contribute(client: Client, model: str, weights: Weights, local_step: LocalStep) -> bool:
    """Whether the update of this client is in the round."""
    update = local_step(dict(weights.arrays), weights.version)
    if update is None:
        return False
    try:
        client.submit(model, weights, update.gradient, weight=update.weight, metrics=update.metrics)
    except RoundClosed:
        return False
    except Problem as problem:
        if problem.code not in _OVERTAKEN:
            raise
        return problem.code == "update-differs"
    return True
