"""declearn on the client's side: its ``Model`` and ``Optimizer`` train, fedstep aggregates, and the
server's optimizer state goes to a declearn ``Optimizer`` and back."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any, Literal

import numpy as np
from declearn.metrics import MetricSet
from declearn.model.api import Model, Vector
from declearn.optimizer import Optimizer
from declearn.utils import json_pack, json_unpack

from .metrics import number_of
from .tensors import Arrays
from .training import Evaluate, Evaluation, LocalStep, Update


def weights_of(model: Model) -> dict[str, Any]:
    """A model's trainable weights by name, for ``Client.create``.

    Raises:
        ValueError: if it has none yet, as scikit-learn's before they have seen what data there is.
    """
    try:
        return dict(model.get_weights(trainable=True).coefs)
    except AttributeError as error:
        raise ValueError(
            "the model has no weights yet: first call model.initialize({'features_shape': (64,), "
            "'classes': set(range(10))}) with what your data is"
        ) from error


def set_weights(model: Model, weights: Arrays) -> None:
    """Gives a model its trainable weights.

    Raises:
        TypeError: for a model on another framework than NumPy, scikit-learn or torch.
    """
    present = model.get_weights(trainable=True)
    coefs = {name: _like(weights[name], value) for name, value in present.coefs.items()}
    vector: Vector[Any] = type(present)(coefs)
    model.set_weights(vector, trainable=True)


def _like(array: Any, value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return array.astype(value.dtype)
    if type(value).__module__.partition(".")[0] == "torch":
        import torch  # noqa: PLC0415 - there is a tensor of it, so it is imported already

        return torch.from_numpy(array).to(value)
    raise TypeError(f"weights of type {type(value)} are not supported")


def local_step(
    model: Model,
    optimizer: Optimizer,
    batches: Callable[[int], Iterable[Any]],
    *,
    weight: Literal["steps", "examples"] = "steps",
) -> LocalStep:
    """A step for ``Client.train``: one declearn training step for each batch.

    Args:
        batches: gets the round's number, and gives declearn batches ``(x, y, weights)``.
        weight: what the update counts by: steps, as declearn's ``averaging`` weighs, or examples.
    """

    def step(weights: Arrays, round: int) -> Update:
        set_weights(model, weights)
        optimizer.start_round()
        model.collect_training_losses()
        steps = examples = 0
        for batch in batches(round):
            optimizer.run_train_step(model, batch)
            steps += 1
            examples += len(batch[0])
        losses = model.collect_training_losses()
        metrics = {"loss": float(np.mean(losses[0]))} if losses else {}
        counted = steps if weight == "steps" else examples
        return Update.from_weights(weights, weights_of(model), counted, metrics)

    return step


def evaluate(
    model: Model, batches: Callable[[], Iterable[Any]], metrics: MetricSet | None = None
) -> Evaluate:
    """What ``Client.train`` evaluates versions with: the model's mean loss, by the examples'
    weights, and declearn's metrics.

    Args:
        model: may be the one that is trained.
        batches: gives the declearn batches ``(x, y, weights)`` to measure.
        metrics: of which those that are numbers are reported.
    """

    def measure(weights: Arrays, version: int) -> Evaluation:
        set_weights(model, weights)
        loss = total = examples = 0.0
        if metrics is not None:
            metrics.reset()
        for batch in batches():
            predicted = model.compute_batch_predictions(batch)
            losses = np.asarray(model.loss_function(predicted[0], predicted[1]))
            by = np.ones(len(losses)) if predicted[2] is None else predicted[2]
            loss, total = loss + float(np.dot(losses, by)), total + float(np.sum(by))
            examples += len(losses)
            if metrics is not None:
                metrics.update(*predicted)
        if total == 0:
            return None
        result: dict[str, Any] = {"loss": loss / total}
        if metrics is not None:
            result |= {k: v for k, v in metrics.get_result().items() if number_of(v) is not None}
        return result, examples

    return measure


def load_state(optimizer: Optimizer, state: bytes) -> None:
    """Gives a declearn optimizer the state that ``Client.optimizer_state`` exported.

    Raises:
        KeyError, RuntimeError: if the optimizer has other modules.
    """
    optimizer.set_state(json.loads(state, object_hook=json_unpack))


def dump_state(optimizer: Optimizer) -> bytes:
    """A declearn optimizer's state, for ``Client.set_optimizer_state``."""
    return json.dumps(optimizer.get_state(), default=json_pack).encode()
