"""Flower's client apps under fedstep's loop: what they train is the local step."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from .metrics import number_of
from .places import Places
from .tensors import Arrays
from .training import Evaluation, Update

Config = Mapping[str, Any] | Callable[[int], Mapping[str, Any]] | None
"""What goes with the weights of a round: the same always, or what a function gives for its
number."""
Own = Mapping[str, Any] | Sequence[Any] | None
Metadata = Mapping[str, Any] | None
"""A model's, of which those members go with the weights that Flower's config can have."""


class NumPyStep:
    """A ``NumPyClient`` as a step for ``Client.train``; its ``evaluate`` goes there as well."""

    def __init__(self, client: Any, config: Config = None, own: Own = None) -> None:
        self._client = client
        self._config = config
        if own is None and hasattr(client, "get_parameters"):
            own = client.get_parameters({})
        self._places = Places(own)

    def __call__(self, weights: Arrays, round: int, metadata: Metadata = None) -> Update:
        # fit may train in place: the weights before have to stay
        given = list(self._places.fill(weights).values())
        after, examples, metrics = self._client.fit(given, self._settings(round, metadata))
        after = self._places.take(weights, after)
        return Update.from_weights(weights, after, examples, _numbers(metrics))

    def evaluate(self, weights: Arrays, version: int, metadata: Metadata = None) -> Evaluation:
        """What the client's ``evaluate`` gives."""
        given = list(self._places.fill(weights).values())
        settings = self._settings(version, metadata)
        loss, examples, metrics = self._client.evaluate(given, settings)
        return {"loss": loss, **_numbers(metrics)}, examples

    def _settings(self, round: int, metadata: Metadata) -> dict[str, Any]:
        return {**_plain(metadata), "server_round": round + 1, **_config(self._config, round)}


class AppStep:
    """A ``ClientApp`` as a step for ``Client.train``; its ``evaluate`` goes there as well. One
    ``Context`` lasts as long as this."""

    def __init__(
        self,
        app: Any,
        *,
        node_config: Mapping[str, Any] | None = None,
        run_config: Mapping[str, Any] | None = None,
        train_config: Config = None,
        own: Own = None,
    ) -> None:
        from flwr.app import Context, RecordDict  # noqa: PLC0415 - here is who needs it

        self._app = app
        self._config = train_config
        self._places = Places(own)
        node, run = dict(node_config or {}), dict(run_config or {})
        self._context = Context(1, 1, node, RecordDict(), run)
        # one that is made of a client_fn reads records of other names
        self._is_legacy = getattr(app, "_call", None) is not None

    def __call__(self, weights: Arrays, round: int, metadata: Metadata = None) -> Update:
        reply = self._ask("train", weights, round, metadata)
        arrays = next(iter(reply.array_records.values()), None)
        if arrays is None:
            raise ValueError("the app's train function gave no ArrayRecord")
        after = {name: array.numpy() for name, array in arrays.items()}
        metrics, examples = _measured(reply)
        return Update.from_weights(weights, self._places.take(weights, after), examples, metrics)

    def evaluate(self, weights: Arrays, version: int, metadata: Metadata = None) -> Evaluation:
        """What the app's evaluate function gives; None if it has none."""
        try:
            return _measured(self._ask("evaluate", weights, version, metadata))
        except ValueError as error:
            if "No evaluate function" in str(error):
                return None
            raise

    def _ask(self, what: str, weights: Arrays, round: int, metadata: Metadata) -> Any:
        """The content of the app's answer to a message."""
        from flwr.app import (  # noqa: PLC0415 - here is who needs it
            Array,
            ArrayRecord,
            ConfigRecord,
            Message,
            RecordDict,
        )

        filled = self._places.fill(weights)
        arrays = ArrayRecord({name: Array(array) for name, array in filled.items()})
        number = {"server_round" if self._is_legacy else "server-round": round + 1}
        config = ConfigRecord({**_plain(metadata), **number, **_config(self._config, round)})
        prefix = {"train": "fitins.", "evaluate": "evaluateins."}[what]
        names = (prefix + "parameters", prefix + "config")
        if not self._is_legacy:
            names = ("arrays", "config")
        content = RecordDict({names[0]: arrays, names[1]: config})
        message = Message(content, dst_node_id=1, message_type=what, group_id=str(round + 1))
        reply = self._app(message, self._context)
        if reply.has_error():
            raise RuntimeError(f"the app's {what} function failed: {reply.error.reason}")
        return reply.content


def local_step(client: Any, config: Config = None, *, own: Own = None, **options: Any) -> Any:
    """A step for ``Client.train``, and with ``evaluate=step.evaluate`` also what it reports.

    Flower knows arrays by their place, so a model is created in the order of the app's, such as
    that of ``Net().state_dict()``.

    Args:
        client: a ``ClientApp`` or a ``NumPyClient``.
        config: what a ``NumPyClient`` is configured with beside ``server_round`` and the model's
            metadata.
        own: all arrays of the client in its order, where some are of integers (BatchNorm's
            ``num_batches_tracked``): those stay with the client, at their places. A
            ``NumPyClient`` is asked for its ``get_parameters``.
        options: of a ``ClientApp``: ``node_config`` (``partition-id``, ``num-partitions``),
            ``run_config``, and ``train_config``, which goes with the weights beside
            ``server-round`` and the model's metadata.
    """
    if hasattr(client, "fit"):
        return NumPyStep(client, config, own, **options)
    return AppStep(client, own=own, **options)


def _config(config: Config, round: int) -> Mapping[str, Any]:
    return (config(round) if callable(config) else config) or {}


def _plain(metadata: Metadata) -> dict[str, Any]:
    """What Flower's config can have: numbers, texts, and lists of one kind of them."""
    return {name: value for name, value in (metadata or {}).items() if _is_plain(value)}


def _is_plain(value: Any) -> bool:
    values = value if isinstance(value, list) else [value]
    return len({*map(type, values)}) == 1 and isinstance(values[0], (bool, int, float, str))


def _numbers(metrics: Mapping[str, Any]) -> dict[str, float]:
    """Those metrics that are numbers: Flower's may be text, lists and truth values as well."""
    numbers = {name: number_of(v) for name, v in metrics.items() if not isinstance(v, bool)}
    return {name: number for name, number in numbers.items() if number is not None}


def _measured(content: Any) -> tuple[dict[str, float], float]:
    """The metrics of an answer, and how many examples it stands for."""
    metrics: dict[str, float] = {}
    for name, record in [*content.metric_records.items(), *content.config_records.items()]:
        if not name.endswith(".status"):  # of a NumPyClient's answer
            metrics |= _numbers(record)
    examples = [metrics.pop(name, None) for name in ("num-examples", "num_examples")]
    return metrics, next((float(count) for count in examples if count is not None), 1.0)
