"""A server's models: create them, wait for versions, submit updates."""

from __future__ import annotations

import json
import os
import ssl
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO
from urllib.parse import quote

from .events import Event, follow
from .problems import Problem
from .tensors import SAFETENSORS, Arrays, common_dtype, decode, encode, shapes
from .training import LocalStep, train
from .transport import PIECE, Body, Incoming, Transport

Json = dict[str, Any]

LONGEST_POLL_SECONDS = 30.0
"""The server holds an answer back for at most a minute."""

MOST_OVERTAKEN = 5
"""Times that rounds may come before a version that an administrator makes."""


@dataclass(frozen=True, eq=False)
class Weights:
    """A version of a model.

    Attributes:
        version: its number, which is that of the round that trains from it.
        base: the tag that names this content of this version alone.
        phase: ``"stopped"`` while training is, else None.
        arrays: the tensors by name, in the model's order and dtype, views of one buffer.
    """

    version: int
    base: str
    phase: str | None
    arrays: Arrays


class Client:
    """Speaks to a fedstep server. Threads may share one; each has its own connection.

    A request whose answer is lost, or that is refused for a while (429, 503, 507), is sent again
    until ``timeout`` is over; whatever the server did with a lost one is not done twice.

    Args:
        url: the server, such as ``"http://127.0.0.1:8080"``.
        token: a bearer token or a JWT.
        client_id: under which name updates and reports are sent; with a token, the token's id.
        timeout: seconds, from its first failure on, for which a request is tried again.
        context: for https: a context with the server's authority or a client certificate.
        progress: False never shows a bar, None only to a terminal.
    """

    def __init__(
        self,
        url: str,
        token: str | None = None,
        *,
        client_id: str | None = None,
        timeout: float = 300.0,
        context: ssl.SSLContext | None = None,
        progress: bool | None = None,
    ) -> None:
        self.client_id = client_id
        self._transport = Transport(url, token, timeout, context, progress)

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Closes this thread's connection."""
        self._transport.close()

    # Models

    def create(
        self,
        model: str,
        arrays: Mapping[str, Any],
        *,
        optimizer: Mapping[str, Any] | None = None,
        aggregator: Any = None,
        round: Mapping[str, Any] | None = None,
        dtype: str | None = None,
        **more: Any,
    ) -> Json:
        """Creates a model with these arrays as version 0; if it is there already with the same
        spec, it stays as it is.

        Args:
            arrays: the tensors by name, or a torch ``state_dict``, of which floating point tensors
                take part.
            optimizer: declearn's config; the server's default is RMSProp with ``lrate`` 0.01.
            aggregator: a name, or a name and its config.
            round: such as ``{"min_updates": 3, "max_updates": 10, "timeout": "30s"}``.
            dtype: ``"float32"`` unless an array is float64.
            more: other keys of the spec, such as ``update_bound``.

        Returns:
            The model, as :meth:`model` gives it.

        Raises:
            Problem: ``model-exists`` if there is one with another spec, ``bad-spec``.
        """
        spec = {"tensors": shapes(arrays), "dtype": dtype or common_dtype(arrays), **more}
        for key, value in (("optimizer", optimizer), ("aggregator", aggregator), ("round", round)):
            if value is not None:
                spec[key] = value
        self._put(_model(model), spec)
        try:
            self._transport.request("PUT", _model(model) + "/weights", _json, body=encode(arrays))
        except Problem as problem:
            if problem.code not in ("already-started", "training-stopped"):
                raise
        return self.model(model)

    def models(self) -> list[Json]:
        """The models that the caller may see."""
        return _list(self._get("/v1/models"), "models")

    def model(self, model: str) -> Json:
        """A model's spec, newest version and phase."""
        return self._get(_model(model))

    def delete(self, model: str) -> None:
        """Removes a model and all that was stored of it."""
        try:
            self._transport.request("DELETE", _model(model), _nothing)
        except Problem as problem:
            if not (problem.repeated and problem.code == "model-not-found"):
                raise

    def stop(self, model: str) -> Json:
        """Ends training, until :meth:`start`."""
        return self._transport.request("POST", _model(model) + "/stop", _json)

    def start(self, model: str) -> Json:
        """Resumes training."""
        return self._transport.request("POST", _model(model) + "/start", _json)

    # Versions

    def weights(self, model: str, version: int | None = None) -> Weights:
        """The newest weights, or those of a version that is kept."""
        return self._transport.request(
            "GET", _vector(model, version, "weights"), _weights, headers={"Accept": SAFETENSORS}
        )

    def wait(self, model: str, after: Weights, timeout: float | None = None) -> Weights | None:
        """Waits until there are other weights than ``after``.

        Returns:
            The newest, or None if training is stopped or ``timeout`` seconds are over.
        """
        end = None if timeout is None else time.monotonic() + timeout
        while True:
            left = LONGEST_POLL_SECONDS
            if end is not None:
                left = min(left, max(end - time.monotonic(), 0.0))
            headers = {"Accept": SAFETENSORS, "If-None-Match": f'"{after.base}"'}
            newest = self._transport.request(
                "GET",
                _model(model) + "/weights",
                _weights_or_phase,
                query={"wait": f"{int(left * 1000)}ms"},
                headers=headers,
                wait=left,
            )
            if isinstance(newest, Weights):
                return newest
            if newest == "stopped" or (end is not None and time.monotonic() >= end):
                return None

    def gradient(self, model: str, version: int | None = None) -> Arrays:
        """What the last optimizer module gave in the round that made a version (the newest)."""
        number = self.model(model)["version"] if version is None else version
        return self._transport.request(
            "GET", _vector(model, number, "gradient"), decode, headers={"Accept": SAFETENSORS}
        )

    def versions(self, model: str) -> list[Json]:
        """The versions that are kept, newest first, with the means of what was reported of them."""
        return _list(self._get(_model(model) + "/versions"), "versions")

    def pull(self, model: str, file: str | os.PathLike[str], version: int | None = None) -> int:
        """Writes weights to a ``.safetensors`` file, which appears whole or not at all.

        Returns:
            Their version.
        """
        target = Path(file)
        part = target.with_name(target.name + ".part")
        try:
            with part.open("wb") as out:

                def save(incoming: Incoming) -> int:
                    out.seek(0)
                    out.truncate()
                    _copy(incoming, out)
                    return int(incoming.headers["Fedstep-Version"])

                number = self._transport.request(
                    "GET",
                    _vector(model, version, "weights"),
                    save,
                    headers={"Accept": SAFETENSORS},
                )
            part.replace(target)
        finally:
            part.unlink(missing_ok=True)
        return number

    def report(
        self, model: str, version: int, metrics: Mapping[str, float], weight: float = 1.0
    ) -> None:
        """Tells what this client measured of a version; the last report counts."""
        path = f"{_model(model)}/versions/{version}/reports/{self._me()}"
        self._put(path, {"weight": weight, "metrics": dict(metrics)})

    def restore(self, model: str, version: int) -> Json:
        """Makes a new version with the content of an earlier one; the open round is discarded."""
        return self._make(
            model, "restore", "POST", f"{_model(model)}/versions/{version}/restore", None
        )

    # Rounds

    def submit(
        self,
        model: str,
        trained_from: Weights | int,
        gradient: Mapping[str, Any],
        *,
        weight: float = 1.0,
        metrics: Mapping[str, float] | None = None,
    ) -> Json:
        """Sends an update: a gradient of the loss, or the weights before training minus those
        after. It is on stable storage when this returns.

        Args:
            trained_from: the weights, or the number of their version. With the weights, the server
                checks that it has the same, and the upload is faster.
            gradient: the tensors by name, as for :meth:`create`; they must not change meanwhile.
            weight: how many examples or steps it stands for.
            metrics: such as the loss before training.

        Returns:
            The receipt: ``round``, ``client``, ``weight``, ``digest``, ``updates``.

        Raises:
            RoundClosed: fetch the newest weights and train again.
            NotInvited: wait for the next round.
            TrainingStopped: it is over.
            Problem: ``wrong-shape``, ``not-finite`` …, with the tensor and the index.
        """
        query: dict[str, object] = {"weight": weight}
        for name, value in (metrics or {}).items():
            query[f"metric.{name}"] = float(value)
        if isinstance(trained_from, Weights):
            query["base"] = trained_from.base
            number, model_arrays = trained_from.version, trained_from.arrays
        else:
            number, model_arrays = trained_from, None
        path = f"{_model(model)}/rounds/{number}/updates/{self._me()}"
        body = encode(gradient, model_arrays)
        return self._transport.request("PUT", path, _json, query=query, body=body)

    def round(self, model: str, number: int | None = None) -> Json:
        """The open round, or the record of an earlier one."""
        if number is not None:
            return self._get(f"{_model(model)}/rounds/{number}")
        query = {} if self.client_id is None else {"client": self.client_id}
        return self._transport.request("GET", _model(model) + "/rounds/current", _json, query=query)

    def rounds(self, model: str, limit: int = 50, before: int | None = None) -> list[Json]:
        """Records of completed rounds, newest first."""
        query = {"limit": limit} | ({} if before is None else {"before": before})
        path = _model(model) + "/rounds"
        return _list(self._transport.request("GET", path, _json, query=query), "rounds")

    def close_round(self, model: str) -> Json:
        """Closes the open round with what is in it.

        Raises:
            Problem: ``too-few-updates``.
            Unreachable: also if the answer is lost, for a repeat might close the next round.
        """
        path = _model(model) + "/rounds/current/close"
        return self._transport.request("POST", path, _json, repeat=False, wait=600)

    def set_round(self, model: str, policy: Mapping[str, Any]) -> Json:
        """Replaces the round policy at once."""
        return self._put(_model(model) + "/round", dict(policy))

    def train(self, model: str, local_step: LocalStep, rounds: int | None = None) -> Weights:
        """Takes part in a model's training: see :func:`fedstep.training.train`."""
        return train(self, model, local_step, rounds)

    def events(self, model: str) -> Iterator[Event]:
        """What happens to a model, as it happens, through lost connections and restarts."""
        return follow(self._transport, _model(model) + "/events")

    # The optimizer

    def optimizer(self, model: str) -> Json:
        """The optimizer's config, as declearn's ``get_config`` gives it."""
        return self._get(_model(model) + "/optimizer")

    def set_optimizer(self, model: str, config: Mapping[str, Any]) -> Json:
        """Takes other hyper-parameters for the same modules, from the next round's close on."""
        return self._put(_model(model) + "/optimizer", dict(config))

    def optimizer_state(self, model: str, version: int | None = None) -> bytes:
        """The optimizer's state, byte for byte as declearn's ``json.dumps(optimizer.get_state(),
        default=json_pack)`` writes it."""
        path = (
            _model(model) + "/optimizer/state"
            if version is None
            else f"{_model(model)}/versions/{version}/optimizer/state"
        )
        return self._transport.request("GET", path, Incoming.read)

    def set_optimizer_state(self, model: str, state: bytes | str) -> Json:
        """Restores such a state: a new version with the newest weights; the open round is
        discarded.

        Raises:
            Problem: ``bad-state``, naming the place.
        """
        content = state.encode() if isinstance(state, str) else state
        path = _model(model) + "/optimizer/state"
        return self._make(model, "state", "PUT", path, Body.of("application/json", content))

    def _make(self, model: str, made_by: str, method: str, path: str, body: Body | None) -> Json:
        """Has a version made, by a request that names the newest one: repeated, it does not make
        two. Where a round makes one first, it names that."""
        for tries in range(MOST_OVERTAKEN):
            newest = int(self.model(model)["version"])
            try:
                return self._transport.request(
                    method, path, _json, query={"newest": newest}, body=body, wait=600
                )
            except Problem as problem:
                if problem.code != "version-differs":
                    raise
                if problem.repeated:
                    for version in self.versions(model):
                        if version["version"] == newest + 1 and version["made_by"] == made_by:
                            return {"model": model, "version": newest + 1, "base": version["base"]}
                if tries == MOST_OVERTAKEN - 1:
                    raise
        raise AssertionError

    def _get(self, path: str) -> Json:
        return self._transport.request("GET", path, _json)

    def _put(self, path: str, document: Json) -> Json:
        body = Body.of("application/json", json.dumps(document).encode())
        return self._transport.request("PUT", path, _json, body=body)

    def _me(self) -> str:
        if self.client_id is None:
            raise ValueError("this needs Client(…, client_id=…)")
        return quote(self.client_id, safe="")


def _model(model: str) -> str:
    return "/v1/models/" + quote(model, safe="")


def _vector(model: str, version: int | None, what: str) -> str:
    return _model(model) + ("" if version is None else f"/versions/{version}") + "/" + what


def _json(incoming: Incoming) -> Json:
    document = json.loads(incoming.read())
    assert isinstance(document, dict)
    return document


def _nothing(incoming: Incoming) -> None:
    incoming.read()


def _list(document: Json, key: str) -> list[Json]:
    return list(document[key])


def _weights(incoming: Incoming) -> Weights:
    headers = incoming.headers
    tag = headers["ETag"].strip('"').removesuffix(".safetensors")
    phase = headers.get("Fedstep-Phase")
    return Weights(int(headers["Fedstep-Version"]), tag, phase, decode(incoming))


def _weights_or_phase(incoming: Incoming) -> Weights | str | None:
    return incoming.headers.get("Fedstep-Phase") if incoming.status == 304 else _weights(incoming)


def _copy(incoming: Incoming, out: BinaryIO) -> None:
    buffer = bytearray(min(PIECE, max(incoming.left, 1)))
    while incoming.left > 0:
        piece = memoryview(buffer)[: incoming.left]
        incoming.readinto(piece)
        out.write(piece)
