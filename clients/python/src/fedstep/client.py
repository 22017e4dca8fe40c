"""A client of a server, from its parts: models, versions, rounds, and training in all of them."""

from __future__ import annotations

import ssl
from collections.abc import Iterator, Mapping
from types import TracebackType
from typing import TYPE_CHECKING

from . import encodings
from .administration import Administration
from .answers import Weights, path_of
from .credentials import Credentials, Token
from .events import Event, follow
from .pool import Path as File
from .pool import Pool
from .privacy import Privacy
from .problems import FedstepError
from .rounds import Rounds
from .secure.statements import trusted_keys
from .training import Evaluate, LocalStep, Training
from .transport import Transport
from .versions import Versions

if TYPE_CHECKING:
    from .secure.contributions import Contributions


class Client(Administration, Privacy, Versions, Rounds):
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
        self._identity = identity
        self._trusted = None if trusted is None else trusted_keys(trusted)
        credentials = Credentials(url, token, headers)
        pool = Pool(url, context, ca, cert, key)
        super().__init__(
            Transport(url, credentials, pool, timeout, progress),
            client_id,
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
            stay: whether to wait for a start where training is stopped, unless the budget of a
                private model is spent: this client's own, or that of all who ever took part.
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

    @property
    def url(self) -> str:
        """The server's address, without a user and a password."""
        return self._transport.url

    @property
    def timeout(self) -> float:
        """Seconds, from its first failure on, for which a request is tried again."""
        return self._transport.timeout
