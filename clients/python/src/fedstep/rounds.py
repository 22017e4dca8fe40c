"""What a client does in rounds."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np

from . import decoding, encodings
from .answers import (
    Control,
    Json,
    Version,
    Weights,
    list_in,
    path_of,
    read_control,
    read_json,
    read_nothing,
    vector_path,
)
from .creation import Creation, json_body
from .messages import Body
from .metrics import Metrics
from .problems import Problem
from .resumable import Uploads
from .tensors import SAFETENSORS, Arrays, encode
from .transport import LONGEST_HOLD_SECONDS, Transport

TELL_SECONDS = 5.0
"""For which the server is tried to be told of a failure."""

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")


class Keeper(Protocol):
    """Keeps something that follows from an update, in step with the server."""

    dtype: np.dtype[Any]
    """The model's."""

    def keep(self, received: Arrays) -> None:
        """Takes the update as the server is to have it; what this raises ends the sending."""

    def drop(self) -> None:
        """The server refuses the update, or has another in its place."""


def _tell(keeper: Keeper, received: Arrays | None) -> None:
    if received is None:
        keeper.drop()  # it is sent all the same, for the server to say what is wrong
    else:
        keeper.keep(received)


class Rounds(Creation):
    """The part of a :class:`Client` that sends updates and reports, under its id."""

    def __init__(
        self, transport: Transport, client_id: str | None, *, always_secure: bool = False
    ) -> None:
        super().__init__(transport, always_secure=always_secure)
        self.client_id = client_id
        self._metrics = Metrics()
        self._residuals = encodings.Residuals()
        self._uploads = Uploads(transport)

    def drop_residuals(self, model: str | None = None) -> None:
        """Forgets what updates in ``top-k`` to a model, or to any, have not sent yet, such as when
        what this client learned is to count no more."""
        self._residuals.drop(model)

    def submit(
        self,
        model: str,
        trained_from: Weights | int,
        gradient: Mapping[str, Any],
        *,
        weight: float = 1.0,
        metrics: Mapping[str, Any] | None = None,
        encoding: str | None = None,
        partial: bool = False,
        local_rate: float | None = None,
        control: int | str | None = None,
        keeper: Keeper | None = None,
    ) -> Json:
        """Sends an update: a gradient of the loss, or the weights before training minus those
        after. It is on stable storage when this returns.

        Args:
            trained_from: the weights, or the number of their version. With the weights, the server
                checks that it has the same, and the upload is faster.
            gradient: the tensors by name, as for :meth:`create`; they must not change meanwhile.
            weight: how many examples or steps it stands for.
            metrics: such as the loss before training. What is no finite number is left out, with a
                warning; a metric never costs an update.
            encoding: in fewer bytes: ``"int8"``, ``"eden-1"`` to ``"eden-4"``, or ``"top-k"``,
                which sends 1 % of the values, and the rest with the next updates of this client
                (:meth:`drop_residuals` forgets it).
            partial: whether tensors may be missing, which then count as not moved.
            local_rate: of a model with ``scaffold-server``, how far a constant gradient of 1 would
                have moved the weights.
            control: the client's own that it was computed with: a round's number, None or
                ``"lost"``.
            keeper: is told what the server is to receive, before it is sent; with the weights.

        Returns:
            The receipt: ``round``, ``client``, ``weight``, ``digest``, ``updates``, ``encoding``,
            ``left_out``, ``bytes``.

        Raises:
            RoundClosed: fetch the newest weights and train again.
            NotInvited: wait for the next round.
            TrainingStopped: it is over.
            Problem: ``wrong-shape``, ``not-finite`` …, with the tensor and the index.
            Unsafe: for a model that was told secure; :meth:`train` trains it.
        """
        self.told.check_plain(model)
        query: dict[str, object] = {"weight": float(weight)}
        numbers = self._metrics.accepted(metrics or {})
        if isinstance(trained_from, Weights):
            query["base"] = trained_from.base
            number, model_arrays = trained_from.version, trained_from.arrays
            is_flat = trained_from.is_whole and not partial  # else the model's dtype is not known
        else:
            number, model_arrays, is_flat = trained_from, None, False
        path = f"{path_of(model)}/rounds/{number}/updates/{self.check_id()}"
        left: Arrays = {}
        if partial:
            query["partial"] = "true"
        if encoding is None:
            body = encode(gradient, model_arrays if is_flat else None)
        elif encoding == "top-k":
            values = encodings.values_of(gradient)
            body, left = encodings.sparse(self._residuals.added(model, values))
        else:
            encodings.check(encoding)
            names = model_arrays or self.model(model)["tensors"]
            body = encodings.encode(gradient, encoding, list(names))
        if local_rate is not None:
            query["local_rate"] = float(local_rate)
        if control is not None:
            query["control"] = control
        if keeper is not None:
            whole = model_arrays or {}
            _tell(keeper, decoding.received(gradient, body, encoding, whole, keeper.dtype))
        try:
            receipt = self._send(path, query, numbers, body)
        except Problem as problem:
            if keeper is not None and problem.code == "update-differs":
                keeper.drop()  # the server has received something else
            raise
        if encoding == "top-k":
            self._residuals.keep(model, left)
        return receipt

    def _send(
        self, path: str, query: Mapping[str, object], numbers: Mapping[str, float], body: Body
    ) -> Json:
        """Sends an update, without its metrics if the server refuses one."""

        def send(numbers: Mapping[str, float]) -> Json:
            beside = dict(query) | {f"metric.{name}": number for name, number in numbers.items()}
            return self._uploads.send(path, beside, body, read_json)

        try:
            return send(numbers)
        except Problem as problem:
            if problem.code != "bad-metric" or not numbers:
                raise
            for name in numbers:
                self._metrics.leave_out(name, f"the server refuses it or another ({problem})")
            return send({})

    def control(self, model: str, version: Version | None = None) -> Control:
        """The control with which clients train from a version (the newest) of a model with
        ``scaffold-server``, and of which round this client's own is there.

        Raises:
            Problem: ``control-not-found`` for other models.
        """
        path = vector_path(model, version, "control")
        query = {} if self.client_id is None else {"client": self.check_id()}
        fields = {"Accept": SAFETENSORS}
        return self._transport.request("GET", path, read_control, query=query, headers=fields)

    def round(self, model: str, number: int | None = None, *, metadata: bool = False) -> Json:
        """The open round, perhaps with the model's ``metadata``, or the record of an earlier
        one."""
        if number is not None:
            return self._get(f"{path_of(model)}/rounds/{number}")
        query = {} if self.client_id is None else {"client": self.client_id}
        query |= {"metadata": "true"} if metadata else {}
        return self._transport.request(
            "GET", path_of(model) + "/rounds/current", read_json, query=query
        )

    def await_invitation(self, model: str) -> Json:
        """The open round, once this client is invited to it, another round is open, training is
        stopped, or half a minute is over; ``invited`` tells."""
        self.check_id()
        path, query = path_of(model) + "/rounds/current", {"client": self.client_id}
        current = self._transport.held(path, read_json, LONGEST_HOLD_SECONDS, query)
        return self.round(model) if current is None else current

    def rounds(self, model: str, limit: int = 50, before: int | None = None) -> list[Json]:
        """Records of completed rounds, newest first."""
        query = {"limit": limit} | ({} if before is None else {"before": before})
        path = path_of(model) + "/rounds"
        return list_in(self._transport.request("GET", path, read_json, query=query), "rounds")

    def report(
        self, model: str, version: int, metrics: Mapping[str, Any], weight: float = 1.0
    ) -> None:
        """Tells what this client measured of a version; the last report counts. What is no finite
        number is left out, with a warning."""
        path = f"{path_of(model)}/versions/{version}/reports/{self.check_id()}"
        report = {"weight": float(weight), "metrics": self._metrics.accepted(metrics)}
        self._put(path, report)

    def check_id(self) -> str:
        """The id under which updates are sent.

        Raises:
            ValueError: if there is none, or it cannot be one.
        """
        if self.client_id is None:
            raise ValueError("this needs Client(…, client_id=…)")
        if not _ID.fullmatch(self.client_id):
            raise ValueError(
                f"{self.client_id!r} cannot be a client_id: it has 1 to 128 letters, digits, '.', "
                "'_', '-', and begins with a letter or a digit"
            )
        return self.client_id

    def has_sent(self, model: str, number: int) -> bool:
        """Whether a round has an update of this client.

        Raises:
            Problem: ``forbidden`` if the token is not this client's.
        """
        try:
            self._get(f"{path_of(model)}/rounds/{number}/updates/{self.check_id()}")
        except Problem as problem:
            if problem.status != 404:
                raise
            return False
        return True

    def tell_failure(
        self, model: str, number: int, kind: type[Exception], detail: str | None = None
    ) -> None:
        """Tells the server that this client will send nothing for a round, and why."""
        document = {"error": kind.__name__[:128]} | ({"detail": detail[:1000]} if detail else {})
        self._transport.request(
            "PUT",
            f"{path_of(model)}/rounds/{number}/failures/{self.check_id()}",
            read_nothing,
            body=json_body(document),
            timeout=TELL_SECONDS,
        )
