"""A server's models: create them, wait for versions, submit updates."""

from __future__ import annotations

import functools
import os
import re
import ssl
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from . import encodings
from .administration import Administration
from .answers import (
    Json,
    Version,
    Weights,
    asking,
    list_in,
    path_of,
    read_document,
    read_json,
    read_nothing,
    read_weights,
    read_weights_or_phase,
    save_weights,
    vector_path,
)
from .creation import json_body
from .credentials import Credentials, Token
from .events import Event, follow
from .messages import Body
from .metrics import Metrics
from .pool import Path as File
from .pool import Pool
from .privacy import Privacy
from .problems import FedstepError, Problem
from .secure.statements import trusted_keys
from .tensors import SAFETENSORS, Arrays, decode, encode
from .training import Evaluate, LocalStep, Training
from .transport import LONGEST_HOLD_SECONDS, Transport

if TYPE_CHECKING:
    from .secure.contributions import Contributions

PAUSE_SECONDS = 0.5
TELL_SECONDS = 5.0
"""For which the server is tried to be told of a failure."""

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")


class Client(Administration, Privacy):
    """Speaks to a fedstep server. Threads may share one, a process that forks has its own
    connections, and one can be pickled.

    A request whose answer is lost, or that is refused for a while (408, 429, 503, 507), is sent
    again until ``timeout`` is over; whatever the server did with a lost one is not done twice.

    Args:
        url: the server, such as ``"http://127.0.0.1:8080"``, perhaps with a user and a password for
            a proxy before it.
        token: a bearer token or a JWT; a path of a file with it, or a function that gives it, which
            are asked again when it is refused.
        client_id: under which name updates and reports are sent; with a token, the token's id.
        timeout: seconds, from its first failure on, for which a request is tried again.
        context: for https, in place of the next three; a client with it cannot be pickled.
        ca: a file with the authorities that sign servers, in place of the system's.
        cert: a file with the certificate to show, and its key unless that is apart.
        key: a file with the certificate's key.
        headers: sent with every request.
        identity: a file with the key that others know this client by, of ``python -m fedstep
            identity new``. With it, or ``trusted``, updates go to secure models with pinned
            identities alone.
        trusted: the public keys that this client knows others by, by their ids.
        progress: False never shows a bar, None only to a terminal.
    """

    def __init__(
        self,
        url: str,
        token: Token | None = None,
        *,
        client_id: str | None = None,
        timeout: float = 300.0,
        context: ssl.SSLContext | None = None,
        ca: File | None = None,
        cert: File | None = None,
        key: File | None = None,
        headers: Mapping[str, str] | None = None,
        identity: File | None = None,
        trusted: Mapping[str, str] | None = None,
        progress: bool | None = None,
    ) -> None:
        self.client_id = client_id
        self._identity = identity
        self._trusted = None if trusted is None else trusted_keys(trusted)
        self._metrics = Metrics()
        self._residuals = encodings.Residuals()
        credentials = Credentials(url, token, headers)
        pool = Pool(url, context, ca, cert, key)
        super().__init__(
            Transport(url, credentials, pool, timeout, progress),
            always_secure=identity is not None or trusted is not None,
        )

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
        """Closes the connections that are not in use."""
        self._transport.close()

    # Models

    def models(self) -> list[Json]:
        """The models that the caller may see, without their tensors."""
        return list_in(self._get("/v1/models"), "models")

    def model(self, model: str) -> Json:
        """A model's spec, newest version and phase."""
        return self.told.seen(model, self._get(path_of(model)))

    # Versions

    def weights(
        self, model: str, version: Version | None = None, *, dtype: str | None = None
    ) -> Weights:
        """The newest weights, or those of a version that is kept, by its number or a tag.

        Args:
            dtype: ``"bfloat16"`` or ``"float16"``, of a float64 model ``"float32"`` too, for a
                download of half the bytes or less, if there is one; arrays are float32 then.
        """
        return self._transport.request(
            "GET",
            vector_path(model, version, "weights"),
            functools.partial(read_weights, dtype=dtype),
            headers=asking(dtype),
        )

    def wait(self, model: str, after: Weights, timeout: float | None = None) -> Weights | None:
        """Waits until there are other weights than ``after``, and fetches them in its dtype.

        Returns:
            The newest, or None if training is stopped or ``timeout`` seconds are over.
        """
        end = None if timeout is None else time.monotonic() + timeout
        while True:
            left = LONGEST_HOLD_SECONDS
            if end is not None:
                left = min(left, max(end - time.monotonic(), 0.0))
            asked = time.monotonic()
            newest = self._transport.held(
                path_of(model) + "/weights",
                functools.partial(read_weights_or_phase, dtype=after.dtype),
                left,
                headers=asking(after.dtype) | {"If-None-Match": f'"{after.base}"'},
            )
            if isinstance(newest, Weights):
                return newest
            if newest == "stopped" or (end is not None and time.monotonic() >= end):
                return None
            if time.monotonic() - asked < min(left / 2, PAUSE_SECONDS):
                time.sleep(min(PAUSE_SECONDS, left))  # a server that shuts down answers at once

    def await_weights(self, model: str, dtype: str | None = None) -> Weights | None:
        """The newest weights; None if a model that waits for its first ones has had none for half a
        minute, or training is stopped."""
        asked = time.monotonic()
        path = path_of(model) + "/weights"
        try:
            return self._transport.held(
                path,
                functools.partial(read_weights, dtype=dtype),
                LONGEST_HOLD_SECONDS,
                headers=asking(dtype),
            )
        except Problem as problem:
            if problem.code != "no-weights":
                raise
        if time.monotonic() - asked < PAUSE_SECONDS:
            time.sleep(PAUSE_SECONDS)
        return None

    def gradient(self, model: str, version: Version | None = None) -> Arrays:
        """What the last optimizer module gave in the round that made a version (the newest)."""
        number = self.model(model)["version"] if version is None else version
        return self._transport.request(
            "GET", vector_path(model, number, "gradient"), decode, headers={"Accept": SAFETENSORS}
        )

    def versions(self, model: str) -> list[Json]:
        """The versions that are kept, newest first, with the means of what was reported of them."""
        return list_in(self._get(path_of(model) + "/versions"), "versions")

    def pull(self, model: str, file: str | os.PathLike[str], version: Version | None = None) -> int:
        """Writes weights to a ``.safetensors`` file, which appears whole or not at all.

        Returns:
            Their version.
        """
        target = Path(file)
        part = target.with_name(target.name + ".part")
        try:
            with part.open("wb") as out:
                number = self._transport.request(
                    "GET",
                    vector_path(model, version, "weights"),
                    lambda incoming: save_weights(incoming, out),
                    headers={"Accept": SAFETENSORS},
                )
            part.replace(target)
        finally:
            part.unlink(missing_ok=True)
        return number

    def report(
        self, model: str, version: int, metrics: Mapping[str, Any], weight: float = 1.0
    ) -> None:
        """Tells what this client measured of a version; the last report counts. What is no finite
        number is left out, with a warning."""
        path = f"{path_of(model)}/versions/{version}/reports/{self.check_id()}"
        report = {"weight": float(weight), "metrics": self._metrics.accepted(metrics)}
        self._put(path, report)

    # Rounds

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
                which sends 1 % of the values, and the rest with the next updates of this client.
            partial: whether tensors may be missing, which then count as not moved.

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
        receipt = self._send(path, query, numbers, body)
        if encoding == "top-k":
            self._residuals.keep(model, left)
        return receipt

    def _send(
        self, path: str, query: Mapping[str, object], numbers: Mapping[str, float], body: Body
    ) -> Json:
        """Sends an update, without its metrics if the server refuses one."""

        def send(numbers: Mapping[str, float]) -> Json:
            beside = dict(query) | {f"metric.{name}": number for name, number in numbers.items()}
            return self._transport.request("PUT", path, read_json, query=beside, body=body)

        try:
            return send(numbers)
        except Problem as problem:
            if problem.code != "bad-metric" or not numbers:
                raise
            for name in numbers:
                self._metrics.leave_out(name, f"the server refuses it or another ({problem})")
            return send({})

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

    def train(
        self,
        model: str,
        local_step: LocalStep,
        rounds: int | None = None,
        *,
        evaluate: Evaluate | None = None,
        stay: bool = False,
        explain: bool = False,
        secure: bool = False,
        encoding: str | None = None,
        download: str | None = None,
    ) -> Weights:
        """Takes part in a model's training.

        An update that comes too late is dropped and the next one trained from the newest weights.
        A round to which the client is not invited is waited out, unless it invites more clients at
        one of its deadlines, or by a new policy. A model that is not there yet, or was removed, is
        waited for until ``timeout`` is over.

        Updates to a model with ``secure`` are masked: the server sees the sum of a round, and not
        what is in it. A round in which that cannot be is sat out, with a warning.

        Args:
            local_step: gets the weights and the round's number, and gives an :class:`Update`.
            rounds: how many updates to have accepted; None for as long as training goes on.
            evaluate: gets each version's weights, before the step, and those at the end, and their
                number; what it measures is reported.
            stay: whether to wait for a start where training is stopped.
            explain: whether the server is told what an exception of the step says, which may quote
                data; it is always told the exception's type.
            secure: whether the model has to be secure, whatever the server says. Once a client
                knows that a model is, it has to stay so.
            encoding: in which updates are sent that name none, as for :meth:`submit`.
            download: in which dtype weights are fetched, as for :meth:`weights`.

        Returns:
            The newest weights: those after the last round that the client took part in, or where
            training was stopped, or this client's budget of a private model is spent.

        Raises:
            ValueError: without a ``client_id`` that can be one, before anything is trained.
            Problem: also ``forbidden``, before anything is trained, for the id of another's token.
            FedstepError: if another process sends under the same id.
            Unsafe: if a model that was told secure is not, or its spec is no safe one.
        """
        if secure:
            self.told.secure(model)
        if encoding is not None:
            encodings.check(encoding)
        training = Training(
            self,
            model,
            local_step,
            evaluate=evaluate,
            stay=stay,
            explain=explain,
            secure=lambda: self._contributions(model),
            encoding=encoding,
            download=download,
        )
        return training.run(rounds)

    def _contributions(self, model: str) -> Contributions:
        try:
            from .secure.contributions import Contributions  # noqa: PLC0415 - wants cryptography
            from .secure.identity import Identity  # noqa: PLC0415
        except ImportError as error:
            raise FedstepError(
                f"{model!r} is secure, which needs a package: pip install 'fedstep[secure]'"
            ) from error
        identity = None if self._identity is None else Identity.load(self._identity)
        return Contributions(self, self._transport, model, identity, self._trusted)

    def events(self, model: str) -> Iterator[Event]:
        """What happens to a model, as it happens, through lost connections and restarts."""
        return follow(self._transport, path_of(model) + "/events")

    # The optimizer

    def optimizer(self, model: str) -> Json:
        """The optimizer's config, as declearn's ``get_config`` gives it."""
        return self._get(path_of(model) + "/optimizer")

    def optimizer_state(self, model: str, version: Version | None = None) -> bytes:
        """The optimizer's state, byte for byte as declearn's ``json.dumps(optimizer.get_state(),
        default=json_pack)`` writes it."""
        path = vector_path(model, version, "optimizer/state")
        return self._transport.request("GET", path, read_document)

    @property
    def url(self) -> str:
        """The server's address, without a user and a password."""
        return self._transport.url

    @property
    def timeout(self) -> float:
        """Seconds, from its first failure on, for which a request is tried again."""
        return self._transport.timeout

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
